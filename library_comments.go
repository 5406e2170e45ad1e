package meanwhile

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"
	"unicode/utf8"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// NewComment is what somebody wants to say.
type NewComment struct {
	At     time.Duration
	Until  *time.Duration
	Body   string
	Parent storage.CommentID
	Name   string // a guest's
}

// CommentChange is what somebody wants to change; nil leaves a thing as it is.
type CommentChange struct {
	At    *time.Duration
	Until *time.Duration
	Body  *string
}

// CommentView is a comment and what the actor may do with it.
type CommentView struct {
	storage.Comment
	// the signed-in actor wrote it; a guest's browser knows its own by their edit tokens
	Mine      bool
	Moderated bool // the actor may delete it whoever wrote it
}

// Conversation is a page of comments.
type Conversation struct {
	Items []CommentView
	Next  *storage.CommentKey // where the next page begins, nil at the end
	Seq   int64               // the change counter, read before the page
	Count int
}

// Comments is a page of the conversation under a share link: threads by position, replies behind
// their comment.
func (l *Library) Comments(
	ctx context.Context,
	a access.Actor,
	token string,
	q storage.CommentQuery,
) (Conversation, error) {
	a, v, _, err := l.Core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return Conversation{}, err
	}
	seq, count, err := l.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return Conversation{}, fmt.Errorf("read conversation: %w", err)
	}
	c, err := l.talk(ctx, a, v, q)
	c.Seq, c.Count = seq, count
	return c, err
}

// talk is a page of the conversation but for its counters, which have to be read before it.
func (l *Library) talk(
	ctx context.Context,
	a access.Actor,
	v storage.Video,
	q storage.CommentQuery,
) (Conversation, error) {
	limit := access.PageSize(q.Limit, 100)
	q.VideoID, q.Limit, q.Held = v.ID, limit+1, l.Core.Authorize(a, v, nil, access.ToModerate) == nil
	rows, err := l.Store.ListComments(ctx, q)
	if err != nil {
		return Conversation{}, fmt.Errorf("list comments: %w", err)
	}
	var c Conversation
	if len(rows) > limit {
		key := rows[limit-1].Key()
		c.Next, rows = &key, rows[:limit]
	}
	c.Items = l.viewComments(a, v, rows)
	return c, nil
}

// CommentsSince is what was made, edited or deleted after seq, oldest change first; deleted ones
// have DeletedAt and no text. When it comes full (MaxPage), ask again from the last one's Seq.
func (l *Library) CommentsSince(ctx context.Context, a access.Actor, token string, seq int64) (Conversation, error) {
	a, v, _, err := l.Core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return Conversation{}, err
	}
	c := Conversation{}
	if c.Seq, c.Count, err = l.Store.CommentSeq(ctx, v.ID); err != nil {
		return Conversation{}, fmt.Errorf("read conversation: %w", err)
	}
	rows, err := l.Store.CommentsSince(ctx, v.ID, seq, access.MaxPage)
	if err != nil {
		return Conversation{}, fmt.Errorf("list changes: %w", err)
	}
	if len(rows) == access.MaxPage {
		c.Seq = rows[access.MaxPage-1].Seq
	}
	c.Items = l.viewComments(a, v, rows)
	return c, nil
}

func (l *Library) viewComments(a access.Actor, v storage.Video, rows []storage.Comment) []CommentView {
	views := make([]CommentView, 0, len(rows))
	moderator := l.Core.Authorize(a, v, nil, access.ToModerate) == nil
	for _, c := range rows {
		mine := a.SignedIn() && c.AuthorID == a.UserID
		// who wrote one that waited has to hear that it went
		if c.HeldAt == nil || c.DeletedAt != nil || mine || moderator {
			views = append(views, CommentView{Comment: c, Mine: mine, Moderated: moderator})
		}
	}
	return views
}

// viewOwn is a comment for who has just written it.
func (l *Library) viewOwn(a access.Actor, v storage.Video, c storage.Comment) CommentView {
	return CommentView{
		Comment:   c,
		Mine:      a.SignedIn() && c.AuthorID == a.UserID,
		Moderated: l.Core.Authorize(a, v, nil, access.ToModerate) == nil,
	}
}

// AddComment says something under a share link, signed in or with a name. A guest gets the secret
// that edits and deletes it later.
func (l *Library) AddComment(
	ctx context.Context,
	a access.Actor,
	token string,
	n NewComment,
) (CommentView, string, error) {
	a, v, share, err := l.Core.ByLink(ctx, a, token, access.ToComment)
	if err != nil {
		return CommentView{}, "", err
	}
	guestKey, held, err := l.mayTalk(ctx, a, v, share.Share)
	if err != nil {
		return CommentView{}, "", err
	}
	now := l.Now().Truncate(time.Millisecond)
	c := storage.Comment{
		ID:         storage.CommentID(storage.NewOrderedID(now)),
		VideoID:    v.ID,
		AuthorID:   a.UserID,
		AuthorName: a.Name,
		CreatedAt:  now,
		GuestKey:   guestKey,
	}
	if held {
		c.HeldAt = &now
	}
	if c.Body, err = commentBody(n.Body); err != nil {
		return CommentView{}, "", err
	}
	if c.At, c.Until, err = commentPlace(v, n.At, n.Until); err != nil {
		return CommentView{}, "", err
	}
	c.ThreadAt = c.At
	if err := l.joinThread(ctx, &c, n.Parent); err != nil {
		return CommentView{}, "", err
	}
	var secret string
	if !a.SignedIn() {
		if c.AuthorName = storage.CleanLine(n.Name, storage.MaxNameRunes); c.AuthorName == "" {
			return CommentView{}, "", storage.E(
				storage.Invalid,
				"Give a name, so that people know who is talking.",
				nil,
			)
		}
		secret = storage.NewSecret()
		c.EditHash = storage.SecretHash(secret)
	}
	if c, err = l.Store.CreateComment(ctx, c); err != nil {
		return CommentView{}, "", fmt.Errorf("create comment: %w", err)
	}
	l.Core.Announce(ctx, v, storage.EventComment)
	return l.viewOwn(a, v, c), secret, nil
}

func commentBody(body string) (string, error) {
	if utf8.RuneCountInString(body) > storage.MaxCommentRunes {
		return "", storage.E(
			storage.Invalid,
			fmt.Sprintf(
				"A comment can have at most %d characters. Yours is kept in the field.",
				storage.MaxCommentRunes,
			),
			nil,
		)
	}
	body = storage.CleanText(body)
	if body == "" {
		return "", storage.E(storage.Invalid, "Write something first.", nil)
	}
	return body, nil
}

// commentPlace keeps a position inside the video, as far as its length is known.
func commentPlace(v storage.Video, at time.Duration, until *time.Duration) (time.Duration, *time.Duration, error) {
	if at < 0 || (until != nil && *until < at) {
		return 0, nil, storage.E(
			storage.Invalid,
			"A position cannot be before the start, nor end before it begins.",
			nil,
		)
	}
	if v.Duration > 0 && at > v.Duration {
		at = v.Duration
	}
	if v.Duration > 0 && until != nil && *until > v.Duration {
		end := v.Duration
		until = &end
	}
	return at, until, nil
}

func (l *Library) joinThread(ctx context.Context, c *storage.Comment, parent storage.CommentID) error {
	if parent == "" {
		return nil
	}
	p, err := l.Store.CommentByID(ctx, parent)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find comment: %w", err)
	}
	if err != nil || p.VideoID != c.VideoID {
		return storage.E(
			storage.NotFound,
			"The comment that you answer is not there any more. Your text is kept in the field.",
			err,
		)
	}
	c.Parent = p.Thread() // an answer to a reply joins the same thread: there is one level
	c.ThreadAt = p.ThreadAt
	return nil
}

// EditComment changes one's own comment: by account, or by the secret that AddComment gave.
// NotFound for anyone else's.
func (l *Library) EditComment(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	secret string,
	change CommentChange,
) (CommentView, error) {
	a, v, share, c, err := l.commentFor(ctx, a, token, id, access.ToComment)
	if err != nil {
		return CommentView{}, err
	}
	if !wrote(a, c, secret) {
		return CommentView{}, storage.E(storage.Forbidden, "Only who wrote a comment can edit it.", nil)
	}
	_, held, err := l.mayTalk(ctx, a, v, share.Share)
	if err != nil {
		return CommentView{}, err
	}
	if change.Body != nil {
		if c.Body, err = commentBody(*change.Body); err != nil {
			return CommentView{}, err
		}
	}
	at, until := c.At, c.Until
	if change.At != nil {
		at, until = *change.At, nil // a moved comment keeps no old end
	}
	if change.Until != nil {
		until = change.Until
	}
	if c.At, c.Until, err = commentPlace(v, at, until); err != nil {
		return CommentView{}, err
	}
	if c.Parent == "" {
		c.ThreadAt = c.At
	}
	now := l.Now()
	c.EditedAt = &now
	if held {
		c.HeldAt = &now // what was approved is not what stands there now
	}
	if c, err = l.Store.UpdateComment(ctx, c); err != nil {
		return CommentView{}, fmt.Errorf("edit comment: %w", err)
	}
	l.Core.Announce(ctx, v, storage.EventComment)
	return l.viewOwn(a, v, c), nil
}

// DeleteComment removes one's own comment, or any for the video's owner. Its replies go with it.
func (l *Library) DeleteComment(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	secret string,
) error {
	a, v, _, c, err := l.commentFor(ctx, a, token, id, access.ToComment)
	if err != nil {
		return err
	}
	if !wrote(a, c, secret) && l.Core.Authorize(a, v, nil, access.ToModerate) != nil {
		return storage.E(storage.Forbidden, "Only who wrote a comment, or the video's owner, can delete it.", nil)
	}
	if _, err := l.Store.DeleteComment(ctx, id, l.Now()); err != nil {
		return fmt.Errorf("delete comment: %w", err)
	}
	l.Core.Announce(ctx, v, storage.EventComment)
	return nil
}

// Comment is one comment under a share link. One that waits for approval shows to who may approve
// it and to who wrote it: by account, or by the secret that AddComment gave. NotFound.
func (l *Library) Comment(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	secret string,
) (CommentView, error) {
	a, v, _, c, err := l.commentFor(ctx, a, token, id, access.ToView)
	if err != nil {
		return CommentView{}, err
	}
	view := l.viewOwn(a, v, c)
	view.Mine = wrote(a, c, secret)
	if c.HeldAt != nil && !view.Mine && !view.Moderated {
		return CommentView{}, errNoComment
	}
	return view, nil
}

func (l *Library) commentFor(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	what access.Verb,
) (access.Actor, storage.Video, storage.SharedLink, storage.Comment, error) {
	a, v, share, err := l.Core.ByLink(ctx, a, token, what)
	if err != nil {
		return access.Actor{}, storage.Video{}, storage.SharedLink{}, storage.Comment{}, err
	}
	c, err := l.Store.CommentByID(ctx, id)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return access.Actor{}, storage.Video{}, storage.SharedLink{}, storage.Comment{}, fmt.Errorf(
			"find comment: %w",
			err,
		)
	}
	if err != nil || c.VideoID != v.ID {
		return access.Actor{}, storage.Video{}, storage.SharedLink{}, storage.Comment{}, errNoComment
	}
	return a, v, share, c, nil
}

var errNoComment = storage.E(storage.NotFound, "This comment is not there any more.", nil)

func wrote(a access.Actor, c storage.Comment, secret string) bool {
	if !c.Guest() {
		return a.SignedIn() && a.UserID == c.AuthorID
	}
	return secret != "" && subtle.ConstantTimeCompare([]byte(storage.SecretHash(secret)), []byte(c.EditHash)) == 1
}
