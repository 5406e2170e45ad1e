package storage

import (
	"time"
)

// Share is a revocable address of a video with rules of its own.
type Share struct {
	ID      ShareID
	VideoID VideoID
	Token   string // in the address: 128 random bits
	Name    string // for who made it: "client", "team"; empty for the one that came with the video
	ShareRules
	PasswordHash string // Hasher's, empty unless one is set
	Epoch        int64  // raised when anything changes, so that grants given before end
	Lock         int64  // raised when who may come in changes, so that passes given before end
	CreatedAt    time.Time
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
}

// ShareRules say who may come in by a link and what they may do there. The zero value is the usual
// link: anyone who has it, comments on.
type ShareRules struct {
	Audience      Audience
	Comments      CommentRule
	AllowDownload bool
}

// Audience is whom a share link lets in.
type Audience string

// The audiences. AudienceLink is the zero value.
const (
	AudienceLink     Audience = ""         // anyone who has the link
	AudiencePassword Audience = "password" // who knows its password
	AudienceMembers  Audience = "members"  // members of the video's workspace
	AudienceNamed    Audience = "named"    // people whose mail address is listed and verified
)

// CommentRule is what a link allows people to say who are no members.
type CommentRule string

// The rules. CommentsOn is the zero value.
const (
	CommentsOn   CommentRule = ""     // at once
	CommentsOff  CommentRule = "off"  // nothing
	CommentsHeld CommentRule = "held" // seen by others once the owner approves
)

// MaxShares bounds the links of one video, MaxSharePeople the people named by one link.
const (
	MaxShares      = 50
	MaxSharePeople = 100
)

// MinSharePasswordRunes is the shortest password of a link. It guards one video and is told to
// others: tries are few (reliability.md).
const MinSharePasswordRunes = 6

// Open reports whether the share lets anyone in at now.
func (s Share) Open(now time.Time) bool {
	return s.RevokedAt == nil && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt))
}

// SharedLink is a share as its owner sees it.
type SharedLink struct {
	Share
	People []string // the mail addresses of AudienceNamed, sorted
	Opens  int64    // how often people opened its page
}

// Pass is what somebody got who gave a link's password, or proved to have one of its mail
// addresses.
type Pass struct {
	ShareID ShareID
	Lock    int64
	Email   string // folded; empty for a password
}
