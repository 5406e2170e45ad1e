package meanwhile_test

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

// room is one row of the import law: which packages it covers, which outside packages it may name,
// and which of our own it may reach.
type room struct {
	path string // import path; a trailing /… covers what is below
	// prefixes of outside packages that may be imported directly; nil = none, {"*"} = any
	outside []string
	own     []string // our own packages that may be reached, also transitively
	std     []string // standard packages that may not be imported directly
}

var law = []room{
	{path: "meanwhile", std: []string{"net/http", "database/sql", "os/exec"}},
	{
		path: "meanwhile/server",
		own:  []string{"meanwhile"},
		std:  []string{"database/sql", "os/exec"},
		outside: []string{
			"github.com/gin-gonic/gin",
			"github.com/danielgtaylor/huma",
			"github.com/go-webauthn/webauthn",
			"github.com/coreos/go-oidc",
			"golang.org/x/",
		},
	},
	{
		path:    "meanwhile/worker",
		own:     []string{"meanwhile", "meanwhile/worker/ffmpeg", "meanwhile/worker/queue"},
		outside: []string{"golang.org/x/sync"},
		std:     []string{"net/http", "os/exec", "database/sql"},
	},
	{
		path:    "meanwhile/worker/queue",
		own:     []string{"meanwhile"},
		outside: []string{"github.com/hibiken/asynq"},
		std:     []string{"os/exec", "database/sql", "net/http"},
	},
	{
		path: "meanwhile/worker/ffmpeg",
		own:  []string{"meanwhile"},
		std:  []string{"database/sql", "net/http"},
		outside: []string{
			"github.com/u2takey/ffmpeg-go",
			"github.com/landlock-lsm/go-landlock",
			"github.com/gabriel-vasile/mimetype",
			"golang.org/x/sys",
		},
	},
	{
		path: "meanwhile/storage/sqlstore",
		own:  []string{"meanwhile"},
		std:  []string{"net/http", "os/exec"},
		outside: []string{
			"modernc.org/sqlite",
			"github.com/jackc/pgx",
			"github.com/pressly/goose",
			"golang.org/x/text",
		},
	},
	{
		path:    "meanwhile/storage/fsstore",
		own:     []string{"meanwhile"},
		std:     []string{"net/http", "os/exec", "database/sql"},
		outside: []string{"golang.org/x/sys"},
	},
	{path: "meanwhile/storage/s3store", own: []string{"meanwhile"}, std: []string{"os/exec", "database/sql"},
		outside: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "golang.org/x/sync"}},
	{
		path: "meanwhile/storage/redisbus",
		own:  []string{"meanwhile"},
		std:  []string{"net/http", "os/exec", "database/sql"},
		outside: []string{
			"github.com/redis/go-redis",
			"github.com/alicebob/miniredis",
			"github.com/go-redis/redis_rate",
		},
	},
	{
		path:    "meanwhile/storage/storagetest",
		own:     []string{"meanwhile"},
		outside: []string{"github.com/google/go-cmp"},
		std:     []string{"os/exec", "database/sql"},
	},
	{
		path: "meanwhile/storage/sqlstore/sqlstoretest",
		own:  []string{"meanwhile", "meanwhile/storage/sqlstore"},
		std:  []string{"net/http", "os/exec", "database/sql"},
	},
	{
		path: "meanwhile/worker/ffmpeg/ffmpegtest",
		std:  []string{"net/http", "database/sql"},
	},
	{path: "meanwhile/web"},
	{path: "meanwhile/cmd/meanwhile", own: []string{"*"}, outside: []string{"*"}, std: []string{"database/sql"}},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportLaw(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		i := slices.IndexFunc(law, func(r room) bool { return r.path == p.ImportPath })
		if i < 0 {
			t.Errorf(
				"%s has no row in the import law: give it one, or put the code into a room that has one",
				p.ImportPath,
			)
			continue
		}
		r := law[i]
		for _, imp := range p.Imports {
			if isOwn(imp) || imp == "C" {
				continue
			}
			if isStandard(imp) {
				if slices.Contains(r.std, imp) {
					t.Errorf("%s imports %s, which belongs to another room", p.ImportPath, imp)
				}
				continue
			}
			if !allowed(r.outside, imp) {
				t.Errorf("%s imports %s: that package has another owner, or none yet", p.ImportPath, imp)
			}
		}
		for _, dep := range p.Deps {
			if isOwn(dep) && !slices.Contains(r.own, dep) && !slices.Contains(r.own, "*") {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
			if p.ImportPath == module && !isStandard(dep) {
				t.Errorf("the root package reaches %s: it may use nothing but the standard library", dep)
			}
		}
	}
}

func TestNobodyImportsCmd(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		if slices.Contains(p.Deps, "meanwhile/cmd/meanwhile") {
			t.Errorf("%s imports the program", p.ImportPath)
		}
	}
}

func isOwn(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// isStandard goes by the toolchain's own rule: a first element without a dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !isOwn(path) && !strings.Contains(first, ".")
}

func allowed(prefixes []string, path string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return p == "*" || strings.HasPrefix(path, p) })
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
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
	if len(all) < 8 {
		t.Fatalf("go list found %d packages, want all of ours", len(all))
	}
	return all
}
