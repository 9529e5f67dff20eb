package integration

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list -json` says of a package of this module.
type goPackage struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) (out []goPackage) {
	t.Helper()
	b, err := exec.Command("go", "list", "-json=ImportPath,Imports", "chorus/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// A rule says what packages below a path may import; standard packages are
// allowed unless denied.
type rule struct {
	path  string
	allow []string // prefixes, other than the standard library
	deny  []string // exact standard packages
}

var impure = []string{"os", "net", "net/http", "time", "sync", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

// rules are the table of docs/ARCHITECTURE.md; the first that matches counts.
var rules = []rule{
	{"chorus/pkg/wire", []string{"github.com/vmihailenco/msgpack"}, []string{"os", "net", "crypto/rand", "math/rand", "math/rand/v2"}},
	{"chorus/pkg/secagg", []string{"chorus/pkg/wire", "chorus/pkg/secagg", "filippo.io/edwards25519", "golang.org/x/crypto", "gonum.org"},
		[]string{"os", "net", "net/http", "time", "math/rand", "math/rand/v2", "crypto/rand"}},
	{"chorus/pkg/stage/jetlog", []string{"chorus/pkg/wire", "chorus/pkg/stage", "github.com/nats-io/nats.go"}, nil},
	{"chorus/pkg/stage/keylog", []string{"chorus/pkg/wire", "chorus/pkg/stage", "github.com/nats-io/nats.go"}, nil},
	{"chorus/pkg/stage/logtest", []string{"chorus/pkg/wire", "chorus/pkg/stage"}, nil},
	{"chorus/pkg/stage", []string{"chorus/pkg/wire", "chorus/pkg/stage"}, []string{"os", "net", "net/http", "math/rand", "math/rand/v2"}},
	{"chorus/pkg/client", []string{"chorus/pkg/wire", "chorus/pkg/secagg", "chorus/pkg/stage", "chorus/pkg/client",
		"github.com/vmihailenco/msgpack", "golang.org/x/sys"}, []string{"math/rand", "math/rand/v2"}},
	{"chorus/services/", []string{"chorus/pkg/wire", "chorus/pkg/secagg", "chorus/pkg/stage"}, impure},
	{"chorus/services", []string{"chorus/pkg/stage", "chorus/services/"}, impure},
	{"chorus/internal", nil, nil},
	{"chorus/integration", nil, nil},
	{"chorus/docs", nil, nil},
	{"chorus/cmd", nil, nil},
}

func TestImportRules(t *testing.T) {
	for _, p := range packages(t) {
		i := slices.IndexFunc(rules, func(r rule) bool { return strings.HasPrefix(p.ImportPath, r.path) })
		if i < 0 {
			t.Errorf("%s has no rule", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, rules[i], p.ImportPath, imp)
		}
	}
}

func checkImport(t *testing.T, r rule, from, imp string) {
	standard := !strings.Contains(strings.Split(imp, "/")[0], ".") && !strings.HasPrefix(imp, "chorus")
	switch {
	case strings.HasPrefix(imp, "chorus/cmd"), strings.HasPrefix(imp, "chorus/integration"):
		t.Errorf("%s imports %s", from, imp)
	case standard && slices.Contains(r.deny, imp):
		t.Errorf("%s imports %s", from, imp)
	case !standard && r.allow != nil && !slices.ContainsFunc(r.allow, func(a string) bool { return strings.HasPrefix(imp, a) }):
		t.Errorf("%s imports %s", from, imp)
	}
}

// goFiles parses every Go file of the module.
func goFiles(t *testing.T, do func(path string, test bool, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		do(strings.TrimPrefix(path, "../"), strings.HasSuffix(path, "_test.go"), fset, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBudgets: no file outside tests over 400 lines, no function over 70.
func TestBudgets(t *testing.T) {
	goFiles(t, func(path string, test bool, fset *token.FileSet, f *ast.File) {
		if n := fset.Position(f.End()).Line; !test && n > 400 {
			t.Errorf("%s has %d lines", path, n)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || test {
				continue
			}
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > 70 {
				t.Errorf("%s: %s has %d lines", path, fn.Name.Name, n)
			}
		}
	})
}

// TestFoldsArePure: no goroutine in a service, and no skipped test, lint
// exception or unowned promise anywhere.
func TestFoldsArePure(t *testing.T) {
	goFiles(t, func(path string, test bool, fset *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok && strings.HasPrefix(path, "services/") {
				t.Errorf("%s: a goroutine in a fold", fset.Position(g.Pos()))
			}
			if c, ok := n.(*ast.SelectorExpr); ok && test && strings.HasPrefix(c.Sel.Name, "Skip") {
				if x, ok := c.X.(*ast.Ident); ok && (x.Name == "t" || x.Name == "b") {
					t.Errorf("%s: a skipped test", fset.Position(c.Pos()))
				}
			}
			return true
		})
		for _, g := range f.Comments {
			for _, c := range g.List {
				if strings.Contains(c.Text, "no"+"lint") || strings.Contains(c.Text, "TO"+"DO") && !strings.Contains(c.Text, "TO"+"DO(#") {
					t.Errorf("%s: %s", fset.Position(c.Pos()), c.Text)
				}
			}
		}
	})
}
