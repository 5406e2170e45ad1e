package uploads

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"meanwhile/storage"
)

// partWriter cuts the body of one request into parts.
type partWriter struct {
	service *Service
	upload  storage.Upload
	video   storage.Video
	next    int // number of the next part
	body    *bufio.Reader
	check   *Checksum
	held    []storage.Part // stored, but without rows until the checksum is right
	ahead   int64          // bytes in held
}

func (w *partWriter) run(ctx context.Context) error {
	for {
		_, err := w.body.Peek(1)
		if errors.Is(err, io.EOF) {
			return w.settle(ctx)
		}
		if err != nil {
			return w.broken(ctx, err)
		}
		room := w.room()
		if room <= 0 {
			w.drop(ctx, w.held)
			return storage.E(storage.TooLarge, "More bytes came than this upload announced.", nil)
		}
		if w.service.diskUsed() >= diskFullForRunning {
			w.drop(ctx, w.held)
			return storage.E(
				storage.Full,
				"The storage is full. What was uploaded is kept: go on when there is room again.",
				nil,
			)
		}
		broke, err := w.part(ctx, min(room, storage.MaxPartBytes))
		if err != nil {
			w.drop(ctx, w.held)
			return err
		}
		if broke != nil {
			return w.broken(ctx, broke)
		}
	}
}

// room is the number of bytes that may still come.
func (w *partWriter) room() int64 {
	end := w.upload.LengthBytes
	if end < 0 {
		end = w.service.limits.MaxUploadBytes
	}
	return end - w.upload.OffsetBytes - w.ahead
}

// part stores one part. broke is the body's own error after some bytes. Those bytes are stored all
// the same.
func (w *partWriter) part(ctx context.Context, maxBytes int64) (broke, err error) {
	sum := sha256.New()
	into := []io.Writer{sum}
	if w.check != nil {
		into = append(into, w.check.Hash)
	}
	src := &untilBroken{r: io.LimitReader(w.body, maxBytes)}
	key := fmt.Sprintf("u/%s/%s", w.upload.ID, w.service.core.NewID())
	n, err := w.service.core.Objects.Put(ctx, key, io.TeeReader(src, io.MultiWriter(into...)))
	if err != nil {
		return nil, fmt.Errorf("store part: %w", err)
	}
	p := storage.Part{
		Track:       storage.FileTrack,
		N:           w.next,
		OffsetBytes: w.upload.OffsetBytes + w.ahead,
		SizeBytes:   n,
		SHA256:      hex.EncodeToString(sum.Sum(nil)),
		Key:         key,
	}
	w.next++
	if w.check != nil {
		w.held = append(w.held, p)
		w.ahead += n
		return src.err, nil
	}
	return src.err, w.append(ctx, []storage.Part{p})
}

// settle ends a body that came completely.
func (w *partWriter) settle(ctx context.Context) error {
	if w.check == nil || len(w.held) == 0 {
		return nil
	}
	if subtle.ConstantTimeCompare(w.check.Hash.Sum(nil), w.check.Want) != 1 {
		w.drop(ctx, w.held)
		return storage.E(
			storage.Mismatch,
			"The checksum does not match what arrived. Nothing of it was kept: send it again.",
			nil,
		)
	}
	return w.append(ctx, w.held)
}

// broken ends a body that broke off.
func (w *partWriter) broken(ctx context.Context, cause error) error {
	w.drop(ctx, w.held)
	return storage.E(storage.Invalid, "The upload broke off. What arrived is kept: go on from there.", cause)
}

func (w *partWriter) append(ctx context.Context, parts []storage.Part) error {
	keep, cancel := context.WithTimeout(ctx, storeFor)
	defer cancel()
	err := w.service.core.Store.AppendParts(
		keep,
		w.upload.ID,
		w.upload.Holder,
		parts,
		w.service.core.Now().Add(storage.UploadKeep),
	)
	if err != nil {
		w.drop(ctx, parts)
		if storage.KindOf(err) == storage.Fenced || storage.KindOf(err) == storage.Conflict {
			return storage.E(storage.Conflict, "A newer request has taken this upload over.", err)
		}
		return fmt.Errorf("append parts: %w", err)
	}
	for _, p := range parts {
		w.upload.OffsetBytes += p.SizeBytes
	}
	w.service.core.Announce(ctx, w.video, storage.EventVideo)
	return nil
}

// drop removes objects that no row names.
func (w *partWriter) drop(ctx context.Context, parts []storage.Part) {
	for _, p := range parts {
		if err := w.service.core.Objects.Delete(ctx, p.Key); err != nil {
			w.service.core.Log.Warn("orphaned part not deleted", "upload_id", w.upload.ID, "error", err)
		}
	}
}

// untilBroken turns an error of the source into its end, and remembers the error.
type untilBroken struct {
	r   io.Reader
	err error
}

func (u *untilBroken) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		u.err = err
		return n, io.EOF
	}
	return n, err
}
