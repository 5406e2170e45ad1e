package links

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Audit actions about links.
const (
	ActionLinkMade    storage.Action = "link-made"
	ActionLinkChanged storage.Action = "link-changed"
	ActionLinkRevoked storage.Action = "link-revoked"
	ActionLinkMailed  storage.Action = "link-mailed"
)

// AccessLinkFor is the lifetime of an access link, which proves an address.
const AccessLinkFor = 30 * time.Minute

// Change is a change of a link. nil leaves a field as it is.
type Change struct {
	Name          *string
	Audience      *storage.Audience
	Password      *string
	People        *[]string
	Comments      *storage.CommentRule
	AllowDownload *bool
	ExpiresAt     **time.Time // a pointer to nil removes the end
}

// EmbedHosts are the sites that may show the player of a video in their pages. Empty for all sites.
func (s *Service) EmbedHosts(ctx context.Context, v storage.Video) ([]string, error) {
	_, set, err := s.core.Store.WorkspaceByID(ctx, v.WorkspaceID)
	if err != nil {
		return nil, fmt.Errorf("read workspace: %w", err)
	}
	return set.EmbedHosts, nil
}

// List lists the links of a video, oldest first, revoked ones too. NotFound if the actor may not
// manage them.
func (s *Service) List(ctx context.Context, a access.Actor, id storage.VideoID) ([]storage.LinkWithPeople, error) {
	if _, err := s.core.VideoFor(ctx, a, id, access.ToShare); err != nil {
		return nil, err
	}
	list, err := s.core.Store.LinksByVideo(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return list, nil
}

// Add makes another link. Invalid for rules that make no sense, Conflict if there are too many
// links.
func (s *Service) Add(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
	change Change,
) (storage.LinkWithPeople, error) {
	v, err := s.core.VideoFor(ctx, a, id, access.ToShare)
	if err != nil {
		return storage.LinkWithPeople{}, err
	}
	row, err := s.core.NewLink(ctx, v, s.core.Now())
	if err != nil {
		return storage.LinkWithPeople{}, err
	}
	link := storage.LinkWithPeople{Link: row}
	if err := s.applyRules(ctx, &link, change); err != nil {
		return storage.LinkWithPeople{}, err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		have, err := tx.LinksByVideo(ctx, id)
		if err != nil {
			return fmt.Errorf("list links: %w", err)
		}
		if len(have) >= storage.MaxLinks {
			return storage.E(
				storage.Conflict,
				fmt.Sprintf("A video can have at most %d links. Change one that is there.", storage.MaxLinks),
				nil,
			)
		}
		if err := tx.CreateLink(ctx, link.Link); err != nil {
			return fmt.Errorf("create link: %w", err)
		}
		if err := tx.SetLinkPeople(ctx, link.ID, link.People); err != nil {
			return fmt.Errorf("name people: %w", err)
		}
		return s.core.Audit(ctx, tx, a, v.WorkspaceID, ActionLinkMade, subjectOf(v, link.Link), describe(link))
	})
	return link, err
}

// Change changes the rules of a link. Viewers whom the new rules exclude lose access within 10 s.
func (s *Service) Change(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
	linkID storage.LinkID,
	change Change,
) (storage.LinkWithPeople, error) {
	return s.change(ctx, a, id, linkID, ActionLinkChanged, func(link *storage.LinkWithPeople) error {
		if link.RevokedAt != nil {
			return storage.E(storage.Conflict, "This link was revoked. Make a new one.", nil)
		}
		return s.applyRules(ctx, link, change)
	})
}

// Revoke ends a link for good. Twice is no error.
func (s *Service) Revoke(ctx context.Context, a access.Actor, id storage.VideoID, linkID storage.LinkID) error {
	_, err := s.change(ctx, a, id, linkID, ActionLinkRevoked, func(link *storage.LinkWithPeople) error {
		if link.RevokedAt == nil {
			now := s.core.Now()
			link.RevokedAt = &now
			link.Lock++
		}
		return nil
	})
	return err
}

func (s *Service) change(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
	linkID storage.LinkID,
	action storage.Action,
	do func(*storage.LinkWithPeople) error,
) (storage.LinkWithPeople, error) {
	v, err := s.core.VideoFor(ctx, a, id, access.ToShare)
	if err != nil {
		return storage.LinkWithPeople{}, err
	}
	list, err := s.core.Store.LinksByVideo(ctx, id)
	if err != nil {
		return storage.LinkWithPeople{}, fmt.Errorf("list links: %w", err)
	}
	i := slices.IndexFunc(list, func(link storage.LinkWithPeople) bool { return link.ID == linkID })
	if i < 0 {
		return storage.LinkWithPeople{}, storage.E(storage.NotFound, "This video has no such link.", nil)
	}
	link := list[i]
	if err := do(&link); err != nil { // hashing takes long, so not in the transaction
		return storage.LinkWithPeople{}, err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.UpdateLink(ctx, link.Link); err != nil {
			return fmt.Errorf("update link: %w", err)
		}
		if err := tx.SetLinkPeople(ctx, link.ID, link.People); err != nil {
			return fmt.Errorf("name people: %w", err)
		}
		return s.core.Audit(ctx, tx, a, v.WorkspaceID, action, subjectOf(v, link.Link), describe(link))
	})
	if err != nil {
		return storage.LinkWithPeople{}, err
	}
	s.core.ForgetGrants()
	s.core.Announce(ctx, v, storage.EventVideo)
	return link, nil
}

// applyRules changes link and checks that the new rules make sense.
func (s *Service) applyRules(ctx context.Context, link *storage.LinkWithPeople, c Change) error {
	audience := link.Audience
	setIf(&link.Audience, c.Audience)
	setIf(&link.Comments, c.Comments)
	setIf(&link.AllowDownload, c.AllowDownload)
	setIf(&link.ExpiresAt, c.ExpiresAt)
	if c.Name != nil {
		link.Name = storage.CleanLine(*c.Name, storage.MaxNameRunes)
	}
	if c.ExpiresAt != nil && *c.ExpiresAt != nil && !(*c.ExpiresAt).After(s.core.Now()) {
		return storage.E(storage.Invalid, "This time has passed. Give a later time for the link's end.", nil)
	}
	if c.Password != nil {
		hash, err := s.hashPassword(ctx, *c.Password)
		if err != nil {
			return err
		}
		link.PasswordHash = hash
		link.Lock++
	}
	if c.People != nil {
		people, err := cleanPeople(*c.People)
		if err != nil {
			return err
		}
		link.People = people
	}
	if link.Audience != audience {
		link.Lock++
	}
	return sense(*link)
}

// sense checks that the rules go together.
func sense(link storage.LinkWithPeople) error {
	switch link.Audience {
	case storage.AudienceLink, storage.AudienceMembers:
	case storage.AudiencePassword:
		if link.PasswordHash == "" {
			return storage.E(storage.Invalid, "Choose a password for this link.", nil)
		}
	case storage.AudienceNamed:
		if len(link.People) == 0 {
			return storage.E(
				storage.Invalid,
				"Give the mail address of at least one person for this link.",
				nil,
			)
		}
	default:
		return storage.E(storage.Invalid, "The audience of a link is link, password, members or named.", nil)
	}
	switch link.Comments {
	case storage.CommentsOn, storage.CommentsOff, storage.CommentsHeld:
		return nil
	}
	return storage.E(storage.Invalid, "Comments are on, off or held.", nil)
}

func setIf[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < storage.MinLinkPasswordRunes {
		return "", storage.E(
			storage.Invalid,
			fmt.Sprintf("The password of a link needs at least %d characters.", storage.MinLinkPasswordRunes),
			nil,
		)
	}
	return s.core.HashPassword(ctx, password)
}

// cleanPeople folds and sorts addresses, and removes duplicates.
func cleanPeople(emails []string) ([]string, error) {
	var people []string
	for _, e := range emails {
		clean, err := storage.CleanEmail(e)
		if err != nil {
			return nil, storage.E(
				storage.Invalid,
				fmt.Sprintf("%q does not look like a mail address.", storage.CleanLine(e, storage.MaxNameRunes)),
				err,
			)
		}
		people = append(people, storage.FoldEmail(clean))
	}
	slices.Sort(people)
	people = slices.Compact(people)
	if len(people) > storage.MaxLinkPeople {
		return nil, storage.E(
			storage.Invalid,
			fmt.Sprintf("A link can name at most %d people.", storage.MaxLinkPeople),
			nil,
		)
	}
	return people, nil
}

func subjectOf(v storage.Video, s storage.Link) string {
	if s.Name == "" {
		return v.Title
	}
	return s.Name + ": " + v.Title
}

// describe describes the rules in a few words.
func describe(link storage.LinkWithPeople) string {
	words := []string{"anyone with the link"}
	switch link.Audience {
	case storage.AudiencePassword:
		words[0] = "password"
	case storage.AudienceMembers:
		words[0] = "members"
	case storage.AudienceNamed:
		words[0] = fmt.Sprintf("%d named people", len(link.People))
	}
	if link.Comments != storage.CommentsOn {
		words = append(words, "comments "+string(link.Comments))
	}
	if !link.AllowDownload {
		words = append(words, "no download")
	}
	if link.ExpiresAt != nil {
		words = append(words, "until "+link.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return strings.Join(words, ", ")
}
