package meanwhile

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"
	"unicode/utf8"
)

// NewComment is what somebody wants to say.
type NewComment struct {
	At     time.Duration
	Until  *time.Duration
	Body   string
	Parent CommentID
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
	Comment
	// the signed-in actor wrote it; a guest's browser knows its own by their edit tokens
	Mine      bool
	Moderated bool // the actor may delete it whoever wrote it
}

// Conversation is a page of comments.
type Conversation struct {
	Items []CommentView
	Next  *CommentKey // where the next page begins, nil at the end
	Seq   int64       // the change counter, read before the page
	Count int
}

// Comments is a page of the conversation under a share link: threads by position, replies behind
// their comment.
func (l *Library) Comments(ctx context.Context, a Actor, token string, q CommentQuery) (Conversation, error) {
	a, v, _, err := l.videoByShare(ctx, a, token, verbView)
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
func (l *Library) talk(ctx context.Context, a Actor, v Video, q CommentQuery) (Conversation, error) {
	limit := pageSize(q.Limit, 100)
	q.VideoID, q.Limit, q.Held = v.ID, limit+1, l.authorize(a, v, nil, verbModerate) == nil
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
func (l *Library) CommentsSince(ctx context.Context, a Actor, token string, seq int64) (Conversation, error) {
	a, v, _, err := l.videoByShare(ctx, a, token, verbView)
	if err != nil {
		return Conversation{}, err
	}
	c := Conversation{}
	if c.Seq, c.Count, err = l.Store.CommentSeq(ctx, v.ID); err != nil {
		return Conversation{}, fmt.Errorf("read conversation: %w", err)
	}
	rows, err := l.Store.CommentsSince(ctx, v.ID, seq, MaxPage)
	if err != nil {
		return Conversation{}, fmt.Errorf("list changes: %w", err)
	}
	if len(rows) == MaxPage {
		c.Seq = rows[MaxPage-1].Seq
	}
	c.Items = l.viewComments(a, v, rows)
	return c, nil
}

func (l *Library) viewComments(a Actor, v Video, rows []Comment) []CommentView {
	views := make([]CommentView, 0, len(rows))
	moderator := l.authorize(a, v, nil, verbModerate) == nil
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
func (l *Library) viewOwn(a Actor, v Video, c Comment) CommentView {
	return CommentView{
		Comment:   c,
		Mine:      a.SignedIn() && c.AuthorID == a.UserID,
		Moderated: l.authorize(a, v, nil, verbModerate) == nil,
	}
}

// AddComment says something under a share link, signed in or with a name. A guest gets the secret
// that edits and deletes it later.
func (l *Library) AddComment(ctx context.Context, a Actor, token string, n NewComment) (CommentView, string, error) {
	a, v, share, err := l.videoByShare(ctx, a, token, verbComment)
	if err != nil {
		return CommentView{}, "", err
	}
	guestKey, held, err := l.mayTalk(ctx, a, v, share.Share)
	if err != nil {
		return CommentView{}, "", err
	}
	now := l.Now().Truncate(time.Millisecond)
	c := Comment{
		ID:         CommentID(NewOrderedID(now)),
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
		if c.AuthorName = cleanLine(n.Name, MaxNameRunes); c.AuthorName == "" {
			return CommentView{}, "", E(Invalid, "Give a name, so that people know who is talking.", nil)
		}
		secret = NewSecret()
		c.EditHash = SecretHash(secret)
	}
	if c, err = l.Store.CreateComment(ctx, c); err != nil {
		return CommentView{}, "", fmt.Errorf("create comment: %w", err)
	}
	l.tell(ctx, v, EventComment)
	return l.viewOwn(a, v, c), secret, nil
}

func commentBody(body string) (string, error) {
	if utf8.RuneCountInString(body) > MaxCommentRunes {
		return "", E(
			Invalid,
			fmt.Sprintf("A comment can have at most %d characters. Yours is kept in the field.", MaxCommentRunes),
			nil,
		)
	}
	body = cleanText(body)
	if body == "" {
		return "", E(Invalid, "Write something first.", nil)
	}
	return body, nil
}

// commentPlace keeps a position inside the video, as far as its length is known.
func commentPlace(v Video, at time.Duration, until *time.Duration) (time.Duration, *time.Duration, error) {
	if at < 0 || (until != nil && *until < at) {
		return 0, nil, E(Invalid, "A position cannot be before the start, nor end before it begins.", nil)
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

func (l *Library) joinThread(ctx context.Context, c *Comment, parent CommentID) error {
	if parent == "" {
		return nil
	}
	p, err := l.Store.CommentByID(ctx, parent)
	if err != nil && KindOf(err) != NotFound {
		return fmt.Errorf("find comment: %w", err)
	}
	if err != nil || p.VideoID != c.VideoID {
		return E(NotFound, "The comment that you answer is not there any more. Your text is kept in the field.", err)
	}
	c.Parent = p.Thread() // an answer to a reply joins the same thread: there is one level
	c.ThreadAt = p.ThreadAt
	return nil
}

// EditComment changes one's own comment: by account, or by the secret that AddComment gave.
// NotFound for anyone else's.
func (l *Library) EditComment(
	ctx context.Context,
	a Actor,
	token string,
	id CommentID,
	secret string,
	change CommentChange,
) (CommentView, error) {
	a, v, share, c, err := l.commentFor(ctx, a, token, id, verbComment)
	if err != nil {
		return CommentView{}, err
	}
	if !wrote(a, c, secret) {
		return CommentView{}, E(Forbidden, "Only who wrote a comment can edit it.", nil)
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
	l.tell(ctx, v, EventComment)
	return l.viewOwn(a, v, c), nil
}

// DeleteComment removes one's own comment, or any for the video's owner. Its replies go with it.
func (l *Library) DeleteComment(ctx context.Context, a Actor, token string, id CommentID, secret string) error {
	a, v, _, c, err := l.commentFor(ctx, a, token, id, verbComment)
	if err != nil {
		return err
	}
	if !wrote(a, c, secret) && l.authorize(a, v, nil, verbModerate) != nil {
		return E(Forbidden, "Only who wrote a comment, or the video's owner, can delete it.", nil)
	}
	if _, err := l.Store.DeleteComment(ctx, id, l.Now()); err != nil {
		return fmt.Errorf("delete comment: %w", err)
	}
	l.tell(ctx, v, EventComment)
	return nil
}

// Comment is one comment under a share link. One that waits for approval shows to who may approve
// it and to who wrote it: by account, or by the secret that AddComment gave. NotFound.
func (l *Library) Comment(
	ctx context.Context,
	a Actor,
	token string,
	id CommentID,
	secret string,
) (CommentView, error) {
	a, v, _, c, err := l.commentFor(ctx, a, token, id, verbView)
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
	a Actor,
	token string,
	id CommentID,
	what verb,
) (Actor, Video, SharedLink, Comment, error) {
	a, v, share, err := l.videoByShare(ctx, a, token, what)
	if err != nil {
		return Actor{}, Video{}, SharedLink{}, Comment{}, err
	}
	c, err := l.Store.CommentByID(ctx, id)
	if err != nil && KindOf(err) != NotFound {
		return Actor{}, Video{}, SharedLink{}, Comment{}, fmt.Errorf("find comment: %w", err)
	}
	if err != nil || c.VideoID != v.ID {
		return Actor{}, Video{}, SharedLink{}, Comment{}, errNoComment
	}
	return a, v, share, c, nil
}

var errNoComment = E(NotFound, "This comment is not there any more.", nil)

func wrote(a Actor, c Comment, secret string) bool {
	if !c.Guest() {
		return a.SignedIn() && a.UserID == c.AuthorID
	}
	return secret != "" && subtle.ConstantTimeCompare([]byte(SecretHash(secret)), []byte(c.EditHash)) == 1
}
