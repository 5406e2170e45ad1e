//go:build bench

package main_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"meanwhile/storage"
)

// subject is a running program with an account, and a direct connection to its database: queries
// there cost the program nothing.
type subject struct {
	*program
	key string
	db  *sql.DB
}

// newSubject starts a program on SQLite, or on the PostgreSQL at database.
func newSubject(t testing.TB, database string, env ...string) *subject {
	t.Helper()
	if database != "" {
		env = append(env, "MEANWHILE_DATABASE_URL="+database)
	}
	s := &subject{program: newProgram(t, env...)}
	s.key = s.owner()
	s.start()
	driver, address := "pgx", database
	if database == "" {
		driver, address = "sqlite", "file:"+filepath.Join(
			s.data,
			"meanwhile.db",
		)+"?_txlock=immediate&_time_format=sqlite"+
			"&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	}
	var err error
	if s.db, err = sql.Open(driver, address); err != nil {
		t.Fatal(err)
	}
	if database == "" {
		s.db.SetMaxOpenConns(1)
	}
	t.Cleanup(func() { s.db.Close() })
	return s
}

// begun is an upload with its link.
type begun struct {
	location, id, token string
	size                int64
}

// begin creates the upload of a file, and its link.
func (s *subject) begin(file string) (begun, error) {
	info, err := os.Stat(file)
	if err != nil {
		return begun{}, err
	}
	header, err := s.tus(http.MethodPost, s.base+"/api/v1/files/", nil, 0, map[string]string{
		"Upload-Length":   fmt.Sprint(info.Size()),
		"Upload-Metadata": "filename " + base64.StdEncoding.EncodeToString([]byte(filepath.Base(file))),
	})
	location := header.Get("Location")
	if strings.HasPrefix(location, "/") {
		location = s.base + location
	}
	return begun{
		location: location,
		id:       header.Get("Meanwhile-Video-Id"),
		token:    path.Base(header.Get("Meanwhile-Watch-Url")),
		size:     info.Size(),
	}, err
}

// send sends a piece of the file.
func (s *subject) send(up begun, file string, from, to int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = s.tus(http.MethodPatch, up.location, io.NewSectionReader(f, from, to-from), to-from, map[string]string{
		"Upload-Offset": fmt.Sprint(from), "Content-Type": "application/offset+octet-stream",
	})
	return err
}

func (s *subject) tus(
	method, address string,
	body io.Reader,
	length int64,
	header map[string]string,
) (http.Header, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = length
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		said, _ := io.ReadAll(res.Body)
		return nil, fmt.Errorf("%s: %s %s", method, res.Status, said)
	}
	return res.Header, nil
}

// upload sends a whole file.
func (s *subject) upload(file string) (begun, error) {
	up, err := s.begin(file)
	if err != nil {
		return up, err
	}
	return up, s.send(up, file, 0, up.size)
}

// sealing sends all but the last byte, calls before, and seals the upload with the last byte.
func (s *subject) sealing(file string, before func()) begun {
	s.t.Helper()
	up, err := s.begin(file)
	if err == nil {
		err = s.send(up, file, 0, up.size-1)
	}
	before()
	if err == nil {
		err = s.send(up, file, up.size-1, up.size)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return up
}

// process uploads a file and returns the CPU time from its seal until no work is left.
func (s *subject) process(file string) (up begun, cpu, own time.Duration) {
	s.t.Helper()
	var before, ownBefore time.Duration
	up = s.sealing(file, func() {
		before = spent(s.t, s.cmd.Process.Pid)
		ownBefore, _ = statOf(s.t, s.cmd.Process.Pid)
	})
	s.waitDone(up.id, 30*time.Minute)
	own, _ = statOf(s.t, s.cmd.Process.Pid)
	return up, spent(s.t, s.cmd.Process.Pid) - before, own - ownBefore
}

// waitDone waits until every stage of a video has ended, all of them well.
func (s *subject) waitDone(id string, limit time.Duration) {
	s.t.Helper()
	s.until(limit, "the video to be done", func() bool {
		var state string
		var left, failed int
		s.row(
			`SELECT v.state, (SELECT COUNT(*) FROM stages s WHERE s.video_id = v.id AND s.state IN ('due', 'running')),
			(SELECT COUNT(*) FROM stages s WHERE s.video_id = v.id AND s.state = 'failed') FROM videos v
			WHERE v.id = $1`,
			[]any{id},
			&state,
			&left,
			&failed,
		)
		if state == "failed" || failed > 0 {
			s.t.Fatalf("video %s: %d stages failed", state, failed)
		}
		return state == "ready" && left == 0
	})
}

// playableAfter waits for the copy and returns the time from the seal to it, by the database.
func (s *subject) playableAfter(id string) time.Duration {
	s.t.Helper()
	var after int64
	s.until(5*time.Minute, "the copy", func() bool {
		return s.row(
			`SELECT MIN(a.created_ms) - MIN(u.sealed_ms) FROM assets a JOIN uploads u ON u.video_id = a.video_id
			WHERE a.video_id = $1 AND a.kind = 'copy' HAVING COUNT(*) > 0`,
			[]any{id},
			&after,
		)
	})
	return time.Duration(after) * time.Millisecond
}

// probe returns the program's probe of a video's source, with its loudness.
func (s *subject) probe(id string) (p storage.Probe) {
	s.t.Helper()
	var text string
	s.row(`SELECT probe FROM probes WHERE video_id = $1 ORDER BY generation DESC LIMIT 1`, []any{id}, &text)
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// row reads one row; false if there is none.
func (s *subject) row(text string, args []any, into ...any) bool {
	s.t.Helper()
	err := s.db.QueryRowContext(s.t.Context(), text, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false
	}
	if err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return true
}

// ready uploads a file and waits until all is done.
func (s *subject) ready(file string) begun {
	s.t.Helper()
	up, err := s.upload(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.waitDone(up.id, 30*time.Minute)
	return up
}

// mediaURL returns the address of the file that a player begins with.
func (s *subject) mediaURL(token string) string {
	s.t.Helper()
	var link struct {
		Playback struct {
			Tracks []struct{ Sources []struct{ URL string } }
		}
	}
	if status := s.get("", "/api/v1/shares/"+token, &link); status != http.StatusOK {
		s.t.Fatalf("share: %d", status)
	}
	if len(link.Playback.Tracks) == 0 || len(link.Playback.Tracks[0].Sources) == 0 {
		s.t.Fatal("nothing plays")
	}
	address := link.Playback.Tracks[0].Sources[0].URL
	if strings.HasPrefix(address, "/") {
		address = s.base + address
	}
	return address
}

// download writes the bytes at an address to a file, without decompressing them.
func download(t testing.TB, address, to string, header http.Header) http.Header {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, res.Body)
	if err := errors.Join(err, f.Close()); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s %v", address, res.Status, err)
	}
	return res.Header
}
