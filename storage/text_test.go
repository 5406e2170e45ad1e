package storage

import (
	"strings"
	"testing"
)

func TestCleanLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", " two  words ", "two words"},
		{"accents, in one character and in two", "é e\u0301 ệ", "é e\u0301 ệ"},
		{"as many marks as a letter may have", "a" + strings.Repeat("\u0301", 8), "a" + strings.Repeat("\u0301", 8)},
		{
			"thousands of marks on one letter",
			"a" + strings.Repeat("\u0301", 5000) + "b",
			"a" + strings.Repeat("\u0301", 8) + "b",
		},
		{
			"marks with joiners between them",
			"a" + strings.Repeat("\u0301\u200d", 50),
			"a" + strings.Repeat("\u0301\u200d", 8) + strings.Repeat("\u200d", 42),
		},
		{"marks on every letter stay", strings.Repeat("e\u0301", 40), strings.Repeat("e\u0301", 40)},
		{"a family of emoji", "👩‍👩‍👧", "👩‍👩‍👧"},
		{"a sign alone", "…", "…"},
		{"Devanagari", "नमस्ते", "नमस्ते"},
		{"Hebrew with vowels and accents", "בְּרֵאשִׁ֖ית", "בְּרֵאשִׁ֖ית"},
		{"zero-width characters alone", "\u200b\u200c\u200d\u2060\ufeff", ""},
		{"soft hyphens alone", "\u00ad\u00ad", ""},
		{"marks alone", "\u0301\u0302", ""},
		{"fillers alone", "\u3164\u115f\u2800", ""},
		{"space of all kinds", "\u00a0\u2003\u3000", ""},
		{"a cut leaves no space at the end", strings.Repeat("a", 99) + " b", strings.Repeat("a", 99)},
		{"what can be seen lies behind the cut", strings.Repeat("\u200b", 100) + "x", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := CleanLine(tc.in, 100); got != tc.want {
				t.Errorf("CleanLine() is %q, want %q", got, tc.want)
			}
			if got := CleanText(
				tc.in,
			); (got == "") != (tc.want == "") &&
				tc.name != "what can be seen lies behind the cut" {
				t.Errorf("CleanText() is %q where CleanLine() is %q", got, tc.want)
			}
		})
	}
}
