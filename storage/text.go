package storage

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// CleanLine makes one line of display text: control characters and runs of space become one space,
// a letter keeps at most maxMarks marks, and at most maxRunes stay. It is empty if nothing of it
// can be seen.
func CleanLine(s string, maxRunes int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Join(
		strings.FieldsFunc(
			s,
			func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || isBidiControl(r) },
		),
		" ",
	)
	return orNothing(strings.TrimRight(CutRunes(dropMarks(s), maxRunes), " "))
}

// CleanText keeps line breaks: at most two in a row, no other control characters, no space at the
// ends, at most maxMarks marks on a letter. It is empty if nothing of it can be seen.
func CleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || isBidiControl(r) {
			return -1
		}
		return r
	}, s)
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return orNothing(strings.TrimSpace(dropMarks(s)))
}

// maxMarks bounds the marks on one letter. Written languages need four or fewer; hundreds draw over
// the lines above and below.
const maxMarks = 8

// dropMarks drops the marks beyond maxMarks on each letter. Characters that join others, as in
// emoji, neither count nor start a new letter.
func dropMarks(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				return -1
			}
		case !unicode.Is(unicode.Cf, r):
			marks = 0
		}
		return r
	}, s)
}

// orNothing returns s, or nothing if no character of it leaves a mark on the page.
func orNothing(s string) string {
	if strings.ContainsFunc(s, isVisible) {
		return s
	}
	return ""
}

// isVisible reports whether r alone can be seen. The fillers are letters or symbols by their
// category, and blank.
func isVisible(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800: // fillers of Hangul, and the blank of braille
		return false
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Mc)
}

// isBidiControl reports the characters that can turn the text around them (UAX #9, 2.1 to 2.5
// without the marks).
func isBidiControl(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// CutRunes cuts s after maxRunes runes.
func CutRunes(s string, maxRunes int) string {
	if utf8.RuneCountInString(s) <= maxRunes {
		return s
	}
	return string([]rune(s)[:maxRunes])
}

// Clock writes a length or position as people read it: 3:08, 1:02:03.
func Clock(d time.Duration) string {
	s := int(d / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// FoldEmail returns the form by which mail addresses are compared.
func FoldEmail(email string) string { return strings.ToLower(email) }

// CleanEmail returns a mail address without the space around it. Invalid if s is none.
func CleanEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || len(s) > 254 {
		return "", E(Invalid, "This does not look like a mail address. It needs a name, an @ and a domain.", err)
	}
	return s, nil
}
