package server

import (
	"context"
	"errors"
	"net/http"

	"meanwhile/server/access"
	"meanwhile/storage"
)

type wireVideo struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	Source        string   `json:"source" enum:"file,recording"`
	State         string   `json:"state" enum:"recording,uploading,processing,ready,failed"`
	Failure       string   `json:"failure,omitempty" doc:"Why nothing plays: a sentence"`
	Warnings      []string `json:"warnings" nullable:"false"`
	Progress      float64  `json:"progress" minimum:"0" maximum:"1"`
	Improving     bool     `json:"improving" doc:"It plays, and something better is being made"`
	DurationMS    int64    `json:"duration_ms"`
	Width         int      `json:"width"`
	Height        int      `json:"height"`
	CreatedAt     stamp    `json:"created_at"`
	UpdatedAt     stamp    `json:"updated_at"`
	DeletedAt     *stamp   `json:"deleted_at,omitempty" doc:"When it was moved to the trash"`
	PurgeAt       *stamp   `json:"purge_at,omitempty" doc:"When it is deleted for good"`
	LeavesAt      *stamp   `json:"leaves_at,omitempty" doc:"When it moves to the trash by itself, because the workspace keeps videos only so long"`
	WatchURL      string   `json:"watch_url"`
	LinkToken     string   `json:"share_token"`
	PosterURL     string   `json:"poster_url,omitempty"`
	OriginalURL   string   `json:"original_url,omitempty" doc:"Once the upload is complete"`
	CommentCount  int      `json:"comment_count"`
	UploadedBytes int64    `json:"uploaded_bytes"`
	Arrived       bool     `json:"arrived" doc:"At least one byte of it has arrived"`
	LengthBytes   *int64   `json:"length_bytes" doc:"null while it is unknown"`
}

func (s *server) videoOf(v *visit, sum storage.VideoSummary) wireVideo {
	address := "/api/v1/videos/" + string(sum.ID)
	sum = sum.Shown()
	out := wireVideo{
		ID:            string(sum.ID),
		Title:         sum.Title,
		Source:        sum.Source,
		State:         string(sum.State),
		Failure:       sum.Failure,
		Warnings:      warningsOf(sum),
		Progress:      sum.Done(),
		Improving:     sum.Improving,
		DurationMS:    sum.Duration.Milliseconds(),
		Width:         sum.Width,
		Height:        sum.Height,
		CreatedAt:     stamp(sum.CreatedAt),
		UpdatedAt:     stamp(sum.UpdatedAt),
		DeletedAt:     stampOf(sum.TrashedAt),
		PurgeAt:       stampOf(sum.PurgeAt()),
		LeavesAt:      stampOf(sum.LeavesAt),
		WatchURL:      s.watchURL(v, sum.LinkToken),
		LinkToken:     sum.LinkToken,
		CommentCount:  sum.Comments,
		UploadedBytes: sum.UploadedBytes,
		Arrived:       sum.Arrived,
	}
	if sum.HasPoster {
		out.PosterURL = address + "/poster"
	}
	if sum.Sealed {
		out.OriginalURL = address + "/original"
	}
	if sum.LengthBytes >= 0 {
		out.LengthBytes = &sum.LengthBytes
	}
	return out
}

func warningsOf(sum storage.VideoSummary) []string {
	warnings := []string{}
	if sum.State != storage.StateReady {
		return warnings // what would be one is the failure, which has its own field
	}
	if sum.Warning != "" {
		warnings = append(warnings, sum.Warning)
	}
	if sum.Damage != storage.DamageNone {
		const sentence = "A version of this video is damaged in the storage. Process it again to make it anew."
		warnings = append(warnings, sentence)
	}
	return warnings
}

func (s *server) watchURL(v *visit, token string) string { return s.baseURL(v) + "/v/" + token }

type wireVideos struct {
	Items      []wireVideo `json:"items" nullable:"false"`
	NextCursor string      `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end"`
}

type listVideosInput struct {
	Limit  int    `query:"limit" minimum:"0" doc:"Rows of a page: 50 by default, 200 at most"`
	Cursor string `query:"cursor" maxLength:"1000"`
	Q      string `query:"q" maxLength:"200" doc:"Words that all have to be in the title"`
	Trash  bool   `query:"trash" doc:"The trash instead"`
}

type videosOutput struct{ Body wireVideos }

func (s *server) listVideos(ctx context.Context, in *listVideosInput) (*videosOutput, error) {
	v := visitOf(ctx)
	before, err := readCursor[storage.VideoKey](in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, next, err := s.Videos.List(
		ctx,
		v.actor,
		storage.VideoQuery{Search: in.Q, Trashed: in.Trash, Limit: in.Limit, Before: before},
	)
	if err != nil {
		return nil, err
	}
	out := wireVideos{Items: make([]wireVideo, len(rows))}
	for i, row := range rows {
		out.Items[i] = s.videoOf(v, row)
	}
	out.NextCursor, err = cursorOf(next)
	return &videosOutput{Body: out}, err
}

type videoInput struct {
	ID string `path:"id" maxLength:"64"`
}

type videoOutput struct{ Body wireVideo }

func (s *server) getVideo(ctx context.Context, in *videoInput) (*videoOutput, error) {
	v := visitOf(ctx)
	sum, err := s.Videos.ByID(ctx, v.actor, storage.VideoID(in.ID))
	if err != nil {
		return nil, err
	}
	return &videoOutput{Body: s.videoOf(v, sum)}, nil
}

type wireChange struct {
	Title  *string     `json:"title,omitempty" maxLength:"2000"`
	Layout *wireLayout `json:"layout,omitempty" doc:"Where the camera of a recording is shown"`
}

func (c wireChange) choices() storage.VideoChange {
	return storage.VideoChange{Title: c.Title}
}

type changeVideoInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body wireChange
}

func (s *server) changeVideo(ctx context.Context, in *changeVideoInput) (*videoOutput, error) {
	return s.change(ctx, in.ID, func(a access.Actor, id storage.VideoID) error {
		if in.Body.Layout != nil {
			if err := s.Uploads.SetLayout(ctx, a, id, in.Body.Layout.domain()); err != nil {
				return err
			}
		}
		choices := in.Body.choices()
		if choices == (storage.VideoChange{}) {
			return nil
		}
		return s.Videos.Change(ctx, a, id, choices)
	})
}

// change does something to a video and returns it. It checks first whether the actor may read the
// video, before anything changes.
func (s *server) change(
	ctx context.Context,
	id string,
	do func(access.Actor, storage.VideoID) error,
) (*videoOutput, error) {
	if _, err := s.getVideo(ctx, &videoInput{ID: id}); err != nil {
		return nil, err
	}
	if err := do(visitOf(ctx).actor, storage.VideoID(id)); err != nil {
		return nil, err
	}
	return s.getVideo(ctx, &videoInput{ID: id})
}

func (s *server) trashVideo(ctx context.Context, in *videoInput) (*struct{}, error) {
	return &struct{}{}, s.Videos.Trash(ctx, visitOf(ctx).actor, storage.VideoID(in.ID))
}

func (s *server) restoreVideo(ctx context.Context, in *videoInput) (*videoOutput, error) {
	return s.change(
		ctx,
		in.ID,
		func(a access.Actor, id storage.VideoID) error { return s.Videos.Restore(ctx, a, id) },
	)
}

func (s *server) reprocessVideo(ctx context.Context, in *videoInput) (*videoOutput, error) {
	return s.change(
		ctx,
		in.ID,
		func(a access.Actor, id storage.VideoID) error { return s.Videos.Reprocess(ctx, a, id) },
	)
}

func (s *server) videoPoster(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Watch.PosterOf(r.Context(), visitOf(r.Context()).actor, storage.VideoID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return s.serveAsset(w, r, a, cacheChecked)
}

func (s *server) videoPreview(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Watch.PreviewOf(r.Context(), visitOf(r.Context()).actor, storage.VideoID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return s.serveAsset(w, r, a, cacheChecked)
}

func (s *server) videoOriginal(w http.ResponseWriter, r *http.Request) error {
	id := storage.VideoID(r.PathValue("id"))
	src, err := s.Videos.OpenOriginal(r.Context(), visitOf(r.Context()).actor, id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream") // what the client called it is not believed
	h.Set("Content-Disposition", attachment(src.Filename, "original"))
	h.Set("Cache-Control", cacheChecked)
	h.Set("ETag", `"original-`+string(id)+`"`)
	err = serveContent(w, r, src)
	return errors.Join(err, src.Close())
}
