package comments

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Audit actions about guests' comments.
const (
	ActionCommentsDeleted storage.Action = "comments-deleted"
	ActionGuestBlocked    storage.Action = "guest-blocked"
)

// Held lists the comments that wait for the actor's approval, oldest first: under their own videos,
// and for an admin under all of the workspace.
func (s *Service) Held(ctx context.Context, a access.Actor) ([]storage.HeldComment, error) {
	if err := s.mayModerate(a); err != nil {
		return nil, err
	}
	owner := a.UserID
	if a.LooksAfterAll() {
		owner = ""
	}
	list, err := s.core.Store.HeldComments(ctx, a.WorkspaceID, owner, access.MaxPage)
	if err != nil {
		return nil, fmt.Errorf("list held comments: %w", err)
	}
	return list, nil
}

func (s *Service) mayModerate(a access.Actor) error {
	return access.SignedInFor(a, storage.ScopeComment, "Sign in to moderate comments.")
}

// moderated finds a comment that the actor may moderate, and its video. NotFound if there is none.
func (s *Service) moderated(
	ctx context.Context,
	a access.Actor,
	id storage.CommentID,
) (storage.Video, storage.Comment, error) {
	c, err := s.core.Store.CommentByID(ctx, id)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return storage.Video{}, storage.Comment{}, fmt.Errorf("find comment: %w", err)
	}
	// Without a comment there is no video either. Looking for it makes a comment that does not
	// exist cost as much as one that the actor may not see.
	v, err := s.core.VideoFor(ctx, a, c.VideoID, access.ToModerate)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Video{}, storage.Comment{}, errNoComment
	}
	return v, c, err
}

// Approve shows a waiting comment to everybody. Twice is no error.
func (s *Service) Approve(ctx context.Context, a access.Actor, id storage.CommentID) error {
	v, c, err := s.moderated(ctx, a, id)
	if err != nil || c.HeldAt == nil {
		return err
	}
	if _, err := s.core.Store.ApproveComment(ctx, id); err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("approve comment: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventComment)
	return nil
}

// DeleteAll deletes several comments with their replies. It returns how many of the given comments
// it found.
func (s *Service) DeleteAll(ctx context.Context, a access.Actor, ids []storage.CommentID) (int, error) {
	if err := s.mayModerate(a); err != nil {
		return 0, err
	}
	done := 0
	for _, id := range ids {
		v, c, err := s.moderated(ctx, a, id)
		if err != nil && storage.KindOf(err) == storage.NotFound {
			continue // deleted already, perhaps together with its parent
		}
		if err != nil {
			return done, err
		}
		if err := s.moderateAway(ctx, a, v, c); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// moderateAway deletes a comment as its moderator.
func (s *Service) moderateAway(ctx context.Context, a access.Actor, v storage.Video, c storage.Comment) error {
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if _, err := tx.DeleteComment(ctx, c.ID, s.core.Now()); err != nil {
			return fmt.Errorf("delete comment: %w", err)
		}
		return s.core.Audit(ctx, tx, a, v.WorkspaceID, ActionCommentsDeleted, v.Title, "by "+c.AuthorName)
	})
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return nil
	}
	if err == nil {
		s.core.Announce(ctx, v, storage.EventComment)
	}
	return err
}

// BlockGuest blocks the guest who wrote a comment from the workspace's videos, and their address
// for a day, and deletes their comments there. Invalid for a comment of an account.
func (s *Service) BlockGuest(ctx context.Context, a access.Actor, id storage.CommentID) error {
	v, c, err := s.moderated(ctx, a, id)
	if err != nil {
		return err
	}
	if !c.Guest() || c.GuestKey == "" {
		return storage.E(
			storage.Invalid,
			"Only guests can be blocked. Remove a member from the workspace instead.",
			nil,
		)
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		now := s.core.Now()
		until := now.Add(storage.AddressBlockFor)
		if err := tx.BlockGuest(ctx, v.WorkspaceID, c.GuestKey, a.UserID, now, until); err != nil {
			return fmt.Errorf("block guest: %w", err)
		}
		return s.core.Audit(ctx, tx, a, v.WorkspaceID, ActionGuestBlocked, c.AuthorName, "")
	})
	if err != nil {
		return err
	}
	theirs, err := s.core.Store.CommentsOfGuest(ctx, v.WorkspaceID, c.GuestKey)
	if err != nil {
		return fmt.Errorf("list comments of guest: %w", err)
	}
	for _, other := range theirs {
		under, err := s.core.VideoFor(ctx, a, other.VideoID, access.ToModerate)
		if err != nil && storage.KindOf(err) == storage.NotFound {
			continue // another member's video: they look after it
		}
		if err != nil {
			return err
		}
		if err := s.moderateAway(ctx, a, under, other); err != nil {
			return err
		}
	}
	return nil
}

// mayComment decides about a comment. A member's is published at once. Any other may be refused, or
// held.
func (s *Service) mayComment(
	ctx context.Context,
	a access.Actor,
	v storage.Video,
	link storage.Link,
) (held bool, err error) {
	if s.core.IsMember(a, v) {
		return false, nil
	}
	if link.Comments == storage.CommentsOff {
		return false, storage.E(storage.Forbidden, "Comments are off for this link. Answer whoever sent it.", nil)
	}
	if !a.SignedIn() {
		by := s.core.GuestOf(a, v.WorkspaceID)
		blocked, err := s.core.Store.GuestBlocked(ctx, v.WorkspaceID, by, s.core.Now())
		if err != nil {
			return false, fmt.Errorf("look for block: %w", err)
		}
		if blocked {
			return false, storage.E(
				storage.Forbidden,
				"Comments from here are not accepted any more. Answer whoever sent you the link.",
				nil,
			)
		}
	}
	return link.Comments == storage.CommentsHeld, nil
}
