package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"meanwhile/server/uploads"
	"meanwhile/storage"
)

const recordingPath = "/api/v1/uploads/"

type wireNewVideo struct {
	Title  string `json:"title,omitempty" maxLength:"2000"`
	Source string `json:"source" enum:"recording" doc:"Upload files with tus instead: POST /api/v1/files/"`
}

type wireUpload struct {
	URL   string `json:"url" doc:"Where to send chunks, heartbeats and the end"`
	Token string `json:"token" doc:"Opens this upload and nothing else: send it as Authorization: Bearer"`
}

type wireNewRecording struct {
	ID        string     `json:"id"`
	WatchURL  string     `json:"watch_url" doc:"Works from now on"`
	LinkToken string     `json:"share_token"`
	Upload    wireUpload `json:"upload"`
}

type newVideoInput struct {
	Origin         string `header:"Origin"`
	Authorization  string `header:"Authorization"`
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"257" doc:"Your own name for this request, in quotes. If the response was lost, send the request again with the same name within a day: you get the same recording, with a new token"`
	Body           wireNewVideo
}

type newVideoOutput struct{ Body wireNewRecording }

func (s *server) createVideo(ctx context.Context, in *newVideoInput) (*newVideoOutput, error) {
	v := visitOf(ctx)
	t, err := s.Uploads.CreateRecordingOnce(ctx, v.actor, in.Body.Title, unquoted(in.IdempotencyKey))
	if err != nil {
		return nil, err
	}
	return &newVideoOutput{Body: wireNewRecording{
		ID: string(t.Video.ID), WatchURL: s.watchURL(v, t.Link.Token), LinkToken: t.Link.Token,
		Upload: wireUpload{URL: s.recordingURL(v, in.Origin, in.Authorization, t.Upload.ID), Token: t.Token},
	}}, nil
}

// unquoted is the text of a string in a header (RFC 9651, 3.3.3). It also accepts a string without
// quotes.
func unquoted(s string) string {
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		s = strings.TrimSuffix(inner, `"`)
	}
	return s
}

// recordingURL is the address where a recorder continues. Like uploadOrigin, it keeps the address
// that the browser uses.
func (s *server) recordingURL(v *visit, origin, authorization string, id storage.UploadID) string {
	if origin == "" || origin == "null" || authorization != "" {
		origin = s.baseURL(v)
	}
	return origin + recordingPath + string(id)
}

type uploadTokenInput struct {
	ID            string `path:"id" maxLength:"64"`
	Origin        string `header:"Origin"`
	Authorization string `header:"Authorization"`
}

type uploadTokenOutput struct{ Body wireUpload }

func (s *server) renewUploadToken(ctx context.Context, in *uploadTokenInput) (*uploadTokenOutput, error) {
	v := visitOf(ctx)
	u, token, err := s.Uploads.RenewToken(ctx, v.actor, storage.VideoID(in.ID))
	if err != nil {
		return nil, err
	}
	return &uploadTokenOutput{
		Body: wireUpload{URL: s.recordingURL(v, in.Origin, in.Authorization, u.ID), Token: token},
	}, nil
}

// putChunk stores one chunk: 201 if it is new, 200 if the same bytes are here already.
func (s *server) putChunk(w http.ResponseWriter, r *http.Request) error {
	n, err := newChunk(r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	leave, ok := s.parallel.enter("upload " + v.holder())
	if !ok {
		return storage.E(storage.Limited, "Too many uploads at once. Let some of them end first.", nil)
	}
	defer leave()
	body := newPaced(w, r.Body, s.BodyGrace, s.MinUploadBPS)
	chunk, created, err := s.Uploads.PutChunk(r.Context(), v.actor, storage.UploadID(r.PathValue("id")), n, body)
	body.done()
	if chunk.SHA256 != "" {
		w.Header().Set("Content-Digest", digestOf(chunk.SHA256))
	}
	if storage.KindOf(err) == storage.Mismatch && err != nil {
		return &statusError{status: http.StatusUnprocessableEntity, message: storage.MessageOf(err), cause: err}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	if created {
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func newChunk(r *http.Request) (uploads.NewChunk, error) {
	number, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || number < 0 {
		return uploads.NewChunk{}, invalid("Chunks are numbered from 0.", err)
	}
	if r.ContentLength > storage.MaxPartBytes {
		return uploads.NewChunk{}, storage.E(
			storage.TooLarge,
			fmt.Sprintf("A chunk is at most %d MiB.", storage.MaxPartBytes>>20),
			nil,
		)
	}
	n := uploads.NewChunk{Track: r.PathValue("track"), N: number, MediaType: r.Header.Get("Content-Type")}
	n.Want, err = contentDigest(r.Header)
	return n, err
}

// contentDigest reads the SHA-256 among the digests of a body (RFC 9530, 2).
func contentDigest(h http.Header) (sum [sha256.Size]byte, err error) {
	for _, item := range strings.Split(strings.Join(h.Values("Content-Digest"), ","), ",") {
		value, ok := strings.CutPrefix(strings.TrimSpace(item), "sha-256=:")
		if !ok {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(value, ":"))
		if err == nil && len(raw) == len(sum) && strings.HasSuffix(value, ":") {
			return [sha256.Size]byte(raw), nil
		}
	}
	return sum, invalid("A chunk comes with its digest: Content-Digest: sha-256=:Base64:.", nil)
}

func digestOf(hexSum string) string {
	raw, err := hex.DecodeString(hexSum)
	if err != nil {
		return ""
	}
	return "sha-256=:" + base64.StdEncoding.EncodeToString(raw) + ":"
}

type wireHeartbeat struct {
	State          string     `json:"state" enum:"recording,paused"`
	StartedAt      *time.Time `json:"started_at,omitempty"`
	Pauses         []wireSpan `json:"pauses,omitempty" maxItems:"1000"`
	CameraOffsetMS int64      `json:"camera_offset_ms,omitempty" doc:"How much later the camera began than the screen"`
}

type wireSpan struct {
	From time.Time  `json:"from"`
	To   *time.Time `json:"to,omitempty"`
}

type heartbeatInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body wireHeartbeat
}

type heartbeatOutput struct {
	Body struct {
		Token string `json:"token" doc:"Use this one from now on; earlier ones still work for a while"`
	}
}

func (s *server) heartbeat(ctx context.Context, in *heartbeatInput) (*heartbeatOutput, error) {
	h := uploads.Heartbeat{State: in.Body.State, StartedAt: in.Body.StartedAt, CameraOffsetMS: in.Body.CameraOffsetMS}
	for _, p := range in.Body.Pauses {
		h.Pauses = append(h.Pauses, storage.Pause{From: p.From, To: p.To})
	}
	token, err := s.Uploads.KeepAlive(ctx, visitOf(ctx).actor, storage.UploadID(in.ID), h)
	if err != nil {
		return nil, err
	}
	out := &heartbeatOutput{}
	out.Body.Token = token
	return out, nil
}

type recordingInput struct {
	ID string `path:"id" maxLength:"64"`
}

type wireTrackState struct {
	Next    int   `json:"next" doc:"The first number that has not arrived"`
	Bytes   int64 `json:"bytes" doc:"Bytes that have arrived without a gap"`
	Missing []int `json:"missing" nullable:"false" doc:"Numbers below the highest that have not arrived"`
}

type recordingOutput struct {
	Body struct {
		Tracks map[string]wireTrackState `json:"tracks"`
		Sealed bool                      `json:"sealed"`
	}
}

func (s *server) recordingState(ctx context.Context, in *recordingInput) (*recordingOutput, error) {
	state, err := s.Uploads.RecordingState(ctx, visitOf(ctx).actor, storage.UploadID(in.ID))
	if err != nil {
		return nil, err
	}
	out := &recordingOutput{}
	out.Body.Sealed, out.Body.Tracks = state.Sealed, map[string]wireTrackState{}
	for name, t := range state.Tracks {
		out.Body.Tracks[name] = wireTrackState{Next: t.Next, Bytes: t.Bytes, Missing: append([]int{}, t.Missing...)}
	}
	return out, nil
}

type wireClaim struct {
	Chunks int   `json:"chunks" minimum:"0"`
	Bytes  int64 `json:"bytes" minimum:"0"`
}

type completeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Tracks map[string]wireClaim `json:"tracks" doc:"What was sent of each track"`
	}
}

// completeRecording responds 409 with the missing numbers while chunks are missing.
func (s *server) completeRecording(ctx context.Context, in *completeInput) (*videoOutput, error) {
	v := visitOf(ctx)
	claims := map[string]uploads.Claim{}
	for name, c := range in.Body.Tracks {
		claims[name] = uploads.Claim{Chunks: c.Chunks, Bytes: c.Bytes}
	}
	sum, err := s.Uploads.Complete(ctx, v.actor, storage.UploadID(in.ID), claims)
	if err != nil {
		return nil, err
	}
	return &videoOutput{Body: s.videoOf(v, sum)}, nil
}

func (s *server) cancelRecording(ctx context.Context, in *recordingInput) (*struct{}, error) {
	return &struct{}{}, s.Uploads.Cancel(ctx, visitOf(ctx).actor, storage.UploadID(in.ID))
}

// liveMedia serves a recording as stored: a playlist that grows, and the bytes that it names.
func (s *server) liveMedia(w http.ResponseWriter, r *http.Request) error {
	live, err := s.Watch.Live(r.Context(), r.PathValue("grant"), r.PathValue("name"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", live.MediaType)
	h.Set("Cache-Control", "private, no-store")
	if live.Final {
		h.Set("Cache-Control", cacheGranted)
	}
	err = serveContent(w, r, live.Body)
	return errors.Join(err, live.Close())
}
