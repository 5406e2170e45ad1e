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

// UnlockFor is how long an unlock opens its link, unless the link's audience or password changes
// before.
const UnlockFor = 30 * 24 * time.Hour

// SignUnlock makes an unlock that a browser keeps: the link, its lock, an end and the address under
// an HMAC. The store has no row of it.
func (c *Core) SignUnlock(p storage.Unlock) string {
	email := base64.RawURLEncoding.EncodeToString([]byte(p.Email))
	body := fmt.Sprintf("%s.%d.%d.%s", p.LinkID, p.Lock, c.Now().Add(UnlockFor).Unix(), email)
	return body + "." + c.unlockMAC(body)
}

func (c *Core) unlockMAC(body string) string {
	return base64.RawURLEncoding.EncodeToString(c.Sign("pass/", body))
}

// ReadUnlock reads an unlock made by CheckPassword or UseAccessLink. False for anything else, and
// for one that has ended.
func (c *Core) ReadUnlock(text string) (storage.Unlock, bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 || !hmac.Equal([]byte(text[i+1:]), []byte(c.unlockMAC(text[:i]))) {
		return storage.Unlock{}, false
	}
	fields := strings.Split(text[:i], ".")
	if len(fields) != 4 {
		return storage.Unlock{}, false
	}
	lock, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return storage.Unlock{}, false
	}
	ends, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || c.Now().Unix() >= ends {
		return storage.Unlock{}, false
	}
	email, err := base64.RawURLEncoding.DecodeString(fields[3])
	if err != nil {
		return storage.Unlock{}, false
	}
	return storage.Unlock{LinkID: storage.LinkID(fields[0]), Lock: lock, Email: string(email)}, true
}
