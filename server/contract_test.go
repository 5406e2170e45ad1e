package server_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"meanwhile/server"
)

// TestAPIIsTheOneThatWasPromised compares the API's document with the one of commit 4b5eac3,
// without its texts. A program that was written for the API must still work. An issue that changes
// the API changes testdata/openapi.json by hand, and says so.
func TestAPIIsTheOneThatWasPromised(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := server.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wordless(t, want), wordless(t, got)); diff != "" {
		t.Errorf("the API (-promised +now):\n%s", diff)
	}
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
