package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the prefix of our own packages.
const module = "meanwhile"

// room is a row of the import law. For a package, the row with the longest matching path counts.
// Test files are exempt.
type room struct {
	path    string   // below the module; "" for the module itself
	own     []string // our own packages that it may import, by prefix of whole elements
	outside []string // others' packages that it may import, by prefix
	not     []string // standard packages that it may not import
	tests   bool     // only tests may import it
}

var (
	workersOwn = []string{"storage", "worker/media", "worker/plan", "worker/source", "worker/stages"}
	// what a subject may import besides the arrows to others
	subjectsOwn = []string{"storage", "server/access", "worker/stages", "worker/source", "worker/media", "worker/plan"}

	netHTTP, sqlDriver, osExec = "net/http", "database/sql", "os/exec"
)

var law = []room{
	{path: "storage", not: []string{netHTTP, sqlDriver, osExec}},
	{path: "storage/sqlstore", own: []string{"storage"}, not: []string{netHTTP, osExec}, outside: []string{
		"modernc.org/sqlite", "github.com/jackc/pgx", "github.com/pressly/goose", "golang.org/x/text",
	}},
	{path: "storage/fsstore", own: []string{"storage"}, not: []string{netHTTP, sqlDriver, osExec}, outside: []string{
		"golang.org/x/sys",
	}},
	{path: "storage/s3store", own: []string{"storage"}, not: []string{sqlDriver, osExec}, outside: []string{
		"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "golang.org/x/sync",
	}},
	{path: "storage/redisbus", own: []string{"storage"}, not: []string{netHTTP, sqlDriver, osExec}, outside: []string{
		"github.com/redis/go-redis", "github.com/alicebob/miniredis", "github.com/go-redis/redis_rate",
	}},
	{
		path:  "storage/storagetest",
		own:   []string{"storage"},
		not:   []string{sqlDriver, osExec},
		tests: true,
		outside: []string{
			"github.com/google/go-cmp",
		},
	},
	{path: "storage/sqlstore/sqlstoretest", own: []string{"*"}, outside: []string{"*"}, tests: true},

	{path: "worker/media", own: []string{"storage"}, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "worker/plan", own: []string{"storage"}, not: []string{netHTTP, sqlDriver, osExec}},
	{
		path: "worker/source",
		own:  []string{"storage", "worker/plan", "worker/media"},
		not:  []string{netHTTP, sqlDriver, osExec},
	},
	{path: "worker/stages", own: workersOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "worker", own: []string{"storage", "worker"}, not: []string{netHTTP, sqlDriver, osExec}, outside: []string{
		"golang.org/x/sync",
	}},
	{
		path: "worker/queue",
		own:  []string{"storage", "worker"},
		not:  []string{netHTTP, sqlDriver, osExec},
		outside: []string{
			"github.com/hibiken/asynq",
		},
	},
	{path: "worker/ffmpeg", own: []string{"storage", "worker"}, not: []string{netHTTP, sqlDriver}, outside: []string{
		"github.com/u2takey/ffmpeg-go", "github.com/landlock-lsm/go-landlock", "github.com/gabriel-vasile/mimetype",
		"golang.org/x/sys",
	}},

	{path: "worker/ffmpeg/ffmpegtest", own: []string{"*"}, outside: []string{"*"}, tests: true},

	{path: "server/access", own: []string{"storage"}, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/uploads", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/watch", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/comments", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/links", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/videos", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/people", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/signin", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/archive", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{path: "server/notify", own: subjectsOwn, not: []string{netHTTP, sqlDriver, osExec}},
	{
		path: "server",
		own:  []string{"storage", "server", "worker/media"},
		not:  []string{sqlDriver, osExec},
		outside: []string{
			"github.com/gin-gonic/gin", "github.com/danielgtaylor/huma", "github.com/go-webauthn/webauthn",
			"github.com/coreos/go-oidc", "golang.org/x/",
		},
	},
	{path: "server/servertest", own: []string{"*"}, outside: []string{"*"}, tests: true},
	{path: "server/access/accesstest", own: []string{"*"}, outside: []string{"*"}, tests: true},

	{path: "web"},
	{path: "cmd/meanwhile", own: []string{"*"}, outside: []string{"*"}, not: []string{sqlDriver}},
}

// arrows are the imports between subjects. They go one way, each with its reason.
var arrows = map[[2]string]string{
	{"server/watch", "server/comments"}: "the watch page comes with the beginning of the conversation, in one answer",
	{"server/archive", "server/videos"}: "an account that ends takes its videos along, as the trash does",
	{"server/archive", "server/watch"}:  "an export holds what plays best, which the watch page knows",
	{"server/signin", "server/people"}:  "who signs up comes by an invite, or by a domain that a workspace takes",
	{"server/links", "server/notify"}:   "a link that names people mails them an access link; until outbox exists",
	{"server/people", "server/notify"}:  "an invite is mailed; until outbox exists",
	{"server/signin", "server/notify"}:  "a log-in link is mailed; until outbox exists",
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportLaw(t *testing.T) {
	t.Parallel()
	used := map[[2]string]bool{}
	for _, p := range listPackages(t) {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		r, ok := roomOf(path)
		if !ok {
			t.Errorf("%s has no row in the import law: put the code into a room that has one", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			own, isOwn := strings.CutPrefix(imp, module+"/")
			switch {
			case imp == "C":
			case imp == module:
				t.Errorf("%s imports the top of the module, where no Go file lies", path)
			case isOwn:
				arrow := [2]string{path, own}
				used[arrow] = true
				to, _ := roomOf(own)
				if to.tests && !r.tests {
					t.Errorf("%s imports %s, which is for tests", path, own)
				}
				if own == "cmd/meanwhile" {
					t.Errorf("%s imports the program", path)
				}
				if arrows[arrow] == "" && !inRooms(r.own, own) {
					t.Errorf("%s imports %s", path, own)
				}
			case isStandard(imp):
				if slices.Contains(r.not, imp) {
					t.Errorf("%s imports %s, which belongs to another room", path, imp)
				}
			case !beginsWith(r.outside, imp):
				t.Errorf("%s imports %s: that package has another owner, or none yet", path, imp)
			}
		}
	}
	for arrow, why := range arrows {
		if !used[arrow] {
			t.Errorf("nobody goes from %s to %s any more (%s): take the arrow out", arrow[0], arrow[1], why)
		}
		if arrows[[2]string{arrow[1], arrow[0]}] != "" {
			t.Errorf("%s and %s import one another", arrow[0], arrow[1])
		}
	}
}

// roomOf returns the row with the longest path that contains the package.
func roomOf(path string) (best room, ok bool) {
	for _, r := range law {
		if (path == r.path || strings.HasPrefix(path, r.path+"/")) && len(r.path) >= len(best.path) {
			best, ok = r, true
		}
	}
	return best, ok
}

// inRooms reports whether path is one of the folders, or is below worker or server if that is
// listed.
func inRooms(folders []string, path string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		deep := f == "worker" || f == "server"
		return f == "*" || path == f || deep && strings.HasPrefix(path, f+"/")
	})
}

// isStandard uses the toolchain's own rule: a first element without a dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func beginsWith(prefixes []string, path string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return p == "*" || strings.HasPrefix(path, p) })
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list found %d packages, want all of ours", len(all))
	}
	return all
}
