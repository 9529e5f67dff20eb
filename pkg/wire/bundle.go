package wire

import (
	"errors"
	"fmt"
)

// An Item is one member's record in a bundle.
type Item struct {
	Position uint16
	Body     []byte // of the log record, signature and all
}

// A Bundle is the records of many members in one blob, so that nobody has to
// fetch n of them one by one. A blob names it by digest.
type Bundle struct{ Items []Item }

// MaxBundle bounds a bundle: one log record per member.
const MaxBundle = MaxRoster * (MaxBody + 16)

// Check implements Message.
func (b *Bundle) Check() error {
	for i := range b.Items {
		if i > 0 && b.Items[i-1].Position >= b.Items[i].Position {
			return errors.New("bundle: positions must ascend")
		}
	}
	return nil
}

// Pack returns the blob that names b and the entries that store it at key's
// session, round and kind.
func (b *Bundle) Pack(key Key) (Blob, []Entry) { return PackBlob(key, Encode(b)) }

// PackBlob cuts bytes into pub entries and names them.
func PackBlob(key Key, bytes []byte) (Blob, []Entry) {
	blob := Blob{Digest: Sum(bytes), Bytes: uint64(len(bytes))}
	var es []Entry
	for len(bytes) > 0 {
		n := min(len(bytes), MaxPart)
		key.Part = blob.Parts
		es = append(es, Entry{Key: key, Body: bytes[:n:n]})
		bytes = bytes[n:]
		blob.Parts++
	}
	return blob, es
}

// ErrDigest: bytes are not the ones that a digest names.
var ErrDigest = errors.New("wire: digest mismatch")

// JoinBlob joins the parts of a blob and holds them against its digest.
func JoinBlob(b Blob, parts [][]byte) ([]byte, error) {
	var joined []byte
	for _, p := range parts {
		joined = append(joined, p...)
	}
	if uint64(len(joined)) != b.Bytes || Sum(joined) != b.Digest {
		return nil, fmt.Errorf("%w: a blob of %d bytes", ErrDigest, b.Bytes)
	}
	return joined, nil
}

// Chunks returns the keys of all parts of b at key's session, round and kind.
func (b Blob) Chunks(key Key) []Key {
	ks := make([]Key, b.Parts)
	for i := range ks {
		ks[i] = key
		ks[i].Part = uint32(i)
	}
	return ks
}

// PackParts names chunks as the bulk of one member: part 0 lists the digests of
// the others.
func PackParts(key Key, chunks [][]byte) (Parts, []Entry) {
	p := Parts{Count: uint32(len(chunks) + 1)}
	list := make([]byte, 0, len(chunks)*DigestSize)
	es := make([]Entry, 1, len(chunks)+1)
	for i, c := range chunks {
		d := Sum(c)
		list = append(list, d[:]...)
		key.Part = uint32(i + 1)
		es = append(es, Entry{Key: key, Body: c})
		p.Bytes += uint64(len(c))
	}
	key.Part = 0
	es[0] = Entry{Key: key, Body: list}
	p.Bytes += uint64(len(list))
	p.Root = Sum(list)
	return p, es
}

// Cut splits b into chunks of size bytes, the last one possibly shorter.
func Cut(b []byte, size int) (chunks [][]byte) {
	for len(b) > 0 {
		n := min(len(b), size)
		chunks = append(chunks, b[:n:n])
		b = b[n:]
	}
	return chunks
}

// PartsOf is what Parts must say of total bytes cut into chunks of size.
func PartsOf(total uint64, size uint32) (count uint32, bytes uint64) {
	n := (total + uint64(size) - 1) / uint64(size)
	return uint32(n) + 1, total + n*DigestSize
}

// List is where the digests of all parts at k are listed: part 0 of bulk; the
// parts of a result have a list with a writer of its own.
func (k Key) List() Key {
	k.Part = 0
	if k.Kind == KindResultPart {
		k.Kind = KindResultList
	}
	return k
}

// List reads part 0: the digests of the parts that p names, checked against its root.
func (p Parts) List(part0 []byte) ([]Digest, error) {
	if Sum(part0) != p.Root || uint64(len(part0)) != uint64(p.Count-1)*DigestSize {
		return nil, fmt.Errorf("%w: the list of %d parts", ErrDigest, p.Count-1)
	}
	ds := make([]Digest, p.Count-1)
	for i := range ds {
		copy(ds[i][:], part0[i*DigestSize:])
	}
	return ds, nil
}
