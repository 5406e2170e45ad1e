package people

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Limits of workspaces and their settings.
const (
	maxFounded     = 20 // workspaces that one person may own
	maxListedHosts = 100
)

// MakeWorkspace makes a workspace with the actor as its owner, and switches their session to it.
func (s *Service) MakeWorkspace(ctx context.Context, a access.Actor, cookie, name string) (storage.Workspace, error) {
	if err := s.core.May(ctx, a, access.FoundWorkspace); err != nil {
		return storage.Workspace{}, err
	}
	w := storage.Workspace{
		ID:        storage.WorkspaceID(s.core.NewID()),
		Name:      storage.CleanLine(name, storage.MaxNameRunes),
		CreatedAt: s.core.Now(),
	}
	if w.Name == "" {
		return storage.Workspace{}, storage.E(storage.Invalid, "Give the workspace a name.", nil)
	}
	return w, s.core.Store.InTx(ctx, func(tx storage.Store) error {
		theirs, err := tx.Memberships(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("list memberships: %w", err)
		}
		owned := 0
		for _, m := range theirs {
			if m.Role == storage.RoleOwner {
				owned++
			}
		}
		if owned >= maxFounded {
			return storage.E(
				storage.Conflict,
				fmt.Sprintf("You own %d workspaces, which is the most. Hand one over first.", owned),
				nil,
			)
		}
		if err := tx.CreateWorkspace(ctx, w); err != nil {
			return fmt.Errorf("create workspace: %w", err)
		}
		if err := s.join(
			ctx,
			tx,
			storage.Membership{WorkspaceID: w.ID, UserID: a.UserID, Role: storage.RoleOwner, CreatedAt: s.core.Now()},
		); err != nil {
			return err
		}
		if err := tx.SwitchSession(ctx, storage.SecretHash(cookie), w.ID); err != nil {
			return fmt.Errorf("switch session: %w", err)
		}
		return s.core.Audit(ctx, tx, a, w.ID, ActionWorkspace, w.Name, a.Email)
	})
}

// join adds somebody who has an account to a workspace. Their unused log-in links end, because a
// link's holder was not meant to get into this workspace.
func (s *Service) join(ctx context.Context, tx storage.Store, m storage.Membership) error {
	if err := tx.AddMembership(ctx, m); err != nil {
		if storage.KindOf(err) == storage.Conflict {
			return storage.E(storage.Conflict, "You are in this workspace already.", err)
		}
		return fmt.Errorf("create membership: %w", err)
	}
	if err := tx.DropLoginLinks(ctx, m.UserID); err != nil {
		return fmt.Errorf("take log-in links back: %w", err)
	}
	return nil
}

// Workspace returns the actor's open workspace and its settings.
func (s *Service) Workspace(ctx context.Context, a access.Actor) (storage.Workspace, storage.Settings, error) {
	if err := s.core.May(ctx, a, access.SeeSettings); err != nil {
		return storage.Workspace{}, storage.Settings{}, err
	}
	return s.core.Store.WorkspaceByID(ctx, a.WorkspaceID)
}

// WorkspaceChange is a change of a workspace's name and settings. nil leaves a field as it is.
type WorkspaceChange struct {
	Name            *string
	SignUp          *storage.SignUpRule
	Domains         *[]string
	EmbedHosts      *[]string
	KeepDays        *int
	DefaultAudience *string
	DefaultComments *string
	DefaultDownload *bool
}

// ChangeWorkspace changes name and settings. Invalid for values that are not allowed.
func (s *Service) ChangeWorkspace(
	ctx context.Context,
	a access.Actor,
	c WorkspaceChange,
) (w storage.Workspace, settings storage.Settings, err error) {
	if err := s.core.May(ctx, a, access.ChangeSettings); err != nil {
		return storage.Workspace{}, storage.Settings{}, err
	}
	return w, settings, s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldWorkspace(ctx, a.WorkspaceID); err != nil {
			return fmt.Errorf("hold workspace: %w", err)
		}
		if w, settings, err = tx.WorkspaceByID(ctx, a.WorkspaceID); err != nil {
			return fmt.Errorf("find workspace: %w", err)
		}
		changed, err := c.apply(&w, &settings)
		if err != nil || len(changed) == 0 {
			return err
		}
		if err := tx.SaveWorkspace(ctx, w.ID, w.Name, settings); err != nil {
			return fmt.Errorf("save workspace: %w", err)
		}
		return s.core.Audit(ctx, tx, a, w.ID, ActionSettings, w.Name, strings.Join(changed, ", "))
	})
}

// apply applies the change and describes it, for the log.
func (c WorkspaceChange) apply(w *storage.Workspace, s *storage.Settings) (changed []string, err error) {
	said := func(what, to string) { changed = append(changed, what+": "+to) }
	if c.Name != nil {
		if w.Name = storage.CleanLine(*c.Name, storage.MaxNameRunes); w.Name == "" {
			return nil, storage.E(storage.Invalid, "A workspace needs a name.", nil)
		}
		said("name", w.Name)
	}
	if c.Domains != nil {
		if s.Domains, err = cleanHosts(*c.Domains, domainPattern); err != nil {
			return nil, err
		}
		said("mail domains", cmp.Or(strings.Join(s.Domains, " "), "none"))
	}
	if c.EmbedHosts != nil {
		if s.EmbedHosts, err = cleanHosts(*c.EmbedHosts, embedPattern); err != nil {
			return nil, err
		}
		said("sites that may embed", cmp.Or(strings.Join(s.EmbedHosts, " "), "all"))
	}
	if c.KeepDays != nil {
		if s.KeepDays = *c.KeepDays; s.KeepDays < 0 || s.KeepDays > storage.MaxKeepDays {
			return nil, storage.E(
				storage.Invalid,
				fmt.Sprintf("Videos can be kept for 1 to %d days, or with 0 for ever.", storage.MaxKeepDays),
				nil,
			)
		}
		said("videos are kept", keptFor(s.KeepDays))
	}
	if c.DefaultDownload != nil {
		s.DefaultDownload = *c.DefaultDownload
		said("downloads by new links", onOff(s.DefaultDownload))
	}
	if err := choose(
		&s.SignUp,
		c.SignUp,
		"sign-up",
		said,
		storage.SignUpClosed,
		storage.SignUpInvited,
		storage.SignUpDomains,
	); err != nil {
		return nil, err
	}
	if err := choose(
		&s.DefaultAudience,
		c.DefaultAudience,
		"audience of new links",
		said,
		"link",
		"members",
	); err != nil {
		return nil, err
	}
	if err := choose(
		&s.DefaultComments,
		c.DefaultComments,
		"comments by new links",
		said,
		"on",
		"off",
		"held",
	); err != nil {
		return nil, err
	}
	if s.SignUp == storage.SignUpDomains && len(s.Domains) == 0 {
		return nil, storage.E(storage.Invalid, "List at least one mail domain, or choose another way to sign up.", nil)
	}
	return changed, nil
}

func keptFor(days int) string {
	if days == 0 {
		return "for ever"
	}
	return fmt.Sprintf("for %d days", days)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func choose[T ~string](into, to *T, what string, said func(what, to string), of ...T) error {
	if to == nil {
		return nil
	}
	if !slices.Contains(of, *to) {
		return storage.E(storage.Invalid, fmt.Sprintf("The %s can be one of %v.", what, of), nil)
	}
	*into = *to
	said(what, string(*to))
	return nil
}

var (
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	embedPattern  = regexp.MustCompile(
		`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:[0-9]{1,5})?$`,
	)
)

// cleanHosts lowercases host names and removes duplicates. Invalid for a name that is not a host.
func cleanHosts(list []string, pattern *regexp.Regexp) ([]string, error) {
	if len(list) > maxListedHosts {
		return nil, storage.E(storage.Invalid, fmt.Sprintf("At most %d can be listed.", maxListedHosts), nil)
	}
	clean := []string{}
	for _, host := range list {
		host = strings.ToLower(strings.TrimSpace(host))
		if len(host) > 253 || !pattern.MatchString(host) {
			return nil, storage.E(storage.Invalid, "Use the name of a host, such as example.org.", nil)
		}
		if _, err := netip.ParseAddr(host); err == nil && pattern == domainPattern {
			return nil, storage.E(storage.Invalid, "A mail domain is a name, such as example.org.", nil)
		}
		if !slices.Contains(clean, host) {
			clean = append(clean, host)
		}
	}
	return clean, nil
}
