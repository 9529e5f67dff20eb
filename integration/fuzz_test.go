package integration

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"chorus/internal/world"
	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
	"chorus/services"
)

// A tape is one recorded round with a complaint and its answer, so that nearly
// every kind is on it: what fuzzed sequences are cut from.
type tape struct {
	open    []wire.Record // roster and Open: every sequence begins with them
	records []wire.Record // of all streams, in an order in which they can be read
	ids     map[string]func(k wire.Kind, m wire.Message) []byte
	config  secagg.Config
	state   *secagg.State // of the first member, before it erased it
}

var recorded = sync.OnceValue(recordRound)

// recordRound runs the round. The first member keeps a copy of its secrets, so that
// its machine can go through the round again.
func recordRound() *tape {
	tp := &tape{ids: map[string]func(wire.Kind, wire.Message) []byte{}}
	keep := func(m *world.Member, es []wire.Entry) []wire.Entry {
		if s, _ := m.State(); s != nil && len(s.Master) > 0 {
			tp.state = cloneState(s)
		}
		return es
	}
	var keys []wire.Key // in the order in which they were first stored
	bodies := map[wire.Key]wire.Record{}
	w := world.New(world.Setting{Seed: 12, N: 4, Dim: 3, Fair: true,
		Hostile: map[string]world.Mutation{"m000": keep, liarName: falseBoxes(0)},
		Tamper: func(_ *world.World, e wire.Entry) []wire.Entry {
			if _, ok := bodies[e.Key]; !ok {
				keys, bodies[e.Key] = append(keys, e.Key), record(e)
			}
			return []wire.Entry{e}
		}})
	tp.config = w.Members[0].Config() // as it is before the round
	if err := w.Round(); err != nil {
		panic(err)
	}
	for _, m := range w.Members {
		tp.ids[m.Name] = func(k wire.Kind, msg wire.Message) []byte { return m.Sign(k, msg).Body }
	}
	for _, r := range w.Records() {
		bodies[r.Key] = r
		if r.Key.Kind == wire.KindRoster || r.Key.Kind == wire.KindOpen {
			tp.open = append(tp.open, r)
		}
	}
	for _, k := range keys {
		tp.records = append(tp.records, bodies[k])
	}
	return tp
}

// opSize is how many bytes of fuzz input make one record.
const opSize = 5

// sequence reads records from fuzz input: one of the tape, as it is or changed.
func (tp *tape) sequence(b []byte) []wire.Record {
	out := slices.Clone(tp.open)
	for ; len(b) >= opSize && len(out) < 400; b = b[opSize:] {
		r := tp.records[(int(b[0])<<8|int(b[1]))%len(tp.records)]
		out = append(out, tp.change(r, b[2], int(b[3])<<8|int(b[4])))
	}
	return out
}

// change does one of a few things to a record.
func (tp *tape) change(r wire.Record, op byte, arg int) wire.Record {
	r.Body = slices.Clone(r.Body)
	switch op % 9 {
	case 1:
		if len(r.Body) > 0 {
			r.Body[arg/8%len(r.Body)] ^= 1 << (arg % 8)
		}
	case 2:
		r.Body = r.Body[:arg%(len(r.Body)+1)]
	case 3:
		r.Body = tp.records[arg%len(tp.records)].Body
	case 4:
		r.Key.Member = []string{"m000", "m001", liarName, "m003", "stranger", wire.Nobody, string(wire.ShareKeys), wire.Robust}[arg%8]
	case 5:
		r.Key.Part = []uint32{0, 1, 2, 7, math.MaxUint32}[arg%5]
	case 6:
		r.Time = time.Unix(int64(arg)*1e6, 0)
	case 7, 8:
		r.Body = tp.bent(r, arg)
	}
	return r
}

// messages says what the body of a kind decodes to.
var messages = map[wire.Kind]func() wire.Message{
	wire.KindAdvert: func() wire.Message { return new(wire.Advert) }, wire.KindSetup: func() wire.Message { return new(wire.Setup) },
	wire.KindShares: func() wire.Message { return new(wire.Shares) }, wire.KindSharesIntake: func() wire.Message { return new(wire.Intake) },
	wire.KindShareSet: func() wire.Message { return new(wire.ShareSet) }, wire.KindInput: func() wire.Message { return new(wire.Input) },
	wire.KindInputIntake: func() wire.Message { return new(wire.Intake) }, wire.KindCollection: func() wire.Message { return new(wire.Collection) },
	wire.KindWitness: func() wire.Message { return new(wire.Witness) }, wire.KindWitnessed: func() wire.Message { return new(wire.Quorum) },
	wire.KindComplaint: func() wire.Message { return new(wire.Complaint) }, wire.KindComplaints: func() wire.Message { return new(wire.Complaints) },
	wire.KindAnswer: func() wire.Message { return new(wire.Answer) }, wire.KindSettlement: func() wire.Message { return new(wire.Settlement) },
	wire.KindAccepted: func() wire.Message { return new(wire.Accepted) }, wire.KindConsent: func() wire.Message { return new(wire.Consent) },
	wire.KindConsented: func() wire.Message { return new(wire.Quorum) }, wire.KindSum: func() wire.Message { return new(wire.SumPart) },
	wire.KindReveal: func() wire.Message { return new(wire.Reveal) }, wire.KindRevealIntake: func() wire.Message { return new(wire.Intake) },
	wire.KindRebuilt: func() wire.Message { return new(wire.Rebuilt) }, wire.KindOpened: func() wire.Message { return new(wire.SumPart) },
	wire.KindChecked: func() wire.Message { return new(wire.Checked) }, wire.KindResult: func() wire.Message { return new(wire.Result) },
	wire.KindAttest: func() wire.Message { return new(wire.Attest) }, wire.KindCertificate: func() wire.Message { return new(wire.Certificate) },
	wire.KindDeadline: func() wire.Message { return new(wire.Deadline) }, wire.KindAbort: func() wire.Message { return new(wire.Abort) },
}

// bent changes one field of a message and signs it again where it was signed: it
// gets past decoders and signatures.
func (tp *tape) bent(r wire.Record, arg int) []byte {
	make, ok := messages[r.Key.Kind]
	if !ok {
		return r.Body
	}
	m, signed := make(), r.Key.Kind.Row().Class == wire.Signed
	var err error
	if signed {
		_, err = wire.DecodeSigned(r.Body, m)
	} else {
		err = wire.DecodeBody(r.Body, m)
	}
	if err != nil {
		return r.Body
	}
	fields := settable(reflect.ValueOf(m).Elem(), nil)
	bend(fields[arg%len(fields)], arg/len(fields))
	if sign, ok := tp.ids[r.Key.Member]; signed && ok {
		return sign(r.Key.Kind, m)
	}
	return wire.Encode(m)
}

// settable lists everything in a message that can be set.
func settable(v reflect.Value, out []reflect.Value) []reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			out = settable(v.Field(i), out)
		}
		return out
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				out = settable(v.Index(i), out)
			}
		}
	}
	return append(out, v)
}

func bend(v reflect.Value, how int) {
	switch v.Kind() {
	case reflect.Slice:
		switch {
		case how%4 == 0 || v.Len() == 0:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		case how%4 == 1:
			v.Set(v.Slice(0, v.Len()-1))
		case how%4 == 2 && v.Type().Elem().Kind() == reflect.Uint8:
			v.Index(how / 4 % v.Len()).SetUint(uint64(how / 4 & 0xff))
		default:
			v.Set(reflect.AppendSlice(v, reflect.MakeSlice(v.Type(), 9, 9)))
		}
	case reflect.Array:
		v.Index(0).SetUint(v.Index(0).Uint() ^ 1)
	case reflect.String:
		v.SetString([]string{"", "absent", "never heard of"}[how%3])
	case reflect.Int64:
		v.SetInt([]int64{0, -1, math.MaxInt64}[how%3])
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint([]uint64{0, 1, 3, math.MaxUint16}[how%4])
	}
}

// seeds are the whole tape, in order and shuffled, as it is and with changes.
func seeds(f *testing.F) {
	n := len(recorded().records)
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		order := rng.Perm(n)
		if seed%2 == 0 {
			slices.Sort(order)
		}
		var b []byte
		for _, i := range order {
			op := byte(0)
			if seed > 1 && rng.IntN(6) == 0 {
				op = byte(rng.IntN(9))
			}
			b = append(b, byte(i>>8), byte(i), op, byte(rng.Uint32()), byte(rng.Uint32()))
		}
		f.Add(b)
	}
}

// stageOf is a stage by name.
func stageOf(name string) stage.Spec {
	specs := services.All()
	return specs[slices.IndexFunc(specs, func(s stage.Spec) bool { return s.Name == name })]
}

// stepAll folds a sequence twice: through the kernel, which stops at a record
// that the stage itself would not have derived, and into the bare machine.
func stepAll(t *testing.T, spec stage.Spec, sequence []wire.Record) {
	t.Helper()
	k := stage.NewKernel(spec)
	for _, r := range sequence {
		_ = k.Apply(r) // a divergence is an answer
		k.Pending()
	}
	open := sequence[slices.IndexFunc(sequence, func(r wire.Record) bool { return r.Key.Kind == wire.KindOpen })]
	m, err := spec.New(open)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range sequence {
		if !slices.Contains(spec.Reads, r.Key.Kind) {
			continue
		}
		for _, e := range m.Step(r) {
			if len(e.Body) > wire.MaxPart {
				t.Errorf("%s takes %d bytes", e.Key, len(e.Body))
			}
		}
	}
}

func fuzzStage(f *testing.F, name string) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) { stepAll(t, stageOf(name), recorded().sequence(b)) })
}

func FuzzKeybroker(f *testing.F) { fuzzStage(f, wire.Keybroker) }
func FuzzCollector(f *testing.F) { fuzzStage(f, wire.Collector) }
func FuzzVerifier(f *testing.F)  { fuzzStage(f, wire.Verifier) }
func FuzzRobust(f *testing.F)    { fuzzStage(f, wire.Robust) }
func FuzzUnmasker(f *testing.F)  { fuzzStage(f, wire.Unmasker) }

// FuzzParticipant: no sequence makes a member panic, or send two things at a key.
func FuzzParticipant(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) { takePart(t, recorded().sequence(b)) })
}

// takePart steps a member and an observer.
func takePart(t *testing.T, sequence []wire.Record) {
	t.Helper()
	tp := recorded()
	p := secagg.NewParticipant(tp.config, new(secagg.Memory), cloneState(tp.state))
	observer := tp.config
	observer.Identity, observer.Contribution = nil, nil
	o := secagg.NewParticipant(observer, new(secagg.Memory), nil)
	sent := map[wire.Key]string{}
	index := byKey(sequence)
	for _, r := range sequence {
		for _, e := range append(p.Step(r), serve(p, index)...) {
			if old, ok := sent[e.Key]; ok && old != string(e.Body) {
				t.Errorf("two things at %s", e.Key)
			}
			sent[e.Key] = string(e.Body)
		}
		if es := append(o.Step(r), serve(o, index)...); len(es) > 0 {
			t.Errorf("an observer sends %s", es[0].Key)
		}
		p.Wants()
	}
	if _, err := p.Outcome(); p.Done() && err != nil {
		t.Error(err)
	}
}

// serve gives a participant what it asks for, as far as the tape has it, and
// returns what that causes.
func serve(p *secagg.Participant, tape map[wire.Key]wire.Record) (es []wire.Entry) {
	for served := true; served; {
		served = false
		wants := p.Wants()
		for _, k := range wants {
			if r, ok := tape[k]; ok {
				es = append(es, p.Step(r)...)
			}
		}
		served = len(p.Wants()) != len(wants)
	}
	return es
}

// byKey indexes a sequence; the first record on a key counts.
func byKey(sequence []wire.Record) map[wire.Key]wire.Record {
	m := make(map[wire.Key]wire.Record, len(sequence))
	for _, r := range sequence {
		if _, ok := m[r.Key]; !ok {
			m[r.Key] = r
		}
	}
	return m
}

// TestTapeIsWhole: unchanged, the tape takes a member and an observer through to
// the certificate, and every stage to its end.
func TestTapeIsWhole(t *testing.T) {
	tp := recorded()
	sequence := slices.Concat(tp.open, tp.records)
	index := byKey(sequence)
	observer := tp.config
	observer.Identity, observer.Contribution = nil, nil
	for _, p := range []*secagg.Participant{secagg.NewParticipant(tp.config, new(secagg.Memory), cloneState(tp.state)),
		secagg.NewParticipant(observer, new(secagg.Memory), nil)} {
		for _, r := range sequence {
			p.Step(r)
			serve(p, index)
		}
		if !p.Done() {
			t.Errorf("%v while it was to %s, wants %v", p.Err(), secagg.Duties[p.Doing()], p.Wants())
		}
	}
	for _, f := range stage.Replay(sequence, services.All(), 0) {
		if f.Verdict == stage.Diverged || f.Verdict == stage.Missing {
			t.Errorf("replay: %+v", f)
		}
	}
}

// bentRound is the tape in order with a few changes: deeper in the round than
// what a fuzzer finds by itself.
func bentRound(seed uint64) []wire.Record {
	rng := rand.New(rand.NewPCG(seed, 2))
	var b []byte
	for i := range len(recorded().records) {
		op, times := byte(0), 1
		switch rng.IntN(25) {
		case 0:
			op = byte(rng.IntN(9))
		case 1:
			op = 7
		case 2:
			times = rng.IntN(3)
		case 3:
			i = rng.IntN(len(recorded().records))
		}
		for range times {
			b = append(b, byte(i>>8), byte(i), op, byte(rng.Uint32()), byte(rng.Uint32()))
		}
	}
	return recorded().sequence(b)
}

func stepBent(t *testing.T, from, to uint64) {
	t.Helper()
	for seed := from; seed < to; seed++ {
		sequence := bentRound(seed)
		for _, spec := range services.All() {
			stepAll(t, spec, sequence)
		}
		if seed%8 == 0 {
			takePart(t, sequence)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestBentRounds needs no fuzzer.
func TestBentRounds(t *testing.T) { stepBent(t, 0, 200) }
