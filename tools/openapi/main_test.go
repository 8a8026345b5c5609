package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	speakeasy "github.com/speakeasy-api/openapi/openapi"
	"go.yaml.in/yaml/v3"

	"zapis/contract"
)

const committed = "../../contract/yclients.openapi.yaml"

func text(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The committed document is what the generator writes today, twice the same.
func TestDocumentIsUpToDate(t *testing.T) {
	if err := run(committed, true); err != nil {
		t.Fatal(err)
	}
}

func TestCheckSeesAChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(file, append(text(t), "x-more: 1\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(file, true); err == nil {
		t.Error("a document that differs passes as up to date")
	}
}

func TestValidForLibopenapi(t *testing.T) {
	doc, err := libopenapi.NewDocument(text(t))
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, found := v.ValidateDocument(); !ok {
		for _, e := range found {
			t.Errorf("%s: %s", e.Message, e.Reason)
			for _, s := range e.SchemaValidationErrors {
				t.Errorf("  %s: %s", s.FieldPath, s.Reason)
			}
		}
	}
}

func TestValidForSpeakeasy(t *testing.T) {
	doc, found, err := speakeasy.Unmarshal(t.Context(), bytes.NewReader(text(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range append(found, doc.Validate(t.Context())...) {
		t.Error(e)
	}
}

// Both validators must be able to say no: one slip each, of a kind that a
// generator makes.
func TestValidatorsFindFaults(t *testing.T) {
	broken := bytes.Replace(text(t), []byte("in: path"), []byte("in: nowhere"), 1)
	doc, err := libopenapi.NewDocument(broken)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := validator.NewValidator(doc)
	if ok, _ := v.ValidateDocument(); ok {
		t.Error("libopenapi-validator finds nothing wrong with a parameter that is nowhere")
	}
	if _, found, err := speakeasy.Unmarshal(t.Context(), bytes.NewReader(broken)); err == nil && len(found) == 0 {
		t.Error("speakeasy finds nothing wrong with a parameter that is nowhere")
	}
}

type parsed struct {
	Paths    map[string]map[string]operation `yaml:"paths"`
	Webhooks map[string]map[string]operation `yaml:"webhooks"`
}

type operation struct {
	ID         string         `yaml:"operationId"`
	SameAs     string         `yaml:"x-yclients-same-as"`
	Deprecated bool           `yaml:"deprecated"`
	TitleRU    string         `yaml:"x-yclients-title-ru"`
	Responses  map[string]any `yaml:"responses"`
	Parameters []struct {
		Name, In string
		Required bool
	} `yaml:"parameters"`
}

// Every operation of the contract stands in the document under its own id,
// method and path, and nothing else does.
func TestEveryOperationIsThere(t *testing.T) {
	var doc parsed
	if err := yaml.Unmarshal(text(t), &doc); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	templates := map[string]string{}
	for path, methods := range doc.Paths {
		bare := strings.TrimSuffix(placeholder.ReplaceAllString(path, "{}"), "/")
		if other := templates[bare]; other != "" {
			t.Errorf("%s and %s are one address", path, other)
		}
		templates[bare] = path
		for method, op := range methods {
			id := op.ID
			if op.SameAs != "" {
				id = op.SameAs
			} else {
				found[id] = true
			}
			want, ok := contract.Lookup(id)
			if !ok || !slices.ContainsFunc(want.Paths, func(p string) bool {
				return strings.ToUpper(method) == want.Method && bare == strings.TrimSuffix(placeholder.ReplaceAllString(strings.TrimPrefix(want.BaseURL, apiHost)+p, "{}"), "/")
			}) {
				t.Errorf("%s %s is said to be %s, which it is not", method, path, id)
				continue
			}
			if op.Deprecated != want.Deprecated || op.TitleRU != want.TitleRU {
				t.Errorf("%s: deprecated or title differ from the contract", id)
			}
			for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct {
					Name, In string
					Required bool
				}) bool {
					return p.In == "path" && p.Name == m[1] && p.Required
				}) {
					t.Errorf("%s: {%s} of %s is not described", id, m[1], path)
				}
			}
		}
	}
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if op.Callable() && !found[op.ID] {
			t.Errorf("%s is missing", op.ID)
		}
		if _, ok := doc.Webhooks[op.ID]; op.Direction == contract.FromYClients && !ok {
			t.Errorf("%s is missing under webhooks", op.ID)
		}
	}
	if len(found) != 297 || len(doc.Webhooks) != 4 {
		t.Errorf("%d operations and %d webhooks, want 297 and 4", len(found), len(doc.Webhooks))
	}
}

func TestDeterministic(t *testing.T) {
	first, err := document()
	if err != nil {
		t.Fatal(err)
	}
	second, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two runs write two documents")
	}
}

// Readers of YAML differ about tags, and take a bare date for a moment, an impossible one for a failure. So neither is
// written.
func TestEveryReaderOfYAMLAgrees(t *testing.T) {
	if found := regexp.MustCompile(`(?m)^ *(- )*([^ "']+: )?(!!\w+.*|\d{4}-\d{2}-\d{2}.*)$`).FindAll(text(t), 3); found != nil {
		t.Errorf("for example %q", found)
	}
}
