package server

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The rule that makes links of a comment's text. web/src/watch/tokens.ts follows the same rule for
// comments that come later. First come addresses, then positions such as 1:23 and 1:02:03 in the
// rest.
var (
	inText    = regexp.MustCompile(`(?i)https?://[^\s\p{Z}<>"]+`)
	longClock = regexp.MustCompile(`^\d{1,2}:\d{1,2}:[0-5]\d`)
	anyClock  = regexp.MustCompile(`^\d{1,2}:[0-5]\d`)
)

// commentHTML is a comment's text for the page: escaped, with links. The style sheet keeps line
// breaks.
func commentHTML(body string) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range inText.FindAllStringIndex(body, -1) {
		address := trimAddress(body[m[0]:m[1]])
		if u, err := url.Parse(address); err != nil || u.Hostname() == "" {
			continue
		}
		writePositions(&b, body[at:m[0]])
		a := template.HTMLEscapeString(address)
		b.WriteString(`<a href="` + a + `" rel="nofollow noopener ugc" target="_blank">` + a + `</a>`)
		at = m[0] + len(address)
	}
	writePositions(&b, body[at:])
	return template.HTML(b.String()) //nolint:gosec // every piece is escaped above
}

// trimAddress removes the punctuation of the sentence from the end, and a closing bracket that was
// opened before the address.
func trimAddress(s string) string {
	for s != "" {
		last, size := utf8.DecodeLastRuneInString(s)
		unopened := last == ')' && !strings.Contains(s, "(") || last == ']' && !strings.Contains(s, "[")
		if !unopened && !strings.ContainsRune(`.,;:!?'"»”’`, last) {
			break
		}
		s = s[:len(s)-size]
	}
	return s
}

// writePositions writes text that has no addresses.
func writePositions(b *strings.Builder, text string) {
	from := 0
	for i := 0; i < len(text); i++ {
		end, seconds := positionAt(text, i)
		if end == 0 {
			continue
		}
		b.WriteString(template.HTMLEscapeString(text[from:i]))
		fmt.Fprintf(b, `<a class="time" href="?t=%d">%s</a>`, seconds, text[i:end])
		from, i = end, end-1
	}
	b.WriteString(template.HTMLEscapeString(text[from:]))
}

// positionAt returns the end of the position that begins at i, zero if none does. A part of a
// longer number is none.
func positionAt(text string, i int) (end, seconds int) {
	if text[i] < '0' || text[i] > '9' || (i > 0 && strings.IndexByte("0123456789:.,", text[i-1]) >= 0) {
		return 0, 0
	}
	for _, form := range []*regexp.Regexp{longClock, anyClock} {
		found := form.FindString(text[i:])
		end = i + len(found)
		if found == "" || (end < len(text) && strings.IndexByte("0123456789:", text[end]) >= 0) {
			continue
		}
		if seconds, ok := clockSeconds(found); ok {
			return end, seconds
		}
	}
	return 0, 0
}

// clockSeconds reads 1:23 and 1:02:03.
func clockSeconds(s string) (int, bool) {
	fields := strings.Split(s, ":")
	if len(fields) < 2 || len(fields) > 3 {
		return 0, false
	}
	total := 0
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || n > 999 || (i > 0 && n > 59) || (i == len(fields)-1 && len(f) != 2) {
			return 0, false
		}
		total = total*60 + n
	}
	return total, true
}

var spelled = regexp.MustCompile(`^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s?)?$`)

// startSeconds reads ?t=: 90, 90s, 1m30s, 1h2m3s, 1:30 and 1:02:03. Zero for anything else.
func startSeconds(t string) int {
	if n, ok := clockSeconds(t); ok {
		return n
	}
	m := spelled.FindStringSubmatch(t)
	if m == nil {
		return 0
	}
	total := 0
	for i, unit := range []int{3600, 60, 1} {
		n, _ := strconv.Atoi(m[i+1]) // the pattern allows only digits; empty is zero
		total += n * unit
	}
	return total
}

// initial is the letter in the circle next to a name.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "?"
	}
	return string(unicode.ToUpper(r))
}
