package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"meanwhile/storage"
)

// put is one Put: what it writes, and under which mark.
type put struct {
	*Store
	name string // in the bucket
	id   string // in the object's metadata
}

// Put stores r to its end under key and returns the bytes written. Up to 8 MiB go in one request,
// more in parts of a multipart upload; a file is read where it lies, anything else through up to
// three buffers of 8 MiB. See storage.Objects; Unavailable, too, and TooLarge for what has more
// parts than S3 takes. When Put is Unavailable because even the question how the write ended stays
// unanswered, the object may show up later.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	name, err := s.name(key)
	if err := errors.Join(ctx.Err(), err); err != nil {
		return 0, fmt.Errorf("put object: %w", err)
	}
	// Spares the reading. The condition of the write is what decides, where the server knows
	// conditions.
	if _, err := s.head(ctx, name); err == nil {
		return 0, taken(nil)
	} else if storage.KindOf(err) != storage.NotFound {
		return 0, err
	}
	src := s.source(ctx, r)
	first, err := src.next()
	if err != nil {
		return 0, fmt.Errorf("read object body: %w", err)
	}
	p := &put{Store: s, name: name, id: storage.NewRandomID()}
	if first.last {
		defer first.free()
		err = p.whole(ctx, first)
		return stored(first.size, err)
	}
	size, err := p.parts(ctx, src, first)
	return stored(size, err)
}

// stored is nothing where there was an error.
func stored(size int64, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return size, nil
}

func taken(err error) error {
	return storage.E(storage.Conflict, messages[storage.Conflict], err)
}

// whole writes an object of one piece.
func (p *put) whole(ctx context.Context, only piece) error {
	err := p.conditionally(func(onlyIfAbsent *string) error {
		if _, err := only.body.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("rewind object body: %w", err)
		}
		_, err := p.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &p.bucket, Key: &p.name, Body: only.body, ContentLength: &only.size, IfNoneMatch: onlyIfAbsent,
			ContentType: aws.String(mediaType(p.name)), Metadata: map[string]string{putID: p.id},
		})
		return err
	})
	if err == nil {
		return nil
	}
	if own := only.broken(); own != nil {
		return fmt.Errorf("read object body: %w", own)
	}
	return p.outcome(ctx, "put object", only.size, err)
}

// conditionally runs write with the condition that nothing is there yet, and without it where the
// server has no conditions: there the look before the write has to do.
func (p *put) conditionally(write func(onlyIfAbsent *string) error) error {
	if p.unconditional.Load() {
		return write(nil)
	}
	err := write(aws.String("*"))
	if err == nil || !refusesConditions(err) {
		return err
	}
	if !p.unconditional.Swap(true) {
		p.log.Warn("object storage has no conditional writes", "error", err)
	}
	return write(nil)
}

// settleFor is how long a write may take to find out or undo what it did after its caller has left.
const settleFor = 30 * time.Second

// outcome finds out what became of a write that ended with cause. Nil when the object is there
// after all: the answer of an attempt that took place may have got lost, and the next attempt been
// told that somebody was first.
func (p *put) outcome(ctx context.Context, op string, size int64, cause error) error {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	h, err := p.head(look, p.name)
	switch {
	case err != nil:
		return classify(ctx, op, cause)
	case p.wrote(h, size, cause):
		return nil
	}
	return taken(fmt.Errorf("%s: %w", op, cause))
}

// wrote reports whether the object that is there is this Put's. Where the server keeps no metadata
// its size has to do, unless the server has said that another write was first.
func (p *put) wrote(h header, size int64, cause error) bool {
	ours := h.put == p.id || (h.put == "" && !conditionFailed(cause))
	return ours && h.size == size
}

// piece is what one request sends.
type piece struct {
	body   io.ReadSeeker
	size   int64
	last   bool         // of the object
	free   func()       // to be called when nothing reads body any more
	broken func() error // body's own error, if it had one
}

func bufferedPiece(b []byte, last bool, free func()) piece {
	return piece{
		body:   bytes.NewReader(b),
		size:   int64(len(b)),
		last:   last,
		free:   free,
		broken: func() error { return nil },
	}
}
