package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrDamaged is the cause of every Damaged error.
var ErrDamaged = errors.New("the object is not as its row says")

func damaged(key, format string, args ...any) error {
	return E(
		Damaged,
		"A stored file is damaged.",
		fmt.Errorf("%s: %w: %s", key, ErrDamaged, fmt.Sprintf(format, args...)),
	)
}

// OpenStored opens an object from one of its bytes to its end, like Objects.Open. sizeBytes is what
// its row says of it. Damaged if the object is not there, or has another size: at once if the
// reader can seek, else when it is read to its end.
func OpenStored(ctx context.Context, o Objects, key string, sizeBytes, from int64) (io.ReadCloser, error) {
	r, err := o.Open(ctx, key, Range{Start: from})
	switch {
	case err == nil:
	case KindOf(err) == NotFound:
		return nil, damaged(key, "%v", err)
	case KindOf(err) == Invalid && from <= sizeBytes:
		return nil, damaged(key, "it has fewer than %d bytes, want %d", from, sizeBytes)
	default:
		return nil, err
	}
	whole, ok := r.(io.Seeker)
	if !ok || from > 0 {
		return &exact{ReadCloser: r, key: key, left: sizeBytes - from}, nil
	}
	has, err := whole.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = whole.Seek(0, io.SeekStart)
	}
	if err == nil && has != sizeBytes {
		err = damaged(key, "it has %d bytes, want %d", has, sizeBytes)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// exact is a reader that has to end after exactly left bytes.
type exact struct {
	io.ReadCloser
	key  string
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := 0, error(nil)
	if len(p) > 0 {
		n, err = e.ReadCloser.Read(p)
		e.left -= int64(n)
	}
	switch {
	case errors.Is(err, io.EOF) && e.left > 0:
		return n, damaged(e.key, "%d bytes are missing at its end", e.left)
	case err != nil || e.left > 0:
		return n, err
	}
	return n, e.end()
}

// end is io.EOF, unless there is another byte.
func (e *exact) end() error {
	_, err := io.ReadFull(e.ReadCloser, make([]byte, 1))
	if err == nil {
		return damaged(e.key, "it is longer than its row says")
	}
	return err
}
