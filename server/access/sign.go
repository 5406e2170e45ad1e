package access

import (
	"crypto/hmac"
	"crypto/sha256"
)

// Sign is the HMAC-SHA256 (RFC 2104) of text by the site's secret key, 32 bytes. purpose keeps what
// was signed for one use from being taken for another.
func (c *Core) Sign(purpose, text string) []byte {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte(purpose + text))
	return mac.Sum(nil)
}
