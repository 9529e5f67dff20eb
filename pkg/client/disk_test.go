//go:build unix

package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A child is this test binary again, as another participant's process.
const childEnv = "CHORUS_CLIENT_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "open":
		_, err := Open(Config{Dir: os.Args[1], Session: "s", Name: "m0", Identity: fixedKey(1), Authority: fixedPublic(2), Log: &counted{}})
		fmt.Print(err)
	case "full":
		full(os.Args[1])
	}
}

func child(t *testing.T, what string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"="+what)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestSecondProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m0")
	c, err := Open(Config{Dir: dir, Session: "s", Name: "m0", Identity: fixedKey(1), Authority: fixedPublic(2), Log: &counted{}})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%v: %s belongs to process %d; stop it", ErrInUse, dir, os.Getpid())
	if got := child(t, "open", dir); !strings.HasPrefix(got, want) {
		t.Errorf("another process got %q, want %q", got, want)
	}
	if _, err := Open(c.cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("this process: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := child(t, "open", dir); got != "<nil>" {
		t.Errorf("after Close: %q", got)
	}
}

// full is a participant under a limit on file sizes that its answers exceed.
func full(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1200, Max: unix.RLIM_INFINITY}); err != nil {
		fmt.Print(err)
	}
	s := newSession(new(testing.T), 4, map[string]string{"m0": dir})
	s.append(context.Background(), 1)
	log := &counted{Log: s.log}
	cfg := s.config("m0")
	cfg.Log = log
	c, err := Open(cfg)
	if err != nil {
		fmt.Print(err)
		return
	}
	_, err = c.Participate(context.Background(), s.task("m0"))
	fmt.Printf("%v,%v,%d: %v", errors.Is(err, ErrNotSaved), errors.Is(err, syscall.EFBIG), log.appends.Load(), err)
}

// TestFullDisk: the real thing; the advert does not fit.
func TestFullDisk(t *testing.T) {
	got := child(t, "full", filepath.Join(t.TempDir(), "m0"))
	if !strings.HasPrefix(got, "true,true,0: ") || !strings.Contains(got, "free space in") {
		t.Error(got)
	}
}

// TestDiskFillsUp: at whichever file it happens, nothing that is not on disk
// is sent.
func TestDiskFillsUp(t *testing.T) {
	t.Parallel()
	for files := range 12 {
		bubble(t, 4, func(s *session) {
			s.open()
			wait := s.others("m0")
			log := &counted{Log: s.log}
			cfg := s.config("m0")
			cfg.Log = log
			c := s.startWith(cfg)
			left, failed, saved := files, false, map[any]bool{}
			c.folder.replace = func(path string, b []byte) error {
				if left--; left < 0 {
					failed = true
					return syscall.ENOSPC
				}
				if strings.HasSuffix(path, answerEnd) {
					for _, e := range answerIn(path, b, c.folder.owner).Entries {
						saved[e.Key] = true
					}
				}
				return quick(path, b)
			}
			_, err := c.Participate(s.t.Context(), s.task("m0"))
			if failed && (!errors.Is(err, ErrNotSaved) || !errors.Is(err, syscall.ENOSPC)) {
				s.t.Errorf("after %d files: %v", files, err)
			}
			if !failed && err != nil {
				s.t.Errorf("nothing failed, and yet: %v", err)
			}
			log.keys.Range(func(k, _ any) bool {
				if !saved[k] {
					s.t.Errorf("after %d files: %v was sent and not saved", files, k)
				}
				return true
			})
			c.Close()
			if o := must(s.participate("m0")); o.Quorum == 0 {
				s.t.Errorf("after %d files: no outcome", files)
			}
			wait()
		})
	}
}

func answerIn(path string, b []byte, owner wire.Digest) secagg.Sent {
	i := must(strconv.Atoi(strings.Split(filepath.Base(path), ".")[3]))
	return must(decodeAnswer(b, owner, must(contextOf(path)), i))
}

func TestFolderRefusals(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "open"), 0o755); err != nil {
		t.Fatal(err)
	}
	for sub, remedy := range map[string]string{"file": "choose one that you may write", "file/sub": "choose one", "open": "chmod 700"} {
		_, err := openFolder(filepath.Join(dir, sub), [32]byte{})
		if !errors.Is(err, ErrFolder) || !strings.Contains(fmt.Sprint(err), remedy) {
			t.Errorf("%s: %v", sub, err)
		}
	}
}

// TestFolder: modes, notes, and what a crash left half-written.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a*]", "m0") // a name that globs must not read
	f, err := openFolder(dir, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	s := f.slot("s", 1, [32]byte{9})
	if err := s.save(&secagg.State{Ctx: [32]byte{9}, Master: make([]byte, 32), Sent: make([]secagg.Sent, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path("s.memory"+tmpEnd), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.close()
	if f, err = openFolder(dir, [32]byte{}); err != nil {
		t.Fatal(err)
	}
	defer f.close()
	names, err := f.list(func(name string) bool {
		info, err := os.Stat(f.path(name))
		if err != nil || info.Mode().Perm() != 0o600 || strings.HasSuffix(name, tmpEnd) {
			t.Errorf("%s: %v, %v", name, err, info.Mode())
		}
		return true
	})
	if err != nil || len(names) != 6 {
		t.Errorf("%v, %q", err, names)
	}
	if err := f.slot("s", 1, [32]byte{9}).clear(); err != nil {
		t.Fatal(err)
	}
	if names, _ = f.list(func(string) bool { return true }); len(names) != 3 {
		t.Errorf("cleared: %q", names)
	}
}

// TestWipe: a second name for the file shows what is left of its bytes.
func TestWipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := replaceFile(path, []byte("a master secret")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, path+"2"); err != nil {
		t.Fatal(err)
	}
	if err := removeFile(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path + "2")
	if err != nil || strings.Trim(string(b), "\x00") != "" || len(b) != 15 {
		t.Errorf("%v, %q", err, b)
	}
}
