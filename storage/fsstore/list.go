package fsstore

import (
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"meanwhile/storage"
)

// List walks the objects whose keys begin with prefix, in key order. Invalid for a prefix that no
// key can have.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[storage.ObjectInfo, error] {
	return func(yield func(storage.ObjectInfo, error) bool) {
		if err := checkPrefix(prefix); err != nil {
			yield(storage.ObjectInfo{}, err)
			return
		}
		s.walk(ctx, path.Dir(prefix+"x"), prefix, yield)
	}
}

// checkPrefix accepts what some key can begin with.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return storage.CheckKey(prefix + "x") // a prefix may end in "/" or in the middle of a segment
}

// walk yields what is below dir, and reports whether to continue.
func (s *Store) walk(ctx context.Context, dir, prefix string, yield func(storage.ObjectInfo, error) bool) bool {
	entries, err := s.entries(ctx, dir, prefix)
	if err != nil {
		yield(storage.ObjectInfo{}, err)
		return false
	}
	for _, e := range entries {
		if below, isDir := strings.CutSuffix(e.order, "/"); isDir {
			if !s.walk(ctx, below, prefix, yield) {
				return false
			}
			continue
		}
		if !yield(e.info, nil) {
			return false
		}
	}
	return true
}

// entry is a file, or a folder with only order set. order is the key, with "/" at the end for a
// folder: among keys "a-b" sorts before "a/b", though among names "a" sorts before "a-b".
type entry struct {
	order string
	info  storage.ObjectInfo
}

// entries returns the objects and folders of dir that can match prefix, in key order.
func (s *Store) entries(ctx context.Context, dir, prefix string) ([]entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list objects: %w", err)
	}
	names, err := s.names(dir)
	if storage.KindOf(err) == storage.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, name := range names {
		key := path.Join(dir, name)
		if storage.CheckKey(key) != nil || !related(key, prefix) {
			continue // the folder for unfinished files, or a file that is not ours
		}
		info, err := s.root.Lstat(key)
		switch {
		case absent(err): // deleted meanwhile
		case err != nil:
			return nil, classify("look at object", err)
		case info.IsDir():
			entries = append(entries, entry{order: key + "/"})
		case info.Mode().IsRegular() && strings.HasPrefix(key, prefix):
			entries = append(entries, entry{order: key, info: infoOf(key, info)})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.order, b.order) })
	return entries, nil
}

// related reports whether key begins with prefix, or is a folder on the way to such keys.
func related(key, prefix string) bool {
	return strings.HasPrefix(key+"/", prefix) || strings.HasPrefix(prefix, key+"/")
}
