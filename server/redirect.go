package server

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"meanwhile/storage"
)

// redirected are the kinds that are bytes and nothing else. What names other addresses or is read
// by scripts always comes from here.
var redirected = []storage.AssetKind{
	storage.AssetCopy,
	storage.AssetRendition,
	storage.AssetRung,
	storage.AssetPoster,
	storage.AssetStoryboard,
	storage.AssetPreview,
}

// cacheRedirect lets a player that asks for many ranges come here once in a while only. An address
// that it kept has half its life before it.
func cacheRedirect(life time.Duration) string {
	return fmt.Sprintf("private, max-age=%d", int(life.Seconds()/2))
}

// addressLife is how long an address opens that a player is sent to; zero where none is sent
// anywhere.
func (s *server) addressLife() time.Duration {
	if s.MediaOrigin == "" {
		return 0
	}
	return s.MediaLife
}

// redirect sends a player to the object storage, where the operator wants it so. done is false
// where the bytes have to come from here: the address is signed for reading with GET, and not every
// storage can sign.
func (s *server) redirect(w http.ResponseWriter, r *http.Request, a storage.Asset) (done bool, err error) {
	if s.MediaOrigin == "" || r.Method != http.MethodGet || !slices.Contains(redirected, a.Kind) {
		return false, nil
	}
	address, err := s.Core.Objects.SignURL(r.Context(), a.Key, s.MediaLife)
	if err != nil && storage.KindOf(err) == storage.Invalid {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sign %s of video %s: %w", a.Name, a.VideoID, err)
	}
	h := w.Header()
	h.Set("Cache-Control", cacheRedirect(s.MediaLife))
	h.Set("Location", address)
	// without the body that http.Redirect writes: the address is in it
	w.WriteHeader(http.StatusFound)
	return true, nil
}
