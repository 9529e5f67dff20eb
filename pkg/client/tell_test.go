package client

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// TestEvents: every duty begins once, in order, and every answer has a receipt
// that names what is in the log.
func TestEvents(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		var begun, receipts []string
		cfg := s.config("m0")
		cfg.Progress = func(e Event) {
			switch {
			case e.Total == 0:
				begun = append(begun, e.Duty)
			case e.Done == e.Total:
				receipts = append(receipts, e.Duty)
				if !strings.Contains(e.Text, "stored chorus.log.s.00000001.") || e.Bytes == 0 || e.Round != 1 {
					s.t.Errorf("receipt %+v", e)
				}
			}
		}
		c := s.startWith(cfg)
		defer c.Close()
		s.exact(must(c.Participate(s.t.Context(), s.task("m0"))))
		wait()
		at := -1
		for _, d := range begun {
			if i := dutyIndex(d); i <= at {
				s.t.Errorf("duties begun: %q", begun)
			} else {
				at = i
			}
		}
		want := []string{"advertise keys", "share keys", "contribute", "witness the collection", "consent to A", "reveal shares", "attest the result"}
		if !slices.Equal(receipts, want) {
			s.t.Errorf("receipts: %q", receipts)
		}
	})
}

// TestDuties: what the round loses if the member leaves, duty by duty.
func TestDuties(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		lost := map[string]string{}
		var c *Client
		cfg := s.config("m0")
		cfg.Progress = func(e Event) {
			if all := c.Duties(); e.Total == 0 && len(all) == len(secagg.Duties) {
				lost[e.Duty] = all[dutyIndex(e.Duty)].Loss
			}
		}
		c = s.startWith(cfg)
		defer c.Close()
		if c.Duties() != nil {
			s.t.Error("duties before the round")
		}
		must(c.Participate(s.t.Context(), s.task("m0")))
		wait()
		if c.Duties() != nil {
			s.t.Error("duties after the round")
		}
		for duty, want := range map[string]string{
			"share keys":             "this input and a member that others would count on",
			"witness the collection": "one of 1 spare members that can sign",
			"consent to A":           "one of 1 spare members that can sign",
			"reveal shares":          "one of 1 spare members that can reveal",
			"attest the result":      "one of 1 spare members that can attest",
		} {
			if got, ok := lost[duty]; ok && got != want {
				s.t.Errorf("%s: %q, want %q", duty, got, want)
			}
		}
		if len(lost) < 4 {
			s.t.Errorf("saw only %q", lost)
		}
	})
}

// secretForms are the ways in which bytes end up in text.
func secretForms(b []byte) []string {
	return []string{string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b)[:40],
		base64.RawURLEncoding.EncodeToString(b)[:40], strings.Trim(fmt.Sprint(b), "[]"), fmt.Sprintf("%#v", b)[7:80]}
}

// TestNoSecrets: nothing that is ever shown holds a key, a master secret or an
// update.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		var shown strings.Builder
		secrets := [][]byte{s.keys["m0"].Seed(), s.keys["m0"]}
		cfg := s.config("m0")
		cfg.Progress = func(e Event) { fmt.Fprintf(&shown, "%+v\n", e) }
		c := s.startWith(cfg)
		defer c.Close()
		full := false
		c.folder.replace = func(path string, b []byte) error {
			if strings.HasSuffix(path, secretEnd) {
				secrets = append(secrets, must(decodeSecret(b, c.folder.owner, must(contextOf(path)))))
			}
			if full = full || strings.HasSuffix(path, "03"+answerEnd); full {
				return errors.New("disk full")
			}
			return quick(path, b)
		}
		task := s.task("m0")
		_, err := c.Participate(s.t.Context(), task)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			fmt.Fprintf(&shown, strings.Repeat(verb+"\n", 7), err, c, c.cfg, &cfg, task, &task, c.Duties())
		}
		wait()
		if len(secrets) != 3 || err == nil {
			s.t.Fatalf("%d secrets, %v", len(secrets), err)
		}
		for i, b := range secrets {
			for _, form := range secretForms(b) {
				if strings.Contains(shown.String(), form) {
					s.t.Errorf("secret %d is shown", i)
				}
			}
		}
		if strings.Contains(shown.String(), fmt.Sprint(task.Contribution.Update)) {
			s.t.Error("the update is shown")
		}
	})
}

// contextOf reads the ctx from the name of a file.
func contextOf(path string) (d wire.Digest, err error) {
	_, err = hex.Decode(d[:], []byte(strings.Split(filepath.Base(path), ".")[2]))
	return d, err
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	good := Config{Dir: "x", Session: "s", Name: "m0", Identity: fixedKey(1), Authority: fixedPublic(2), Log: &counted{}}
	for want, change := range map[string]func(*Config){
		"set Dir":       func(c *Config) { c.Dir = "" },
		"session":       func(c *Config) { c.Session = "S" },
		"name":          func(c *Config) { c.Name = "-" },
		"set Identity":  func(c *Config) { c.Identity = nil },
		"set Authority": func(c *Config) { c.Authority = c.Authority[1:] },
		"set Log":       func(c *Config) { c.Log = nil },
		"window":        func(c *Config) { c.Window = -1 },
	} {
		c := good
		change(&c)
		if _, err := Open(c); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, task := range map[string]Task{"round 0": {}, "no duty": {Round: 1, LeaveAfter: "lunch"}} {
		if _, err := new(Client).Participate(t.Context(), task); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
