package storage

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCleanText checks that what people write is kept as text that every database and page accepts.
func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{
		"",
		"plain",
		" a \t b\r\nc ",
		"\x00\x1b[31m",
		"\xff\xfe",
		"a\u202eb\u2066c",
		"e\u0301",
		"\ufeff\u200b",
		strings.Repeat("ä", 300),
		"👩‍👩‍👧",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, text := CleanLine(s, 100), CleanText(s)
		if !utf8.ValidString(line) || strings.ContainsAny(line, "\x00\r\n") || utf8.RuneCountInString(line) > 100 {
			t.Errorf("line %q of %q", line, s)
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\r") {
			t.Errorf("text %q of %q", text, s)
		}
		if again := CleanLine(line, 100); again != line {
			t.Errorf("cleaned twice, %q is %q", line, again)
		}
	})
}
