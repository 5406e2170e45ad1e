package main_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const accessPath = module + "/server/access"

// doors are the functions of server/access that decide.
var doors = map[string]bool{
	"VideoFor": true, "ByLink": true, "ByFoundLink": true, "ByGrant": true, "Authorize": true,
	"May": true, "MayNow": true, "SignedInFor": true, "InPerson": true,
}

// unguarded are the exported methods that take an Actor but call no door, each with its reason.
var unguarded = map[string]string{
	"archive.LeavesAt":      "it tells somebody about their own account, and a guest nothing",
	"people.InviteBySecret": "the secret of an invite opens it, for a guest as well",
}

// Every use case of an actor must go through a door of server/access.
func TestEveryUseCaseAsksADoor(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, p := range listSubjects(t) {
		calls, methods := callsOf(t, p)
		for name, fn := range methods {
			key := filepath.Base(p.ImportPath) + "." + name
			found[key] = true
			asks := asksDoor(fn, calls, map[*types.Func]bool{})
			switch why := unguarded[key]; {
			case !asks && why == "":
				t.Errorf("%s takes an Actor and asks no door: ask one, or write down why not", key)
			case asks && why != "":
				t.Errorf("%s asks a door: take it off the list", key)
			}
		}
	}
	for key := range unguarded {
		if !found[key] {
			t.Errorf("there is no %s any more: take it off the list", key)
		}
	}
	if len(found) < 50 {
		t.Errorf("%d use cases found, want all", len(found))
	}
}

func asksDoor(fn *types.Func, calls map[*types.Func][]*types.Func, seen map[*types.Func]bool) bool {
	if seen[fn] {
		return false
	}
	seen[fn] = true
	for _, callee := range calls[fn] {
		switch path := callee.Pkg().Path(); {
		case path == accessPath:
			if doors[callee.Name()] {
				return true
			}
		case callee.Pkg() != fn.Pkg():
			// a use case of another subject, which is checked there
			if strings.HasPrefix(path, module+"/server/") && callee.Exported() && takesActor(callee) {
				return true
			}
		case asksDoor(callee, calls, seen):
			return true
		}
	}
	return false
}

func takesActor(fn *types.Func) bool {
	params := fn.Signature().Params()
	for i := range params.Len() {
		n, ok := types.Unalias(params.At(i).Type()).(*types.Named)
		if ok && n.Obj().Name() == "Actor" && n.Obj().Pkg().Path() == accessPath {
			return true
		}
	}
	return false
}

type subjectPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// exports are the compiled packages that a subject imports, by path.
var exports = map[string]string{}

func listSubjects(t *testing.T) (subjects []subjectPackage) {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./server/...",
	)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p subjectPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		exports[p.ImportPath] = p.Export
		below, ok := strings.CutPrefix(p.ImportPath, module+"/server/")
		if ok && below != "access" && below != "servertest" && !strings.Contains(below, "/") {
			subjects = append(subjects, p)
		}
	}
	return subjects
}

// callsOf returns what each function of a package calls, closures included, and its exported
// methods that take an Actor.
func callsOf(t *testing.T, p subjectPackage) (map[*types.Func][]*types.Func, map[string]*types.Func) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	if _, err := conf.Check(p.ImportPath, fset, files, info); err != nil {
		t.Fatalf("check %s: %v", p.ImportPath, err)
	}
	calls, methods := map[*types.Func][]*types.Func{}, map[string]*types.Func{}
	for _, f := range files {
		for _, d := range f.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			fn := info.Defs[fd.Name].(*types.Func)
			if fd.Recv != nil && fn.Exported() && takesActor(fn) {
				methods[fn.Name()] = fn
			}
			ast.Inspect(fd.Body, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					if callee, ok := info.Uses[id].(*types.Func); ok && callee.Pkg() != nil {
						calls[fn] = append(calls[fn], callee.Origin())
					}
				}
				return true
			})
		}
	}
	return calls, methods
}
