package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"meanwhile/storage"
)

// FuzzLayout: a layout that is accepted can be drawn.
func FuzzLayout(f *testing.F) {
	for _, seed := range []string{
		`{"bubbles":[{"at_ms":0,"x":0.1,"y":0.8,"size":0.3,"visible":true}]}`, `{"bubbles":[]}`, `{}`,
		`null`, `{"bubbles":[{"x":1e309}]}`, `{"bubbles":[{"x":-0,"y":1,"size":1}]}`,
		`{"bubbles":[{"at_ms":0,"size":0.05},{"at_ms":-9223372036854775808,"size":1},{"at_ms":9223372036854775807,"size":1}]}`,
		`{"bubbles":[{"at_ms":0,"x":"0"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l storage.Layout
		if json.Unmarshal([]byte(text), &l) != nil || l.Check() != nil {
			return
		}
		before := int64(0)
		for _, b := range l.Bubbles {
			if b.AtMS < before || b.X < 0 || b.X > 1 || b.Y < 0 || b.Y > 1 || b.Size < 0.05 || b.Size > 1 {
				t.Errorf("taken: %+v", l)
			}
			before = b.AtMS
		}
		if name := FlatName(l, 0); strings.ContainsAny(name, "/\\ \x00") || name == "" {
			t.Errorf("name %q", name)
		}
	})
}
