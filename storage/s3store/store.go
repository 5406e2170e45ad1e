// Package s3store stores objects in a bucket of Amazon S3, or of a server with the same protocol.
//
// An object appears under its key only whole: S3 shows neither half a PutObject nor an unfinished
// multipart upload. S3 does not say whether a write happened whose answer was lost. So each Put
// marks its object with a random id, and looks for that before it reports that it failed, or that
// another write was first.
package s3store

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"meanwhile/storage"
)

var _ storage.Objects = (*Store)(nil)

// Store is storage.Objects on a bucket. It is safe for concurrent use, also by several processes.
type Store struct {
	client *s3.Client
	signer *s3.PresignClient
	http   aws.HTTPClient
	bucket string
	prefix string // before every key; empty or ending in "/"
	// of the parts of an upload; empty if S3 does not ask for one
	checksum types.ChecksumAlgorithm
	patience patience
	log      *slog.Logger

	buffers       sync.Pool   // of *[]byte, partBytes long
	unconditional atomic.Bool // the server has no conditional writes
}

// Open connects to the bucket that address names:
//
//	s3://bucket[/prefix]?endpoint=http://…&public_endpoint=…&region=…&path_style=true|false
//	  &checksum=when_required|when_supported&silence=1m
//
// Everything after the "?" is optional. Credentials come from access_key and secret_key there, else
// from the AWS environment variables, shared files or the machine's role. public_endpoint is where
// browsers reach the server; only SignURL uses it. A connection on which nothing moves for silence
// counts as dead. Open checks the bucket once: Unavailable if that fails. Errors never show the
// address. The caller closes the store.
func Open(ctx context.Context, address string, log *slog.Logger) (*Store, error) {
	return openWith(ctx, address, usual, log)
}

func openWith(ctx context.Context, address string, p patience, log *slog.Logger) (*Store, error) {
	set, err := parse(address)
	if err != nil {
		return nil, err
	}
	if set.silence > 0 {
		p.silence = set.silence
	}
	s := &Store{bucket: set.bucket, prefix: set.prefix, patience: p, log: log}
	if set.checksumAlways {
		// The SDK sends one with each part by itself, but S3 must also be told when the upload
		// begins and when it ends.
		s.checksum = types.ChecksumAlgorithmCrc32
	}
	if err := s.connect(ctx, set); err != nil {
		return nil, err
	}
	if _, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket}); err != nil {
		return nil, noBucket(ctx, s.bucket, err)
	}
	return s, nil
}

// noBucket says what an operator has to fix.
func noBucket(ctx context.Context, bucket string, err error) error {
	op := "look for bucket " + bucket
	switch statusOf(err) {
	case http.StatusNotFound:
		return storage.E(
			storage.Unavailable,
			"The bucket of the objects is not there: make it first.",
			fmt.Errorf("%s: %w", op, err),
		)
	case http.StatusUnauthorized, http.StatusForbidden:
		return storage.E(
			storage.Unavailable,
			"The object storage refuses these credentials, or does not let them list the bucket.",
			fmt.Errorf("%s: %w", op, err),
		)
	}
	return classify(ctx, op, err)
}

// Close closes idle connections. Open readers stay usable.
func (s *Store) Close() error {
	if c, ok := s.http.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// Stat returns size and time. NotFound, Unavailable.
func (s *Store) Stat(ctx context.Context, key string) (storage.ObjectInfo, error) {
	name, err := s.name(key)
	if err != nil {
		return storage.ObjectInfo{}, fmt.Errorf("look at object: %w", err)
	}
	h, err := s.head(ctx, name)
	if err != nil {
		return storage.ObjectInfo{}, err
	}
	return storage.ObjectInfo{Key: key, SizeBytes: h.size, ModifiedAt: h.modifiedAt}, nil
}

// putID is the metadata that says which Put wrote an object.
const putID = "put-id"

// header is what is known of an object without reading it.
type header struct {
	size       int64
	modifiedAt time.Time
	etag       *string // changes with the bytes; nil if the server gives none
	// the id of the Put that wrote it; empty if the server keeps no metadata
	put string
}

func (s *Store) head(ctx context.Context, name string) (header, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &name})
	if err != nil {
		return header{}, classify(ctx, "look at object", err)
	}
	return header{
		size:       aws.ToInt64(out.ContentLength),
		modifiedAt: aws.ToTime(out.LastModified).UTC(),
		etag:       out.ETag,
		put:        out.Metadata[putID],
	}, nil
}

// Delete removes key; an absent key is no error. Unavailable.
func (s *Store) Delete(ctx context.Context, key string) error {
	name, err := s.name(key)
	if err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	return s.remove(ctx, name)
}

func (s *Store) remove(ctx context.Context, name string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &name})
	if err == nil {
		return nil
	}
	err = classify(ctx, "delete object", err)
	if storage.KindOf(err) == storage.NotFound {
		return nil
	}
	return err
}

// maxTTL is the longest life of a signed address in S3.
const maxTTL = 7 * 24 * time.Hour

// SignURL returns an address at the public endpoint that reads key without other credentials for
// ttl, a week at most. It sends no request: key may be absent. If the credentials end earlier, so
// does the address. Whoever has it can read the object: keep it out of logs.
func (s *Store) SignURL(ctx context.Context, key string, ttl time.Duration) (string, error) {
	name, err := s.name(key)
	if err != nil {
		return "", fmt.Errorf("sign address: %w", err)
	}
	if ttl < time.Second {
		return "", storage.E(storage.Invalid, "A signed address has to live for at least a second.", nil)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &name}
	req, err := s.signer.PresignGetObject(ctx, in, s3.WithPresignExpires(min(ttl, maxTTL)))
	if err != nil {
		return "", classify(ctx, "sign address", err)
	}
	return req.URL, nil
}
