package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([^`]+))?`")
	link     = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// texts lists every Markdown file of the project.
func texts(t *testing.T) []string {
	t.Helper()
	found := []string{"../README.md", "../CHANGELOG.md"}
	for _, pattern := range []string{"*.md", "adr/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, more...)
	}
	return found
}

// TestNamedTestsExist: a test that a text names is in the tree, and so is the
// name of a subtest, up to a trailing "...".
func TestNamedTestsExist(t *testing.T) {
	code := sources(t)
	for _, path := range texts(t) {
		for _, m := range testName.FindAllStringSubmatch(read(t, path), -1) {
			if !strings.Contains(code, "func "+m[1]+"(") {
				t.Errorf("%s names %s, which does not exist", path, m[1])
			}
			if sub := strings.TrimSuffix(m[2], "..."); sub != "" && !strings.Contains(code, `"`+sub) {
				t.Errorf("%s names the subtest %q of %s, which does not exist", path, m[2], m[1])
			}
		}
	}
}

// sources is the text of all tests.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestEveryDependencyIsExplained: each direct one of go.mod has its row.
func TestEveryDependencyIsExplained(t *testing.T) {
	rows := read(t, "DEPENDENCIES.md")
	for _, line := range strings.Split(read(t, "../go.mod"), "\n") {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "\t") && len(f) == 2 && !strings.Contains(rows, "| `"+f[0]+"` |") {
			t.Errorf("DEPENDENCIES.md does not say why %s is there", f[0])
		}
	}
}

// TestLinks: what a text points to exists.
func TestLinks(t *testing.T) {
	for _, path := range texts(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s points to %s: %v", path, m[1], err)
			}
		}
	}
}
