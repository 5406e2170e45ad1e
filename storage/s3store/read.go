package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"meanwhile/storage"
)

// Open returns the bytes of key in r. For the whole object the reader can seek, and fetches bytes
// only when it is read. It continues after a broken connection; ctx ends it. See storage.Objects;
// also Unavailable, also from the reader.
func (s *Store) Open(ctx context.Context, key string, r storage.Range) (io.ReadCloser, error) {
	name, err := s.name(key)
	if err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	if r.Start < 0 || r.Length < 0 {
		return nil, storage.E(storage.Invalid, "This range of bytes makes no sense.", nil)
	}
	if r == (storage.Range{}) {
		h, err := s.head(ctx, name)
		if err != nil {
			return nil, err
		}
		return &file{reader{ctx: ctx, store: s, name: name, etag: h.etag, size: h.size, end: h.size}}, nil
	}
	return s.openRange(ctx, name, r)
}

func (s *Store) openRange(ctx context.Context, name string, r storage.Range) (io.ReadCloser, error) {
	end := int64(math.MaxInt64)
	if r.Length > 0 && r.Length < math.MaxInt64-r.Start {
		end = r.Start + r.Length
	}
	out, err := s.client.GetObject(
		ctx,
		&s3.GetObjectInput{Bucket: &s.bucket, Key: &name, Range: byteRange(r.Start, end)},
	)
	if statusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		return s.emptyRange(ctx, name, r)
	}
	if err != nil {
		return nil, classify(ctx, "open object", err)
	}
	if r.Start > 0 && out.ContentRange == nil {
		return nil, errors.Join(
			unavailable(errors.New("the server gave the whole object instead of a range")),
			out.Body.Close(),
		)
	}
	end = min(end, r.Start+aws.ToInt64(out.ContentLength))
	return &reader{ctx: ctx, store: s, name: name, etag: out.ETag, size: -1, at: r.Start, end: end, body: out.Body}, nil
}

// emptyRange accepts a range that begins exactly at the end, which has no bytes, and refuses one
// beyond it. The server refuses both.
func (s *Store) emptyRange(ctx context.Context, name string, r storage.Range) (io.ReadCloser, error) {
	h, err := s.head(ctx, name)
	if err != nil {
		return nil, err
	}
	if r.Start > h.size {
		return nil, storage.E(storage.Invalid, "This range of bytes begins beyond the end.", nil)
	}
	return http.NoBody, nil
}

// byteRange returns the header for the bytes from start up to, not including, end.
func byteRange(start, end int64) *string {
	if end == math.MaxInt64 {
		return aws.String(fmt.Sprintf("bytes=%d-", start))
	}
	return aws.String(fmt.Sprintf("bytes=%d-%d", start, end-1))
}

func unavailable(err error) error {
	return storage.E(storage.Unavailable, messages[storage.Unavailable], err)
}

// reader reads an object from at to end over as many connections as needed.
type reader struct {
	ctx     context.Context //nolint:containedctx // lives as long as the caller reads
	store   *Store
	name    string
	etag    *string       // so that bytes of two objects never mix
	size    int64         // of the object; -1 if not known
	at, end int64         // the next byte, and the one after the last
	body    io.ReadCloser // reads on from at; nil until needed
}

// Read reads on. If no attempt brings a byte, the error is Unavailable.
func (o *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for attempt := 1; o.at < o.end; attempt++ {
		n, err := o.once(p[:min(int64(len(p)), o.end-o.at)])
		if n > 0 {
			// an error comes again with the next bytes, or goes away
			return n, nil
		}
		if err == nil {
			continue
		}
		if o.ctx.Err() != nil || attempt >= o.store.patience.attempts || storage.KindOf(err) != storage.Internal {
			return 0, o.failed(err)
		}
		if err := o.store.patience.pause(o.ctx, attempt); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// once reads from the connection. It opens one if there is none, and closes a broken one.
func (o *reader) once(p []byte) (int, error) {
	if o.body == nil {
		if err := o.connect(); err != nil {
			return 0, err
		}
	}
	n, err := o.body.Read(p)
	o.at += int64(n)
	if err == nil {
		return n, nil
	}
	return n, errors.Join(err, o.Close())
}

// connect requests the bytes still to be read. Its errors have a kind, because the client has
// retried already.
func (o *reader) connect() error {
	in := &s3.GetObjectInput{Bucket: &o.store.bucket, Key: &o.name, IfMatch: o.etag}
	if o.at > 0 || o.end != o.size {
		in.Range = byteRange(o.at, o.end)
	}
	out, err := o.store.client.GetObject(o.ctx, in)
	if statusOf(err) == http.StatusPreconditionFailed {
		return storage.E(storage.Conflict, "This object was replaced while it was being read.", err)
	}
	if err != nil {
		return classify(o.ctx, "read object", err)
	}
	if got := aws.ToInt64(out.ContentLength); got != o.end-o.at {
		return errors.Join(
			unavailable(fmt.Errorf("asked for %d bytes, was offered %d", o.end-o.at, got)),
			out.Body.Close(),
		)
	}
	o.body = out.Body
	return nil
}

func (o *reader) failed(err error) error {
	if storage.KindOf(err) != storage.Internal {
		return err
	}
	return classify(o.ctx, "read object", err)
}

// Close closes the connection.
func (o *reader) Close() error {
	if o.body == nil {
		return nil
	}
	err := o.body.Close()
	o.body = nil
	if err != nil {
		return fmt.Errorf("close object: %w", err)
	}
	return nil
}

// file is the reader of a whole object, which can seek.
type file struct{ reader }

// Seek moves; the server gets no request until the next Read.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, storage.E(
			storage.Invalid,
			"This range of bytes makes no sense.",
			errors.New("seek before the first byte"),
		)
	}
	if offset == f.at {
		return offset, nil
	}
	err := f.Close()
	f.at = offset
	return offset, err
}
