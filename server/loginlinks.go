package server

import (
	"context"
	"net/http"
	"strings"

	"meanwhile"
)

type wireLogInLink struct {
	Email string `json:"email" maxLength:"254"`
}

type logInLinkInput struct{ Body wireLogInLink }

// mailLogInLink answers the same whether or not there is an account.
func (s *server) mailLogInLink(ctx context.Context, in *logInLinkInput) (*struct{}, error) {
	return nil, s.sendLogInLink(ctx, visitOf(ctx), in.Body.Email)
}

// sendLogInLink has its limits per network address and per mail address, so that nobody's mailbox is filled from many places. Both count
// before anything is known of an account.
func (s *server) sendLogInLink(ctx context.Context, v *visit, email string) error {
	if err := s.try(ctx, v); err != nil {
		return err
	}
	base, ok := s.mailBase(v)
	if !ok {
		return meanwhile.E(meanwhile.Unavailable, "This site sends no mail. Ask whoever runs it for a link that signs you in.", nil)
	}
	if !s.mails.allow(ctx, strings.ToLower(strings.TrimSpace(email)), s.lib.Now()) {
		return meanwhile.E(meanwhile.Limited, "This address was mailed several links already. Look in your mailbox, also among the spam, or try again in an hour.", nil)
	}
	return s.lib.MailLoginLink(ctx, email, base)
}

// mailBase is what links in mail begin with, where mail is sent at all. What a visitor says where the site is counts only on this machine
// itself: else anyone could have somebody mailed a link to elsewhere that opens their account.
func (s *server) mailBase(v *visit) (base string, ok bool) {
	if !s.lib.MailsLinks() || s.BaseURL == "" && !loopback(v.host) {
		return "", false
	}
	return s.baseURL(v), true
}

// logInLinkPosted is the button of the log-in page, for which that page's form needs no script.
func (s *server) logInLinkPosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	data := s.logInPage(v, f.Get("email"), f.Get("next"))
	data.Elsewhere = true
	if err := s.sendLogInLink(r.Context(), v, data.Email); err != nil {
		return s.entered(w, r, "login", data, "", err)
	}
	data.Title, data.Minutes = "Look into your mailbox", int(meanwhile.MailedLinkFor.Minutes())
	return s.render(w, r, http.StatusOK, "mailed", data)
}
