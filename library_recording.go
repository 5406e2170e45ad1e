package meanwhile

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
	"meanwhile/worker/stages"
)

// CreateRecording makes a video that a browser is about to record: its link exists before the first
// byte. Errors are CreateUpload's.
func (l *Library) CreateRecording(ctx context.Context, a access.Actor, title string) (Ticket, error) {
	return l.createRecording(ctx, a, title, func(storage.Store, storage.Video) error { return nil })
}

// createRecording is CreateRecording with something more in its transaction.
func (l *Library) createRecording(
	ctx context.Context,
	a access.Actor,
	title string,
	also func(storage.Store, storage.Video) error,
) (Ticket, error) {
	if err := l.mayUpload(a); err != nil {
		return Ticket{}, err
	}
	if l.diskUsed() >= diskFullForNew {
		return Ticket{}, storage.E(
			storage.Full,
			"The storage is nearly full, so no new recordings are taken. Free some space, or ask who runs this site "+
				"to.",
			nil,
		)
	}
	now := l.Now()
	v := storage.Video{
		ID:          storage.VideoID(l.NewID()),
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
		ID:          storage.UploadID(l.NewID()),
		VideoID:     v.ID,
		TokenHash:   storage.SecretHash(storage.NewSecret()),
		LengthBytes: -1,
		CreatedAt:   now,
		ExpiresAt:   now.Add(storage.UploadKeep),
	}
	share, err := l.Core.NewShare(ctx, v, now)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{
		Video: v, Upload: u, Token: l.Core.UploadToken(u.ID, now),
		Share: share,
	}
	err = l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.CreateVideo(ctx, t.Video); err != nil {
			return fmt.Errorf("create video: %w", err)
		}
		if err := tx.CreateShare(ctx, t.Share); err != nil {
			return fmt.Errorf("create share: %w", err)
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
	l.Core.Announce(ctx, v, storage.EventVideo)
	return t, nil
}

// RenewUploadToken gives a new token for a video's recording to somebody who may upload to it.
// NotFound, Gone.
func (l *Library) RenewUploadToken(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
) (storage.Upload, string, error) {
	if _, err := l.Core.VideoFor(ctx, a, id, access.ToUpload); err != nil {
		return storage.Upload{}, "", err
	}
	u, err := l.Store.UploadByVideo(ctx, id)
	if err != nil {
		return storage.Upload{}, "", noUpload(err)
	}
	if u, err = l.Upload(ctx, a, u.ID); err != nil {
		return storage.Upload{}, "", err
	}
	return u, l.Core.UploadToken(u.ID, l.Now()), nil
}

// Heartbeat is what a recorder says of itself while it records or is paused.
type Heartbeat struct {
	State          string
	StartedAt      *time.Time
	Pauses         []storage.Pause
	CameraOffsetMS int64
}

// HearRecording keeps the recording alive and answers with a fresh token. NotFound, Gone, Invalid;
// Conflict once it was completed.
func (l *Library) HearRecording(ctx context.Context, a access.Actor, id storage.UploadID, h Heartbeat) (string, error) {
	if h.State != "recording" && h.State != "paused" {
		return "", storage.E(storage.Invalid, `A recording is "recording" or "paused".`, nil)
	}
	if len(h.Pauses) > storage.MaxPauses {
		return "", storage.E(storage.Invalid, fmt.Sprintf("A recording has at most %d pauses.", storage.MaxPauses), nil)
	}
	_, r, err := l.recording(ctx, a, id)
	if err != nil {
		return "", err
	}
	now := l.Now()
	r.State, r.StartedAt, r.Pauses, r.CameraOffsetMS, r.HeardAt = h.State, h.StartedAt, h.Pauses, h.CameraOffsetMS, now
	if err := l.Store.HearRecording(ctx, r, now.Add(storage.UploadKeep)); err != nil {
		return "", fmt.Errorf("hear recording: %w", err)
	}
	return l.Core.UploadToken(id, now), nil
}

// recording loads an upload that is a recording's. NotFound, Gone.
func (l *Library) recording(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
) (storage.Upload, storage.Recording, error) {
	u, err := l.Upload(ctx, a, id)
	if err != nil {
		return storage.Upload{}, storage.Recording{}, err
	}
	r, err := l.Store.RecordingByUpload(ctx, id)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Upload{}, storage.Recording{}, noUpload(err)
	}
	if err != nil {
		return storage.Upload{}, storage.Recording{}, fmt.Errorf("find recording: %w", err)
	}
	return u, r, nil
}

// NewChunk is a chunk on its way in.
type NewChunk struct {
	Track     string
	N         int
	MediaType string
	Want      [sha256.Size]byte // what the client says the bytes' SHA-256 is
}

// PutChunk stores a chunk durably; the same bytes again are no error and change nothing (created
// false). Errors: Conflict with the row that is there when the number was taken by other bytes, or
// when the recording was completed; Mismatch; TooLarge; Full; Invalid; NotFound; Gone.
func (l *Library) PutChunk(
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
	u, _, err := l.recording(ctx, a, id)
	if err != nil {
		return storage.Chunk{}, false, err
	}
	want := hex.EncodeToString(n.Want[:])
	there, err := l.Store.ChunkByNumber(ctx, id, n.Track, n.N)
	if err == nil {
		return there, false, sameChunk(there, want)
	}
	if storage.KindOf(err) != storage.NotFound {
		return storage.Chunk{}, false, fmt.Errorf("find chunk: %w", err)
	}
	if l.diskUsed() >= diskFullForRunning {
		return storage.Chunk{}, false, storage.E(
			storage.Full,
			"The storage is full. What was recorded is kept in the browser, and goes up when there is room again.",
			nil,
		)
	}
	c, err := l.storeChunk(ctx, u, n, want, body)
	if err != nil {
		return storage.Chunk{}, false, err
	}
	// The client may have gone: what is stored is worth its row.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	now := l.Now()
	stored, created, err := l.Store.AddChunk(
		keep,
		id,
		c,
		storage.CutRunes(n.MediaType, storage.MaxMediaType),
		now,
		now.Add(storage.UploadKeep),
	)
	if err != nil || !created {
		l.dropChunk(keep, c)
	}
	if err != nil && storage.KindOf(err) == storage.Conflict {
		if _, _, gone := l.recording(keep, a, id); gone != nil { // given up while the chunk came
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
	l.indexed(keep, u, n.Track)
	return stored, true, nil
}

func sameChunk(there storage.Chunk, want string) error {
	if there.SHA256 == want {
		return nil
	}
	return storage.E(storage.Conflict, "Other bytes were stored under this number.", nil)
}

func (l *Library) storeChunk(
	ctx context.Context,
	u storage.Upload,
	n NewChunk,
	want string,
	body io.Reader,
) (storage.Chunk, error) {
	sum := sha256.New()
	limited := &io.LimitedReader{R: body, N: storage.MaxPartBytes + 1}
	c := storage.Chunk{Track: n.Track, N: n.N, Key: fmt.Sprintf("u/%s/%s/%s", u.ID, n.Track, l.NewID())}
	var err error
	c.SizeBytes, err = l.Objects.Put(ctx, c.Key, io.TeeReader(limited, sum))
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
		l.dropChunk(context.WithoutCancel(ctx), c)
		return storage.Chunk{}, err
	}
	return c, nil
}

func (l *Library) dropChunk(ctx context.Context, c storage.Chunk) {
	if err := l.Objects.Delete(ctx, c.Key); err != nil {
		l.Log.Warn("orphaned chunk not deleted", "key", c.Key, "error", err)
	}
}

// RecordingState is where a recording stands, for a client that goes on.
type RecordingState struct {
	Tracks map[string]storage.TrackState
	Sealed bool
}

// RecordingState answers what has arrived. NotFound, Gone.
func (l *Library) RecordingState(ctx context.Context, a access.Actor, id storage.UploadID) (RecordingState, error) {
	u, r, err := l.recording(ctx, a, id)
	if err != nil {
		return RecordingState{}, err
	}
	s := RecordingState{Tracks: map[string]storage.TrackState{}, Sealed: u.SealedAt != nil && !r.Recovered}
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, id, track)
		if err != nil {
			return RecordingState{}, fmt.Errorf("list chunks: %w", err)
		}
		if len(chunks) > 0 || track == storage.ScreenTrack {
			s.Tracks[track] = storage.StateOfTrack(chunks)
		}
	}
	return s, nil
}

// Claim is what a client says that it sent of a track.
type Claim struct {
	Chunks int
	Bytes  int64
}

// MissingError lists the chunks that are not here, by track.
type MissingError struct{ Missing map[string][]int }

func (e *MissingError) Error() string { return fmt.Sprintf("chunks are missing: %v", e.Missing) }

// CompleteRecording compares what the client sent with what lies in the store, seals the recording
// and starts its processing. It may be repeated: the answer may be lost. Errors: Conflict with a
// MissingError in its chain, or when counts or sizes differ; NotFound; Gone.
func (l *Library) CompleteRecording(
	ctx context.Context,
	a access.Actor,
	id storage.UploadID,
	claims map[string]Claim,
) (storage.VideoSummary, error) {
	u, r, err := l.recording(ctx, a, id)
	if err != nil {
		return storage.VideoSummary{}, err
	}
	v, err := l.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return storage.VideoSummary{}, fmt.Errorf("find video: %w", err)
	}
	if u.SealedAt != nil && !r.Recovered {
		return l.Store.VideoSummary(ctx, v.ID)
	}
	if claims[storage.ScreenTrack].Chunks < 1 {
		return storage.VideoSummary{}, storage.E(
			storage.Invalid,
			`A recording has at least one chunk of its track "screen".`,
			nil,
		)
	}
	total, err := l.compareClaims(ctx, u, claims)
	if err != nil {
		return storage.VideoSummary{}, err
	}
	if err := l.sealRecording(ctx, u, v, total, false); err != nil {
		return storage.VideoSummary{}, err
	}
	return l.Store.VideoSummary(ctx, u.VideoID)
}

// compareClaims answers how many chunks there are in all.
func (l *Library) compareClaims(ctx context.Context, u storage.Upload, claims map[string]Claim) (int, error) {
	missing := map[string][]int{}
	total := 0
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, u.ID, track)
		if err != nil {
			return 0, fmt.Errorf("list chunks: %w", err)
		}
		s, claim := storage.StateOfTrack(chunks), claims[track]
		total += s.Chunks
		absent := s.Missing
		for n := s.Next; n < claim.Chunks && len(s.Missing) == 0 && len(absent) < 1000; n++ {
			absent = append(absent, n)
		}
		if len(absent) > 0 {
			missing[track] = absent
			continue
		}
		if s.Chunks != claim.Chunks || s.Bytes != claim.Bytes {
			return 0, storage.E(
				storage.Conflict,
				fmt.Sprintf(
					"%d chunks of %d bytes of the track %q are here, not %d of %d.",
					s.Chunks,
					s.Bytes,
					track,
					claim.Chunks,
					claim.Bytes,
				),
				nil,
			)
		}
		for _, c := range chunks {
			if info, err := l.Objects.Stat(ctx, c.Key); err != nil || info.SizeBytes != c.SizeBytes {
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

func (l *Library) sealRecording(
	ctx context.Context,
	u storage.Upload,
	v storage.Video,
	chunks int,
	recovered bool,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	var sound *storage.Stage
	err := l.Stages.Start(ctx, u.VideoID, func(tx storage.Store) (err error) {
		if err := tx.SealRecording(ctx, u.ID, l.Now(), chunks, recovered); err != nil {
			return fmt.Errorf("seal recording: %w", err)
		}
		if sound, err = l.wakeLastSound(ctx, tx, u); err != nil {
			return err
		}
		if v.State == storage.StateReady || v.State == storage.StateProcessing {
			// it was recovered and is made anew with what came later; what plays goes on playing
			return nil
		}
		return tx.SetVideoState(ctx, v.ID, storage.StateProcessing.From(), storage.StateProcessing, "", l.Now())
	})
	if err == nil && sound != nil && sound.State == storage.StageDue {
		l.Stages.Send(ctx, []storage.Stage{*sound})
	}
	return err
}

// SealSilent seals recordings of which nothing was heard for SilentFor: what is contiguous is
// processed, and later chunks still come in. It answers how many there were.
func (l *Library) SealSilent(ctx context.Context) (int, error) {
	ids, err := l.Store.SilentRecordings(ctx, l.Now().Add(-storage.SilentFor), stages.ReconcileBatch)
	if err != nil {
		return 0, fmt.Errorf("list silent recordings: %w", err)
	}
	sealed := 0
	for _, id := range ids {
		if err := l.sealAsItIs(ctx, id); err != nil {
			l.Log.Warn("silent recording not sealed", "upload_id", id, "error", err)
			continue
		}
		sealed++
	}
	return sealed, nil
}

func (l *Library) sealAsItIs(ctx context.Context, id storage.UploadID) error {
	u, err := l.Store.UploadByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find upload: %w", err)
	}
	v, err := l.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	total := 0
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, id, track)
		if err != nil {
			return fmt.Errorf("list chunks: %w", err)
		}
		total += len(chunks)
	}
	return l.sealRecording(ctx, u, v, total, true)
}
