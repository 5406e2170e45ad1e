package meanwhile

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// MailedLinkFor is how long a mailed log-in link lives.
const MailedLinkFor = 30 * time.Minute

// MailsLinks reports whether this site can mail anything.
func (l *Library) MailsLinks() bool { return l.Mailer != nil }

// MailLoginLink mails a link that signs in once to who has an account with that address; base is this site's own address. All of that happens
// behind the answer, which is the same, and as fast, for an address that nobody has. Unavailable where no mail is sent.
func (l *Library) MailLoginLink(ctx context.Context, email, base string) error {
	if l.Mailer == nil {
		return E(Unavailable, "This site sends no mail. Ask whoever runs it for a link that signs you in.", nil)
	}
	email, err := cleanEmail(email)
	if err != nil {
		return err
	}
	return l.later(ctx, "mail login link", func(ctx context.Context) error { return l.mailLoginLink(ctx, email, base) })
}

func (l *Library) mailLoginLink(ctx context.Context, email, base string) error {
	id, err := l.Store.IdentityByEmail(ctx, email)
	if err != nil && KindOf(err) == NotFound {
		return nil // whoever asked is told nothing, and nobody is mailed
	}
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	secret, now := NewSecret(), l.Now()
	link := LoginLink{Hash: SecretHash(secret), UserID: id.User.ID, CreatedAt: now, ExpiresAt: now.Add(MailedLinkFor)}
	if err := l.Store.CreateLoginLink(ctx, link); err != nil {
		return fmt.Errorf("create login link: %w", err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Hello %s,\n\n", id.User.Name)
	fmt.Fprintf(&text, "somebody, most likely you, asked for a link to sign in at %s.\n\n", base)
	fmt.Fprintf(&text, "It signs you in once, within %d minutes, that is until %s:\n\n%s/enter/%s\n\n",
		int(MailedLinkFor.Minutes()), link.ExpiresAt.UTC().Format("15:04 UTC on 2 January"), base, secret)
	text.WriteString("If it was not you, leave it: nothing happens without the link. Do not hand it on: it opens your account.\n")
	// To the address of the account, not to the one that was typed: those may look the same and be different.
	if err := l.Mailer.Send(ctx, Mail{To: id.User.Email, Subject: "Your link to sign in", Text: text.String()}); err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}
