package access

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"meanwhile/storage"
)

// tokenFor is how long one upload token works. It ends earlier with the upload's own expiry, which
// moves with every sign of life.
const tokenFor = 30 * 24 * time.Hour

// UploadToken is a write-only credential for one upload that needs no row: the upload, its end, and
// an HMAC over both.
func (c *Core) UploadToken(id storage.UploadID, now time.Time) string {
	body := fmt.Sprintf("%s.%d", id, now.Add(tokenFor).Unix())
	return "up_" + body + "." + c.tokenMAC(body)
}

func (c *Core) tokenMAC(body string) string {
	return base64.RawURLEncoding.EncodeToString(c.Sign("upload/", body))
}

// ownToken reports whether secret is an UploadToken of this upload and has not ended.
func (c *Core) ownToken(id storage.UploadID, secret string) bool {
	body, isToken := strings.CutPrefix(secret, "up_")
	i := strings.LastIndexByte(body, '.')
	if !isToken || i < 0 || !hmac.Equal([]byte(body[i+1:]), []byte(c.tokenMAC(body[:i]))) {
		return false
	}
	name, end, _ := strings.Cut(body[:i], ".")
	unix, err := strconv.ParseInt(end, 10, 64)
	return err == nil && storage.UploadID(name) == id && c.Now().Before(time.Unix(unix, 0))
}

// ByUploadToken returns the holder of one upload's own credential. Unauthenticated if it does not
// fit.
func (c *Core) ByUploadToken(ctx context.Context, id storage.UploadID, secret string) (Actor, error) {
	u, err := c.Store.UploadByID(ctx, id)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return Actor{}, fmt.Errorf("find upload: %w", err)
	}
	if err != nil ||
		subtle.ConstantTimeCompare([]byte(u.TokenHash), []byte(storage.SecretHash(secret))) != 1 &&
			!c.ownToken(id, secret) {
		return Actor{}, storage.E(storage.Unauthenticated, "This upload token is not valid. Ask for a new one.", err)
	}
	return Actor{upload: id}, nil
}
