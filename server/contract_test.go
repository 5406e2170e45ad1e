package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"meanwhile/server"
)

// TestAPIKeepsItsPromises compares the API's document with testdata/openapi.json, without its
// texts. The API may grow, but a program that was written for it must still work: nothing may be
// gone or different. What is new is promised from then on: -update writes it down.
func TestAPIKeepsItsPromises(t *testing.T) {
	t.Parallel()
	const file = "testdata/openapi.json"
	promised, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := server.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	want, got := wordless(t, promised), wordless(t, document)
	lost := broken("", want, got)
	for _, place := range lost {
		t.Errorf("the API changed at %s. If that is meant, take it out of %s by hand", place, file)
	}
	if *update && len(lost) == 0 {
		text, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, place := range broken("", got, want) {
		t.Errorf("new in the API: %s. Promise it: go test ./server -run TestAPIKeepsItsPromises -update", place)
	}
}

func TestABrokenPromiseIsSeen(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		promised, now string
		want          int
	}{
		{`{"a": 1}`, `{"a": 1, "b": 2}`, 0},
		{`["x"]`, `["y", "x"]`, 0},
		{`{"a": {"b": [{"name": "x"}]}}`, `{"a": {"b": [{"name": "y"}, {"name": "x", "new": true}]}}`, 0},
		{`{"a": 1, "b": 2}`, `{"a": 1}`, 1},
		{`{"a": 1}`, `{"a": "1"}`, 1},
		{`["x", "z"]`, `["y"]`, 2},
		{`{"a": {"b": [{"name": "x"}]}}`, `{"a": {"b": [{"name": "y"}]}}`, 1},
	} {
		var promised, now any
		if err := errors.Join(
			json.Unmarshal([]byte(tc.promised), &promised),
			json.Unmarshal([]byte(tc.now), &now),
		); err != nil {
			t.Fatal(err)
		}
		if got := broken("", promised, now); len(got) != tc.want {
			t.Errorf("%s beside %s: %v, want %d", tc.promised, tc.now, got, tc.want)
		}
	}
}

// broken lists the places of a document that now lacks or has differently. An element of a list may
// stand anywhere in it.
func broken(place string, promised, now any) []string {
	var places []string
	switch promised := promised.(type) {
	case map[string]any:
		there, ok := now.(map[string]any)
		for k, v := range promised {
			value, has := there[k]
			if !ok || !has {
				places = append(places, place+"/"+k)
				continue
			}
			places = append(places, broken(place+"/"+k, v, value)...)
		}
	case []any:
		there, _ := now.([]any)
		for _, v := range promised {
			is := func(other any) bool { return len(broken("", v, other)) == 0 }
			if !slices.ContainsFunc(there, is) {
				places = append(places, fmt.Sprintf("%s: %v", place, v))
			}
		}
	default:
		if promised != now {
			places = append(places, fmt.Sprintf("%s: %v, not %v", place, now, promised))
		}
	}
	return places
}

// wordless is a document without its texts, which may change.
func wordless(t *testing.T, document []byte) any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "info")
	return withoutWords(doc, false)
}

// withoutWords removes the texts that people read. names says that the keys are names, of
// properties for example, and no texts.
func withoutWords(node any, names bool) any {
	switch node := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(node))
		for k, v := range node {
			if _, text := v.(string); text && !names && (k == "summary" || k == "description" || k == "title") {
				continue
			}
			out[k] = withoutWords(
				v,
				!names && (k == "properties" || k == "schemas" || k == "responses" || k == "headers"),
			)
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, v := range node {
			out[i] = withoutWords(v, false)
		}
		return out
	}
	return node
}
