package access

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Sign returns the HMAC-SHA256 (RFC 2104) of text by the site's secret key, 32 bytes. purpose
// separates the uses, so that a text signed for one is not accepted for another.
func (c *Core) Sign(purpose, text string) []byte {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte(purpose + text))
	return mac.Sum(nil)
}
