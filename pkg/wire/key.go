package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Key names one fact, once and for all. It is bijective with its subject.
type Key struct {
	Session string // a strict token, see Token
	Round   uint32 // from 1, at most MaxRound
	Kind    Kind
	Member  string // a participant's name, a phase, a stage, or Nobody
	Part    uint32
}

// Nobody is the member of a record that belongs to the round as a whole. It is
// a strict token that no participant may be called.
const Nobody = "-"

// An Entry is a record that wants to exist.
//
// An entry with Task set is a work order: Body goes to a worker of the stage,
// and the record at Key is what the worker will have observed.
type Entry struct {
	Key       Key
	Body      []byte
	NotBefore time.Time // earliest time to append; zero: now. A timer is an entry for later.
	Task      bool
}

// A Record is an entry that the log holds.
type Record struct {
	Key  Key
	Body []byte
	Seq  uint64    // position in the stream, from 1
	Time time.Time // when the stream stored it: the only clock a fold may read
}

// ErrSubject is returned for a subject that is not the subject of any key.
var ErrSubject = errors.New("wire: not the subject of a record")

// Subject returns the NATS subject of k:
//
//	chorus.log.<session>.<round>.<kind>.<member>.<part>
//	chorus.bulk.<shard>.<session>.<round>.<kind>.<member>.<part>
//	chorus.pub.<session>.<round>.<kind>.<member>.<part>
//
// The shard of a bulk part is its part number mod Shards.
func (k Key) Subject() string {
	return k.Prefix() + "." + strconv.FormatUint(uint64(k.Part), 10)
}

// Prefix is the subject of k without its part; in bulk, of the parts in k's shard.
func (k Key) Prefix() string {
	var b strings.Builder
	b.WriteString("chorus.")
	b.WriteString(string(k.Kind.Row().Stream))
	if k.Kind.Row().Stream == Bulk {
		b.WriteByte('.')
		b.WriteString(strconv.Itoa(int(k.Part % Shards)))
	}
	fmt.Fprintf(&b, ".%s.%0*d.%s.%s", k.Session, roundDigits, k.Round, k.Kind, k.Member)
	return b.String()
}

// TaskSubject is where attempt a of the work order for k waits for a worker:
//
//	chorus.task.<stage>.<session>.<round>.<kind>.<member>.<part>.<attempt>
func (k Key) TaskSubject(stage string, attempt uint32) string {
	return fmt.Sprintf("chorus.task.%s.%s.%0*d.%s.%s.%d.%d",
		stage, k.Session, roundDigits, k.Round, k.Kind, k.Member, k.Part, attempt)
}

// String is the subject.
func (k Key) String() string { return k.Subject() }

// ParseSubject is the inverse of Subject; it accepts nothing else.
func ParseSubject(s string) (Key, error) {
	if len(s) > MaxSubject {
		return Key{}, ErrSubject
	}
	f := strings.Split(s, ".")
	if len(f) > 2 && f[0] == "chorus" && f[1] == string(Bulk) {
		f = append(f[:2:2], f[3:]...) // the shard follows from the part; compared below
	}
	if len(f) != 7 {
		return Key{}, ErrSubject
	}
	k, err := parseKey(f[2:])
	if err != nil || k.Subject() != s {
		return Key{}, ErrSubject
	}
	return k, nil
}

// ParseTaskSubject is the inverse of TaskSubject.
func ParseTaskSubject(s string) (k Key, stage string, attempt uint32, err error) {
	f := strings.Split(s, ".")
	if len(s) > MaxSubject || len(f) != 9 || !Token(f[2]) {
		return Key{}, "", 0, ErrSubject
	}
	k, err = parseKey(f[3:8])
	a, aerr := strconv.ParseUint(f[8], 10, 32)
	if err != nil || aerr != nil || k.TaskSubject(f[2], uint32(a)) != s {
		return Key{}, "", 0, ErrSubject
	}
	return k, f[2], uint32(a), nil
}

// parseKey reads session, round, kind, member, part.
func parseKey(f []string) (Key, error) {
	round, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		return Key{}, ErrSubject
	}
	part, err := strconv.ParseUint(f[4], 10, 32)
	if err != nil {
		return Key{}, ErrSubject
	}
	k := Key{Session: f[0], Round: uint32(round), Kind: Kind(f[2]), Member: f[3], Part: uint32(part)}
	return k, k.Check()
}

// Check reports whether k may exist at all.
func (k Key) Check() error {
	row, ok := kinds[k.Kind]
	if !ok {
		return fmt.Errorf("%w: unknown kind %q", ErrSubject, k.Kind)
	}
	if k.Part != 0 && !row.Parts {
		return fmt.Errorf("%w: %s has no parts", ErrSubject, k.Kind)
	}
	if !Token(k.Session) || !Token(k.Member) || k.Round == 0 || k.Round > MaxRound {
		return fmt.Errorf("%w: bad session, round or member", ErrSubject)
	}
	return nil
}

// Token reports whether s is a strict subject token: 1 to 32 of a-z, 0-9, '-'.
func Token(s string) bool {
	if len(s) == 0 || len(s) > MaxToken {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// Name reports whether s may be the name of a participant or a session: a
// token that does not start with '-'.
func Name(s string) bool { return Token(s) && s[0] != '-' }
