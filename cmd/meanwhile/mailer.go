package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"meanwhile/storage"
)

// mailer sends mail through a mail server.
type mailer struct {
	from   string
	host   string
	port   int
	dialer []gomail.Option
}

// mailAnswersWithin bounds each step of the conversation with the mail server.
const mailAnswersWithin = 10 * time.Second

// newMailer reads an address such as smtp://user:password@host:587?from=updates@example.com.
// smtps:// begins with TLS, and smtp:// changes to it if the server can. Plain passwords go only
// over TLS.
func newMailer(address string) (*mailer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it cannot be read") // not the cause, which repeats the password
	}
	from, err := mail.ParseAddress(u.Query().Get("from"))
	if err != nil {
		return nil, errors.New("it needs ?from= and the address that mail comes from")
	}
	if u.Hostname() == "" {
		return nil, errors.New("it needs the mail server's host")
	}
	m := &mailer{from: from.String(), host: u.Hostname()}
	options := []gomail.Option{gomail.WithTimeout(mailAnswersWithin)}
	switch u.Scheme {
	case "smtp":
		m.port = 587
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case "smtps":
		m.port = 465
		options = append(options, gomail.WithSSL())
	default:
		return nil, errors.New("it begins with smtp:// or smtps://")
	}
	if text := u.Port(); text != "" {
		if m.port, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("its port is %q", text)
		}
	}
	options = append(options, gomail.WithPort(m.port))
	if name := u.User.Username(); name != "" {
		password, _ := u.User.Password()
		options = append(
			options,
			gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(name),
			gomail.WithPassword(password),
		)
	}
	m.dialer = options
	_, err = gomail.NewClient(m.host, options...)
	return m, err
}

// Send hands m to the server. Unavailable if that cannot be reached, Invalid if it refuses the
// address.
func (m *mailer) Send(ctx context.Context, letter storage.Mail) error {
	msg := gomail.NewMsg()
	if err := msg.From(m.from); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if err := msg.To(letter.To); err != nil {
		return storage.E(storage.Invalid, "The mail server does not accept this address.", err)
	}
	msg.Subject(letter.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetBodyString(gomail.TypeTextPlain, letter.Text)
	client, err := gomail.NewClient(m.host, m.dialer...)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.Reason == gomail.ErrSMTPRcptTo && !refused.IsTemp() {
		return storage.E(storage.Invalid, "The mail server does not accept this address.", err)
	}
	if err != nil {
		return storage.E(storage.Unavailable, "The mail server does not answer. Try again in a while.", err)
	}
	return nil
}

// check talks to the server as for a mail, but sends none. ctx also bounds each step.
func (m *mailer) check(ctx context.Context) error {
	options := m.dialer
	if end, is := ctx.Deadline(); is {
		within := max(min(mailAnswersWithin, time.Until(end)), time.Millisecond)
		options = append(slices.Clip(options), gomail.WithTimeout(within))
	}
	client, err := gomail.NewClient(m.host, options...)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return err
	}
	return client.Close()
}

func checkMail(ctx context.Context, p patient) finding {
	const mend = "Check MEANWHILE_SMTP_URL: smtp://user:password@host:587?from=updates@example.com"
	if p.config.SMTPURL == "" {
		return warn(
			"none is sent: people pass invites and log-in links on themselves",
			"Set MEANWHILE_SMTP_URL to have them mailed.",
		)
	}
	m, err := newMailer(p.config.SMTPURL)
	if err != nil {
		return fail(err, mend)
	}
	if err := m.check(ctx); err != nil {
		return fail(err, mend)
	}
	return ok(fmt.Sprintf("%s:%d takes mail from %s", m.host, m.port, m.from))
}
