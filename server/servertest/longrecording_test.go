package servertest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/worker/media"
)

// rowCounter counts the rows of chunks, fragments and sounds that the test reads.
type rowCounter struct {
	storage.Store
	rows int
}

func (c *rowCounter) Chunks(ctx context.Context, id storage.UploadID, track string) ([]storage.Chunk, error) {
	list, err := c.Store.Chunks(ctx, id, track)
	c.rows += len(list)
	return list, err
}

func (c *rowCounter) ChunksAt(
	ctx context.Context,
	id storage.UploadID,
	track string,
	offset int64,
	limit int,
) ([]storage.Part, error) {
	list, err := c.Store.ChunksAt(ctx, id, track, offset, limit)
	c.rows += len(list)
	return list, err
}

func (c *rowCounter) Fragments(
	ctx context.Context,
	id storage.UploadID,
	track string,
	from int,
) ([]storage.Fragment, error) {
	list, err := c.Store.Fragments(ctx, id, track, from)
	c.rows += len(list)
	return list, err
}

func (c *rowCounter) Sounds(
	ctx context.Context,
	id storage.UploadID,
	track string,
	from int,
) ([]storage.SoundPiece, error) {
	list, err := c.Store.Sounds(ctx, id, track, from)
	c.rows += len(list)
	return list, err
}

// mustFragments returns the beginning of a recording and one of its fragments.
func mustFragments(t testing.TB) (first, next []byte) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "testdata", "recorded.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := media.IndexFragments(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f := x.Fragments[0]
	return file[:f.Offset+f.SizeBytes], file[f.Offset : f.Offset+f.SizeBytes]
}

// TestLongRecordingCostsNoMoreThanAShortOne counts the rows read for a chunk, for a playlist and
// for a piece of the bytes, early and late in a recording.
func TestLongRecordingCostsNoMoreThanAShortOne(t *testing.T) {
	t.Parallel()
	counter := &rowCounter{}
	h := newFixture(t, func(c *servertest.Config) { counter.Store, c.Store = c.Store, counter })
	ticket := h.recording(t)
	first, next := mustFragments(t)
	link, err := h.Watch.Watch(t.Context(), h.Owner, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	// cost is the number of rows that a call reads.
	cost := func(call func() error) int {
		t.Helper()
		before := counter.rows
		if err := call(); err != nil {
			t.Fatal(err)
		}
		return counter.rows - before
	}
	put := func(n int, body []byte) error {
		_, _, err := h.Uploads.PutChunk(
			t.Context(),
			h.Owner,
			ticket.Upload.ID,
			uploads.NewChunk{Track: "screen", N: n, MediaType: "video/mp4", Want: sha256.Sum256(body)},
			bytes.NewReader(body),
		)
		return err
	}
	if err := put(0, first); err != nil {
		t.Fatal(err)
	}
	const chunks = 120
	most := map[string]int{}
	for n := 1; n < chunks; n++ {
		costs := map[string]int{
			"a chunk": cost(func() error { return put(n, next) }),
			"a playlist": cost(func() error {
				got, err := segmentsOf(t, h, link.Grant, "screen.m3u8")
				if err == nil && got < n/2 {
					t.Errorf("after %d chunks the playlist has %d segments", n, got)
				}
				return err
			}),
			"a playlist with other sound": cost(func() error {
				err := h.Core.Store.AddSound(
					t.Context(),
					storage.SoundPiece{
						UploadID:      ticket.Upload.ID,
						Track:         "screen",
						N:             n - 1,
						FirstFragment: n - 1,
						Fragments:     1,
					},
				)
				if err != nil {
					return err
				}
				got, err := segmentsOf(t, h, link.Grant, "screen-aac.m3u8")
				if err == nil && got < n/2 {
					t.Errorf("after %d pieces of sound the playlist has %d segments", n, got)
				}
				return err
			}),
			"a piece of the bytes": cost(func() error { return readLast(t, h, link.Grant, next) }),
		}
		for what, rows := range costs {
			if n == 20 {
				most[what] = rows
			}
			if n > 20 && rows > most[what] {
				t.Errorf("chunk %d: %s reads %d rows, %d at the beginning", n, what, rows, most[what])
			}
		}
	}
}

// readLast reads the newest bytes through the live file.
func readLast(t *testing.T, h *fixture, grant string, want []byte) error {
	t.Helper()
	live, err := h.Watch.Live(t.Context(), grant, "screen.mp4")
	if err != nil {
		return err
	}
	defer live.Close()
	if _, err := live.Body.Seek(-int64(len(want)), io.SeekEnd); err != nil {
		return err
	}
	got, err := io.ReadAll(live.Body)
	if err == nil && !bytes.Equal(got, want) {
		t.Errorf("the last %d bytes are not what came last", len(want))
	}
	return err
}

// segmentsOf counts the segments of a playlist.
func segmentsOf(t *testing.T, h *fixture, grant, name string) (int, error) {
	t.Helper()
	live, err := h.Watch.Live(t.Context(), grant, name)
	if err != nil {
		return 0, err
	}
	defer live.Close()
	text, err := io.ReadAll(live.Body)
	return strings.Count(string(text), "#EXTINF"), err
}
