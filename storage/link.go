package storage

import (
	"time"
)

// Link is a revocable address of a video with its own rules.
type Link struct {
	ID      LinkID
	VideoID VideoID
	Token   string // in the address: 128 random bits
	Name    string // for its maker: "client", "team"; empty for the one that came with the video
	LinkRules
	PasswordHash string // Hasher's, empty if none is set
	Epoch        int64  // raised by any change, so that earlier grants end
	Lock         int64  // raised when access rules change, so that earlier unlocks end
	CreatedAt    time.Time
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
}

// LinkRules say who may open a link and what they may do there. The zero value is the usual link:
// anyone who has it, with comments on.
type LinkRules struct {
	Audience      Audience
	Comments      CommentRule
	AllowDownload bool
}

// Audience is who may open a link.
type Audience string

// The audiences. AudienceLink is the zero value.
const (
	AudienceLink     Audience = ""         // anyone who has the link
	AudiencePassword Audience = "password" // who knows its password
	AudienceMembers  Audience = "members"  // members of the video's workspace
	AudienceNamed    Audience = "named"    // people whose mail address is listed and verified
)

// CommentRule says how people who are not members may comment through a link.
type CommentRule string

// The rules. CommentsOn is the zero value.
const (
	CommentsOn   CommentRule = ""     // at once
	CommentsOff  CommentRule = "off"  // nothing
	CommentsHeld CommentRule = "held" // seen by others once the owner approves
)

// MaxLinks bounds the links of one video, MaxLinkPeople the people named by one link.
const (
	MaxLinks      = 50
	MaxLinkPeople = 100
)

// MinLinkPasswordRunes is the shortest password of a link. It guards one video and is passed on to
// others; tries are limited.
const MinLinkPasswordRunes = 6

// Open reports whether the link is neither revoked nor expired at now.
func (s Link) Open(now time.Time) bool {
	return s.RevokedAt == nil && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt))
}

// LinkWithPeople is a link as its owner sees it.
type LinkWithPeople struct {
	Link
	People []string // the mail addresses of AudienceNamed, sorted
	Opens  int64    // how often people opened its page
}

// Unlock is what people get who gave a link's password, or proved one of its mail addresses.
type Unlock struct {
	LinkID LinkID
	Lock   int64
	Email  string // folded; empty for a password
}
