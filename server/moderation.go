package server

import (
	"context"

	"meanwhile/storage"
)

type wireHeld struct {
	Items []wireHeldComment `json:"items" nullable:"false"`
}

type wireHeldComment struct {
	ID         string `json:"id"`
	VideoID    string `json:"video_id"`
	VideoTitle string `json:"video_title"`
	WatchURL   string `json:"watch_url,omitempty"`
	AtMS       int64  `json:"at_ms"`
	Body       string `json:"body"`
	Name       string `json:"name"`
	Guest      bool   `json:"guest"`
	CreatedAt  stamp  `json:"created_at"`
}

type heldOutput struct{ Body wireHeld }

func (s *server) listHeld(ctx context.Context, _ *struct{}) (*heldOutput, error) {
	v := visitOf(ctx)
	list, err := s.Comments.Held(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	out := wireHeld{Items: make([]wireHeldComment, len(list))}
	for i, h := range list {
		out.Items[i] = wireHeldComment{
			ID:         string(h.ID),
			VideoID:    string(h.VideoID),
			VideoTitle: h.VideoTitle,
			AtMS:       h.At.Milliseconds(),
			Body:       h.Body,
			Name:       h.AuthorName,
			Guest:      h.Guest(),
			CreatedAt:  stamp(h.CreatedAt),
		}
		if h.LinkToken != "" {
			out.Items[i].WatchURL = s.watchURL(v, h.LinkToken)
		}
	}
	return &heldOutput{Body: out}, nil
}

type moderateInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *server) approveComment(ctx context.Context, in *moderateInput) (*struct{}, error) {
	return nil, s.Comments.Approve(ctx, visitOf(ctx).actor, storage.CommentID(in.ID))
}

func (s *server) blockGuest(ctx context.Context, in *moderateInput) (*struct{}, error) {
	return nil, s.Comments.BlockGuest(ctx, visitOf(ctx).actor, storage.CommentID(in.ID))
}

type deleteCommentsInput struct {
	Body struct {
		IDs []string `json:"ids" minItems:"1" maxItems:"200"`
	}
}

type deletedOutput struct {
	Body struct {
		Deleted int `json:"deleted" doc:"How many of them existed"`
	}
}

func (s *server) deleteComments(ctx context.Context, in *deleteCommentsInput) (*deletedOutput, error) {
	ids := make([]storage.CommentID, len(in.Body.IDs))
	for i, id := range in.Body.IDs {
		ids[i] = storage.CommentID(id)
	}
	n, err := s.Comments.DeleteAll(ctx, visitOf(ctx).actor, ids)
	if err != nil {
		return nil, err
	}
	out := &deletedOutput{}
	out.Body.Deleted = n
	return out, nil
}
