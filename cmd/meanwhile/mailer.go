package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"meanwhile"
)

// mailWithin bounds one conversation with the mail server.
const mailWithin = 10 * time.Second

// mailer is meanwhile.Mailer by SMTP.
type mailer struct {
	host    string
	from    string
	smtps   bool // TLS from the first byte
	options []mail.Option
}

// newMailer reads an address such as smtp://user:password@host:587?from=updates@example.com. It is nil for none.
func newMailer(address string) (*mailer, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		// Not what url.Parse says: that holds the password.
		return nil, errors.New("MEANWHILE_SMTP_URL cannot be read: it needs the form smtp://user:password@host:587?from=updates@example.com, or smtps://")
	}
	from, err := netmail.ParseAddress(u.Query().Get("from"))
	if err != nil {
		return nil, errors.New("MEANWHILE_SMTP_URL needs ?from= with the address that mail comes from, such as from=updates@example.com")
	}
	m := &mailer{host: u.Hostname(), from: from.String(), options: []mail.Option{mail.WithTimeout(mailWithin)}}
	if err := m.secure(u); err != nil {
		return nil, err
	}
	if u.User != nil {
		password, _ := u.User.Password()
		method := mail.SMTPAuthAutoDiscover // the best that the server has, and in the clear none that tells the password
		if isLoopback(m.host) {
			method = mail.SMTPAuthPlain
		}
		m.options = append(m.options, mail.WithSMTPAuth(method), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	if _, err := mail.NewClient(m.host, m.options...); err != nil {
		return nil, fmt.Errorf("MEANWHILE_SMTP_URL cannot be used: %w", err)
	}
	return m, nil
}

// secure chooses port and encryption. A password is never sent in the clear to another machine.
func (m *mailer) secure(u *url.URL) error {
	port := 587
	switch tls := u.Query().Get("tls"); {
	case u.Scheme == "smtps":
		port, m.smtps = 465, true
		m.options = append(m.options, mail.WithSSL())
	case tls == "" && u.User == nil, tls == "" && isLoopback(u.Hostname()), tls == "auto":
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case tls == "" || tls == "required":
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory))
	case tls == "off":
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return fmt.Errorf("MEANWHILE_SMTP_URL has tls=%s: it can be required, auto or off", tls)
	}
	if u.Port() != "" {
		n, err := strconv.Atoi(u.Port())
		if err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("MEANWHILE_SMTP_URL has the port %s: it needs a number from 1 to 65535", u.Port())
		}
		port = n
	}
	m.options = append(m.options, mail.WithPort(port))
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send hands m to the server. Invalid when it refuses the address or the mail, Unavailable when it is away or busy. Errors name no address.
func (m *mailer) Send(ctx context.Context, message meanwhile.Mail) error {
	msg, err := m.write(message)
	if err != nil {
		return meanwhile.E(meanwhile.Invalid, "This mail cannot be written: see that the address is right.", err)
	}
	ctx, cancel := context.WithTimeout(ctx, mailWithin)
	defer cancel()
	client, hangUp, err := m.dial(ctx)
	if err != nil {
		return mailAway(err)
	}
	defer hangUp()
	err = client.Send(msg)
	if closed := client.Close(); err == nil && closed != nil {
		return nil // it was taken; how the conversation ended matters to nobody
	}
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return meanwhile.E(meanwhile.Invalid, "The mail server does not take mail for this address.", fmt.Errorf("%s (%d)", refused.Reason, refused.ErrorCode()))
	}
	if errors.As(err, &refused) {
		return mailAway(fmt.Errorf("%s (%d)", refused.Reason, refused.ErrorCode()))
	}
	if err != nil {
		return mailAway(errors.New("the conversation broke off")) // the server's own words may hold the address
	}
	return nil
}

func mailAway(err error) error {
	return meanwhile.E(meanwhile.Unavailable, "The mail server takes no mail just now. Try again in a few minutes.", err)
}

var errManyLines = errors.New("an address or a subject of several lines")

// write makes plain text of m. Nothing in it can begin another header or name another address.
func (m *mailer) write(message meanwhile.Mail) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(message.To)
	if err != nil || to.Address != message.To {
		return nil, errors.New("not one plain address")
	}
	if strings.ContainsAny(message.To+message.Subject, "\r\n\x00") {
		return nil, errManyLines
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(m.from), msg.To(to.Address)); err != nil {
		return nil, errors.New("not an address that mail can go to")
	}
	msg.Subject(message.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no out-of-office notes come back
	msg.SetBodyString(mail.TypeTextPlain, message.Text)
	return msg, nil
}

// dial greets the server and signs in there. The caller hangs up.
func (m *mailer) dial(ctx context.Context) (client *mail.Client, hangUp func(), err error) {
	var conn net.Conn
	hangUp = func() {
		if conn != nil {
			_ = conn.Close()
		}
	}
	options := slices.Clone(m.options)
	if !m.smtps { // a client that is refused half-way leaves its connection open; that of smtps goes when nothing holds it
		options = append(options, mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			var err error
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
			return conn, err
		}))
	}
	if client, err = mail.NewClient(m.host, options...); err != nil {
		return nil, nil, err
	}
	if err := client.DialWithContext(ctx); err != nil {
		hangUp()
		return nil, nil, err
	}
	return client, hangUp, nil
}

// look has a conversation with the server, up to where a mail would begin.
func (m *mailer) look(ctx context.Context) error {
	client, hangUp, err := m.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	return client.Close()
}

// checkMail looks for the server that takes mail.
func checkMail(ctx context.Context, p patient) finding {
	m, err := newMailer(p.config.SMTPURL)
	if err != nil {
		return fail(err, "Correct MEANWHILE_SMTP_URL: meanwhile --help-config shows its form.")
	}
	if m == nil {
		return warn("not set: nobody is mailed a log-in link or an invitation",
			"Set MEANWHILE_SMTP_URL, or hand links on yourself: `meanwhile user add` prints one.")
	}
	if err := m.look(ctx); err != nil {
		return fail(err, "See that MEANWHILE_SMTP_URL is right: host, port, tls, user and password, and that the server takes mail from this machine.")
	}
	return ok("the server at " + m.host + " takes mail, from " + m.from)
}
