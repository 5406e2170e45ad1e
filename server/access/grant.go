package access

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"meanwhile/storage"
)

// Grants: how long one lives, how long an old one may work after a rule changed, and the step of
// its end. The end is always a full hour. So a page that is opened twice uses the same addresses,
// and a browser's own cache helps.
const (
	grantFor   = 12 * time.Hour
	grantCheck = 5 * time.Second
	grantStep  = time.Hour
)

// GrantFor makes the part of an address that opens a link's media: link, epoch and expiry under an
// HMAC.
func (c *Core) GrantFor(s storage.Link) (string, time.Time) {
	ends := c.Now().Add(grantFor).Truncate(grantStep).Add(grantStep)
	if s.ExpiresAt != nil && s.ExpiresAt.Before(ends) {
		ends = *s.ExpiresAt
	}
	body := fmt.Sprintf("%s.%d.%d", s.ID, s.Epoch, ends.Unix())
	return body + "." + c.grantMAC(body), ends
}

func (c *Core) grantMAC(body string) string {
	return base64.RawURLEncoding.EncodeToString(c.Sign("grant/", body)[:18])
}

// MediaByGrant finds the asset that a player requests. Forbidden if the grant was good, but has
// ended or its rules have changed (fetch the link again). NotFound for anything else.
func (c *Core) MediaByGrant(ctx context.Context, grant string, generation int, name string) (storage.Asset, error) {
	link, epoch, ends, err := c.readGrant(grant)
	if err != nil {
		return storage.Asset{}, err
	}
	now := c.Now()
	if !now.Before(ends) {
		return storage.Asset{}, errGrantOver
	}
	id := grant + "/" + strconv.Itoa(generation) + "/" + name
	if a, ok := c.grants.get(id, now, grantCheck); ok {
		return a, nil
	}
	a, err := c.mediaByLink(ctx, link, epoch, generation, name)
	if err != nil {
		return storage.Asset{}, err
	}
	c.grants.put(id, a, now)
	return a, nil
}

var errGrantOver = storage.E(storage.Forbidden, "This address has ended. Load the page again to go on.", nil)

func (c *Core) readGrant(grant string) (storage.LinkID, int64, time.Time, error) {
	i := strings.LastIndexByte(grant, '.')
	if i < 0 || !hmac.Equal([]byte(grant[i+1:]), []byte(c.grantMAC(grant[:i]))) {
		return "", 0, time.Time{}, storage.NoMedia(nil)
	}
	fields := strings.Split(grant[:i], ".")
	if len(fields) != 3 {
		return "", 0, time.Time{}, storage.NoMedia(nil)
	}
	epoch, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return "", 0, time.Time{}, storage.NoMedia(err)
	}
	unix, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return "", 0, time.Time{}, storage.NoMedia(err)
	}
	return storage.LinkID(fields[0]), epoch, time.Unix(unix, 0), nil
}

// ByGrant finds the video that a grant opens. It checks every rule. It fails like MediaByGrant.
func (c *Core) ByGrant(ctx context.Context, grant string) (storage.Video, error) {
	id, epoch, ends, err := c.readGrant(grant)
	if err != nil {
		return storage.Video{}, err
	}
	if !c.Now().Before(ends) {
		return storage.Video{}, errGrantOver
	}
	return c.videoByEpoch(ctx, id, epoch)
}

func (c *Core) videoByEpoch(ctx context.Context, id storage.LinkID, epoch int64) (storage.Video, error) {
	link, err := c.Store.LinkByID(ctx, id)
	if err != nil {
		return storage.Video{}, fmt.Errorf("find link: %w", err)
	}
	if link.Epoch != epoch || !link.Open(c.Now()) {
		return storage.Video{}, errGrantOver
	}
	v, err := c.Store.VideoByID(ctx, link.VideoID)
	if err != nil {
		return storage.Video{}, fmt.Errorf("find video: %w", err)
	}
	if v.TrashedAt != nil {
		return storage.Video{}, errGrantOver
	}
	return v, nil
}

func (c *Core) mediaByLink(
	ctx context.Context,
	id storage.LinkID,
	epoch int64,
	generation int,
	name string,
) (storage.Asset, error) {
	v, err := c.videoByEpoch(ctx, id, epoch)
	if err != nil {
		return storage.Asset{}, err
	}
	a, err := c.Store.AssetByName(ctx, v.ID, generation, name)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Asset{}, storage.NoMedia(err)
	}
	if err != nil {
		return storage.Asset{}, fmt.Errorf("find asset: %w", err)
	}
	// A player that began with an earlier generation may finish with it. A generation that is not
	// published yet shows only its poster.
	if a.Kind == storage.AssetSpeech || a.Kind != storage.AssetPoster && a.Generation > v.Published {
		return storage.Asset{}, storage.NoMedia(nil)
	}
	return a, nil
}
