package main

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"

	"github.com/wneessen/go-mail"

	"meanwhile"
)

// smtpServer takes mail for one conversation at a time (RFC 5321), as far as a client needs it.
type smtpServer struct {
	address string
	refuse  map[string]string // the answer to a command that begins so, instead of the usual one
	said    chan conversation
}

// conversation is what one client said.
type conversation struct {
	commands []string
	data     string
}

func newSMTPServer(t *testing.T, refuse map[string]string) *smtpServer {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{address: ln.Addr().String(), refuse: refuse, said: make(chan conversation, 8)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.said <- s.talk(textproto.NewConn(conn))
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-ended
	})
	return s
}

func (s *smtpServer) talk(c *textproto.Conn) (said conversation) {
	defer c.Close()
	usual := map[string]string{
		"EHLO": "250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME", "AUTH": "235 welcome", "DATA": "354 go ahead", "QUIT": "221 bye",
	}
	answer := "220 mail.example.com ESMTP"
	for {
		if err := c.PrintfLine("%s", answer); err != nil || strings.HasPrefix(answer, "221") {
			return said
		}
		if strings.HasPrefix(answer, "354") {
			b, err := io.ReadAll(c.DotReader())
			if err != nil {
				return said
			}
			said.data, answer = string(b), "250 taken"
			continue
		}
		line, err := c.ReadLine()
		if err != nil {
			return said
		}
		said.commands = append(said.commands, line)
		verb, _, _ := strings.Cut(line, " ")
		answer = usual[verb]
		if answer == "" {
			answer = "250 ok"
		}
		for begin, other := range s.refuse {
			if strings.HasPrefix(line, begin) {
				answer = other
			}
		}
	}
}

func mustMailer(t *testing.T, address string) *mailer {
	t.Helper()
	m, err := newMailer(address)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var letter = meanwhile.Mail{To: "ada@example.org", Subject: "Dein Zugang für heute", Text: "Grüße\n\n.\n..dots\nhttps://updates.example.com/enter/" + strings.Repeat("a", 52) + "\n"}

func mustClient(t *testing.T, address string) *mail.Client {
	t.Helper()
	m := mustMailer(t, address)
	c, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readQuoted(t *testing.T, m *netmail.Message) string {
	t.Helper()
	if got := m.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
		t.Fatalf("the text is encoded as %q", got)
	}
	b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMailerTalksToAServer(t *testing.T) {
	s := newSMTPServer(t, nil)
	m := mustMailer(t, "smtp://bob:se%20cret@"+s.address+"?from=Team%20<updates@example.com>")
	if err := m.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	said := <-s.said
	all := strings.Join(said.commands, "\n")
	for _, want := range []string{"AUTH ", "MAIL FROM:<updates@example.com>", "RCPT TO:<ada@example.org>", "DATA", "QUIT"} {
		if !strings.Contains(all, want) {
			t.Errorf("the client said %s\nwithout %s", all, want)
		}
	}
	got, err := netmail.ReadMessage(bufio.NewReader(strings.NewReader(said.data)))
	if err != nil {
		t.Fatalf("%v in %s", err, said.data)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	if err != nil || subject != letter.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"From": `"Team" <updates@example.com>`, "To": "<ada@example.org>", "Auto-Submitted": "auto-generated", "Content-Type": "text/plain; charset=UTF-8",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if got.Header.Get("Date") == "" || got.Header.Get("Message-Id") == "" {
		t.Errorf("headers %v", got.Header)
	}
	if body := readQuoted(t, got); strings.ReplaceAll(body, "\r\n", "\n") != letter.Text {
		t.Errorf("text %q, want %q", body, letter.Text)
	}
}

func TestMailerKeepsHeadersApart(t *testing.T) {
	s := newSMTPServer(t, nil)
	m := mustMailer(t, "smtp://"+s.address+"?from=updates@example.com")
	for _, bad := range []meanwhile.Mail{
		{To: "ada@example.org", Subject: "Hello\r\nBcc: eve@example.org"},
		{To: "ada@example.org", Subject: "Hello\nBcc: eve@example.org"},
		{To: "ada@example.org\r\nBcc: eve@example.org", Subject: "Hello"},
		{To: "ada@example.org, eve@example.org", Subject: "Hello"},
		{To: "Ada <ada@example.org>", Subject: "Hello"},
		{To: "ada@example.org>\r\nRCPT TO:<eve@example.org", Subject: "Hello"},
		{To: "", Subject: "Hello"},
	} {
		if err := m.Send(t.Context(), bad); meanwhile.KindOf(err) != meanwhile.Invalid || err == nil {
			t.Errorf("%+v: %v, want it refused", bad, err)
		}
	}
	if len(s.said) != 0 {
		t.Errorf("the server heard %+v", <-s.said)
	}
}

func TestMailerSaysWhatWentWrongWithoutNamingAnybody(t *testing.T) {
	tests := []struct {
		name   string
		refuse map[string]string
		kind   meanwhile.Kind
	}{
		{"an address that is not there", map[string]string{"RCPT": "550 no ada@example.org here"}, meanwhile.Invalid},
		{"a mailbox that is full for now", map[string]string{"RCPT": "452 ada@example.org is full"}, meanwhile.Unavailable},
		{"a server that is busy", map[string]string{"EHLO": "421 busy", "HELO": "421 busy"}, meanwhile.Unavailable},
		{"a wrong password", map[string]string{"AUTH": "535 wrong"}, meanwhile.Unavailable},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newSMTPServer(t, tc.refuse)
			err := mustMailer(t, "smtp://bob:secret@"+s.address+"?from=updates@example.com").Send(t.Context(), letter)
			if err == nil || meanwhile.KindOf(err) != tc.kind {
				t.Errorf("Send() = %v, want kind %s", err, tc.kind)
			}
			if strings.Contains(fmt.Sprint(err), "ada@") || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("Send() = %v, which says too much", err)
			}
		})
	}
	away := mustMailer(t, "smtp://127.0.0.1:1?from=updates@example.com")
	if err := away.Send(t.Context(), letter); err == nil || meanwhile.KindOf(err) != meanwhile.Unavailable {
		t.Errorf("Send() to nobody = %v", err)
	}
}

func TestMailerSendsNoPasswordInTheClear(t *testing.T) {
	for address, policy := range map[string]string{
		"smtp://bob:secret@mail.example.com?from=a@example.com":          "TLSMandatory",
		"smtp://mail.example.com?from=a@example.com":                     "TLSOpportunistic",
		"smtp://bob:secret@mail.example.com?from=a@example.com&tls=auto": "TLSOpportunistic",
		"smtp://mail.example.com?from=a@example.com&tls=off":             "NoTLS",
	} {
		if got := mustClient(t, address).TLSPolicy(); got != policy {
			t.Errorf("%s: %s, want %s", address, got, policy)
		}
	}
	if got := mustClient(t, "smtps://mail.example.com?from=a@example.com").ServerAddr(); got != "mail.example.com:465" {
		t.Errorf("smtps goes to %s", got)
	}
}

func TestDoctorLooksAtTheMailServer(t *testing.T) {
	look := func(address string) finding {
		return checkMail(t.Context(), patient{config: &Config{SMTPURL: address}})
	}
	if f := look(""); f.Result != "warn" || !strings.Contains(f.Mend, "MEANWHILE_SMTP_URL") {
		t.Errorf("without a server: %+v", f)
	}
	s := newSMTPServer(t, nil)
	if f := look("smtp://bob:secret@" + s.address + "?from=a@example.com"); f.Result != "ok" || strings.Contains(f.Detail, "secret") {
		t.Errorf("with a server: %+v", f)
	}
	wrong := newSMTPServer(t, map[string]string{"AUTH": "535 wrong"})
	for _, address := range []string{"smtp://bob:secret@" + wrong.address + "?from=a@example.com", "smtp://127.0.0.1:1?from=a@example.com", "smtp://" + s.address, "mail.example.com"} {
		if f := look(address); f.Result != "fail" || f.Mend == "" || strings.Contains(f.Detail, "secret") {
			t.Errorf("%s: %+v, want a failure with a mend", address, f)
		}
	}
}
