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

// put is one Put: what it writes, and under which id.
type put struct {
	*Store
	name string // in the bucket
	id   string // in the object's metadata
}

// Put stores all of r under key and returns the bytes written. Up to 8 MiB go in one request, more
// in parts of a multipart upload. A file is read in place, anything else through up to three
// buffers of 8 MiB. See storage.Objects; also Unavailable, and TooLarge for more parts than S3
// accepts. If Put is Unavailable because it could not find out how the write ended, the object may
// appear later.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	name, err := s.name(key)
	if err := errors.Join(ctx.Err(), err); err != nil {
		return 0, fmt.Errorf("put object: %w", err)
	}
	// Saves reading r. The condition of the write decides, if the server supports conditions.
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

// stored returns 0 if there was an error.
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

// conditionally runs write on the condition that nothing is there yet. If the server has no
// conditions, it runs without one: then the look before the write must be enough.
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

// settleFor is how long a write may take to find out or undo what it did, after its caller has
// left.
const settleFor = 30 * time.Second

// outcome finds out how a write ended that failed with cause. It returns nil if the object is there
// after all: the answer of a successful attempt may have been lost, so the next attempt found an
// object.
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

// wrote reports whether this Put wrote the object. If the server keeps no metadata, it goes by the
// size, unless the server has said that another write was first.
func (p *put) wrote(h header, size int64, cause error) bool {
	ours := h.put == p.id || (h.put == "" && !conditionFailed(cause))
	return ours && h.size == size
}

// piece is what one request sends.
type piece struct {
	body   io.ReadSeeker
	size   int64
	last   bool         // of the object
	free   func()       // to call when nothing reads body any more
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
