package server

import (
	"context"
	"time"

	"meanwhile/server/comments"
	"meanwhile/storage"
)

type wireComment struct {
	ID        string `json:"id"`
	ParentID  string `json:"parent_id,omitempty"`
	AtMS      int64  `json:"at_ms"`
	UntilMS   *int64 `json:"until_ms,omitempty"`
	Body      string `json:"body"`
	Name      string `json:"name"`
	Guest     bool   `json:"guest"`
	Mine      bool   `json:"mine"`
	CanDelete bool   `json:"can_delete"`
	CreatedAt stamp  `json:"created_at"`
	EditedAt  *stamp `json:"edited_at,omitempty"`
	Seq       int64  `json:"seq"`
	Held      bool   `json:"held,omitempty" doc:"It waits for the owner's approval"`
	Deleted   bool   `json:"deleted,omitempty" doc:"If true, only id and seq mean anything"`
	EditToken string `json:"edit_token,omitempty" doc:"Only in the response to a guest's new comment: send it as Meanwhile-Edit-Token to edit or delete the comment"`
}

func commentOf(c comments.View) wireComment {
	return wireComment{
		ID:        string(c.ID),
		ParentID:  string(c.Parent),
		AtMS:      c.At.Milliseconds(),
		UntilMS:   msOf(c.Until),
		Body:      c.Body,
		Name:      c.AuthorName,
		Guest:     c.Guest(),
		Mine:      c.Mine,
		CanDelete: c.Mine || c.Moderated,
		CreatedAt: stamp(c.CreatedAt),
		EditedAt:  stampOf(c.EditedAt),
		Seq:       c.Seq,
		Held:      c.HeldAt != nil,
		Deleted:   c.DeletedAt != nil,
	}
}

type wireComments struct {
	Items      []wireComment `json:"items" nullable:"false"`
	NextCursor string        `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end"`
	Seq        int64         `json:"seq" doc:"These items include all changes up to this change counter"`
	Count      int           `json:"count" doc:"How many live comments there are"`
}

func commentsOf(c comments.Conversation) (wireComments, error) {
	out := wireComments{Items: make([]wireComment, len(c.Items)), Seq: c.Seq, Count: c.Count}
	for i, item := range c.Items {
		out.Items[i] = commentOf(item)
	}
	var err error
	out.NextCursor, err = cursorOf(c.Next)
	return out, err
}

type listCommentsInput struct {
	Token  string `path:"token" maxLength:"64"`
	Limit  int    `query:"limit" minimum:"0" doc:"Rows of a page: 100 by default, 200 at most"`
	Cursor string `query:"cursor" maxLength:"1000"`
	Since  int64  `query:"since" default:"-1" minimum:"-1" doc:"Instead of a page: what was made, edited or deleted after this seq, 200 at most; if there are 200, ask again with the response's seq"`
}

type commentsOutput struct{ Body wireComments }

func (s *server) listComments(ctx context.Context, in *listCommentsInput) (*commentsOutput, error) {
	c, err := s.conversation(ctx, in)
	if err != nil {
		return nil, err
	}
	out, err := commentsOf(c)
	return &commentsOutput{Body: out}, err
}

func (s *server) conversation(ctx context.Context, in *listCommentsInput) (comments.Conversation, error) {
	a := visitOf(ctx).actor
	if in.Since >= 0 {
		return s.Comments.Since(ctx, a, in.Token, in.Since)
	}
	after, err := readCursor[storage.CommentKey](in.Cursor)
	if err != nil {
		return comments.Conversation{}, err
	}
	return s.Comments.List(ctx, a, in.Token, storage.CommentQuery{Limit: in.Limit, After: after})
}

type wireNewComment struct {
	AtMS     int64  `json:"at_ms" minimum:"0" maximum:"604800000"`
	UntilMS  *int64 `json:"until_ms,omitempty" minimum:"0" maximum:"604800000"`
	Body     string `json:"body"`
	ParentID string `json:"parent_id,omitempty" maxLength:"64" doc:"The comment that this replies to"`
	Name     string `json:"name,omitempty" maxLength:"1000" doc:"The name of a guest"`
}

type addCommentInput struct {
	Token string `path:"token" maxLength:"64"`
	Body  wireNewComment
}

func (s *server) addComment(ctx context.Context, in *addCommentInput) (*commentOutput, error) {
	v := visitOf(ctx)
	c, err := s.Comments.Add(ctx, v.actor, in.Token, comments.NewComment{
		At: time.Duration(in.Body.AtMS) * time.Millisecond, Until: durationOf(in.Body.UntilMS), Body: in.Body.Body,
		Parent: storage.CommentID(in.Body.ParentID), Name: in.Body.Name,
		Limit: func(id storage.VideoID) error { return s.tryGuest(ctx, v, id) },
	})
	if err != nil {
		return nil, err
	}
	if c.GuestToken != "" {
		s.knowGuest(v, c.GuestToken)
	}
	out := own(c.View)
	out.EditToken = c.EditToken
	return &commentOutput{Body: out}, nil
}

// own shows a comment to the person who just proved that they wrote it.
func own(c comments.View) wireComment {
	c.Mine = true
	return commentOf(c)
}

type wireEditComment struct {
	Body    *string `json:"body,omitempty"`
	AtMS    *int64  `json:"at_ms,omitempty" minimum:"0" maximum:"604800000"`
	UntilMS *int64  `json:"until_ms,omitempty" minimum:"0" maximum:"604800000" doc:"Where a range ends"`
}

type editCommentInput struct {
	Token     string `path:"token" maxLength:"64"`
	ID        string `path:"id" maxLength:"64"`
	EditToken string `header:"Meanwhile-Edit-Token" maxLength:"200" doc:"For a guest: the token from the response to their comment"`
	Body      wireEditComment
}

type commentOutput struct{ Body wireComment }

func (s *server) editComment(ctx context.Context, in *editCommentInput) (*commentOutput, error) {
	change := comments.Change{
		At:    durationOf(in.Body.AtMS),
		Until: durationOf(in.Body.UntilMS),
		Body:  in.Body.Body,
	}
	c, err := s.Comments.Edit(ctx, visitOf(ctx).actor, in.Token, storage.CommentID(in.ID), in.EditToken, change)
	if err != nil {
		return nil, err
	}
	return &commentOutput{Body: own(c)}, nil
}

type ownCommentInput struct {
	Token     string `path:"token" maxLength:"64"`
	ID        string `path:"id" maxLength:"64"`
	EditToken string `header:"Meanwhile-Edit-Token" maxLength:"200"`
}

func (s *server) getComment(ctx context.Context, in *ownCommentInput) (*commentOutput, error) {
	c, err := s.Comments.ByID(ctx, visitOf(ctx).actor, in.Token, storage.CommentID(in.ID), in.EditToken)
	if err != nil {
		return nil, err
	}
	return &commentOutput{Body: commentOf(c)}, nil
}

func (s *server) deleteComment(ctx context.Context, in *ownCommentInput) (*struct{}, error) {
	return &struct{}{}, s.Comments.Delete(ctx, visitOf(ctx).actor, in.Token, storage.CommentID(in.ID), in.EditToken)
}
