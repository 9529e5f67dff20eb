package secagg

import (
	"crypto/rand"
	"fmt"
	"slices"
	"testing"

	"chorus/pkg/secagg/mask"
	"chorus/pkg/wire"
)

// A dealt round: n members have advertised and dealt, all in memory.
type dealtRound struct {
	*Round
	secrets map[int]*secrets
	adverts map[int]*wire.Advert
	u       wire.Bitmap
	setup   wire.Digest
	t       int
	boxes   map[int]map[int][]byte // holder -> dealer -> plaintext
	commit  map[int]*Commitments
}

func deal(t *testing.T, n int) *dealtRound {
	t.Helper()
	d := &dealtRound{Round: &Round{Ctx: wire.Digest{7}, Roster: &wire.Roster{}, Corrupt: 1}, secrets: map[int]*secrets{}, adverts: map[int]*wire.Advert{},
		u: Full(n), setup: wire.Digest{9}, t: (n+1)/2 + 1, boxes: map[int]map[int][]byte{}, commit: map[int]*Commitments{}}
	for i := range n {
		d.Roster.Members = append(d.Roster.Members, wire.Member{Name: fmt.Sprintf("m%d", i)})
		d.boxes[i] = map[int][]byte{}
	}
	for i := range n {
		master := make([]byte, masterSize)
		rand.Read(master)
		s, err := drawSecrets(master, d.Ctx, d.Name(i))
		if err != nil {
			t.Fatal(err)
		}
		d.secrets[i], d.adverts[i] = s, s.advert(d.Ctx, d.Name(i))
	}
	for dealer := range n {
		chunks, err := d.deal(d.secrets[dealer], d.adverts, d.t, d.setup, d.Name(dealer), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if d.commit[dealer], err = ParseCommitments(chunks[n], d.u); err != nil {
			t.Fatal(err)
		}
		for holder := range n {
			plain, err := d.secrets[holder].boxKey.Open(d.boxContext(d.setup, d.Name(dealer), d.Name(holder)), chunks[holder])
			if err != nil || !d.CheckDealt(d.commit[dealer], d.setup, dealer, holder, plain) {
				t.Fatalf("box of %d for %d: %v", dealer, holder, err)
			}
			d.boxes[holder][dealer] = plain
		}
	}
	return d
}

func (d *dealtRound) rebuilder(accepted wire.Bitmap, helpers ...int) *Rebuilder {
	b := &Rebuilder{Round: d.Round, SetupRoot: d.setup, U1: d.u, U2: d.u, Accepted: accepted, Threshold: d.t, Adverts: d.adverts,
		Commitments: d.commit, Reveals: map[int][]byte{}}
	for _, h := range helpers {
		b.Reveals[h] = packReveal(d.u, accepted, d.boxes[h])
	}
	return b
}

// masked is the sum over accepted of what its members would send for a vector
// of zeros: nothing but masks.
func (d *dealtRound) masked(t *testing.T, accepted wire.Bitmap, wordBytes int) *Vector {
	sum := NewVector(16, wordBytes)
	for i := range accepted.All() {
		p := &Participant{cfg: Config{Name: d.Name(i)}, round: d.Round, pos: i, sec: d.secrets[i], adverts: d.adverts, u2: Set{}}
		p.setup.Root = d.setup
		for j := range d.u.All() {
			p.u2[j] = wire.Digest{}
		}
		terms, err := p.maskTerms()
		if err != nil {
			t.Fatal(err)
		}
		sum.Apply(terms, 0)
	}
	return sum
}

func without(b wire.Bitmap, out ...int) wire.Bitmap {
	b = b.Clone()
	for _, i := range out {
		b.Remove(i)
	}
	return b
}

// TestMasksCancel: for every number of members and every one or two that
// vanished, t helpers rebuild exactly what stands between the sum and zero.
func TestMasksCancel(t *testing.T) {
	for n := 3; n <= 6; n++ {
		d := deal(t, n)
		for gone := -1; gone < n; gone++ {
			accepted := d.u
			if gone >= 0 {
				accepted = without(d.u, gone)
			}
			helpers := sortedKeys(d.secrets)[n-d.t:]
			terms, bad, lost, err := d.rebuilder(accepted, helpers...).Rebuild()
			if err != nil || len(bad) > 0 || lost.Len() > 0 {
				t.Fatalf("n %d without %d: %v, bad %v, lost %v", n, gone, err, bad, lost)
			}
			again, err := ParseTerms(PackTerms(terms))
			if err != nil {
				t.Fatal(err)
			}
			for _, wordBytes := range []int{4, 8} {
				sum := d.masked(t, accepted, wordBytes)
				sum.Apply(again, 0)
				if slices.ContainsFunc(sum.Int64s(), func(x int64) bool { return x != 0 }) {
					t.Fatalf("n %d without %d, %d bytes a word: masks are left: %v", n, gone, wordBytes, sum.Int64s())
				}
			}
		}
	}
}

func TestTooFewHelpersRebuildNothing(t *testing.T) {
	d := deal(t, 5)
	terms, _, lost, _ := d.rebuilder(d.u, 0, 1, 2).Rebuild()
	if len(terms) != 0 || lost.Len() != 5 {
		t.Fatalf("t is %d: %d masks from 3 helpers, lost %v", d.t, len(terms), lost)
	}
}

// TestWrongShareIsNamed: one wrong share is named and tolerated while t good
// ones are left, for either kind of share.
func TestWrongShareIsNamed(t *testing.T) {
	d := deal(t, 5)
	accepted := without(d.u, 4)
	for _, dealer := range []int{1, 4} {
		b := d.rebuilder(accepted, 0, 1, 2, 3, 4)
		b.Reveals[2][dealer*wire.RevealSize+5] ^= 1
		terms, bad, lost, err := b.Rebuild()
		if err != nil || len(terms) != 8 || lost.Len() != 0 || len(bad) != 1 || bad[0] != (wire.BadShare{Helper: 2, Dealer: uint16(dealer)}) {
			t.Fatalf("dealer %d: %d masks, bad %v, lost %v", dealer, len(terms), bad, lost)
		}
		b = d.rebuilder(accepted, 0, 1, 2, 3)
		b.Reveals[2][dealer*wire.RevealSize+5] ^= 1
		if terms, bad, lost, _ := b.Rebuild(); len(terms) != 0 || !lost.Has(dealer) || len(bad) != 1 {
			t.Fatalf("dealer %d, no share to spare: %d masks, bad %v, lost %v", dealer, len(terms), bad, lost)
		}
	}
}

// TestInconsistentDealerIsLost: shares that match their commitments and rebuild
// something else than was advertised open nothing.
func TestInconsistentDealerIsLost(t *testing.T) {
	d := deal(t, 5)
	d.adverts[4].MaskKey = d.adverts[3].MaskKey
	if terms, _, lost, _ := d.rebuilder(without(d.u, 4), 0, 1, 2, 3).Rebuild(); len(terms) != 0 || !lost.Has(4) {
		t.Fatalf("a swapped mask key: %d masks, lost %v", len(terms), lost)
	}
	d = deal(t, 5)
	d.commit[1].self = wire.Digest{}
	if terms, _, lost, _ := d.rebuilder(d.u, 0, 1, 2, 3).Rebuild(); len(terms) != 0 || !lost.Has(1) {
		t.Fatalf("another self-mask seed: %d masks, lost %v", len(terms), lost)
	}
}

// TestRevealHoldsOneKind: what a helper reveals of a dealer is its share of b_u
// or of s_u, never both, whatever A is.
func TestRevealHoldsOneKind(t *testing.T) {
	d := deal(t, 4)
	for mask := range 16 {
		accepted := wire.Bitmap{byte(mask)}
		reveal := string(packReveal(d.u, accepted, d.boxes[0]))
		for dealer := range 4 {
			s, _ := dealtShare(d.boxes[0][dealer], shareOfS)
			b, _ := dealtShare(d.boxes[0][dealer], shareOfB)
			n, _ := dealtShare(d.boxes[0][dealer], shareOfN1)
			hasS, hasB := contains(reveal, s), contains(reveal, b)
			if hasS == hasB || hasB != accepted.Has(dealer) || contains(reveal, n) {
				t.Fatalf("A %04b, dealer %d: s %v, b %v", mask, dealer, hasS, hasB)
			}
		}
	}
}

func contains(s string, b []byte) bool {
	return len(b) > 0 && slices.Contains(windows(s, len(b)), string(b))
}

func windows(s string, n int) (out []string) {
	for i := 0; i+n <= len(s); i++ {
		out = append(out, s[i:i+n])
	}
	return out
}

func TestBoxesAreForOneHolderAndRound(t *testing.T) {
	d := deal(t, 3)
	chunks, err := d.deal(d.secrets[0], d.adverts, d.t, d.setup, "m0", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := *d.Round
	other.Ctx[0] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another holder": func() ([]byte, error) { return d.secrets[2].boxKey.Open(d.boxContext(d.setup, "m0", "m2"), chunks[1]) },
		"another dealer": func() ([]byte, error) { return d.secrets[1].boxKey.Open(d.boxContext(d.setup, "m2", "m1"), chunks[1]) },
		"another setup root": func() ([]byte, error) {
			return d.secrets[1].boxKey.Open(d.boxContext(wire.Digest{1}, "m0", "m1"), chunks[1])
		},
		"another round": func() ([]byte, error) {
			return d.secrets[1].boxKey.Open(other.boxContext(d.setup, "m0", "m1"), chunks[1])
		},
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s opened the box", name)
		}
	}
}

func TestTermsRefuse(t *testing.T) {
	good := PackTerms([]mask.Term{{Negative: true}})
	for name, b := range map[string][]byte{"cut": good[:5], "trailing": append(slices.Clone(good), 0), "bad sign": append([]byte{2}, good[1:]...)} {
		if _, err := ParseTerms(b); err == nil {
			t.Errorf("%s accepted", name)
		}
	}
}

func TestSecretsRedact(t *testing.T) {
	d := deal(t, 3)
	s := d.secrets[0].s.Bytes()
	b := d.secrets[0].b.Bytes()
	state := &State{Master: []byte("the master secret of a member!!!")}
	cfg := Config{Identity: []byte("the master secret of a member!!!"), Contribution: &Contribution{Update: []float64{4242}}}
	for _, v := range []any{d.secrets[0], *d.secrets[0], state, *state, cfg, &cfg, *cfg.Contribution} {
		for _, f := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
			text := fmt.Sprintf(f, v)
			for _, leak := range []string{string(s[:]), fmt.Sprintf("%x", s), fmt.Sprint(s), string(b[:]), fmt.Sprintf("%x", b), "master secret", "4242", fmt.Sprintf("%x", state.Master)} {
				if contains(text, []byte(leak)) {
					t.Fatalf("%s prints a secret: %s", f, text)
				}
			}
		}
	}
}
