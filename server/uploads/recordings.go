package uploads

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// CreateRecording makes a video that a browser will record. Its link exists before the first byte.
// It fails like Create.
func (s *Service) CreateRecording(ctx context.Context, a access.Actor, title string) (Ticket, error) {
	return s.createRecording(ctx, a, title, func(storage.Store, storage.Video) error { return nil })
}

// createRecording is CreateRecording with one more step in its transaction.
func (s *Service) createRecording(
	ctx context.Context,
	a access.Actor,
	title string,
	also func(storage.Store, storage.Video) error,
) (Ticket, error) {
	if err := s.mayUpload(a); err != nil {
		return Ticket{}, err
	}
	if s.diskUsed() >= diskFullForNew {
		return Ticket{}, storage.E(
			storage.Full,
			"The storage is nearly full, so new recordings are refused. Free some space, or ask whoever runs this "+
				"site.",
			nil,
		)
	}
	now := s.core.Now()
	v := storage.Video{
		ID:          storage.VideoID(s.core.NewID()),
		WorkspaceID: a.WorkspaceID,
		OwnerID:     a.UserID,
		OwnerName:   a.Name,
		Title:       titleFor(title, ""),
		Source:      "recording",
		State:       storage.StateRecording,
		CreatedAt:   now,
		UpdatedAt:   now,
	}
	u := storage.Upload{
		ID:          storage.UploadID(s.core.NewID()),
		VideoID:     v.ID,
		TokenHash:   storage.SecretHash(storage.NewSecret()),
		LengthBytes: -1,
		CreatedAt:   now,
		ExpiresAt:   now.Add(storage.UploadKeep),
	}
	link, err := s.core.NewLink(ctx, v, now)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{
		Video: v, Upload: u, Token: s.core.UploadToken(u.ID, now),
		Link: link,
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.CreateVideo(ctx, t.Video); err != nil {
			return fmt.Errorf("create video: %w", err)
		}
		if err := tx.CreateLink(ctx, t.Link); err != nil {
			return fmt.Errorf("create link: %w", err)
		}
		if err := tx.CreateUpload(ctx, t.Upload); err != nil {
			return fmt.Errorf("create upload: %w", err)
		}
		if err := tx.CreateRecording(
			ctx,
			storage.Recording{UploadID: u.ID, State: "recording", HeardAt: now},
		); err != nil {
			return fmt.Errorf("create recording: %w", err)
		}
		return also(tx, v)
	})
	if err != nil {
		return Ticket{}, err
	}
	s.core.Announce(ctx, v, storage.EventVideo)
	return t, nil
}

// RenewToken makes a new token for a video's recording, for an actor who may upload to it. NotFound
// if there is none, Gone if it was given up or has expired.
func (s *Service) RenewToken(ctx context.Context, a access.Actor, id storage.VideoID) (storage.Upload, string, error) {
	if _, err := s.core.VideoFor(ctx, a, id, access.ToUpload); err != nil {
		return storage.Upload{}, "", err
	}
	u, err := s.core.Store.UploadByVideo(ctx, id)
	if err != nil {
		return storage.Upload{}, "", noUpload(err)
	}
	if u, err = s.ByID(ctx, a, u.ID); err != nil {
		return storage.Upload{}, "", err
	}
	return u, s.core.UploadToken(u.ID, s.core.Now()), nil
}

// Heartbeat is what a recorder reports while it records or is paused.
type Heartbeat struct {
	State          string
	StartedAt      *time.Time
	Pauses         []storage.Pause
	CameraOffsetMS int64
}

// KeepAlive keeps the recording alive and returns a fresh token. NotFound, Gone, Invalid; Conflict
// after it was completed.
func (s *Service) KeepAlive(ctx context.Context, a access.Actor, id storage.UploadID, h Heartbeat) (string, error) {
	if h.State != "recording" && h.State != "paused" {
		return "", storage.E(storage.Invalid, `A recording is "recording" or "paused".`, nil)
	}
	if len(h.Pauses) > storage.MaxPauses {
		return "", storage.E(storage.Invalid, fmt.Sprintf("A recording has at most %d pauses.", storage.MaxPauses), nil)
	}
	u, r, err := s.recording(ctx, a, id)
	if err != nil {
		return "", err
	}
	now := s.core.Now()
	heardBefore := r.HeardAt
	r.State, r.StartedAt, r.Pauses, r.CameraOffsetMS, r.HeardAt = h.State, h.StartedAt, h.Pauses, h.CameraOffsetMS, now
	if err := s.core.Store.HearRecording(ctx, r, now.Add(storage.UploadKeep)); err != nil {
		return "", fmt.Errorf("hear recording: %w", err)
	}
	s.reviveAfter(ctx, u, heardBefore)
	return s.core.UploadToken(id, now), nil
}

// recording loads the upload of a recording. NotFound if there is none, Gone if it was given up or
// has expired.
func (s *Service) recording(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
) (storage.Upload, storage.Recording, error) {
	u, err := s.ByID(ctx, a, id)
	if err != nil {
		return storage.Upload{}, storage.Recording{}, err
	}
	r, err := s.core.Store.RecordingByUpload(ctx, id)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Upload{}, storage.Recording{}, noUpload(err)
	}
	if err != nil {
		return storage.Upload{}, storage.Recording{}, fmt.Errorf("find recording: %w", err)
	}
	return u, r, nil
}

// NewChunk describes a chunk that arrives.
type NewChunk struct {
	Track     string
	N         int
	MediaType string
	Want      [sha256.Size]byte // the SHA-256 of the bytes, from the client
}

// PutChunk stores a chunk durably. The same bytes again are no error and change nothing (created
// false). Errors: Conflict with the existing row if the number has other bytes, or if the recording
// was completed; Mismatch; TooLarge; Full; Invalid; NotFound; Gone.
func (s *Service) PutChunk(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
	n NewChunk,
	body io.Reader,
) (storage.Chunk, bool, error) {
	if n.Track != storage.ScreenTrack && n.Track != storage.CameraTrack {
		return storage.Chunk{}, false, storage.E(
			storage.NotFound,
			`A recording has the tracks "screen" and "camera".`,
			nil,
		)
	}
	if n.N < 0 || n.N >= storage.MaxChunks {
		return storage.Chunk{}, false, storage.E(
			storage.Invalid,
			fmt.Sprintf("Chunks are numbered from 0 to %d.", storage.MaxChunks-1),
			nil,
		)
	}
	u, r, err := s.recording(ctx, a, id)
	if err != nil {
		return storage.Chunk{}, false, err
	}
	want := hex.EncodeToString(n.Want[:])
	there, err := s.core.Store.ChunkByNumber(ctx, id, n.Track, n.N)
	if err == nil {
		return there, false, sameChunk(there, want)
	}
	if storage.KindOf(err) != storage.NotFound {
		return storage.Chunk{}, false, fmt.Errorf("find chunk: %w", err)
	}
	if s.diskUsed() >= diskFullForRunning {
		return storage.Chunk{}, false, storage.E(
			storage.Full,
			"The storage is full. Your recording is kept in the browser, and uploads when there is room again.",
			nil,
		)
	}
	c, err := s.storeChunk(ctx, u, n, want, body)
	if err != nil {
		return storage.Chunk{}, false, err
	}
	// The client may have gone. The chunk is stored, so it should get its row.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	now := s.core.Now()
	stored, created, err := s.core.Store.AddChunk(
		keep,
		id,
		c,
		storage.CutRunes(n.MediaType, storage.MaxMediaType),
		now,
		now.Add(storage.UploadKeep),
	)
	if err != nil || !created {
		s.dropChunk(keep, c)
	}
	if err != nil && storage.KindOf(err) == storage.Conflict {
		if _, _, gone := s.recording(keep, a, id); gone != nil { // given up meanwhile
			return storage.Chunk{}, false, gone
		}
		return storage.Chunk{}, false, storage.E(storage.Conflict, "This recording was completed.", err)
	}
	if err != nil {
		return storage.Chunk{}, false, fmt.Errorf("add chunk: %w", err)
	}
	if !created {
		return stored, false, sameChunk(stored, want)
	}
	s.reviveAfter(keep, u, r.HeardAt)
	s.indexed(keep, u, n.Track)
	return stored, true, nil
}

func sameChunk(there storage.Chunk, want string) error {
	if there.SHA256 == want {
		return nil
	}
	return storage.E(storage.Conflict, "Other bytes were stored under this number.", nil)
}

func (s *Service) storeChunk(
	ctx context.Context,
	u storage.Upload,
	n NewChunk,
	want string,
	body io.Reader,
) (storage.Chunk, error) {
	sum := sha256.New()
	limited := &io.LimitedReader{R: body, N: storage.MaxPartBytes + 1}
	c := storage.Chunk{Track: n.Track, N: n.N, Key: fmt.Sprintf("u/%s/%s/%s", u.ID, n.Track, s.core.NewID())}
	var err error
	c.SizeBytes, err = s.core.Objects.Put(ctx, c.Key, io.TeeReader(limited, sum))
	if err != nil {
		return storage.Chunk{}, fmt.Errorf("store chunk: %w", err)
	}
	c.SHA256 = hex.EncodeToString(sum.Sum(nil))
	switch {
	case limited.N <= 0:
		err = storage.E(storage.TooLarge, fmt.Sprintf("A chunk is at most %d MiB.", storage.MaxPartBytes>>20), nil)
	case c.SizeBytes == 0:
		err = storage.E(storage.Invalid, "A chunk has at least one byte.", nil)
	case c.SHA256 != want:
		err = storage.E(
			storage.Mismatch,
			"The digest does not match what arrived. Nothing of it was kept: send it again.",
			nil,
		)
	}
	if err != nil {
		s.dropChunk(context.WithoutCancel(ctx), c)
		return storage.Chunk{}, err
	}
	return c, nil
}

func (s *Service) dropChunk(ctx context.Context, c storage.Chunk) {
	if err := s.core.Objects.Delete(ctx, c.Key); err != nil {
		s.core.Log.Warn("orphaned chunk not deleted", "key", c.Key, "error", err)
	}
}

// RecordingState is the state of a recording, for a client that continues it.
type RecordingState struct {
	Tracks map[string]storage.TrackState
	Sealed bool
}

// RecordingState returns what has arrived. NotFound if there is no such recording, Gone if it was
// given up or has expired.
func (s *Service) RecordingState(ctx context.Context, a access.Actor, id storage.UploadID) (RecordingState, error) {
	u, r, err := s.recording(ctx, a, id)
	if err != nil {
		return RecordingState{}, err
	}
	recordingState := RecordingState{Tracks: map[string]storage.TrackState{}, Sealed: u.SealedAt != nil && !r.Recovered}
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := s.core.Store.Chunks(ctx, id, track)
		if err != nil {
			return RecordingState{}, fmt.Errorf("list chunks: %w", err)
		}
		if len(chunks) > 0 || track == storage.ScreenTrack {
			recordingState.Tracks[track] = storage.StateOfTrack(chunks)
		}
	}
	return recordingState, nil
}

// Claim is what a client says it sent of a track.
type Claim struct {
	Chunks int
	Bytes  int64
}

// MissingError lists the missing chunks, by track.
type MissingError struct{ Missing map[string][]int }

func (e *MissingError) Error() string { return fmt.Sprintf("chunks are missing: %v", e.Missing) }

// Complete compares what the client sent with what the store has. Then it seals the recording and
// starts its processing. It may be repeated, because a response may be lost. Errors: Conflict with
// a MissingError in its chain, or if counts or sizes differ; NotFound; Gone.
func (s *Service) Complete(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
	claims map[string]Claim,
) (storage.VideoSummary, error) {
	u, r, err := s.recording(ctx, a, id)
	if err != nil {
		return storage.VideoSummary{}, err
	}
	v, err := s.core.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return storage.VideoSummary{}, fmt.Errorf("find video: %w", err)
	}
	if u.SealedAt != nil && !r.Recovered {
		return s.core.Store.VideoSummary(ctx, v.ID)
	}
	if claims[storage.ScreenTrack].Chunks < 1 {
		return storage.VideoSummary{}, storage.E(
			storage.Invalid,
			`A recording has at least one chunk of its track "screen".`,
			nil,
		)
	}
	total, err := s.compareClaims(ctx, u, claims)
	if err != nil {
		return storage.VideoSummary{}, err
	}
	if err := s.sealRecording(ctx, u, v, total, false); err != nil && !s.completedMeanwhile(ctx, a, id, err) {
		return storage.VideoSummary{}, err
	}
	return s.core.Store.VideoSummary(ctx, u.VideoID)
}

// completedMeanwhile reports whether err says that the same request, sent twice, won.
func (s *Service) completedMeanwhile(ctx context.Context, a access.Actor, id storage.UploadID, err error) bool {
	if storage.KindOf(err) != storage.Conflict {
		return false
	}
	u, r, err := s.recording(ctx, a, id)
	return err == nil && u.SealedAt != nil && !r.Recovered
}

// compareClaims returns the number of all chunks.
func (s *Service) compareClaims(ctx context.Context, u storage.Upload, claims map[string]Claim) (int, error) {
	missing := map[string][]int{}
	total := 0
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := s.core.Store.Chunks(ctx, u.ID, track)
		if err != nil {
			return 0, fmt.Errorf("list chunks: %w", err)
		}
		trackState, claim := storage.StateOfTrack(chunks), claims[track]
		total += trackState.Chunks
		absent := trackState.Missing
		for n := trackState.Next; n < claim.Chunks && len(trackState.Missing) == 0 && len(absent) < 1000; n++ {
			absent = append(absent, n)
		}
		if len(absent) > 0 {
			missing[track] = absent
			continue
		}
		if trackState.Chunks != claim.Chunks || trackState.Bytes != claim.Bytes {
			return 0, storage.E(
				storage.Conflict,
				fmt.Sprintf(
					"%d chunks of %d bytes of the track %q are here, not %d of %d.",
					trackState.Chunks,
					trackState.Bytes,
					track,
					claim.Chunks,
					claim.Bytes,
				),
				nil,
			)
		}
		for _, c := range chunks {
			if info, err := s.core.Objects.Stat(ctx, c.Key); err != nil || info.SizeBytes != c.SizeBytes {
				return 0, storage.E(
					storage.Internal,
					"A stored chunk does not have the size that was acknowledged.",
					errors.Join(err, fmt.Errorf("chunk %d of %s", c.N, u.ID)),
				)
			}
		}
	}
	if len(missing) > 0 {
		return 0, storage.E(storage.Conflict, "Some chunks are not here yet.", &MissingError{missing})
	}
	return total, nil
}

func (s *Service) sealRecording(
	ctx context.Context,
	u storage.Upload,
	v storage.Video,
	chunks int,
	recovered bool,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	var sound *storage.Stage
	err := s.stages.Start(ctx, u.VideoID, func(tx storage.Store) (err error) {
		if err := tx.SealRecording(ctx, u.ID, s.core.Now(), chunks, recovered); err != nil {
			return fmt.Errorf("seal recording: %w", err)
		}
		if sound, err = s.wakeLastSound(ctx, tx, u); err != nil {
			return err
		}
		if v.State == storage.StateReady || v.State == storage.StateProcessing {
			// it was recovered: it is made again with the later chunks, and plays meanwhile
			return nil
		}
		return tx.SetVideoState(ctx, v.ID, storage.StateProcessing.From(), storage.StateProcessing, "", s.core.Now())
	})
	if err == nil && sound != nil && sound.State == storage.StageDue {
		s.stages.Send(ctx, []storage.Stage{*sound})
	}
	return err
}
