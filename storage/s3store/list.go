package s3store

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"meanwhile/storage"
)

// List walks the objects whose keys begin with prefix, in key order, a page of 1,000 at a time.
// Invalid for a prefix that no key can have; Unavailable. It skips objects of others in the bucket
// whose names are not keys.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[storage.ObjectInfo, error] {
	return func(yield func(storage.ObjectInfo, error) bool) {
		if err := s.checkPrefix(prefix); err != nil {
			yield(storage.ObjectInfo{}, err)
			return
		}
		pages := s3.NewListObjectsV2Paginator(
			s.client,
			&s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix)},
		)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(storage.ObjectInfo{}, classify(ctx, "list objects", err))
				return
			}
			for _, o := range page.Contents {
				if info, ok := s.info(o); ok && !yield(info, nil) {
					return
				}
			}
		}
	}
}

// checkPrefix accepts what some key can begin with.
func (s *Store) checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	// a prefix may end in "/" or in the middle of a segment
	if _, err := s.name(prefix + "x"); err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	return nil
}

func (s *Store) info(o types.Object) (storage.ObjectInfo, bool) {
	key := strings.TrimPrefix(aws.ToString(o.Key), s.prefix)
	if _, err := s.name(key); err != nil {
		return storage.ObjectInfo{}, false
	}
	return storage.ObjectInfo{
		Key:        key,
		SizeBytes:  aws.ToInt64(o.Size),
		ModifiedAt: aws.ToTime(o.LastModified).UTC(),
	}, true
}

// Sweep aborts multipart uploads of this store, left by a crash, to which nobody has sent a part
// for olderThan. Otherwise S3 keeps and bills their parts for ever. It returns how many. olderThan
// must be longer than a slow upload may pause.
func (s *Store) Sweep(ctx context.Context, olderThan time.Duration) (int, error) {
	aborted := 0
	before := time.Now().Add(-olderThan)
	pages := s3.NewListMultipartUploadsPaginator(
		s.client,
		&s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &s.prefix},
	)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return aborted, classify(ctx, "list unfinished uploads", err)
		}
		for _, u := range page.Uploads {
			name, id := aws.ToString(u.Key), aws.ToString(u.UploadId)
			if aws.ToTime(u.Initiated).After(before) || !strings.HasPrefix(name, s.prefix) {
				continue
			}
			old, err := s.quietSince(ctx, name, id, before)
			if err != nil {
				return aborted, err
			}
			if !old {
				continue
			}
			if err := s.abort(ctx, name, id); err != nil {
				return aborted, err
			}
			aborted++
		}
	}
	return aborted, nil
}

// quietSince reports whether no part of the upload came after before. An upload that has ended
// meanwhile is not quiet.
func (s *Store) quietSince(ctx context.Context, name, id string, before time.Time) (bool, error) {
	pages := s3.NewListPartsPaginator(s.client, &s3.ListPartsInput{Bucket: &s.bucket, Key: &name, UploadId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if codeOf(err) == noSuchUpload {
			return false, nil
		}
		if err != nil {
			return false, classify(ctx, "list parts of unfinished upload", err)
		}
		for _, p := range page.Parts {
			if aws.ToTime(p.LastModified).After(before) {
				return false, nil
			}
		}
	}
	return true, nil
}

// abort deletes an unfinished upload; an absent one is no error.
func (s *Store) abort(ctx context.Context, name, id string) error {
	_, err := s.client.AbortMultipartUpload(
		ctx,
		&s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &name, UploadId: &id},
	)
	if err != nil && codeOf(err) != noSuchUpload {
		return classify(ctx, "abort upload", err)
	}
	return nil
}
