package access

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"slices"
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

// maxUnlocksOfLink bounds the unlocks of one link that are read: a browser has one cookie for a
// link, but a program may send a header again and again.
const maxUnlocksOfLink = 20

// unlocksOf reads the unlocks of this link among those that the actor shows. Those of other links
// are not even checked, so that it does not matter how many links a browser has unlocked.
func (c *Core) unlocksOf(a Actor, l storage.Link) []storage.Unlock {
	var unlocks []storage.Unlock
	read := 0
	for _, text := range a.unlocks {
		if !strings.HasPrefix(text, string(l.ID)+".") {
			continue
		}
		if read++; read > maxUnlocksOfLink {
			break
		}
		if u, ok := c.ReadUnlock(text); ok && u.LinkID == l.ID {
			unlocks = append(unlocks, u)
		}
	}
	return unlocks
}

// unlocked reports whether one of the actor's unlocks fits the link and its password.
func (c *Core) unlocked(a Actor, l storage.Link) bool {
	return slices.ContainsFunc(
		c.unlocksOf(a, l),
		func(u storage.Unlock) bool { return u.Lock == l.Lock && u.Email == "" },
	)
}

// proved returns the addresses, folded, that the actor has proved: by an unlock of this link, or by
// the account.
func (c *Core) proved(a Actor, l storage.Link) []string {
	var emails []string
	if a.SignedIn() && a.Verified {
		emails = append(emails, storage.FoldEmail(a.Email))
	}
	for _, u := range c.unlocksOf(a, l) {
		if u.Email != "" {
			emails = append(emails, u.Email)
		}
	}
	return emails
}
