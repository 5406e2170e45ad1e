package servertest_test

import (
	"strings"
	"testing"
	"time"

	"meanwhile/server/people"
)

func FuzzTimeZone(f *testing.F) {
	for _, name := range []string{
		"", "UTC", "Europe/Lisbon", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Local", "../../etc/passwd",
		"Europe/../UTC", "zone.tab", "\x00",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !people.ValidTimeZone(name) {
			return
		}
		if _, err := time.LoadLocation(
			name,
		); err != nil || strings.ContainsAny(name, ".\\\x00") || strings.HasPrefix(name, "/") ||
			name == "Local" {
			t.Errorf("%q is taken: %v", name, err)
		}
	})
}

func FuzzLanguage(f *testing.F) {
	for _, tag := range []string{"", "en", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske", "en_US", "x\"><script>"} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		if people.ValidLanguage(tag) &&
			strings.Trim(tag, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Errorf("%q is taken", tag)
		}
	})
}

func TestTimeZonesAndLanguages(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"": true, "UTC": true, "Europe/Lisbon": true,
		"America/Argentina/Buenos_Aires": true, "Etc/GMT+5": true, "Australia/Lord_Howe": true,
		"Local": false, "Mars/Olympus": false, "../UTC": false, "europe/lisbon": false,
	} {
		if got := people.ValidTimeZone(name); got != want {
			t.Errorf("ValidTimeZone(%q) = %v", name, got)
		}
	}
	for tag, want := range map[string]bool{
		"": true, "en": true, "pt-BR": true, "zh-Hant-TW": true, "es-419": true,
		"sl-rozaj": true, "en_US": false, "e": false, "english": false, "en-": false,
	} {
		if got := people.ValidLanguage(tag); got != want {
			t.Errorf("ValidLanguage(%q) = %v", tag, got)
		}
	}
}
