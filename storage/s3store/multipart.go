package s3store

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"meanwhile/storage"
)

// atOnce is how many parts of one Put are being sent. A stream has one more buffer, which fills
// meanwhile.
const atOnce = 2

// noSuchUpload is also the server's code for an upload that has become an object.
const noSuchUpload = "NoSuchUpload"

// parts writes an object of several pieces. The first one has been read already.
func (p *put) parts(ctx context.Context, src source, first piece) (int64, error) {
	out, err := p.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket:            &p.bucket,
		Key:               &p.name,
		ContentType:       aws.String(mediaType(p.name)),
		Metadata:          map[string]string{putID: p.id},
		ChecksumAlgorithm: p.checksum,
	})
	if err != nil {
		first.free()
		return 0, classify(ctx, "begin upload", err)
	}
	upload := aws.ToString(out.UploadId)
	parts, size, err := p.send(ctx, upload, src, first)
	if err != nil {
		p.throwAway(ctx, upload)
		return 0, err
	}
	return size, p.complete(ctx, upload, parts, size)
}

// send uploads all pieces. When it returns, nothing reads or sends any more.
func (p *put) send(ctx context.Context, upload string, src source, next piece) ([]types.CompletedPart, int64, error) {
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	var done []*types.CompletedPart
	var size int64
	var readErr error
	for {
		// maxParts at most
		current, part := next, &types.CompletedPart{PartNumber: aws.Int32(int32(len(done) + 1))}
		done = append(done, part)
		size += current.size
		group.Go(func() error {
			defer current.free()
			return p.sendPart(sending, upload, current, part)
		})
		if current.last || sending.Err() != nil {
			break
		}
		if len(done) == maxParts {
			readErr = storage.E(
				storage.TooLarge,
				messages[storage.TooLarge],
				errors.New("more parts than S3 takes"),
			)
			break
		}
		if next, readErr = src.next(); readErr != nil {
			readErr = fmt.Errorf("read object body: %w", readErr)
			break
		}
	}
	err := group.Wait()
	switch {
	case readErr != nil:
		return nil, 0, readErr
	case ctx.Err() != nil:
		return nil, 0, fmt.Errorf("upload parts: %w", ctx.Err())
	case err != nil:
		return nil, 0, err
	}
	parts := make([]types.CompletedPart, len(done))
	for i, part := range done {
		parts[i] = *part
	}
	return parts, size, nil
}

// sendPart uploads one piece and fills in what complete needs to know of it.
func (p *put) sendPart(ctx context.Context, upload string, current piece, part *types.CompletedPart) error {
	out, err := p.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket:            &p.bucket,
		Key:               &p.name,
		UploadId:          &upload,
		PartNumber:        part.PartNumber,
		Body:              current.body,
		ContentLength:     &current.size,
		ChecksumAlgorithm: p.checksum,
	})
	if own := current.broken(); err != nil && own != nil {
		return fmt.Errorf("read object body: %w", own)
	}
	if err != nil {
		return classify(ctx, fmt.Sprintf("upload part %d", *part.PartNumber), err)
	}
	part.ETag = out.ETag
	if p.checksum != "" {
		part.ChecksumCRC32 = out.ChecksumCRC32
	}
	return nil
}

// complete makes an object of the parts. It trusts no answer alone, and looks at the object: a 200
// may have an error inside, and an error may be the second answer to a request whose first answer
// was lost.
func (p *put) complete(ctx context.Context, upload string, parts []types.CompletedPart, size int64) error {
	err := p.conditionally(func(onlyIfAbsent *string) error {
		_, err := p.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket:          &p.bucket,
			Key:             &p.name,
			UploadId:        &upload,
			IfNoneMatch:     onlyIfAbsent,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	})
	if err != nil {
		// First, so that no attempt still running at the server makes an object after the look.
		p.throwAway(ctx, upload)
		return p.outcome(ctx, "complete upload", size, err)
	}
	return p.confirm(ctx, size)
}

// confirm compares an object that the server calls complete with what was sent. If the server does
// not answer, it is trusted.
func (p *put) confirm(ctx context.Context, size int64) error {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	h, err := p.head(look, p.name)
	switch {
	case storage.KindOf(err) == storage.NotFound:
		return storage.E(
			storage.Unavailable,
			messages[storage.Unavailable],
			errors.New("a completed upload left no object"),
		)
	case err != nil || p.wrote(h, size, nil):
		return nil
	case h.put != "" && h.put != p.id:
		return taken(errors.New("another write came between"))
	}
	cause := fmt.Errorf("a completed upload of %d bytes left an object of %d", size, h.size)
	return storage.E(
		storage.Unavailable,
		messages[storage.Unavailable],
		errors.Join(cause, p.remove(look, p.name)),
	)
}

// throwAway aborts an upload that failed. If that fails, the upload costs storage until Sweep finds
// it.
func (p *put) throwAway(ctx context.Context, upload string) {
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	if err := p.abort(clean, p.name, upload); err != nil {
		p.log.Warn("unfinished upload not aborted", "name", p.name, "error", err)
	}
}
