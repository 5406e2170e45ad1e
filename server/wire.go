package server

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"meanwhile/storage"
)

// stamp is a time in the API: RFC 3339, UTC, milliseconds.
type stamp time.Time

// MarshalJSON writes the time.
func (t stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

// Schema describes it.
func (t stamp) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

func stampOf(t *time.Time) *stamp {
	if t == nil {
		return nil
	}
	s := stamp(*t)
	return &s
}

func msOf(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	n := d.Milliseconds()
	return &n
}

func durationOf(ms *int64) *time.Duration {
	if ms == nil {
		return nil
	}
	d := time.Duration(*ms) * time.Millisecond
	return &d
}

// cursorOf makes an opaque cursor from a key of the storage package. Empty for nil.
func cursorOf[K any](key *K) (string, error) {
	if key == nil {
		return "", nil
	}
	b, err := json.Marshal(key)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// readCursor reverses cursorOf. Invalid if the cursor is not from there.
func readCursor[K any](cursor string) (*K, error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	key := new(K)
	if err == nil {
		err = json.Unmarshal(b, key)
	}
	if err != nil {
		return nil, storage.E(
			storage.Invalid,
			"This cursor is not one of ours. Start at the first page again.",
			err,
		)
	}
	return key, nil
}
