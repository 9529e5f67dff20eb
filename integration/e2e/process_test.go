//go:build heavy

package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A process is one chorus command that can be killed and started again.
type process struct {
	t      *testing.T
	name   string
	binary string // "": chorus
	args   []string
	cmd    *exec.Cmd
	said   buffer
}

// A buffer keeps what a process says, for when a test fails.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

// start runs chorus until the test ends or it is killed.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args}
	p.run()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, tail(p.said.String(), 30))
		}
	})
	return p
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (p *process) run() {
	p.t.Helper()
	p.cmd = exec.Command(cmp.Or(p.binary, chorus), p.args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill is kill -9: nothing is flushed, nothing said.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // "signal: killed"
}

// again kills and starts; what it has said before is forgotten.
func (p *process) again() {
	p.t.Helper()
	p.kill()
	p.said.reset()
	p.run()
}

// until waits for one of some words of this life of the process.
func (p *process) until(words ...string) {
	p.t.Helper()
	for range 12000 {
		for _, w := range words {
			if strings.Contains(p.said.String(), w) {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("%s has not said %q in a minute:\n%s", p.name, words, tail(p.said.String(), 20))
}

// peak is the most memory the process has held since it was started, in bytes.
func (p *process) peak() int64 { return status(p.t, p.cmd.Process.Pid, "VmHWM:") }

// cpu is the processor time that the process has used.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var user, system int64
	if _, err := fmt.Sscan(f[11]+" "+f[12], &user, &system); err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

func status(t *testing.T, pid int, field string) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, field+" %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatalf("no %s of process %d", field, pid)
	return 0
}

// A server is `chorus up --server-only` with its data folder.
type server struct {
	*process
	dir, url string
}

func serve(t *testing.T, more ...string) *server {
	t.Helper()
	s := &server{dir: filepath.Join(t.TempDir(), "data")}
	s.process = start(t, "server", append([]string{"up", "--server-only", "--data", s.dir, "--port", "-1"}, more...)...)
	s.url = s.await()
	// From now on the port is this one: members know it.
	s.args = append(s.args, "--port", s.url[strings.LastIndexByte(s.url, ':')+1:])
	return s
}

// await waits until the server has said where it listens.
func (s *server) await() string {
	s.t.Helper()
	for range 600 {
		if _, after, ok := strings.Cut(s.said.String(), "without stages, at "); ok {
			url, _, _ := strings.Cut(after, ";")
			return url
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("no server after 30 s: %s", s.said.String())
	return ""
}

var stages = []string{"keybroker", "collector", "verifier", "robust", "unmasker"}

// stages starts replicas of every stage, each with the credentials of its role.
func (s *server) stages(replicas int) map[string][]*process {
	s.t.Helper()
	all := map[string][]*process{}
	for _, name := range stages {
		for range replicas {
			p := start(s.t, name, name, "--server", s.url, "--creds", filepath.Join(s.dir, "creds", name+".creds"))
			all[name] = append(all[name], p)
		}
	}
	return all
}
