package server

import (
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"
)

// checksPath is the page about the state of the site. After set-up it is the second and last step.
const (
	checksPath = "/checks"
	firstRun   = "first"
)

// checksPage is the data of checks.html: the findings, grouped by how much they need attention.
type checksPage struct {
	common
	First  bool // the step after set-up
	Fails  []found
	Warns  []found
	Fine   []found
	Total  int
	LookAt string // the time for <time>
	LookIn string // in words, without scripts
}

// checksShown runs the checks and shows the findings to people who look after the site.
func (s *server) checksShown(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if err := s.People.SeesSite(r.Context(), v.actor); err != nil {
		return err
	}
	all, err := s.checkup.look(r.Context())
	if err != nil {
		return err
	}
	now := s.Core.Now().UTC()
	page := &checksPage{
		common: common{Title: "Site checks"}, First: r.URL.Query().Has(firstRun), Total: len(all) + 1,
		LookAt: now.Format(time.RFC3339), LookIn: now.Format("15:04 UTC"),
	}
	page.add(found{"this address", s.lookAtAddress(v)})
	for _, f := range all {
		page.add(f)
	}
	return s.render(w, r, http.StatusOK, "checks", page)
}

func (p *checksPage) add(f found) {
	first, size := utf8.DecodeRuneInString(f.Name)
	f.Name = string(unicode.ToUpper(first)) + f.Name[size:]
	switch f.Result {
	case ResultOK:
		p.Fine = append(p.Fine, f)
	case ResultWarn:
		p.Warns = append(p.Warns, f)
	default:
		p.Fails = append(p.Fails, f)
	}
}

// lookAtAddress reports whether a browser can record at the site's address, and whether links lead
// to the same place.
func (s *server) lookAtAddress(v *visit) Finding {
	if !s.https(v) && !loopback(v.host) {
		return Finding{
			ResultFail,
			v.scheme + "://" + v.host + " is plain http: browsers cannot record or copy links there",
			"On the machine itself, open http://localhost and its port. For everybody else, put a proxy with TLS " +
				"in front of it and set MEANWHILE_BASE_URL to its https:// address.",
		}
	}
	if s.base != nil && s.base.Host != v.host {
		return Finding{ResultWarn, "you are at " + v.host + ", and links lead to " + s.base.Host,
			"Open the site at " + s.baseURL(v) + ", or set MEANWHILE_BASE_URL to the address that people use."}
	}
	return Finding{ResultOK, "browsers can record at " + s.baseURL(v), ""}
}

// setUpAgain is for somebody who has just made the first account and pressed twice. It leads them
// to the same page as the first press.
func (s *server) setUpAgain(w http.ResponseWriter, r *http.Request) (bool, error) {
	a := visitOf(r.Context()).actor
	if !a.SignedIn() || s.People.SeesSite(r.Context(), a) != nil {
		return false, nil
	}
	return true, redirect(w, r, checksPath+"?"+firstRun)
}
