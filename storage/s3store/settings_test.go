package s3store_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/s3store"
)

func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	const secret = "the-secret"
	for _, tc := range []struct {
		address string
		names   string // what the error must name
	}{
		{"s3:", "s3://bucket"},
		{"s3:///prefix", "s3://bucket"},
		{"https://bucket", "s3://bucket"},
		{"s3://key:" + secret + "@bucket", "s3://bucket"},
		{"s3://bucket:9000/x", "endpoint="},
		{"s3://buc ket?secret_key=" + secret, "URL"},
		{"s3://bucket?secret_key=" + secret + "%zz", "%25"},
		{"s3://bucket/Prefix", "Prefix"},
		{"s3://bucket/a/../b", "a/../b"},
		{"s3://bucket/" + strings.Repeat("a", 201), "200"},
		{"s3://bucket?secret=" + secret, `"secret"`},
		{"s3://bucket?region=a&region=b", `"region"`},
		{"s3://bucket?endpoint=localhost:9000", "endpoint"},
		{"s3://bucket?public_endpoint=ftp://x", "public_endpoint"},
		{"s3://bucket?endpoint=https://u:" + secret + "@x", "endpoint"},
		{"s3://bucket?path_style=maybe", "path_style"},
		{"s3://bucket?checksum=sometimes", "checksum"},
		{"s3://bucket?silence=60", "silence"},
		{"s3://bucket?silence=1ms", "silence"},
		{"s3://bucket?secret_key=" + secret, "access_key"},
		{"s3://bucket?access_key=a", "secret_key"},
	} {
		t.Run(tc.address, func(t *testing.T) {
			_, err := s3store.Open(t.Context(), tc.address, newLog(t))
			if err == nil || !strings.Contains(err.Error(), tc.names) || strings.Contains(err.Error(), secret) {
				t.Errorf("Open() = %v, want it to name %s and no secret", err, tc.names)
			}
		})
	}
}

// newStub starts a server that has every bucket, and reports its requests.
func newStub(t testing.TB) (address string, requests <-chan *http.Request) {
	t.Helper()
	asked := make(chan *http.Request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		if r.Method == http.MethodHead && strings.Contains(r.URL.Path, "object") {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "from-env")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
	t.Setenv("AWS_REGION", "env-region")
	for _, tc := range []struct {
		query    string
		key      string // in the signature
		region   string
		checksum bool // in the header of a PutObject
	}{
		{"", "from-env", "env-region", false},
		{"&region=eu-1&access_key=mine&secret_key=x", "mine", "eu-1", false},
		{"&checksum=when_supported", "from-env", "env-region", true},
		{"&path_style=true&checksum=when_required", "from-env", "env-region", false},
	} {
		t.Run(tc.query, func(t *testing.T) {
			server, asked := newStub(t)
			s := mustOpen(t, "s3://bucket/some/folder/?endpoint="+server+tc.query)
			<-asked
			if _, err := s.Put(t.Context(), "object", strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
			<-asked
			put := <-asked
			if put.Method != http.MethodPut || put.URL.Path != "/bucket/some/folder/object" {
				t.Errorf("asked for %s %s", put.Method, put.URL.Path)
			}
			if signature := put.Header.Get("Authorization"); !strings.Contains(signature, "Credential="+tc.key+"/") ||
				!strings.Contains(signature, "/"+tc.region+"/s3/") {
				t.Errorf("signed as %s, want the key %s in %s", signature, tc.key, tc.region)
			}
			if got := put.Header.Get("X-Amz-Checksum-Crc32") != ""; got != tc.checksum {
				t.Errorf("checksum in the header: %t, want %t", got, tc.checksum)
			}
		})
	}
}

func TestOpenNeedsItsBucket(t *testing.T) {
	t.Parallel()
	address := newAddress(t)
	address.Host = "no-such-bucket"
	_, err := s3store.Open(t.Context(), address.String(), newLog(t))
	if storage.KindOf(err) != storage.Unavailable || !strings.Contains(storage.MessageOf(err), "make it first") {
		t.Errorf("Open() = %v, want that the bucket is missing", err)
	}
}

func TestNothingTellsTheSecret(t *testing.T) {
	t.Parallel()
	address := newAddress(t)
	query := address.Query()
	query.Set("secret_key", "the-wrong-secret")
	address.RawQuery = query.Encode()
	var logged strings.Builder
	_, err := s3store.Open(
		t.Context(),
		address.String(),
		slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	)
	if storage.KindOf(err) != storage.Unavailable || !strings.Contains(storage.MessageOf(err), "credentials") {
		t.Errorf("Open() = %v with a wrong secret, want that it is refused", err)
	}
	if said := fmt.Sprintf("%v %+v %s", err, err, logged.String()); strings.Contains(said, "the-wrong-secret") {
		t.Errorf("the secret is in %s", said)
	}
}

func TestSignURL(t *testing.T) {
	t.Parallel()
	address := newAddress(t)
	direct := mustOpen(t, address.String())
	if _, err := direct.Put(t.Context(), key, strings.NewReader("0123456789")); err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	for _, checksum := range []string{"when_required", "when_supported"} {
		query.Set("checksum", checksum)
		address.RawQuery = query.Encode()
		got := mustSign(t, mustOpen(t, address.String()), time.Minute)
		body, header := mustFetch(t, got.String(), "bytes=3-5")
		if body != "345" || header.Get("Content-Type") != "video/mp4" {
			t.Errorf("%s: fetched %q as %s, want 345 as video/mp4", checksum, body, header.Get("Content-Type"))
		}
	}
	query.Set("public_endpoint", "https://media.example.com/")
	address.RawQuery = query.Encode()
	public := mustOpen(t, address.String())
	for ttl, want := range map[time.Duration]string{time.Minute: "60", 365 * 24 * time.Hour: "604800"} {
		got := mustSign(t, public, ttl)
		wantPath := "/" + address.Host + address.Path + "/" + key
		if got.Scheme != "https" || got.Host != "media.example.com" || got.Path != wantPath ||
			got.Query().Get("X-Amz-Expires") != want {
			t.Errorf(
				"signed %s://%s%s for %s s, want https://media.example.com%s for %s",
				got.Scheme,
				got.Host,
				got.Path,
				got.Query().Get("X-Amz-Expires"),
				wantPath,
				want,
			)
		}
	}
	for key, ttl := range map[string]time.Duration{"Bad key": time.Minute, "key": 0} {
		if _, err := public.SignURL(t.Context(), key, ttl); storage.KindOf(err) != storage.Invalid {
			t.Errorf("SignURL(%s, %s) = %v, want the kind invalid", key, ttl, err)
		}
	}
}

func mustSign(t testing.TB, s *s3store.Store, ttl time.Duration) *url.URL {
	t.Helper()
	signed, err := s.SignURL(t.Context(), key, ttl)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mustFetch requests as a browser does: without a header that only we know.
func mustFetch(t testing.TB, address, byteRange string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", byteRange)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusPartialContent {
		t.Fatalf("%s, %v: %s", res.Status, err, body)
	}
	return string(body), res.Header
}
