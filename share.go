package meanwhile

import (
	"slices"

	"meanwhile/storage"
)

// passes reports whether one of the actor's passes opens the share by its password.
func (a Actor) passes(s storage.Share) bool {
	return slices.ContainsFunc(
		a.Passes,
		func(p storage.Pass) bool { return p.ShareID == s.ID && p.Lock == s.Lock && p.Email == "" },
	)
}

// proved are the addresses, folded, that the actor has shown to have: by a pass of this share, or
// by the account.
func (a Actor) proved(s storage.Share) []string {
	var emails []string
	if a.SignedIn() && a.Verified {
		emails = append(emails, storage.FoldEmail(a.Email))
	}
	for _, p := range a.Passes {
		if p.ShareID == s.ID && p.Email != "" {
			emails = append(emails, p.Email)
		}
	}
	return emails
}
