package people

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Self is a person's view of their own account.
type Self struct {
	User       storage.User
	Workspace  *storage.Workspace // the open workspace; nil if none
	Role       storage.Role
	Workspaces []storage.WorkspaceRole
}

// Self returns the actor's own account. An API key sees only its own workspace.
func (s *Service) Self(ctx context.Context, a access.Actor) (Self, error) {
	if err := s.core.May(ctx, a, access.SeeSelf); err != nil {
		return Self{}, err
	}
	id, err := s.core.Store.IdentityByUser(ctx, a.UserID)
	if err != nil {
		return Self{}, fmt.Errorf("find account: %w", err)
	}
	all, err := s.core.Store.Memberships(ctx, a.UserID)
	if err != nil {
		return Self{}, fmt.Errorf("list memberships: %w", err)
	}
	self := Self{User: id.User}
	for _, m := range all {
		here := m.Workspace.ID == a.WorkspaceID
		if here {
			self.Workspace, self.Role = &m.Workspace, m.Role
		}
		if here || !a.ByProgram() {
			self.Workspaces = append(self.Workspaces, m)
		}
	}
	return self, nil
}

// Profile is a change of what a person says about themselves. nil leaves a field as it is.
type Profile struct {
	Name     *string
	TimeZone *string // an IANA name; empty for unknown
	Language *string // a BCP 47 tag; empty for unknown
}

// ChangeProfile changes the actor's own account. Invalid for an empty name, an unknown time zone
// and a wrong language tag.
func (s *Service) ChangeProfile(ctx context.Context, a access.Actor, p Profile) error {
	if err := s.core.May(ctx, a, access.ChangeSelf); err != nil {
		return err
	}
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		id, err := tx.IdentityByUser(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("find account: %w", err)
		}
		if err := p.apply(&id.User); err != nil {
			return err
		}
		return tx.SetProfile(ctx, id.User)
	})
}

func (p Profile) apply(u *storage.User) error {
	if p.Name != nil {
		if u.Name = storage.CleanLine(*p.Name, storage.MaxNameRunes); u.Name == "" {
			return storage.E(storage.Invalid, "A name needs at least one character.", nil)
		}
	}
	if p.TimeZone != nil {
		if !ValidTimeZone(*p.TimeZone) {
			return storage.E(
				storage.Invalid,
				"This time zone is not known here. Use a name such as Europe/Lisbon.",
				nil,
			)
		}
		u.TimeZone = *p.TimeZone
	}
	if p.Language != nil {
		if !ValidLanguage(*p.Language) {
			return storage.E(storage.Invalid, "Use a language tag such as en or pt-BR.", nil)
		}
		u.Language = *p.Language
	}
	return nil
}

var (
	timeZonePattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)
	languagePattern = regexp.MustCompile(
		`^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{5,8}){0,2}$`,
	)
)

// ValidTimeZone reports whether name is an IANA time zone that this machine knows, or empty.
func ValidTimeZone(name string) bool {
	if name == "" {
		return true
	}
	if len(name) > 64 || name == "Local" || !timeZonePattern.MatchString(name) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// ValidLanguage reports whether tag has the form of a language tag (BCP 47: language, script,
// region, variants) or is empty.
func ValidLanguage(tag string) bool {
	return tag == "" || len(tag) <= 35 && languagePattern.MatchString(tag)
}

// Picture formats, by the extension of their objects.
var pictureTypes = map[string]string{".jpg": "image/jpeg", ".png": "image/png"}

// Picture says where a person's picture is stored.
type Picture struct {
	Key       string
	MediaType string
}

// SetPicture gives the actor another picture. read returns it: it reads the picture from the
// client, decodes it and encodes it again. ext is ".jpg" or ".png".
func (s *Service) SetPicture(
	ctx context.Context,
	a access.Actor,
	read func() (picture []byte, ext string, err error),
) error {
	if err := s.core.May(ctx, a, access.ChangeSelf); err != nil {
		return err
	}
	picture, ext, err := read()
	if err != nil {
		return err
	}
	if pictureTypes[ext] == "" {
		return fmt.Errorf("set picture: unknown ending %q", ext)
	}
	key := fmt.Sprintf("p/%s/%s%s", a.UserID, s.core.NewID(), ext)
	if _, err := s.core.Objects.Put(ctx, key, bytes.NewReader(picture)); err != nil {
		return fmt.Errorf("store picture: %w", err)
	}
	return s.replacePicture(ctx, a, key)
}

// DropPicture removes the actor's picture.
func (s *Service) DropPicture(ctx context.Context, a access.Actor) error {
	if err := s.core.May(ctx, a, access.ChangeSelf); err != nil {
		return err
	}
	return s.replacePicture(ctx, a, "")
}

func (s *Service) replacePicture(ctx context.Context, a access.Actor, key string) error {
	old := ""
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		id, err := tx.IdentityByUser(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("find account: %w", err)
		}
		old = id.User.PictureKey
		return tx.SetPicture(ctx, a.UserID, key)
	})
	if err != nil {
		s.deletePicture(ctx, key)
		return err
	}
	s.deletePicture(ctx, old)
	return nil
}

// deletePicture deletes an object that no row names any more. If that fails, it costs only disk
// space, so a failure is only logged.
func (s *Service) deletePicture(ctx context.Context, key string) {
	if key == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.core.Objects.Delete(ctx, key); err != nil {
		s.core.Log.Warn("old picture not deleted", "key", key, "error", err)
	}
}

// PictureOf returns the picture of somebody in the actor's workspace, or the actor's own. NotFound
// for anyone else, and if there is no picture.
func (s *Service) PictureOf(ctx context.Context, a access.Actor, id storage.UserID) (Picture, error) {
	var key string
	if id == a.UserID {
		if err := s.core.May(ctx, a, access.SeeSelf); err != nil {
			return Picture{}, err
		}
		own, err := s.core.Store.IdentityByUser(ctx, id)
		if err != nil {
			return Picture{}, fmt.Errorf("find account: %w", err)
		}
		key = own.User.PictureKey
	} else {
		if err := s.core.May(ctx, a, access.SeePicture); err != nil {
			return Picture{}, err
		}
		m, err := s.core.Store.MemberByID(ctx, a.WorkspaceID, id)
		if err != nil && storage.KindOf(err) != storage.NotFound {
			return Picture{}, fmt.Errorf("find member: %w", err)
		}
		key = m.User.PictureKey
	}
	if key == "" {
		return Picture{}, storage.E(storage.NotFound, "There is no picture of this person here.", nil)
	}
	return Picture{Key: key, MediaType: pictureTypes[key[strings.LastIndexByte(key, '.'):]]}, nil
}
