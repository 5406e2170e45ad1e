package server

import (
	"context"
	"time"

	"meanwhile/storage"
)

type wireKey struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Scopes     []string `json:"scopes" nullable:"false" enum:"read,write,upload,comment,admin"`
	CreatedAt  stamp    `json:"created_at"`
	ExpiresAt  *stamp   `json:"expires_at,omitempty"`
	LastUsedAt *stamp   `json:"last_used_at,omitempty" doc:"Accurate to five minutes"`
}

func keyOf(k storage.APIKey) wireKey {
	out := wireKey{
		ID:         string(k.ID),
		Name:       k.Name,
		Scopes:     make([]string, len(k.Scopes)),
		CreatedAt:  stamp(k.CreatedAt),
		ExpiresAt:  stampOf(k.ExpiresAt),
		LastUsedAt: stampOf(k.LastUsed),
	}
	for i, scope := range k.Scopes {
		out.Scopes[i] = string(scope)
	}
	return out
}

type keysOutput struct {
	Body struct {
		Items []wireKey `json:"items" nullable:"false"`
	}
}

func (s *server) listKeys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	keys, err := s.SignIn.Keys(ctx, visitOf(ctx).actor)
	if err != nil {
		return nil, err
	}
	out := &keysOutput{}
	out.Body.Items = make([]wireKey, len(keys))
	for i, k := range keys {
		out.Body.Items[i] = keyOf(k)
	}
	return out, nil
}

type wireNewKey struct {
	Name      string     `json:"name" maxLength:"500" doc:"What it is for"`
	Scopes    []string   `json:"scopes" nullable:"false" minItems:"1" uniqueItems:"true" enum:"read,write,upload,comment,admin"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent: never"`
}

type wireMadeKey struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes" nullable:"false" enum:"read,write,upload,comment,admin"`
	CreatedAt stamp    `json:"created_at"`
	ExpiresAt *stamp   `json:"expires_at,omitempty"`
	Secret    string   `json:"secret" doc:"Shown once"`
}

type newKeyInput struct{ Body wireNewKey }

type newKeyOutput struct{ Body wireMadeKey }

func (s *server) makeKey(ctx context.Context, in *newKeyInput) (*newKeyOutput, error) {
	scopes := make([]storage.Scope, len(in.Body.Scopes))
	for i, name := range in.Body.Scopes {
		scopes[i] = storage.Scope(name)
	}
	k, secret, err := s.SignIn.MakeKey(ctx, visitOf(ctx).actor, in.Body.Name, scopes, in.Body.ExpiresAt)
	if err != nil {
		return nil, err
	}
	made := keyOf(k)
	return &newKeyOutput{
		Body: wireMadeKey{
			ID:        made.ID,
			Name:      made.Name,
			Scopes:    made.Scopes,
			CreatedAt: made.CreatedAt,
			ExpiresAt: made.ExpiresAt,
			Secret:    secret,
		},
	}, nil
}

func (s *server) deleteKey(ctx context.Context, in *namedInput) (*struct{}, error) {
	return nil, s.SignIn.DeleteKey(ctx, visitOf(ctx).actor, storage.APIKeyID(in.ID))
}
