package s3store_test

import (
	"log/slog"
	"net/url"
	"os"
	"testing"

	"meanwhile/storage"
	"meanwhile/storage/s3store"
	"meanwhile/storage/storagetest"
)

func TestObjects(t *testing.T) {
	t.Parallel()
	storagetest.TestObjects(t, func(t testing.TB) storage.Objects { return mustOpen(t, newAddress(t).String()) })
}

// newAddress is the address of a new folder in the tests' bucket.
func newAddress(t testing.TB) *url.URL {
	t.Helper()
	given := os.Getenv("MEANWHILE_TEST_OBJECTS_URL")
	if given == "" {
		if testing.Short() {
			t.Skip("needs an S3 server")
		}
		t.Fatal("MEANWHILE_TEST_OBJECTS_URL is empty: run make test, or deploy/with-services.sh go test ./storage/...")
	}
	address, err := url.Parse(given)
	if err != nil {
		// the error would show the secret in it
		t.Fatal("MEANWHILE_TEST_OBJECTS_URL is not an address")
	}
	address.Path = "/" + storage.NewRandomID()
	return address
}

func mustOpen(t testing.TB, address string) *s3store.Store {
	t.Helper()
	s, err := s3store.Open(t.Context(), address, newLog(t))
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, s)
}

func closing(t testing.TB, s *s3store.Store) *s3store.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newLog writes to the test's own output.
func newLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
