package gateway

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write the generated documents")

// The documents of the mobile API are committed: apps and our own page are generated from them, so a
// change of the promise must be seen in a review.
func TestOpenAPIDocuments(t *testing.T) {
	api := New(Config{}).OpenAPI()
	v31, err := json.MarshalIndent(api, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := api.Downgrade()
	if err != nil {
		t.Fatal(err)
	}
	var v30 bytes.Buffer
	if err := json.Indent(&v30, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", v31)
	golden(t, "openapi-3.0.json", v30.Bytes())

	doc, err := openapi3.NewLoader().LoadFromData(v30.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the 3.0 document is not valid: %v", err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	got = append(bytes.TrimSpace(got), '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/%s is not what the code says: if the change is meant, run go test ./internal/gateway -run OpenAPI -update", name)
	}
}
