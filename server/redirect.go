package server

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"meanwhile/storage"
)

// redirected are the kinds of assets that are only bytes. Assets that name other addresses, and
// assets that scripts read, always come from here.
var redirected = []storage.AssetKind{
	storage.AssetCopy,
	storage.AssetRendition,
	storage.AssetRung,
	storage.AssetPoster,
	storage.AssetStoryboard,
	storage.AssetPreview,
}

// cacheRedirect lets a player that requests many ranges come here only once in a while. A cached
// address has at least half of its life left.
func cacheRedirect(life time.Duration) string {
	return fmt.Sprintf("private, max-age=%d", int(life.Seconds()/2))
}

// addressLife is how long a redirected media address opens its object. Zero if there are no
// redirects.
func (s *server) addressLife() time.Duration {
	if s.MediaOrigin == "" {
		return 0
	}
	return s.MediaLife
}

// redirect sends a player to the object storage, if the operator wants that. done is false if the
// bytes have to come from here: the address is signed for GET only, and not every storage can sign.
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
	// without the body that http.Redirect writes, because it contains the address
	w.WriteHeader(http.StatusFound)
	return true, nil
}
