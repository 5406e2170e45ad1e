package server_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

// greedyNginx caches all it may. A response without cache headers stays ten minutes, under the
// address alone.
const greedyNginx = `%s
daemon off;
worker_processes 1;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log;
events {}
http {
    access_log off;
    client_body_temp_path %[2]s/body;
    proxy_temp_path %[2]s/proxy;
    fastcgi_temp_path %[2]s/fastcgi;
    uwsgi_temp_path %[2]s/uwsgi;
    scgi_temp_path %[2]s/scgi;
    proxy_cache_path %[2]s/cache keys_zone=kept:1m;
    server {
        listen %[3]s;
        location / {
            proxy_pass %[4]s;
            proxy_set_header Host $http_host;
            proxy_cache kept;
            proxy_cache_key $request_uri;
            proxy_cache_valid any 10m;
            add_header X-Kept $upstream_cache_status always;
        }
    }
}
`

// behindNginx puts a caching nginx in front of the server, and returns its address.
func (w *fixture) behindNginx() string {
	w.t.Helper()
	program := "nginx"
	if found, err := exec.LookPath(program); err == nil {
		program = found
	} else {
		program = "/usr/sbin/nginx" // where Debian has it, off the PATH of people
	}
	dir := w.t.TempDir()
	l := must(net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))(w.t)
	defer l.Close()
	socket := must(l.File())(w.t)
	defer socket.Close()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, greedyNginx, user, dir, l.Addr(), w.url), 0o600); err != nil {
		w.t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(w.t.Context(), program, "-p", dir, "-c", config, "-e", filepath.Join(dir, "error.log"))
	// a SIGTERM ends its worker, too
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &said, &said, []*os.File{socket}
	// nginx takes over the open socket, as in an upgrade: no race for an address, and no wait
	cmd.Env = append(os.Environ(), "NGINX=3;")
	if err := cmd.Start(); err != nil {
		w.t.Fatalf("nginx (make install-test installs it): %v", err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Wait() // the test's end stops it
		if w.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			w.t.Logf("nginx: %s%s", said.String(), log)
		}
	})
	return "http://" + l.Addr().String()
}

// TestACacheInBetweenMixesNobodyUp: behind a proxy that caches all it may, everybody gets the same
// as without it.
func TestACacheInBetweenMixesNobodyUp(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LogInsPerMinute, c.LinkPasswordsPerMinute = 10_000, 10_000
	})
	const evePassword = "another long password"
	_, _, err := w.SignIn.AddUser(
		t.Context(),
		signin.Account{
			Email:    "eve@example.org",
			Name:     "Eve-of-the-marker",
			Role:     storage.RoleMember,
			Password: evePassword,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	// long names: a three-letter name also occurs in one of a thousand grants
	w.want(w.do("PATCH", "/api/v1/me", object{"name": "Ada-of-the-marker"}, w.asOwner()), 200)
	own := map[string]uploaded{"ada": w.newReadyVideo()}
	w.want(w.do("PATCH", "/api/v1/videos/"+own["ada"].video, object{"title": "Title-of-adas-marker"}, w.asOwner()), 200)
	key := w.key
	w.key = w.newKey("eve@example.org", storage.AllScopes...)
	own["eve"] = w.newReadyVideo()
	w.want(w.do("PATCH", "/api/v1/videos/"+own["eve"].video, object{"title": "Title-of-eves-marker"}, w.asOwner()), 200)
	w.key = key
	open := w.newReadyVideo()
	w.rules(own["ada"], object{"audience": "members"})

	proxy := w.behindNginx()
	through := func(email, password string) []string {
		r := w.want(w.do("POST", proxy+"/api/v1/session", object{"email": email, "password": password}), 200)
		return []string{cookieOf(t, r)}
	}
	who := map[string][]string{
		"ada":   through(servertest.OwnerEmail, servertest.OwnerPassword),
		"eve":   through("eve@example.org", evePassword),
		"guest": nil,
	}
	markers := []string{
		"Ada-of-the-marker",
		"Eve-of-the-marker",
		"Title-of-adas-marker",
		"Title-of-eves-marker",
		servertest.OwnerEmail,
		"eve@example.org",
		movieBytes,
		imageBytes,
	}
	for _, cookies := range who {
		for _, cookie := range cookies {
			_, secret, _ := strings.Cut(cookie, "=")
			markers = append(markers, secret)
		}
	}
	hits := 0
	for round := range 3 {
		for _, path := range w.cachedPaths(own, open) {
			names := []string{"ada", "guest", "eve"}
			names = append(names[round:], names[:round]...)
			for _, name := range names {
				direct := w.do(
					"GET",
					path,
					nil,
					append(
						[]string{"Host: " + strings.TrimPrefix(proxy, "http://"), "Accept-Encoding: identity"},
						who[name]...)...)
				kept := w.do("GET", proxy+path, nil, append([]string{"Accept-Encoding: identity"}, who[name]...)...)
				if kept.status != direct.status || kept.header.Get("Set-Cookie") != "" {
					t.Errorf(
						"%s, %s: %d through the cache, %d without; sets %q",
						path,
						name,
						kept.status,
						direct.status,
						kept.header.Get("Set-Cookie"),
					)
				}
				if got, want := held(kept, markers), held(direct, markers); !slices.Equal(got, want) {
					t.Errorf("%s, %s: gets %q through the cache, %q without", path, name, got, want)
				}
				if kept.header.Get("X-Kept") == "HIT" {
					hits++
					if !strings.HasPrefix(path, "/assets/") && path != "/api/v1/openapi.json" &&
						!strings.HasSuffix(path, "z") {
						t.Errorf("%s, %s: was kept by the cache", path, name)
					}
				}
			}
		}
	}
	if hits == 0 {
		t.Error("the cache kept nothing, so it proves nothing")
	}
}

// cachedPaths are the addresses of everything that somebody may request, also what only one person
// may see.
func (w *fixture) cachedPaths(own map[string]uploaded, open uploaded) []string {
	w.t.Helper()
	media, poster := w.mediaOf(open)
	paths := []string{
		"/",
		"/record",
		"/login",
		"/signup",
		"/nothing",
		"/api/v1/session",
		"/api/v1/videos",
		"/api/v1/comments/held",
		"/api/v1/nothing",
		"/api/v1/openapi.json",
		"/assets/watch-1.js",
		"/assets/none.js",
		"/healthz",
		media,
		poster,
	}
	for _, u := range []uploaded{own["ada"], own["eve"], open} {
		for _, rest := range []string{"", "/shares", "/poster", "/preview", "/original"} {
			paths = append(paths, "/api/v1/videos/"+u.video+rest)
		}
		for _, rest := range []string{"", "/poster.jpg", "/video.mp4", "/download"} {
			paths = append(paths, "/v/"+u.link+rest)
		}
		paths = append(
			paths,
			"/embed/"+u.link,
			"/api/v1/shares/"+u.link,
			"/api/v1/shares/"+u.link+"/comments",
			"/oembed?url="+w.url+"/v/"+u.link,
		)
	}
	return paths
}

// held are the markers found in a response.
func held(r reply, markers []string) []string {
	var found []string
	for _, m := range markers {
		if strings.Contains(string(r.body), m) || strings.Contains(fmt.Sprint(r.header), m) {
			found = append(found, m)
		}
	}
	return found
}
