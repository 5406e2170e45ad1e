package meanwhile

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// CreateRecording makes a video that a browser is about to record: its link exists before the first
// byte. Errors are CreateUpload's.
func (l *Library) CreateRecording(ctx context.Context, a Actor, title string) (Ticket, error) {
	return l.createRecording(ctx, a, title, func(Store, Video) error { return nil })
}

// createRecording is CreateRecording with something more in its transaction.
func (l *Library) createRecording(
	ctx context.Context,
	a Actor,
	title string,
	also func(Store, Video) error,
) (Ticket, error) {
	if err := l.mayUpload(a); err != nil {
		return Ticket{}, err
	}
	if l.diskUsed() >= diskFullForNew {
		return Ticket{}, E(
			Full,
			"The storage is nearly full, so no new recordings are taken. Free some space, or ask who runs this site "+
				"to.",
			nil,
		)
	}
	now := l.Now()
	v := Video{
		ID:          VideoID(l.NewID()),
		WorkspaceID: a.WorkspaceID,
		OwnerID:     a.UserID,
		OwnerName:   a.Name,
		Title:       titleFor(title, ""),
		Source:      "recording",
		State:       StateRecording,
		CreatedAt:   now,
		UpdatedAt:   now,
	}
	u := Upload{
		ID:          UploadID(l.NewID()),
		VideoID:     v.ID,
		TokenHash:   SecretHash(NewSecret()),
		LengthBytes: -1,
		CreatedAt:   now,
		ExpiresAt:   now.Add(UploadKeep),
	}
	share, err := l.newShare(ctx, v, now)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{
		Video: v, Upload: u, Token: l.uploadToken(u.ID, now),
		Share: share,
	}
	err = l.Store.InTx(ctx, func(tx Store) error {
		if err := tx.CreateVideo(ctx, t.Video); err != nil {
			return fmt.Errorf("create video: %w", err)
		}
		if err := tx.CreateShare(ctx, t.Share); err != nil {
			return fmt.Errorf("create share: %w", err)
		}
		if err := tx.CreateUpload(ctx, t.Upload); err != nil {
			return fmt.Errorf("create upload: %w", err)
		}
		if err := tx.CreateRecording(ctx, Recording{UploadID: u.ID, State: "recording", HeardAt: now}); err != nil {
			return fmt.Errorf("create recording: %w", err)
		}
		return also(tx, v)
	})
	if err != nil {
		return Ticket{}, err
	}
	l.tell(ctx, v, EventVideo)
	return t, nil
}

// tokenFor is how long one upload token is believed; the upload's own expiry, which every sign of
// life moves, ends it earlier.
const tokenFor = 30 * 24 * time.Hour

// uploadToken is a write-only credential for one upload that needs no row: the upload, its end, and
// an HMAC over both.
func (l *Library) uploadToken(id UploadID, now time.Time) string {
	body := fmt.Sprintf("%s.%d", id, now.Add(tokenFor).Unix())
	return "up_" + body + "." + l.tokenMAC(body)
}

func (l *Library) tokenMAC(body string) string {
	mac := hmac.New(sha256.New, l.Secret)
	mac.Write([]byte("upload/" + body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ownToken reports whether secret is an uploadToken of this upload that has not ended.
func (l *Library) ownToken(id UploadID, secret string) bool {
	body, isToken := strings.CutPrefix(secret, "up_")
	i := strings.LastIndexByte(body, '.')
	if !isToken || i < 0 || !hmac.Equal([]byte(body[i+1:]), []byte(l.tokenMAC(body[:i]))) {
		return false
	}
	name, end, _ := strings.Cut(body[:i], ".")
	unix, err := strconv.ParseInt(end, 10, 64)
	return err == nil && UploadID(name) == id && l.Now().Before(time.Unix(unix, 0))
}

// RenewUploadToken gives a new token for a video's recording to somebody who may upload to it.
// NotFound, Gone.
func (l *Library) RenewUploadToken(ctx context.Context, a Actor, id VideoID) (Upload, string, error) {
	if _, err := l.videoFor(ctx, a, id, verbUpload); err != nil {
		return Upload{}, "", err
	}
	u, err := l.Store.UploadByVideo(ctx, id)
	if err != nil {
		return Upload{}, "", noUpload(err)
	}
	if u, err = l.Upload(ctx, a, u.ID); err != nil {
		return Upload{}, "", err
	}
	return u, l.uploadToken(u.ID, l.Now()), nil
}

// Heartbeat is what a recorder says of itself while it records or is paused.
type Heartbeat struct {
	State          string
	StartedAt      *time.Time
	Pauses         []Pause
	CameraOffsetMS int64
}

// HearRecording keeps the recording alive and answers with a fresh token. NotFound, Gone, Invalid;
// Conflict once it was completed.
func (l *Library) HearRecording(ctx context.Context, a Actor, id UploadID, h Heartbeat) (string, error) {
	if h.State != "recording" && h.State != "paused" {
		return "", E(Invalid, `A recording is "recording" or "paused".`, nil)
	}
	if len(h.Pauses) > maxPauses {
		return "", E(Invalid, fmt.Sprintf("A recording has at most %d pauses.", maxPauses), nil)
	}
	_, r, err := l.recording(ctx, a, id)
	if err != nil {
		return "", err
	}
	now := l.Now()
	r.State, r.StartedAt, r.Pauses, r.CameraOffsetMS, r.HeardAt = h.State, h.StartedAt, h.Pauses, h.CameraOffsetMS, now
	if err := l.Store.HearRecording(ctx, r, now.Add(UploadKeep)); err != nil {
		return "", fmt.Errorf("hear recording: %w", err)
	}
	return l.uploadToken(id, now), nil
}

// recording loads an upload that is a recording's. NotFound, Gone.
func (l *Library) recording(ctx context.Context, a Actor, id UploadID) (Upload, Recording, error) {
	u, err := l.Upload(ctx, a, id)
	if err != nil {
		return Upload{}, Recording{}, err
	}
	r, err := l.Store.RecordingByUpload(ctx, id)
	if err != nil && KindOf(err) == NotFound {
		return Upload{}, Recording{}, noUpload(err)
	}
	if err != nil {
		return Upload{}, Recording{}, fmt.Errorf("find recording: %w", err)
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
func (l *Library) PutChunk(ctx context.Context, a Actor, id UploadID, n NewChunk, body io.Reader) (Chunk, bool, error) {
	if n.Track != ScreenTrack && n.Track != CameraTrack {
		return Chunk{}, false, E(NotFound, `A recording has the tracks "screen" and "camera".`, nil)
	}
	if n.N < 0 || n.N >= maxChunks {
		return Chunk{}, false, E(Invalid, fmt.Sprintf("Chunks are numbered from 0 to %d.", maxChunks-1), nil)
	}
	u, _, err := l.recording(ctx, a, id)
	if err != nil {
		return Chunk{}, false, err
	}
	want := hex.EncodeToString(n.Want[:])
	there, err := l.Store.ChunkByNumber(ctx, id, n.Track, n.N)
	if err == nil {
		return there, false, sameChunk(there, want)
	}
	if KindOf(err) != NotFound {
		return Chunk{}, false, fmt.Errorf("find chunk: %w", err)
	}
	if l.diskUsed() >= diskFullForRunning {
		return Chunk{}, false, E(
			Full,
			"The storage is full. What was recorded is kept in the browser, and goes up when there is room again.",
			nil,
		)
	}
	c, err := l.storeChunk(ctx, u, n, want, body)
	if err != nil {
		return Chunk{}, false, err
	}
	// The client may have gone: what is stored is worth its row.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	now := l.Now()
	stored, created, err := l.Store.AddChunk(keep, id, c, cutRunes(n.MediaType, maxMediaType), now, now.Add(UploadKeep))
	if err != nil || !created {
		l.dropChunk(keep, c)
	}
	if err != nil && KindOf(err) == Conflict {
		if _, _, gone := l.recording(keep, a, id); gone != nil { // given up while the chunk came
			return Chunk{}, false, gone
		}
		return Chunk{}, false, E(Conflict, "This recording was completed.", err)
	}
	if err != nil {
		return Chunk{}, false, fmt.Errorf("add chunk: %w", err)
	}
	if !created {
		return stored, false, sameChunk(stored, want)
	}
	l.indexed(keep, u, n.Track)
	return stored, true, nil
}

func sameChunk(there Chunk, want string) error {
	if there.SHA256 == want {
		return nil
	}
	return E(Conflict, "Other bytes were stored under this number.", nil)
}

func (l *Library) storeChunk(ctx context.Context, u Upload, n NewChunk, want string, body io.Reader) (Chunk, error) {
	sum := sha256.New()
	limited := &io.LimitedReader{R: body, N: MaxPartBytes + 1}
	c := Chunk{Track: n.Track, N: n.N, Key: fmt.Sprintf("u/%s/%s/%s", u.ID, n.Track, l.NewID())}
	var err error
	c.SizeBytes, err = l.Objects.Put(ctx, c.Key, io.TeeReader(limited, sum))
	if err != nil {
		return Chunk{}, fmt.Errorf("store chunk: %w", err)
	}
	c.SHA256 = hex.EncodeToString(sum.Sum(nil))
	switch {
	case limited.N <= 0:
		err = E(TooLarge, fmt.Sprintf("A chunk is at most %d MiB.", MaxPartBytes>>20), nil)
	case c.SizeBytes == 0:
		err = E(Invalid, "A chunk has at least one byte.", nil)
	case c.SHA256 != want:
		err = E(Mismatch, "The digest does not match what arrived. Nothing of it was kept: send it again.", nil)
	}
	if err != nil {
		l.dropChunk(context.WithoutCancel(ctx), c)
		return Chunk{}, err
	}
	return c, nil
}

func (l *Library) dropChunk(ctx context.Context, c Chunk) {
	if err := l.Objects.Delete(ctx, c.Key); err != nil {
		l.Log.Warn("orphaned chunk not deleted", "key", c.Key, "error", err)
	}
}

// RecordingState is where a recording stands, for a client that goes on.
type RecordingState struct {
	Tracks map[string]TrackState
	Sealed bool
}

// RecordingState answers what has arrived. NotFound, Gone.
func (l *Library) RecordingState(ctx context.Context, a Actor, id UploadID) (RecordingState, error) {
	u, r, err := l.recording(ctx, a, id)
	if err != nil {
		return RecordingState{}, err
	}
	s := RecordingState{Tracks: map[string]TrackState{}, Sealed: u.SealedAt != nil && !r.Recovered}
	for _, track := range []string{ScreenTrack, CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, id, track)
		if err != nil {
			return RecordingState{}, fmt.Errorf("list chunks: %w", err)
		}
		if len(chunks) > 0 || track == ScreenTrack {
			s.Tracks[track] = trackState(chunks)
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
	a Actor,
	id UploadID,
	claims map[string]Claim,
) (VideoSummary, error) {
	u, r, err := l.recording(ctx, a, id)
	if err != nil {
		return VideoSummary{}, err
	}
	v, err := l.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return VideoSummary{}, fmt.Errorf("find video: %w", err)
	}
	if u.SealedAt != nil && !r.Recovered {
		return l.Store.VideoSummary(ctx, v.ID)
	}
	if claims[ScreenTrack].Chunks < 1 {
		return VideoSummary{}, E(Invalid, `A recording has at least one chunk of its track "screen".`, nil)
	}
	total, err := l.compareClaims(ctx, u, claims)
	if err != nil {
		return VideoSummary{}, err
	}
	if err := l.sealRecording(ctx, u, v, total, false); err != nil {
		return VideoSummary{}, err
	}
	return l.Store.VideoSummary(ctx, u.VideoID)
}

// compareClaims answers how many chunks there are in all.
func (l *Library) compareClaims(ctx context.Context, u Upload, claims map[string]Claim) (int, error) {
	missing := map[string][]int{}
	total := 0
	for _, track := range []string{ScreenTrack, CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, u.ID, track)
		if err != nil {
			return 0, fmt.Errorf("list chunks: %w", err)
		}
		s, claim := trackState(chunks), claims[track]
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
			return 0, E(
				Conflict,
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
				return 0, E(
					Internal,
					"A stored chunk does not have the size that was acknowledged.",
					errors.Join(err, fmt.Errorf("chunk %d of %s", c.N, u.ID)),
				)
			}
		}
	}
	if len(missing) > 0 {
		return 0, E(Conflict, "Some chunks are not here yet.", &MissingError{missing})
	}
	return total, nil
}

func (l *Library) sealRecording(ctx context.Context, u Upload, v Video, chunks int, recovered bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	var sound *Stage
	err := l.startGeneration(ctx, u.VideoID, func(tx Store) (err error) {
		if err := tx.SealRecording(ctx, u.ID, l.Now(), chunks, recovered); err != nil {
			return fmt.Errorf("seal recording: %w", err)
		}
		if sound, err = l.wakeLastSound(ctx, tx, u); err != nil {
			return err
		}
		if v.State == StateReady || v.State == StateProcessing {
			// it was recovered and is made anew with what came later; what plays goes on playing
			return nil
		}
		return tx.SetVideoState(ctx, v.ID, StateProcessing.From(), StateProcessing, "", l.Now())
	})
	if err == nil && sound != nil && sound.State == StageDue {
		l.send(ctx, []Stage{*sound})
	}
	return err
}

// SealSilent seals recordings of which nothing was heard for SilentFor: what is contiguous is
// processed, and later chunks still come in. It answers how many there were.
func (l *Library) SealSilent(ctx context.Context) (int, error) {
	ids, err := l.Store.SilentRecordings(ctx, l.Now().Add(-SilentFor), reconcileBatch)
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

func (l *Library) sealAsItIs(ctx context.Context, id UploadID) error {
	u, err := l.Store.UploadByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find upload: %w", err)
	}
	v, err := l.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	total := 0
	for _, track := range []string{ScreenTrack, CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, id, track)
		if err != nil {
			return fmt.Errorf("list chunks: %w", err)
		}
		total += len(chunks)
	}
	return l.sealRecording(ctx, u, v, total, true)
}

// missingOf tells people when chunks of a recording lie behind one that never came; empty when none
// do.
func (l *Library) missingOf(ctx context.Context, v Video) (string, error) {
	if v.Source != "recording" {
		return "", nil
	}
	u, err := l.Store.UploadByVideo(ctx, v.ID)
	if err != nil {
		return "", fmt.Errorf("find upload: %w", err)
	}
	for _, track := range []string{ScreenTrack, CameraTrack} {
		chunks, err := l.Store.Chunks(ctx, u.ID, track)
		if err != nil {
			return "", fmt.Errorf("list chunks: %w", err)
		}
		if len(contiguous(chunks)) < len(chunks) {
			return "A part of this recording never arrived, so that it ends before its time. Open this site in the " +
				"browser that recorded it: what is still there is sent.", nil
		}
	}
	return "", nil
}
