package s3store

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Parts are equal except the last, as some servers require, and at least 5 MiB, as S3 requires.
const (
	partBytes = 8 << 20
	maxParts  = 10_000
)

// source cuts the body of a Put into pieces.
type source interface {
	// next returns the next piece. After the last one its result has no meaning. Its error is the
	// body's own, or that of the Put's context.
	next() (piece, error)
}

func (s *Store) source(ctx context.Context, r io.Reader) source {
	if f, ok := r.(*os.File); ok {
		if src := newFileSource(f); src != nil {
			return src
		}
	}
	return &streamSource{r: bufio.NewReader(&bodyReader{ctx: ctx, r: r}), buffers: &s.buffers}
}

// fileSource reads a file in place.
type fileSource struct {
	file    *os.File
	at, end int64
	part    int64
}

// newFileSource returns nil for what has no known end: pipes, terminals, devices.
func newFileSource(f *os.File) *fileSource {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil
	}
	end := max(info.Size(), at)
	return &fileSource{file: f, at: at, end: end, part: partSize(end - at)}
}

// partSize returns the smallest size, in whole MiB, that splits size bytes into as many parts as S3
// allows.
func partSize(size int64) int64 {
	const unit = 1 << 20
	least := (size + maxParts - 1) / maxParts
	return max(partBytes, (least+unit-1)/unit*unit)
}

func (f *fileSource) next() (piece, error) {
	size := min(f.part, f.end-f.at)
	body := &fileBody{section: io.NewSectionReader(f.file, f.at, size), size: size}
	f.at += size
	return piece{body: body, size: size, last: f.at == f.end, free: func() {}, broken: body.broken}, nil
}

var errShrunk = errors.New("the file became shorter while it was stored")

// fileBody is a section of a file that remembers its own error, so that it is not taken for the
// server's.
type fileBody struct {
	section *io.SectionReader
	size    int64
	err     atomic.Pointer[error] // net/http may still read while Put checks it
}

// Read reads on.
func (b *fileBody) Read(p []byte) (int, error) {
	n, err := b.section.Read(p)
	if err == io.EOF {
		if at, seekErr := b.section.Seek(0, io.SeekCurrent); seekErr != nil || at < b.size {
			err = errShrunk
		}
	}
	if err != nil && err != io.EOF {
		b.err.Store(&err)
	}
	return n, err
}

// Seek rewinds for another attempt.
func (b *fileBody) Seek(offset int64, whence int) (int64, error) {
	return b.section.Seek(offset, whence)
}

func (b *fileBody) broken() error {
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

// streamSource reads a body that cannot be read twice into buffers.
type streamSource struct {
	r       *bufio.Reader // looks one byte ahead
	buffers *sync.Pool
}

func (s *streamSource) next() (piece, error) {
	buffer, ok := s.buffers.Get().(*[]byte)
	if !ok { // the pool is empty
		fresh := make([]byte, partBytes)
		buffer = &fresh
	}
	free := func() { s.buffers.Put(buffer) }
	n, err := io.ReadFull(s.r, *buffer)
	if err == nil {
		_, err = s.r.Peek(1)
	}
	//nolint:errorlint // ReadFull's own: a tornError wraps the second
	last := err == io.EOF || err == io.ErrUnexpectedEOF
	if err != nil && !last {
		free()
		return piece{}, err
	}
	return bufferedPiece((*buffer)[:n], last, free), nil
}

// bodyReader stops when ctx ends, and makes sure that an io.ErrUnexpectedEOF of the body does not
// pass for the end of the last piece.
type bodyReader struct {
	ctx context.Context //nolint:containedctx // of the one Put that owns the reader
	r   io.Reader
}

// Read reads on.
func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = tornError{err}
	}
	return n, err
}

// tornError is an error that is not equal to the one it wraps.
type tornError struct{ error }

// Unwrap returns the body's own error.
func (t tornError) Unwrap() error { return t.error }
