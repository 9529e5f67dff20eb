package world

import (
	"fmt"
	"strings"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// Transcript is the round for people, a line a record: position, time since the
// Open, kind, member, part, and what it says. Keys and digests, which differ from
// run to run, are left out.
func (w *World) Transcript() string {
	var b strings.Builder
	records := w.Records()
	r, _ := w.public(records)
	for i, rec := range records {
		who := rec.Key.Member
		if rec.Key.Part > 0 {
			who = fmt.Sprintf("%s/%d", who, rec.Key.Part)
		}
		line := fmt.Sprintf("%3d %6s %-13s %-17s %s", i+1, rec.Time.Sub(records[0].Time).Truncate(time.Second), rec.Key.Kind, who, says(r, rec))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// says is what a record says beyond its key.
func says(r *secagg.Round, rec wire.Record) string {
	name := func(i int) string { return r.Name(i) }
	switch {
	case rec.Key.Kind == wire.KindAbort:
		m := read[wire.Abort](rec)
		return fmt.Sprintf("%s: %s", m.Reason, m.Detail)
	case r == nil || !r.Complete():
		return ""
	}
	switch rec.Key.Kind {
	case wire.KindOpen:
		return fmt.Sprintf("round %d, %d members, A_corr %d, floor %d, filter %s", r.Open.Round, r.N(), r.Corrupt, r.Open.Floor, r.Open.Filter)
	case wire.KindSetup:
		m := read[wire.Setup](rec)
		return "U1 " + names(r, m.U1) + out(r, m.Excluded)
	case wire.KindSharesIntake, wire.KindInputIntake, wire.KindRevealIntake:
		return string(read[wire.Intake](rec).Reason)
	case wire.KindShareSet:
		m := read[wire.ShareSet](rec)
		return "U2 " + names(r, m.U2) + out(r, m.Excluded)
	case wire.KindInput:
		return fmt.Sprintf("weight %d", signed[wire.Input](rec).Weight)
	case wire.KindCollection:
		m := read[wire.Collection](rec)
		return "U3 " + names(r, m.Members) + out(r, m.Excluded)
	case wire.KindWitnessed, wire.KindConsented:
		return "signed by " + names(r, read[wire.Quorum](rec).Signers)
	case wire.KindComplaint:
		var about []string
		for _, b := range signed[wire.Complaint](rec).Boxes {
			about = append(about, name(int(b.Dealer)))
		}
		return "about the boxes of " + strings.Join(about, " ")
	case wire.KindAnswer:
		var to []string
		for _, s := range signed[wire.Answer](rec).Shares {
			to = append(to, name(int(s.Complainer)))
		}
		return "shares of " + strings.Join(to, " ")
	}
	return decides(r, rec)
}

// decides is says for what follows the collection.
func decides(r *secagg.Round, rec wire.Record) string {
	switch rec.Key.Kind {
	case wire.KindComplaints:
		m := read[wire.Complaints](rec)
		var ds []string
		for _, d := range m.Disputes {
			ds = append(ds, fmt.Sprintf("%s has to answer %s", r.Name(int(d.Dealer)), r.Name(int(d.Complainer))))
		}
		return strings.Join(ds, ", ") + maybe("; too many complaints about ", names(r, m.Excess)) + out(r, m.Excluded)
	case wire.KindSettlement:
		m := read[wire.Settlement](rec)
		return "leaving" + out(r, m.Leaving) + "; complaints rejected" + out(r, m.Rejected)
	case wire.KindAccepted:
		m := read[wire.Accepted](rec)
		return "A " + names(r, m.Members) + out(r, m.Rejected)
	case wire.KindRebuilt:
		m := read[wire.Rebuilt](rec)
		var bad []string
		for _, b := range m.Bad {
			bad = append(bad, fmt.Sprintf("%s's of %s", r.Name(int(b.Helper)), r.Name(int(b.Dealer))))
		}
		return "helpers " + names(r, m.Helpers) + maybe("; bad shares: ", strings.Join(bad, ", ")) + maybe("; lost: ", names(r, m.Lost))
	case wire.KindChecked:
		return maybe("rows that fail: ", strings.Trim(fmt.Sprint(read[wire.Checked](rec).Rows), "[]"))
	case wire.KindResult:
		m := read[wire.Result](rec)
		return fmt.Sprintf("%d contributed, weight %d", m.Contributed, m.Weight)
	case wire.KindCertificate:
		m := read[wire.Certificate](rec)
		return fmt.Sprintf("attested by %s, quorum %d", names(r, m.Signers), m.Quorum)
	}
	return ""
}

// read decodes a record of a stage; what does not decode stays zero.
func read[T any, M interface {
	*T
	wire.Message
}](rec wire.Record) T {
	m := M(new(T))
	_ = wire.DecodeBody(rec.Body, m) // a transcript shows what there is
	return *m
}

func signed[T any, M interface {
	*T
	wire.Message
}](rec wire.Record) T {
	m := M(new(T))
	_, _ = wire.DecodeSigned(rec.Body, m)
	return *m
}

func names(r *secagg.Round, set wire.Bitmap) string {
	var out []string
	for i := range set.All() {
		out = append(out, r.Name(i))
	}
	return strings.Join(out, " ")
}

// out lists exclusions with their reasons.
func out(r *secagg.Round, lists []wire.Exclusion) (s string) {
	for _, x := range lists {
		s += fmt.Sprintf("; %s: %s", x.Reason, names(r, x.Who))
	}
	return s
}

func maybe(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}
