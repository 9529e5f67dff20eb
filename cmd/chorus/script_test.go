package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes this binary chorus itself when it is called by that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "chorus" {
		os.Exit(run())
	}
	os.Exit(withChorus(m))
}

// withChorus puts a chorus into the PATH of the scripts.
func withChorus(m *testing.M) int {
	bin, err := os.MkdirTemp("", "chorus-bin-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(bin)
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "chorus")); err != nil {
		panic(err)
	}
	os.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return m.Run()
}

// TestScripts runs testdata/script/*.txt, which are written in the language of
// rogpeppe/go-internal/testscript, as far as they need it. That library shows
// what a process in the background printed only once it has ended; these scripts
// kill a participant in the middle of what it says.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		lines, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			t.Parallel()
			newScript(t).run(string(lines))
		})
	}
}

// A script runs in a folder of its own.
type script struct {
	*testing.T
	dir            string
	env            map[string]string
	jobs           map[string]*job
	stdout, stderr string
	line           string
}

// A job is a process in the background.
type job struct {
	cmd   *exec.Cmd
	fails bool // is expected to
}

func newScript(t *testing.T) *script {
	ts := &script{T: t, dir: t.TempDir(), env: map[string]string{}, jobs: map[string]*job{}}
	ts.Setenv("TMPDIR", ts.dir)
	ts.Setenv("WORK", ts.dir)
	t.Cleanup(ts.end)
	return ts
}

// end stops what is still running, and shows it if the test failed.
func (ts *script) end() {
	for name, j := range ts.jobs {
		_ = j.cmd.Process.Kill()
		_ = j.cmd.Wait()
		if ts.Failed() {
			ts.Logf("%s printed %s and said %s", name, ts.ReadFile(name+".stdout"), ts.ReadFile(name+".stderr"))
		}
	}
}

func (ts *script) run(lines string) {
	for n, line := range strings.Split(lines, "\n") {
		ts.line = fmt.Sprintf("line %d: %s", n+1, line)
		words := ts.words(line)
		negated := len(words) > 0 && words[0] == "!"
		if negated {
			words = words[1:]
		}
		if len(words) > 0 {
			ts.do(negated, words[0], words[1:])
		}
	}
}

var word = regexp.MustCompile(`'[^']*'|[^\s']+`)

// words cuts a line at blanks, but for those in quotes, and expands variables.
func (ts *script) words(line string) (out []string) {
	for _, w := range word.FindAllString(line, -1) {
		if strings.HasPrefix(w, "#") {
			break
		}
		if q, quoted := strings.CutPrefix(w, "'"); quoted {
			out = append(out, strings.TrimSuffix(q, "'"))
			continue
		}
		out = append(out, os.Expand(w, func(name string) string { return ts.env[name] }))
	}
	return out
}

func (ts *script) do(negated bool, verb string, args []string) {
	switch {
	case verbs[verb] != nil:
		verbs[verb](ts, args)
	case verb == "exec":
		ts.exec(negated, args)
	case verb == "wait":
		ts.wait(args)
	case verb == "kill":
		ts.signal(args[0], args[1])
	case verb == "stdout" || verb == "stderr":
		if regexp.MustCompile("(?m)"+args[0]).MatchString(ts.ReadFile(verb)) == negated {
			ts.Fatalf("%s is %s", verb, ts.ReadFile(verb))
		}
	case verb == "exists":
		if _, err := os.Stat(ts.MkAbs(args[0])); (err == nil) == negated {
			ts.Fatalf("it is there: %v", err == nil)
		}
	case verb == "cp":
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ts.ReadFile(args[0])), 0o600))
	case verb == "cmp":
		if ts.ReadFile(args[0]) != ts.ReadFile(args[1]) {
			ts.Fatalf("they differ")
		}
	case verb == "mkdir":
		ts.Check(os.Mkdir(ts.MkAbs(args[0]), 0o700))
	default:
		ts.Fatalf("no such verb")
	}
}

// exec runs a command, or starts it where the last word is &name&.
func (ts *script) exec(negated bool, args []string) {
	if last := args[len(args)-1]; strings.HasPrefix(last, "&") {
		j := &job{cmd: ts.command(args[:len(args)-1]), fails: negated}
		// Files, so that `await` can look at them while the process runs.
		name := strings.Trim(last, "&")
		j.cmd.Stdout, j.cmd.Stderr = ts.create(name+".stdout"), ts.create(name+".stderr")
		ts.Check(j.cmd.Start())
		ts.jobs[name] = j
		return
	}
	if err := ts.Exec(args[0], args[1:]...); (err != nil) != negated {
		ts.Fatalf("%v; it said %s", err, ts.stderr)
	}
}

func (ts *script) create(name string) *os.File {
	f, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	ts.Cleanup(func() { f.Close() })
	return f
}

func (ts *script) command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = ts.dir
	for k, v := range ts.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+ts.dir)
	return cmd
}

// Exec runs a command and keeps what it prints.
func (ts *script) Exec(command string, args ...string) error {
	cmd := ts.command(append([]string{command}, args...))
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	failed := cmd.Run()
	ts.stdout, ts.stderr = out.String(), err.String()
	return failed
}

// wait waits for a job, or for all that are left but servers.
func (ts *script) wait(args []string) {
	if len(args) == 0 {
		for name := range ts.jobs {
			if name != "up" {
				args = append(args, name)
			}
		}
		slices.Sort(args)
	}
	for _, name := range args {
		j := ts.jobs[name]
		timer := time.AfterFunc(time.Minute, func() { _ = j.cmd.Process.Kill() })
		err := j.cmd.Wait()
		timer.Stop()
		delete(ts.jobs, name)
		ts.stdout, ts.stderr = ts.ReadFile(name+".stdout"), ts.ReadFile(name+".stderr")
		if (err != nil) != j.fails {
			ts.Fatalf("%s: %v; it said %s", name, err, ts.stderr)
		}
	}
}

var signals = map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}

func (ts *script) signal(name, job string) { ts.Check(ts.jobs[job].cmd.Process.Signal(signals[name])) }

// MkAbs names a file in the script's folder.
func (ts *script) MkAbs(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(ts.dir, file)
}

// ReadFile reads a file, or what the last command printed.
func (ts *script) ReadFile(file string) string {
	switch file {
	case "stdout":
		return ts.stdout
	case "stderr":
		return ts.stderr
	}
	b, err := os.ReadFile(ts.MkAbs(file))
	ts.Check(err)
	return string(b)
}

// Check fails the script.
func (ts *script) Check(err error) {
	if err != nil {
		ts.Fatalf("%v", err)
	}
}

// Fatalf fails the script and names the line.
func (ts *script) Fatalf(format string, args ...any) {
	ts.T.Fatalf("%s\n%s", ts.line, fmt.Sprintf(format, args...))
}

// Setenv is for the commands of this script alone.
func (ts *script) Setenv(key, value string) { ts.env[key] = value }
