package main

import (
	"context"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
)

// postOffice speaks as much SMTP (RFC 5321) as one mail needs, and returns each mail that it
// received.
type postOffice struct {
	address string
	took    chan string
}

func newPostOffice(t *testing.T, refuse string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{address: l.Addr().String(), took: make(chan string, 10)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.talk(textproto.NewConn(conn), refuse)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return p
}

func (p *postOffice) talk(c *textproto.Conn, refuse string) {
	defer c.Close()
	answer := func(text string) { _ = c.PrintfLine("%s", text) }
	answer("220 office ready")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case word == "EHLO":
			answer("250-office\r\n250 8BITMIME")
		case word == "RCPT" && refuse != "" && strings.Contains(line, refuse):
			answer("550 no such mailbox")
		case word == "DATA":
			answer("354 go on")
			text, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			p.took <- string(text)
			answer("250 taken")
		case word == "QUIT":
			answer("221 bye")
			return
		default:
			answer("250 fine")
		}
	}
}

func TestMailGoesOutBySMTP(t *testing.T) {
	t.Parallel()
	office := newPostOffice(t, "nobody@")
	m, err := newMailer("smtp://" + office.address + "?from=Updates%20%3Cupdates%40example.com%3E")
	if err != nil {
		t.Fatal(err)
	}
	letter := storage.Mail{
		To:      "ada@example.org",
		Subject: "Grüße\r\nBcc: eve@example.org",
		Text:    "Hello Ada,\n\n.a line with a dot\nhttp://example.com/enter/x\n",
	}
	if err := m.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := <-office.took
	for _, want := range []string{
		"From: \"Updates\" <updates@example.com>", "To: <ada@example.org>", "http://example.com/enter/x",
		"\n.a line with a dot",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the mail lacks %q:\n%s", want, got)
		}
	}
	head, _, _ := strings.Cut(got, "\n\n")
	if strings.Contains(head, "\nBcc:") {
		t.Errorf("the subject became a header:\n%s", head)
	}
	letter.To = "nobody@example.org"
	if err := m.Send(t.Context(), letter); storage.KindOf(err) != storage.Invalid {
		t.Errorf("a refused address: %v, want Invalid", err)
	}
	letter.To = "ada@example.org\r\nRCPT TO:<eve@example.org>"
	if err := m.Send(t.Context(), letter); storage.KindOf(err) != storage.Invalid {
		t.Errorf("an address with a line end: %v, want Invalid", err)
	}
}

func TestAMailServerThatIsAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	url := "smtp://" + address + "?from=updates@example.com"
	m, err := newMailer(url)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(
		t.Context(),
		storage.Mail{To: "ada@example.org", Subject: "x", Text: "x"},
	); storage.KindOf(err) != storage.Unavailable {
		t.Errorf("Send() = %v, want Unavailable", err)
	}
	if f := checkMail(t.Context(), patient{config: &Config{SMTPURL: url}}); f.Result != "fail" || f.Mend == "" {
		t.Errorf("the doctor says %+v", f)
	}
	office := newPostOffice(t, "")
	if f := checkMail(
		t.Context(),
		patient{config: &Config{SMTPURL: fmt.Sprintf("smtp://%s?from=updates@example.com", office.address)}},
	); f.Result != "ok" {
		t.Errorf("the doctor says %+v", f)
	}
	if f := checkMail(context.Background(), patient{config: &Config{}}); f.Result != "warn" {
		t.Errorf("the doctor says %+v", f)
	}
}

func TestMailAddressesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"http://x?from=a@example.com", "smtp://x", "smtp://?from=a@example.com",
		"smtp://u:secret@x:y?from=a@example.com", "smtp://x?from=nobody",
	} {
		_, err := newMailer(address)
		if err == nil {
			t.Errorf("%s is taken", address)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", address, err)
		}
	}
}

// A link built from the Host header of a request could lead its reader, and their log-in, to
// another site.
func TestMailNeedsTheSitesOwnAddress(t *testing.T) {
	t.Parallel()
	c := Config{
		Listen:            "127.0.0.1:0",
		SMTPURL:           "smtp://mail.example.com?from=a@example.com",
		MediaAddressLife:  time.Minute,
		Lease:             time.Minute,
		WorkerConcurrency: 1,
	}
	if err := c.finish(roleAll); err == nil || !strings.Contains(err.Error(), "MEANWHILE_BASE_URL") {
		t.Errorf("finish() = %v, want it to ask for MEANWHILE_BASE_URL", err)
	}
	c.BaseURL = "https://updates.example.com"
	if err := c.finish(roleAll); err != nil {
		t.Error(err)
	}
}
