package comments

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"
	"unicode/utf8"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// NewComment is a new comment.
type NewComment struct {
	At     time.Duration
	Until  *time.Duration
	Body   string
	Parent storage.CommentID
	Name   string // only for a guest
	// Limit returns an error if the actor has written too much under this video. May be nil.
	Limit func(storage.VideoID) error
}

// Added is a new comment.
type Added struct {
	View
	EditToken  string // a guest's: it edits and deletes the comment later
	GuestToken string // of a guest who showed none: they are known by it from now on
}

// Change is a change of a comment. nil leaves a field as it is.
type Change struct {
	At    *time.Duration
	Until *time.Duration
	Body  *string
}

// View is a comment and what the actor may do with it.
type View struct {
	storage.Comment
	Mine      bool
	Moderated bool // the actor may delete it, whoever wrote it
}

// Conversation is a page of comments.
type Conversation struct {
	Items []View
	Next  *storage.CommentKey // where the next page begins; nil at the end
	Seq   int64               // the change counter, read before the page
	Count int
	// Shared is set if other readers see just the same; else nil.
	Shared *Shared
}

// List returns a page of the conversation under a link: threads by position, replies after their
// comment.
func (s *Service) List(
	ctx context.Context,
	a access.Actor,
	token string,
	q storage.CommentQuery,
) (Conversation, error) {
	a, v, _, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return Conversation{}, err
	}
	seq, count, err := s.core.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return Conversation{}, fmt.Errorf("read conversation: %w", err)
	}
	c, err := s.Talk(ctx, a, v, q)
	c.Seq, c.Count = seq, count
	return c, err
}

// Talk returns a page of the conversation without its counters. The caller has to read those first.
func (s *Service) Talk(
	ctx context.Context,
	a access.Actor,
	v storage.Video,
	q storage.CommentQuery,
) (Conversation, error) {
	limit := access.PageSize(q.Limit, 100)
	q.VideoID, q.Limit, q.Held = v.ID, limit+1, s.core.Authorize(a, v, nil, access.ToModerate) == nil
	rows, err := s.core.Store.ListComments(ctx, q)
	if err != nil {
		return Conversation{}, fmt.Errorf("list comments: %w", err)
	}
	var c Conversation
	if len(rows) > limit {
		key := rows[limit-1].Key()
		c.Next, rows = &key, rows[:limit]
	}
	c.Items = s.viewComments(a, v, rows)
	return c, nil
}

// Since returns what was made, edited or deleted after seq, oldest change first. A deleted comment
// has DeletedAt and no text. If the page is full (MaxPage), ask again from the last Seq.
func (s *Service) Since(ctx context.Context, a access.Actor, token string, seq int64) (Conversation, error) {
	a, v, _, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return Conversation{}, err
	}
	c := Conversation{}
	if c.Seq, c.Count, err = s.core.Store.CommentSeq(ctx, v.ID); err != nil {
		return Conversation{}, fmt.Errorf("read conversation: %w", err)
	}
	rows, err := s.core.Store.CommentsSince(ctx, v.ID, seq, access.MaxPage)
	if err != nil {
		return Conversation{}, fmt.Errorf("list changes: %w", err)
	}
	if len(rows) == access.MaxPage {
		c.Seq = rows[access.MaxPage-1].Seq
	}
	c.Items = s.viewComments(a, v, rows)
	return c, nil
}

func (s *Service) viewComments(a access.Actor, v storage.Video, rows []storage.Comment) []View {
	views := make([]View, 0, len(rows))
	moderator := s.core.Authorize(a, v, nil, access.ToModerate) == nil
	for _, c := range rows {
		mine := s.isAuthor(a, v, c)
		if c.HeldAt != nil && !mine && !moderator {
			continue // nobody else learns that it was there
		}
		if c.DeletedAt != nil {
			views = append(views, tombstone(c))
			continue
		}
		views = append(views, View{Comment: c, Mine: mine, Moderated: moderator})
	}
	return views
}

// tombstone is what remains of a deleted comment: enough to remove it from a page, and nothing that
// says who wrote what, or where.
func tombstone(c storage.Comment) View {
	return View{Comment: storage.Comment{ID: c.ID, Seq: c.Seq, DeletedAt: c.DeletedAt}}
}

// viewOwn is a comment for its author.
func (s *Service) viewOwn(a access.Actor, v storage.Video, c storage.Comment) View {
	return View{
		Comment:   c,
		Mine:      s.isAuthor(a, v, c),
		Moderated: s.core.Authorize(a, v, nil, access.ToModerate) == nil,
	}
}

// Add adds a comment under a link, by an account or by a guest with a name. A guest gets the
// secrets by which they are known later.
func (s *Service) Add(ctx context.Context, a access.Actor, token string, n NewComment) (Added, error) {
	a, v, link, err := s.core.ByLink(ctx, a, token, access.ToComment)
	if err != nil {
		return Added{}, err
	}
	if n.Limit != nil {
		if err := n.Limit(v.ID); err != nil {
			return Added{}, err
		}
	}
	held, err := s.mayComment(ctx, a, v, link.Link)
	if err != nil {
		return Added{}, err
	}
	now := s.core.Now().Truncate(time.Millisecond)
	c := storage.Comment{
		ID:         storage.CommentID(storage.NewOrderedID(now)),
		VideoID:    v.ID,
		AuthorID:   a.UserID,
		AuthorName: a.Name,
		CreatedAt:  now,
	}
	if held {
		c.HeldAt = &now
	}
	if c.Body, err = commentBody(n.Body); err != nil {
		return Added{}, err
	}
	if c.At, c.Until, err = commentPlace(v, n.At, n.Until); err != nil {
		return Added{}, err
	}
	c.ThreadAt = c.At
	if err := s.joinThread(ctx, &c, n.Parent); err != nil {
		return Added{}, err
	}
	var added Added
	var by storage.Guest
	if !a.SignedIn() {
		if c.AuthorName = storage.CleanLine(n.Name, storage.MaxNameRunes); c.AuthorName == "" {
			return Added{}, storage.E(storage.Invalid, "Give a name, so that people know who is talking.", nil)
		}
		if !a.KnownGuest() {
			added.GuestToken = access.NewGuestToken()
			a = a.WithGuest(added.GuestToken)
		}
		by = s.core.GuestOf(a, v.WorkspaceID)
		by.Name = c.AuthorName
		added.EditToken = storage.NewSecret()
		c.EditHash = storage.SecretHash(added.EditToken)
	}
	if c, err = s.core.Store.CreateComment(ctx, c, by); err != nil {
		return Added{}, fmt.Errorf("create comment: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventComment)
	added.View = s.viewOwn(a, v, c)
	return added, nil
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

// commentPlace keeps a position within the video, if its length is known.
func commentPlace(v storage.Video, at time.Duration, until *time.Duration) (time.Duration, *time.Duration, error) {
	if at < 0 || (until != nil && *until < at) {
		return 0, nil, storage.E(
			storage.Invalid,
			"A position cannot be before the start, and a range cannot end before it begins.",
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

func (s *Service) joinThread(ctx context.Context, c *storage.Comment, parent storage.CommentID) error {
	if parent == "" {
		return nil
	}
	p, err := s.core.Store.CommentByID(ctx, parent)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find comment: %w", err)
	}
	if err != nil || p.VideoID != c.VideoID {
		return storage.E(
			storage.NotFound,
			"The comment that you reply to is not there any more. Your text is kept in the field.",
			err,
		)
	}
	c.Parent = p.Thread() // an answer to a reply joins its thread: there is one level
	c.ThreadAt = p.ThreadAt
	return nil
}

// Edit changes one's own comment, by account or by the secret that Add returned. Forbidden for
// anyone else's.
func (s *Service) Edit(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	secret string,
	change Change,
) (View, error) {
	a, v, link, c, err := s.commentFor(ctx, a, token, id, access.ToComment)
	if err != nil {
		return View{}, err
	}
	if !s.wrote(a, v, c, secret) {
		return View{}, storage.E(storage.Forbidden, "Only its author can edit a comment.", nil)
	}
	held, err := s.mayComment(ctx, a, v, link.Link)
	if err != nil {
		return View{}, err
	}
	if change.Body != nil {
		if c.Body, err = commentBody(*change.Body); err != nil {
			return View{}, err
		}
	}
	at, until := c.At, c.Until
	if change.At != nil {
		at, until = *change.At, nil // a moved comment loses its old end
	}
	if change.Until != nil {
		until = change.Until
	}
	if c.At, c.Until, err = commentPlace(v, at, until); err != nil {
		return View{}, err
	}
	if c.Parent == "" {
		c.ThreadAt = c.At
	}
	now := s.core.Now()
	c.EditedAt = &now
	if held {
		c.HeldAt = &now // an edited comment needs a new approval
	}
	if c, err = s.core.Store.UpdateComment(ctx, c); err != nil {
		return View{}, fmt.Errorf("edit comment: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventComment)
	return s.viewOwn(a, v, c), nil
}

// Delete deletes one's own comment, or any comment for the video's owner, with its replies.
func (s *Service) Delete(ctx context.Context, a access.Actor, token string, id storage.CommentID, secret string) error {
	a, v, _, c, err := s.commentFor(ctx, a, token, id, access.ToComment)
	if err != nil {
		return err
	}
	if !s.wrote(a, v, c, secret) && s.core.Authorize(a, v, nil, access.ToModerate) != nil {
		return storage.E(storage.Forbidden, "Only its author or the video's owner can delete a comment.", nil)
	}
	if _, err := s.core.Store.DeleteComment(ctx, id, s.core.Now()); err != nil {
		return fmt.Errorf("delete comment: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventComment)
	return nil
}

// ByID returns one comment under a link. A comment that waits for approval is visible only to
// people who may approve it and to its author, by account or by the secret that Add returned.
// NotFound for anyone else.
func (s *Service) ByID(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	secret string,
) (View, error) {
	a, v, _, c, err := s.commentFor(ctx, a, token, id, access.ToView)
	if err != nil {
		return View{}, err
	}
	view := s.viewOwn(a, v, c)
	view.Mine = s.wrote(a, v, c, secret)
	if c.HeldAt != nil && !view.Mine && !view.Moderated {
		return View{}, errNoComment
	}
	return view, nil
}

func (s *Service) commentFor(
	ctx context.Context,
	a access.Actor,
	token string,
	id storage.CommentID,
	what access.VideoPermission,
) (access.Actor, storage.Video, storage.LinkWithPeople, storage.Comment, error) {
	a, v, link, err := s.core.ByLink(ctx, a, token, what)
	if err != nil {
		return access.Actor{}, storage.Video{}, storage.LinkWithPeople{}, storage.Comment{}, err
	}
	c, err := s.core.Store.CommentByID(ctx, id)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return access.Actor{}, storage.Video{}, storage.LinkWithPeople{}, storage.Comment{}, fmt.Errorf(
			"find comment: %w",
			err,
		)
	}
	if err != nil || c.VideoID != v.ID {
		return access.Actor{}, storage.Video{}, storage.LinkWithPeople{}, storage.Comment{}, errNoComment
	}
	return a, v, link, c, nil
}

var errNoComment = storage.E(storage.NotFound, "This comment is not there any more.", nil)

// isAuthor reports whether the actor wrote c: by account, or as the guest whose token they show.
func (s *Service) isAuthor(a access.Actor, v storage.Video, c storage.Comment) bool {
	if !c.Guest() {
		return a.SignedIn() && a.UserID == c.AuthorID
	}
	return a.KnownGuest() && c.GuestKey == s.core.GuestOf(a, v.WorkspaceID).Key
}

// wrote is isAuthor, or that the actor has the secret that Add returned.
func (s *Service) wrote(a access.Actor, v storage.Video, c storage.Comment, secret string) bool {
	if s.isAuthor(a, v, c) {
		return true
	}
	return c.Guest() && secret != "" &&
		subtle.ConstantTimeCompare([]byte(storage.SecretHash(secret)), []byte(c.EditHash)) == 1
}
