package source_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/storage/s3store"
	"meanwhile/worker/source"
)

// eachStore runs test with the objects as files, and on S3 if there is a server.
func eachStore(t *testing.T, test func(t *testing.T, f *servertest.Fixture)) {
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		test(t, servertest.New(t))
	})
	t.Run("S3", func(t *testing.T) {
		t.Parallel()
		given := os.Getenv("MEANWHILE_TEST_OBJECTS_URL")
		if given == "" {
			if testing.Short() {
				t.Skip("needs an S3 server")
			}
			t.Fatal(
				"MEANWHILE_TEST_OBJECTS_URL is empty: run make test, or deploy/with-services.sh go test ./worker/...",
			)
		}
		address, err := url.Parse(given)
		if err != nil {
			t.Fatal("MEANWHILE_TEST_OBJECTS_URL is not an address") // the error would show the secret in it
		}
		address.Path = "/" + storage.NewRandomID()
		s, err := s3store.Open(t.Context(), address.String(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		test(t, servertest.New(t, func(c *servertest.Config) { c.Objects = s }))
	})
}

// upload sends a file in pieces and returns its video.
func upload(t *testing.T, f *servertest.Fixture, pieces ...string) storage.VideoID {
	t.Helper()
	length := int64(len(strings.Join(pieces, "")))
	ticket, err := f.Uploads.Create(t.Context(), f.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: length})
	if err != nil {
		t.Fatal(err)
	}
	var at int64
	for _, p := range pieces {
		if at, err = f.Uploads.Write(
			t.Context(),
			f.Owner,
			ticket.Upload.ID,
			at,
			strings.NewReader(p),
			nil,
		); err != nil {
			t.Fatal(err)
		}
	}
	return ticket.Video.ID
}

// readers are all the ways in which something reads a source: to its end, or at one place. Each
// returns what it got.
var readers = []struct {
	name string
	read func(s *source.Source) ([]byte, error)
}{
	{"Read", func(s *source.Source) ([]byte, error) { return io.ReadAll(struct{ io.Reader }{s}) }},
	{"WriteTo", func(s *source.Source) ([]byte, error) {
		var b bytes.Buffer
		_, err := s.WriteTo(&b)
		return b.Bytes(), err
	}},
	{"WriteRange", func(s *source.Source) ([]byte, error) {
		var b bytes.Buffer
		err := s.WriteRange(&b, storage.Range{Start: 1, Length: s.SizeBytes - 1})
		return append([]byte{'o'}, b.Bytes()...), err
	}},
	{"ReadAt across the damage", func(s *source.Source) ([]byte, error) {
		b := make([]byte, s.SizeBytes)
		n, err := s.ReadAt(b, 0)
		return b[:n], err
	}},
	{"Seek into the damage", func(s *source.Source) ([]byte, error) {
		at, err := s.Seek(6, io.SeekStart)
		if err != nil {
			return nil, err
		}
		rest, err := io.ReadAll(struct{ io.Reader }{s})
		return append([]byte("one two three")[:at], rest...), err
	}},
	{"in place", func(s *source.Source) ([]byte, error) {
		if _, err := s.Local(); err != nil {
			return nil, err
		}
		return io.ReadAll(struct{ io.Reader }{s})
	}},
}

// TestADamagedPartIsAnErrorAtOnce reads a source whose second part is not as its row says.
func TestADamagedPartIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, f *servertest.Fixture) {
		for _, damage := range append([]string{"none"}, servertest.Damages...) {
			id := upload(t, f, "one ", "two ", "three")
			if damage != "none" {
				servertest.Spoil(t, f.Core.Objects, f.PartKeys(t, id, storage.ScreenTrack)[1], damage)
			}
			for _, tc := range readers {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				src, err := f.Source.Open(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				got, err := tc.read(src)
				switch {
				case damage == "none" && (err != nil && !errors.Is(err, io.EOF) || string(got) != "one two three"):
					t.Errorf("%s of a whole source: %q (%v)", tc.name, got, err)
				case damage != "none" && storage.KindOf(err) != storage.Damaged:
					t.Errorf("%s, second part %s: %q (%v), want Damaged", tc.name, damage, got, err)
				case damage != "none" && !strings.Contains(storage.MessageOf(err), "from 30 % on"):
					t.Errorf("%s, second part %s: %q does not say where", tc.name, damage, storage.MessageOf(err))
				case damage != "none" && !strings.HasPrefix("one two three", string(got)):
					t.Errorf("%s, second part %s: made up %q", tc.name, damage, got)
				}
				_ = src.Close()
				cancel()
			}
		}
	})
}
