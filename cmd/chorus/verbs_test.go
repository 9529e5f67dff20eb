package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chorus/pkg/client/npy"
)

// verbs are the commands of the scripts that are about Chorus.
var verbs = map[string]func(ts *script, args []string){"npy": writeNPY, "values": values, "refuses": refuses, "await": await,
	"field": field, "object": object, "value": value, "edit": edit, "says": says, "same": same,
	"ints": ints, "truncate": truncate, "port": port, "copy": copies}

// writeNPY is `npy FILE DTYPE VALUE...`.
func writeNPY(ts *script, args []string) {
	a := &npy.Array{Shape: []int{len(args) - 2}, DType: args[1]}
	for _, s := range args[2:] {
		a.Data = append(a.Data, number(ts, s))
	}
	ts.Check(npy.WriteFile(ts.MkAbs(args[0]), a))
}

func number(ts *script, s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	ts.Check(err)
	return x
}

// values is `values FILE TOLERANCE VALUE...`: a .npy file holds these.
func values(ts *script, args []string) {
	a, err := npy.ReadFile(ts.MkAbs(args[0]), 1<<20)
	ts.Check(err)
	if len(a.Data) != len(args)-2 {
		ts.Fatalf("%s holds %v", args[0], a.Data)
	}
	for i, s := range args[2:] {
		if math.Abs(a.Data[i]-number(ts, s)) > number(ts, args[1]) {
			ts.Fatalf("%s holds %v, not %v", args[0], a.Data, args[2:])
		}
	}
}

// refuses is `refuses CODE COMMAND...`: it exits with that code, prints nothing
// on standard output, and ends with one line that says what is wrong.
func refuses(ts *script, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || code != want {
		ts.Fatalf("exit code %d, not %s", code, args[0])
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("printed on standard output: %s", out)
	}
	if said := ts.ReadFile("stderr"); !clear(said) {
		ts.Fatalf("not one clear line: %q", said)
	}
}

// clear: one line of chorus's own, at the end of what it says; only a list may
// follow, which that line announces.
func clear(said string) bool {
	n := 0
	announced := true
	for line := range strings.Lines(said) {
		switch {
		case strings.HasPrefix(line, "chorus: "):
			n, announced = n+1, strings.HasSuffix(line, ":\n")
		case n > 0 && !announced:
			return false
		}
	}
	return n == 1
}

// await is `await FILE [TEXT]`: until the file is there, with that text in it.
func await(ts *script, args []string) {
	want := strings.Join(args[1:], " ")
	for range 400 {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(b), want) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no %s with %q after 20 s", args[0], want)
}

// object is `object FILE`: it holds exactly one JSON object and nothing else.
func object(ts *script, args []string) { parse(ts, args[0]) }

func parse(ts *script, file string) (v any) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	if _, ok := v.(map[string]any); !ok {
		ts.Fatalf("%s is no JSON object", file)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("%s holds more than one JSON object", file)
	}
	return v
}

// at follows a path such as rounds.0.certificate.quorum; # is a length.
func at(ts *script, file, path string) any {
	v := parse(ts, file)
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				ts.Fatalf("%s: there is no %q in %v", file, step, x)
			}
			v = next
		case []any:
			if step == "#" {
				v = len(x)
				continue
			}
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				ts.Fatalf("%s: there is no %q in %v", file, step, x)
			}
			v = x[i]
		default:
			ts.Fatalf("%s: nothing is below %v on the way of %s", file, v, path)
		}
	}
	return v
}

// field is `field FILE PATH VALUE`, or `field FILE PATH <= PATH`.
func field(ts *script, args []string) {
	got := at(ts, args[0], args[1])
	if args[2] == "<=" || args[2] == ">" {
		limit, err := strconv.ParseFloat(args[3], 64)
		if err != nil {
			limit = number(ts, fmt.Sprint(at(ts, args[0], args[3])))
		}
		if x := number(ts, fmt.Sprint(got)); (x <= limit) != (args[2] == "<=") {
			ts.Fatalf("%s is %v: not %s %v", args[1], got, args[2], limit)
		}
		return
	}
	if want := strings.Join(args[2:], " "); fmt.Sprint(got) != want {
		ts.Fatalf("%s is %v, not %s", args[1], got, want)
	}
}

// value is `value NAME FILE PATH`: it sets an environment variable.
func value(ts *script, args []string) {
	if len(args) == 2 {
		ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
		return
	}
	ts.Setenv(args[0], fmt.Sprint(at(ts, args[1], args[2])))
}

// edit is `edit FILE OLD NEW`.
func edit(ts *script, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("no %q in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(path, bytes.Replace(b, []byte(args[1]), []byte(args[2]), 1), 0o600))
}

// says is `says TEXT...`: each is part of what a command printed on standard
// error, literally.
func says(ts *script, args []string) {
	for _, a := range args {
		if !strings.Contains(ts.ReadFile("stderr"), a) {
			ts.Fatalf("it does not say %q", a)
		}
	}
}

// same is `same PATTERN FOLDER`: files of that pattern are also, with the same
// bytes, in the folder.
func same(ts *script, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no files")
	}
	for _, f := range files {
		if ts.ReadFile(f) != ts.ReadFile(filepath.Join(args[1], filepath.Base(f))) {
			ts.Fatalf("%s has changed", f)
		}
	}
}

// ints is `ints FILE`: a .npy file of integers.
func ints(ts *script, args []string) {
	header := "{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }"
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append([]byte("\x93NUMPY\x01\x00\x76\x00"+header), make([]byte, 32)...), 0o600))
}

// truncate is `truncate FILE N NEW`: the first N bytes, in a new file.
func truncate(ts *script, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[0])[:n]), 0o600))
}

// port is `port NAME URL`.
func port(ts *script, args []string) {
	ts.Setenv(args[0], args[1][strings.LastIndexByte(args[1], ':')+1:])
}

// copies is `copy PATTERN FOLDER`.
func copies(ts *script, args []string) {
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, f := range files {
		ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[1]), filepath.Base(f)), []byte(ts.ReadFile(f)), 0o600))
	}
}
