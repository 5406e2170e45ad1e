package access

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
)

// FuzzSigned: a signed text that comes from outside is accepted only in the form that was given
// out.
func FuzzSigned(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := New(Config{Secret: bytes.Repeat([]byte{7}, 32), Now: func() time.Time { return now }})
	unlock := l.SignUnlock(storage.Unlock{LinkID: "share", Lock: 3, Email: "a@example.org"})
	grant, _ := l.GrantFor(storage.Link{ID: "share", Epoch: 3})
	token := l.UploadToken("upload", now)
	for _, good := range []string{unlock, grant, token} {
		f.Add(good)
		f.Add(good[:len(good)-1])
		f.Add(good + "A")
		f.Add(strings.Replace(good, ".", "..", 1))
		f.Add(strings.ToUpper(good))
	}
	f.Add("")
	f.Add("....")
	f.Add("up_.")
	f.Add("share.3.99999999999999999999." + l.unlockMAC("share.3.99999999999999999999"))
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := l.ReadUnlock(text); ok && text != unlock {
			t.Errorf("pass %q opens %+v", text, p)
		}
		if _, err := l.MediaByGrant(
			context.Background(),
			strings.TrimSuffix(text, "=")+"x",
			1,
			"a.mp4",
		); storage.KindOf(err) != storage.NotFound &&
			storage.KindOf(err) != storage.Forbidden {
			t.Errorf("grant %q: %v", text, err)
		}
		if l.ownToken("upload", text) && text != token {
			t.Errorf("token %q opens an upload", text)
		}
	})
}
