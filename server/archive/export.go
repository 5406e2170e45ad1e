package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/watch"
	"meanwhile/storage"
	"meanwhile/worker/source"
)

// Export is what somebody can take with them: videos in the best form that plays and in their
// original form, with their comments.
type Export struct {
	service *Service
	title   string
	query   storage.ExportQuery
	only    storage.VideoID // one video instead of a list
}

// ExportOwn exports everything that the actor owns in their workspace, also the trash.
// Unauthenticated for a guest; Forbidden for a key without the scope.
func (s *Service) ExportOwn(_ context.Context, a access.Actor) (*Export, error) {
	if err := access.SignedInFor(a, storage.ScopeRead, "Sign in to export your videos."); err != nil {
		return nil, err
	}
	return &Export{
		service: s,
		title:   "Videos of " + a.Name,
		query:   storage.ExportQuery{WorkspaceID: a.WorkspaceID, OwnerID: a.UserID},
	}, nil
}

// ExportWorkspace exports everything of the actor's workspace. Forbidden except for its owners and
// admins.
func (s *Service) ExportWorkspace(ctx context.Context, a access.Actor) (*Export, error) {
	if err := s.core.May(ctx, a, access.ExportWorkspace); err != nil {
		return nil, err
	}
	if err := access.SignedInFor(a, storage.ScopeRead, "Sign in first."); err != nil {
		return nil, err
	}
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		return s.core.Audit(ctx, tx, a, a.WorkspaceID, storage.ActionExport, "", "")
	})
	if err != nil {
		return nil, err
	}
	return &Export{
		service: s,
		title:   "Videos of this workspace",
		query:   storage.ExportQuery{WorkspaceID: a.WorkspaceID},
	}, nil
}

// ExportForOperator exports one video, or with an empty id all videos of every workspace, for the
// operator. NotFound if the video does not exist.
func (s *Service) ExportForOperator(ctx context.Context, id storage.VideoID) (*Export, error) {
	e := &Export{service: s, title: "Videos", only: id}
	if id == "" {
		return e, nil
	}
	if _, err := s.core.Store.VideoByID(ctx, id); err != nil {
		if storage.KindOf(err) == storage.NotFound {
			return nil, storage.E(
				storage.NotFound,
				"There is no video with this ID. Use the ID that the API gives, not the one in a link.",
				err,
			)
		}
		return nil, fmt.Errorf("find video: %w", err)
	}
	return e, nil
}

// Write writes a folder for each video to t. After all of them, it writes index.html with index. It
// holds only the rows of the index in memory. After an error the tree has no index: it is not
// complete.
func (e *Export) Write(ctx context.Context, t storage.Tree, index func(io.Writer, storage.Contents) error) error {
	var rows []storage.ExportedVideo
	err := e.each(ctx, func(id storage.VideoID) error {
		row, err := e.writeVideo(ctx, t, id)
		if err != nil && storage.KindOf(err) == storage.NotFound {
			return fmt.Errorf(
				"export video %s: %w",
				id,
				storage.E(storage.Unavailable, "A file of this export is missing.", err),
			)
		}
		if err != nil {
			return fmt.Errorf("export video %s: %w", id, err)
		}
		if row != nil {
			rows = append(rows, *row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	now := e.service.core.Now()
	w, err := t.File("index.html", now, false)
	if err != nil {
		return err
	}
	return index(w, storage.Contents{Title: e.title, At: now.UTC(), Videos: rows})
}

// each calls do for every video of the export, newest first.
func (e *Export) each(ctx context.Context, do func(storage.VideoID) error) error {
	if e.only != "" {
		return do(e.only)
	}
	q := e.query
	q.Limit = storage.RetentionBatch
	for {
		page, err := e.service.core.Store.ListForExport(ctx, q)
		if err != nil {
			return fmt.Errorf("list videos: %w", err)
		}
		for _, k := range page {
			if err := do(k.ID); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		q.Before = &page[len(page)-1]
	}
}

// videoExport writes the folder of one video.
type videoExport struct {
	*Export
	tree   storage.Tree
	sum    storage.VideoSummary
	folder string
	files  []storage.ExportedFile
	// sentences about what is damaged, and so is not in the folder
	damaged []string
}

// writeVideo returns nil for a video that was deleted after it was listed.
func (e *Export) writeVideo(ctx context.Context, t storage.Tree, id storage.VideoID) (*storage.ExportedVideo, error) {
	sum, err := e.service.core.Store.VideoSummary(ctx, id)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &videoExport{Export: e, tree: t, sum: sum, folder: storage.FolderName(sum.Video)}
	// A transcript will be here, too, once there are any.
	for _, part := range []func(context.Context) error{
		v.media, v.originals, v.damages, v.commentsJSON, v.commentsText, v.facts,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return &storage.ExportedVideo{
		Title: sum.Title, Author: sum.OwnerName, Made: sum.CreatedAt.UTC(), Length: sum.Duration,
		Trashed: sum.TrashedAt != nil, Files: v.files,
	}, nil
}

// file begins a file of the video's folder.
func (v *videoExport) file(name string, packed bool) (io.Writer, error) {
	w, err := v.tree.File(v.folder+"/"+name, v.sum.CreatedAt, packed)
	if err != nil {
		return nil, fmt.Errorf("begin %s: %w", name, err)
	}
	v.files = append(
		v.files,
		storage.ExportedFile{Name: name, Link: "./" + url.PathEscape(v.folder) + "/" + url.PathEscape(name)},
	)
	return w, nil
}

// media writes the best file that plays: screen and camera in one picture if that was made, else
// the largest rendition. A damaged one gives way to the next.
func (v *videoExport) media(ctx context.Context) error {
	w := watch.Watch{Video: v.sum}
	if err := v.service.watch.AddAssets(ctx, &w); err != nil {
		return err
	}
	if v.sum.Source == "recording" {
		if err := v.service.watch.AddRecording(ctx, v.sum.Video, &w); err != nil {
			return err
		}
	}
	best := w.Sources
	if w.Flat != nil {
		best = append([]storage.Asset{*w.Flat}, best...)
	}
	for _, a := range best {
		r, err := v.service.watch.OpenAsset(ctx, a)
		if kind := storage.KindOf(err); err != nil && (kind == storage.Damaged || kind == storage.Gone) {
			v.damaged = append(v.damaged, storage.MessageOf(err))
			continue
		}
		if err != nil {
			return err
		}
		return v.copyMedia(a, r)
	}
	return nil
}

func (v *videoExport) copyMedia(a storage.Asset, r io.ReadCloser) error {
	defer r.Close()
	out, err := v.file("video"+storage.SafeExt(a.Name), true)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, r)
	if err != nil {
		return fmt.Errorf("copy %s: %w", a.Name, err)
	}
	return whole(a.Name, n, a.SizeBytes)
}

// whole fails if a file ended too early.
func whole(name string, got, want int64) error {
	if got != want {
		return storage.E(
			storage.Internal,
			"A stored file has the wrong size.",
			fmt.Errorf("%s has %d bytes, want %d", name, got, want),
		)
	}
	return nil
}

// originals writes what was uploaded or recorded, one file a track. There is none while the upload
// is not complete, and none that is damaged.
func (v *videoExport) originals(ctx context.Context) error {
	if err := v.service.source.Check(ctx, v.sum.ID); storage.KindOf(err) == storage.Damaged {
		v.damaged = append(v.damaged, storage.MessageOf(err))
		return nil
	}
	for _, track := range []struct{ name, file string }{
		{storage.ScreenTrack, "original"}, {storage.CameraTrack, "original-camera"},
	} {
		src, err := v.service.source.OpenTrack(ctx, v.sum.ID, track.name)
		if err != nil && storage.KindOf(err) == storage.NotFound {
			continue
		}
		if err != nil {
			return fmt.Errorf("open original: %w", err)
		}
		if src.SizeBytes == 0 {
			continue
		}
		ext, err := v.originalExt(ctx, src, track.name)
		if err != nil {
			return err
		}
		out, err := v.file(track.file+ext, true)
		if err != nil {
			return err
		}
		n, err := src.WriteTo(out)
		err = errors.Join(err, src.Close())
		if err != nil {
			return fmt.Errorf("copy original: %w", err)
		}
		if err := whole(track.file, n, src.SizeBytes); err != nil {
			return err
		}
	}
	return nil
}

// damages writes what is not in the folder because it is damaged in the storage.
func (v *videoExport) damages(context.Context) error {
	if len(v.damaged) == 0 {
		return nil
	}
	w, err := v.file("damaged.txt", false)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.Join(v.damaged, "\n")+"\n")
	return err
}

func (v *videoExport) originalExt(ctx context.Context, src *source.Source, track string) (string, error) {
	if v.sum.Source != "recording" {
		return storage.SafeExt(src.Filename), nil
	}
	u, err := v.service.core.Store.UploadByVideo(ctx, v.sum.ID)
	if err != nil {
		return "", fmt.Errorf("find upload: %w", err)
	}
	t, err := v.service.source.Track(ctx, u.ID, track)
	if err != nil {
		return "", err
	}
	return storage.ExtOf(t.MediaType), nil
}

// exportedComment is a comment in comments.json.
type exportedComment struct {
	ID        storage.CommentID `json:"id"`
	ParentID  storage.CommentID `json:"parent_id,omitempty"`
	AtMS      int64             `json:"at_ms"`
	UntilMS   *int64            `json:"until_ms,omitempty"`
	Author    string            `json:"author"`
	Guest     bool              `json:"guest"`
	Body      string            `json:"body"`
	CreatedAt time.Time         `json:"created_at"`
	EditedAt  *time.Time        `json:"edited_at,omitempty"`
}

func exportComment(c storage.Comment) exportedComment {
	out := exportedComment{
		ID:        c.ID,
		ParentID:  c.Parent,
		AtMS:      c.At.Milliseconds(),
		Author:    c.AuthorName,
		Guest:     c.Guest(),
		Body:      c.Body,
		CreatedAt: c.CreatedAt,
		EditedAt:  c.EditedAt,
	}
	if c.Until != nil {
		ms := c.Until.Milliseconds()
		out.UntilMS = &ms
	}
	return out
}

// eachComment reads the conversation in order, one page at a time.
func (v *videoExport) eachComment(ctx context.Context, do func(storage.Comment) error) error {
	q := storage.CommentQuery{VideoID: v.sum.ID, Limit: access.MaxPage}
	for {
		page, err := v.service.core.Store.ListComments(ctx, q)
		if err != nil {
			return fmt.Errorf("list comments: %w", err)
		}
		for _, c := range page {
			if err := do(c); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		key := page[len(page)-1].Key()
		q.After = &key
	}
}

func (v *videoExport) commentsJSON(ctx context.Context) error {
	w, err := v.file("comments.json", false)
	if err != nil {
		return err
	}
	before := "["
	err = v.eachComment(ctx, func(c storage.Comment) error {
		b, err := json.MarshalIndent(exportComment(c), "  ", "  ")
		if err != nil {
			return fmt.Errorf("encode comment: %w", err)
		}
		_, err = fmt.Fprintf(w, "%s\n  %s", before, b)
		before = ","
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if before == "[" {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}

func (v *videoExport) commentsText(ctx context.Context) error {
	w, err := v.file("comments.txt", false)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(
		w,
		"%s\n%s, %s\n",
		v.sum.Title,
		v.sum.OwnerName,
		v.sum.CreatedAt.UTC().Format(time.DateOnly),
	); err != nil {
		return err
	}
	return v.eachComment(ctx, func(c storage.Comment) error {
		indent, place := "", storage.Clock(c.At)+"  "
		if c.Parent != "" {
			indent, place = "    ", ""
		}
		guest := ""
		if c.Guest() {
			guest = " (guest)"
		}
		body := strings.ReplaceAll(c.Body, "\n", "\n"+indent)
		_, err := fmt.Fprintf(
			w,
			"\n%s%s%s%s, %s\n%s%s\n",
			indent,
			place,
			c.AuthorName,
			guest,
			c.CreatedAt.UTC().Format("2006-01-02 15:04 UTC"),
			indent,
			body,
		)
		return err
	})
}

// facts writes video.json, with the names of the other files.
func (v *videoExport) facts(context.Context) error {
	names := make([]string, len(v.files))
	for i, f := range v.files {
		names[i] = f.Name
	}
	w, err := v.file("video.json", false)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		ID         storage.VideoID `json:"id"`
		Title      string          `json:"title"`
		Author     string          `json:"author"`
		Source     string          `json:"source"`
		State      storage.State   `json:"state"`
		DurationMS int64           `json:"duration_ms"`
		Width      int             `json:"width"`
		Height     int             `json:"height"`
		CreatedAt  time.Time       `json:"created_at"`
		DeletedAt  *time.Time      `json:"deleted_at,omitempty"`
		Files      []string        `json:"files"`
	}{
		v.sum.ID,
		v.sum.Title,
		v.sum.OwnerName,
		v.sum.Source,
		v.sum.State,
		v.sum.Duration.Milliseconds(),
		v.sum.Width,
		v.sum.Height,
		v.sum.CreatedAt,
		v.sum.TrashedAt,
		names,
	})
}
