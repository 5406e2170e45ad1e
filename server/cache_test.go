package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile"

	"meanwhile/server"
)

// nginxConf keeps whatever it may, as long as it may, by the address alone, and whatever the server says nothing about, too.
const nginxConf = `
%[3]s
pid nginx.pid;
error_log stderr;
worker_processes 1;
events { worker_connections 64; }
http {
  access_log off;
  proxy_temp_path temp; client_body_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  proxy_cache_path cache keys_zone=all:1m inactive=1h;
  server {
    listen unix:%[1]s;
    location / {
      proxy_pass http://%[2]s;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_cache all;
      proxy_cache_key $request_uri;
      proxy_cache_valid any 1h;
      proxy_cache_lock on;
      proxy_cache_revalidate on;
      proxy_cache_use_stale error timeout updating http_500 http_503 http_403 http_404;
      add_header Cache-Status $upstream_cache_status always;
    }
  }
}
`

// newCache is nginx in front of a server: a client that goes through it.
func newCache(t testing.TB, origin string) *http.Client {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // Debian keeps it off the PATH of most accounts
	}
	if err != nil && testing.Short() {
		t.Skip("nginx is not here")
	}
	if err != nil {
		t.Fatal("nginx is not here: run make install-test")
	}
	dir := must(os.MkdirTemp("", "nginx-"))(t) // a socket's path is short
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	user, socket := "", filepath.Join(dir, "socket")
	if os.Geteuid() == 0 {
		user = "user root;" // who made the folder
	}
	conf := fmt.Sprintf(nginxConf, socket, strings.TrimPrefix(origin, "http://"), user)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &logBuffer{}
	cmd := exec.Command(path, "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;")
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it ends its workers
		<-ended
	})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	tick, limit := time.NewTicker(20*time.Millisecond), time.NewTimer(20*time.Second)
	defer tick.Stop()
	for {
		if c, err := dial(t.Context(), "", ""); err == nil {
			_ = c.Close()
			break
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("nginx does not listen: %s", said)
		case err := <-ended:
			ended <- err
			t.Fatalf("nginx ended: %v: %s", err, said)
		}
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// cacheUser is somebody behind the cache; a guest has a name only.
type cacheUser struct {
	name, cookie string
	own, shared  uploaded // the title of the first is known to nobody else
}

const front = "http://127.0.0.1"

// newCacheUser signs up through the cache, and makes two videos beside it.
func (w *world) newCacheUser(client *http.Client, name string) *cacheUser {
	w.t.Helper()
	u := &cacheUser{name: name}
	r := w.want(w.send(client, "POST", front+"/signup", formOf("email", name+"@example.org", "name", "Author "+name, "password", "a password of "+name), formType), 303)
	c := must(http.ParseSetCookie(r.header.Get("Set-Cookie")))(w.t)
	u.cookie = "Cookie: " + c.Name + "=" + c.Value
	as := *w
	as.key = w.newKey(name+"@example.org", meanwhile.AllScopes...)
	u.own, u.shared = as.newReadyVideo(), as.newReadyVideo()
	w.want(as.do("PATCH", "/api/v1/videos/"+u.own.video, object{"title": "Secret of " + name}, as.asOwner()), 200)
	w.want(as.do("PATCH", "/api/v1/videos/"+u.shared.video, object{"title": "Shared by Author " + name}, as.asOwner()), 200)
	return u
}

// addresses are all that somebody has, and that others could be given in its place.
func (w *world) addresses(u *cacheUser) (paths []string) {
	w.t.Helper()
	for _, path := range []string{"/v/%s", "/v/%s?t=1", "/embed/%s", "/v/%s/poster.jpg", "/v/%s/video.mp4", "/v/%s/download", "/api/v1/shares/%s", "/api/v1/shares/%s/comments", "/oembed?url=" + front + "/v/%s"} {
		paths = append(paths, fmt.Sprintf(path, u.shared.share))
	}
	for _, path := range []string{"/api/v1/videos/%s", "/api/v1/videos/%s/poster", "/api/v1/videos/%s/preview", "/api/v1/videos/%s/original"} {
		paths = append(paths, fmt.Sprintf(path, u.own.video))
	}
	source, poster := w.mediaOf(u.shared)
	return append(paths, source, poster, w.playbackOf(u.shared.share).Tracks[0].HLS)
}

// TestACacheInFrontMixesNobodyUp puts nginx before the server, which keeps all that it is let keep. Two people and a guest fetch everything in
// turns, and no answer holds a word of somebody else's.
func TestACacheInFrontMixesNobodyUp(t *testing.T) {
	w := newWorld(t, withUI, func(c *server.Config, _ *server.Deps, lc *meanwhile.Config) {
		lc.OpenSignUp, c.LogInsPerMinute = true, 1000
	})
	client := newCache(t, w.url)
	quince, medlar, nobody := w.newCacheUser(client, "quince"), w.newCacheUser(client, "medlar"), &cacheUser{name: "guest"}
	paths := append(w.addresses(quince), w.addresses(medlar)...)
	paths = append(paths, "/", "/record", "/login", "/login?next=/record", "/signup", "/nothing", "/v/nothing", "/api/v1/nothing", "/api/v1/session", "/api/v1/videos", "/api/v1/videos?trash=true", "/api/v1/openapi.json",
		"/healthz", "/readyz", "/assets/watch-1.js", "/assets/none.js")
	kept := 0
	for _, turn := range [][]*cacheUser{{quince, nobody, medlar}, {medlar, quince, nobody}, {nobody, medlar, quince, nobody, quince}} {
		for _, path := range paths {
			for _, method := range []string{"HEAD", "GET"} {
				for _, u := range turn {
					headers := []string{"Accept-Encoding: identity"}
					if u.cookie != "" {
						headers = append(headers, u.cookie)
					}
					r := w.send(client, method, front+path, nil, headers...)
					if r.header.Get("Cache-Status") == "HIT" {
						kept++
					}
					for _, wrong := range u.mixedUp(path, r, quince, medlar) {
						t.Errorf("%s %s as %s: %d, %s: %s", method, path, u.name, r.status, r.header.Get("Cache-Status"), wrong)
					}
					if own := path == "/" || path == "/api/v1/session"; own && method == "GET" && u.cookie != "" && !strings.Contains(string(r.body), u.name+"@example.org") {
						t.Errorf("%s as %s does not know them: %d", path, u.name, r.status)
					}
				}
			}
		}
	}
	if kept == 0 {
		t.Error("the cache kept nothing at all: it proves nothing")
	}
}

// mixedUp is what an answer to u has of others.
func (u *cacheUser) mixedUp(path string, r reply, all ...*cacheUser) (wrong []string) {
	if r.header.Get("Set-Cookie") != "" {
		wrong = append(wrong, "a cookie")
	}
	if r.header.Get("Cache-Status") == "HIT" && !strings.HasPrefix(path, "/assets/") {
		wrong = append(wrong, "kept by the cache")
	}
	text := fmt.Sprint(r.header, string(r.body))
	for _, other := range all {
		if other == u {
			continue
		}
		for _, word := range []string{other.name + "@example.org", "Secret of " + other.name, "Account of Author " + other.name} {
			if strings.Contains(text, word) {
				wrong = append(wrong, word)
			}
		}
		if strings.Contains(path, other.shared.share) && strings.Contains(text, `"owner":true`) || strings.Contains(path, other.own.video) && r.status < 400 {
			wrong = append(wrong, "what only "+other.name+" may have")
		}
	}
	return wrong
}
