package access

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"meanwhile/storage"
)

// PassFor is how long a pass opens its link, unless who may come in changes before.
const PassFor = 30 * 24 * time.Hour

// PassOf makes a pass that a browser keeps: the share, its lock, an end and the address under an
// HMAC. There is no row of it.
func (c *Core) PassOf(p storage.Pass) string {
	email := base64.RawURLEncoding.EncodeToString([]byte(p.Email))
	body := fmt.Sprintf("%s.%d.%d.%s", p.ShareID, p.Lock, c.Now().Add(PassFor).Unix(), email)
	return body + "." + c.passMAC(body)
}

func (c *Core) passMAC(body string) string {
	return base64.RawURLEncoding.EncodeToString(c.Sign("pass/", body))
}

// ReadPass reads what CheckPassword and UseMail gave; false for anything else, and for
// one that is over.
func (c *Core) ReadPass(text string) (storage.Pass, bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 || !hmac.Equal([]byte(text[i+1:]), []byte(c.passMAC(text[:i]))) {
		return storage.Pass{}, false
	}
	fields := strings.Split(text[:i], ".")
	if len(fields) != 4 {
		return storage.Pass{}, false
	}
	lock, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return storage.Pass{}, false
	}
	ends, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || c.Now().Unix() >= ends {
		return storage.Pass{}, false
	}
	email, err := base64.RawURLEncoding.DecodeString(fields[3])
	if err != nil {
		return storage.Pass{}, false
	}
	return storage.Pass{ShareID: storage.ShareID(fields[0]), Lock: lock, Email: string(email)}, true
}
