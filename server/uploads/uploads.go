package uploads

import (
	"bufio"
	"context"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// How full the storage may be. Above the first, new uploads are refused. Above the second, running
// ones wait, too.
const (
	diskFullForNew     = 0.90
	diskFullForRunning = 0.97
)

// A client that asks for the state of an upload waits up to settleFor for a request that is being
// stored. A request that was cut off ends sooner, unless its server died.
const (
	settleFor   = 2 * time.Second
	settleEvery = 50 * time.Millisecond
)

// storeFor limits the time to store the rest of a request whose client has gone.
const storeFor = 30 * time.Second

// NewUpload is what a client says about a file before its first byte.
type NewUpload struct {
	Filename    string
	Title       string
	LengthBytes int64 // -1 while unknown
}

// Ticket is the result for a NewUpload. The link exists before the first byte.
type Ticket struct {
	Upload storage.Upload
	Video  storage.Video
	Link   storage.Link
	Token  string // write-only credential of this upload; stored nowhere else
}

// Create makes a video, its link and an upload for a file. Unauthenticated for a guest, Forbidden
// for a key without the scope, TooLarge and Full by the limits.
func (s *Service) Create(ctx context.Context, a access.Actor, n NewUpload) (Ticket, error) {
	if err := s.mayUpload(a); err != nil {
		return Ticket{}, err
	}
	if n.LengthBytes > s.limits.MaxUploadBytes {
		return Ticket{}, s.tooLarge()
	}
	if s.diskUsed() >= diskFullForNew {
		return Ticket{}, storage.E(
			storage.Full,
			"The storage is nearly full, so new uploads are refused. Free some space, or ask whoever runs this site.",
			nil,
		)
	}
	now := s.core.Now()
	filename := storage.CleanLine(path.Base(strings.ReplaceAll(n.Filename, `\`, "/")), 255)
	secret := "up_" + storage.NewSecret()
	v := storage.Video{
		ID:          storage.VideoID(s.core.NewID()),
		WorkspaceID: a.WorkspaceID,
		OwnerID:     a.UserID,
		OwnerName:   a.Name,
		Title:       titleFor(n.Title, filename),
		Source:      "file",
		State:       storage.StateUploading,
		CreatedAt:   now,
		UpdatedAt:   now,
	}
	link, err := s.core.NewLink(ctx, v, now)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{
		Video: v, Token: secret,
		Link: link,
		Upload: storage.Upload{
			ID:          storage.UploadID(s.core.NewID()),
			VideoID:     v.ID,
			TokenHash:   storage.SecretHash(secret),
			Filename:    filename,
			LengthBytes: n.LengthBytes,
			CreatedAt:   now,
			ExpiresAt:   now.Add(storage.UploadKeep),
		},
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.CreateVideo(ctx, t.Video); err != nil {
			return fmt.Errorf("create video: %w", err)
		}
		if err := tx.CreateLink(ctx, t.Link); err != nil {
			return fmt.Errorf("create link: %w", err)
		}
		return tx.CreateUpload(ctx, t.Upload)
	})
	if err != nil {
		return Ticket{}, err
	}
	s.core.Announce(ctx, v, storage.EventVideo)
	if n.LengthBytes == 0 {
		return t, s.seal(ctx, t.Upload)
	}
	return t, nil
}

func (s *Service) mayUpload(a access.Actor) error {
	signIn := "Sign in to upload, or send an API key with the scope \"upload\"."
	if err := access.SignedInFor(a, storage.ScopeUpload, signIn); err != nil {
		return err
	}
	if a.WorkspaceID == "" {
		return access.ErrNoWorkspace
	}
	return nil
}

func (s *Service) tooLarge() error {
	return storage.E(
		storage.TooLarge,
		fmt.Sprintf("This file is larger than this site accepts (%d MiB).", s.limits.MaxUploadBytes>>20),
		nil,
	)
}

func (s *Service) diskUsed() float64 {
	if s.measureDisk == nil {
		return 0
	}
	return s.measureDisk()
}

// titleFor is the given title, else the file's name without its extension.
func titleFor(title, filename string) string {
	if t := storage.CleanLine(title, storage.MaxTitleRunes); t != "" {
		return t
	}
	base := strings.TrimSuffix(filename, path.Ext(filename))
	if base == "" || base == "." || base == "/" {
		return "Untitled update"
	}
	return storage.CutRunes(base, storage.MaxTitleRunes)
}

// ByID returns the state of an upload. NotFound if there is none or it is not the actor's, Gone if
// it was given up or has expired.
func (s *Service) ByID(ctx context.Context, a access.Actor, id storage.UploadID) (storage.Upload, error) {
	u, err := s.core.Store.UploadByID(ctx, id)
	unknown := err != nil && storage.KindOf(err) == storage.NotFound
	if err != nil && !unknown {
		return storage.Upload{}, fmt.Errorf("find upload: %w", err)
	}
	if !a.Holds(id) {
		// also if there is none, so that an unknown upload takes as long as somebody else's
		v, err := s.core.Store.VideoByID(ctx, u.VideoID)
		if err != nil && !unknown {
			return storage.Upload{}, fmt.Errorf("find video of upload: %w", err)
		}
		if unknown {
			return storage.Upload{}, noUpload(err)
		}
		if err := s.core.Authorize(a, v, nil, access.ToUpload); err != nil {
			if storage.KindOf(err) == storage.NotFound {
				return storage.Upload{}, noUpload(err)
			}
			return storage.Upload{}, err
		}
	}
	if unknown {
		return storage.Upload{}, noUpload(err)
	}
	if u.TerminatedAt != nil || (u.SealedAt == nil && !s.core.Now().Before(u.ExpiresAt)) {
		return storage.Upload{}, storage.E(
			storage.Gone,
			"This upload was cancelled or waited too long. Start it again.",
			nil,
		)
	}
	return u, nil
}

// Settled is ByID, but it waits until nothing of the upload is being stored any more, two seconds
// at most. Otherwise the client would send again what a broken request brought.
func (s *Service) Settled(ctx context.Context, a access.Actor, id storage.UploadID) (storage.Upload, error) {
	looks, patience := time.NewTicker(settleEvery), time.NewTimer(settleFor)
	defer looks.Stop()
	defer patience.Stop()
	for {
		u, err := s.ByID(ctx, a, id)
		if err != nil || u.Writer == 0 {
			return u, err
		}
		select {
		case <-looks.C:
		case <-patience.C:
			return u, nil
		}
	}
}

func noUpload(err error) error {
	return storage.E(storage.NotFound, "There is no such upload. Start it again.", err)
}

// Checksum is a digest that a client sends for its bytes.
type Checksum struct {
	Hash hash.Hash
	Want []byte
}

// Write appends body at offset and returns the offset after it. If the body breaks off, the bytes
// before that are kept, unless there is a checksum: then all or none. Every call takes the upload
// over from an earlier one, which can write no more. After the last byte, the upload is sealed and
// processing begins.
//
// Errors: Conflict (another offset, returned as the value; sealed; overtaken), Gone, TooLarge,
// Mismatch, Full.
func (s *Service) Write(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
	offset int64,
	body io.Reader,
	check *Checksum,
) (int64, error) {
	if _, err := s.ByID(ctx, a, id); err != nil {
		return 0, err
	}
	u, err := s.core.Store.TakeUpload(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("take upload: %w", err)
	}
	defer s.leave(context.WithoutCancel(ctx), u)
	if offset != u.OffsetBytes {
		return u.OffsetBytes, storage.E(
			storage.Conflict,
			fmt.Sprintf("The upload stands at byte %d, not %d.", u.OffsetBytes, offset),
			nil,
		)
	}
	if u.SealedAt != nil {
		return u.OffsetBytes, nil // everything is here: the client lost the last response
	}
	parts, err := s.core.Store.Parts(ctx, id, storage.FileTrack)
	if err != nil {
		return u.OffsetBytes, fmt.Errorf("list parts: %w", err)
	}
	v, err := s.core.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return u.OffsetBytes, fmt.Errorf("find video: %w", err)
	}
	w := partWriter{
		service: s,
		upload:  u,
		video:   v,
		next:    len(parts),
		body:    bufio.NewReaderSize(body, 256<<10),
		check:   check,
	}
	err = w.run(context.WithoutCancel(ctx))
	u.OffsetBytes = w.upload.OffsetBytes
	if err != nil {
		return u.OffsetBytes, err
	}
	if u.OffsetBytes == u.LengthBytes {
		keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
		defer cancel()
		return u.OffsetBytes, s.seal(keep, u)
	}
	return u.OffsetBytes, nil
}

func (s *Service) leave(ctx context.Context, u storage.Upload) {
	ctx, cancel := context.WithTimeout(ctx, storeFor)
	defer cancel()
	if err := s.core.Store.LeaveUpload(ctx, u.ID, u.Holder); err != nil {
		s.core.Log.Warn("an upload looks as if it were being written", "upload_id", u.ID, "error", err)
	}
}

// SetLength sets a length that was deferred. Conflict if another one is set, TooLarge.
func (s *Service) SetLength(ctx context.Context, a access.Actor, id storage.UploadID, lengthBytes int64) error {
	u, err := s.ByID(ctx, a, id)
	if err != nil {
		return err
	}
	if lengthBytes > s.limits.MaxUploadBytes {
		return s.tooLarge()
	}
	if lengthBytes < u.OffsetBytes {
		return storage.E(storage.Invalid, "This length is less than what was uploaded already.", nil)
	}
	if err := s.core.Store.SetUploadLength(ctx, id, lengthBytes); err != nil {
		return fmt.Errorf("set upload length: %w", err)
	}
	if lengthBytes == u.OffsetBytes && u.SealedAt == nil {
		u.LengthBytes = lengthBytes
		return s.seal(ctx, u)
	}
	return nil
}

// seal compares the acknowledged parts with the store, and starts the first generation.
func (s *Service) seal(ctx context.Context, u storage.Upload) error {
	if err := s.compareParts(ctx, u); err != nil {
		return err
	}
	return s.stages.Start(ctx, u.VideoID, func(tx storage.Store) error {
		if err := tx.SealUpload(ctx, u.ID, s.core.Now()); err != nil {
			return fmt.Errorf("seal upload: %w", err)
		}
		return tx.SetVideoState(
			ctx,
			u.VideoID,
			storage.StateProcessing.From(),
			storage.StateProcessing,
			"",
			s.core.Now(),
		)
	})
}

func (s *Service) compareParts(ctx context.Context, u storage.Upload) error {
	parts, err := s.core.Store.Parts(ctx, u.ID, storage.FileTrack)
	if err != nil {
		return fmt.Errorf("list parts: %w", err)
	}
	var sum int64
	for _, p := range parts {
		info, err := s.core.Objects.Stat(ctx, p.Key)
		if err != nil {
			return fmt.Errorf("look at part %d: %w", p.N, err)
		}
		if p.OffsetBytes != sum || info.SizeBytes != p.SizeBytes {
			return storage.E(
				storage.Internal,
				"A stored part does not have the size that was acknowledged.",
				fmt.Errorf("part %d of %s: %d bytes, want %d", p.N, u.ID, info.SizeBytes, p.SizeBytes),
			)
		}
		sum += p.SizeBytes
	}
	if sum != u.LengthBytes {
		return storage.E(
			storage.Conflict,
			"Not all bytes are here yet.",
			fmt.Errorf("upload %s: %d of %d bytes", u.ID, sum, u.LengthBytes),
		)
	}
	return nil
}
