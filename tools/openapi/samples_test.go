package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// The samples of the documentation are instances of the schemas that stand
// beside them, so a client that believes the document reads what the API is
// documented to answer.
func TestSamplesAreInstancesOfTheirSchemas(t *testing.T) {
	var doc map[string]any
	if err := yaml.Unmarshal(text(t), &doc); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("yclients.json", root); err != nil {
		t.Fatal(err)
	}
	checked, met := 0, map[int]bool{}
	for path, media := range medias("", root) {
		schema, err := compiler.Compile("yclients.json#" + path + "/schema")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		checked++
		if err := schema.Validate(media["example"]); err != nil {
			if i := slices.IndexFunc(disagreeing, func(d disagreement) bool {
				return strings.Contains(path, d.path) && strings.Contains(err.Error(), d.at)
			}); i >= 0 {
				met[i] = true
				continue
			}
			t.Errorf("%s: %v", path, err)
		}
	}
	for i, d := range disagreeing {
		if !met[i] {
			t.Errorf("%s %s agrees by now: take it off the list", d.path, d.at)
		}
	}
	if checked < 370 {
		t.Errorf("%d samples were checked, want at least 370", checked)
	}
	t.Logf("%d samples", checked)
}

// disagreement is a sample that its own table contradicts. The document takes
// the side of the table, because it is about what to send.
type disagreement struct{ path, at string }

var disagreeing = []disagreement{
	{"companies/post/requestBody", "/coordinate_lat': got string"},
	{"loyalty~1cards~1%7Bcompany_id%7D/post/requestBody", "/loyalty_card_number': got number"},
	{"clients~1search/post/requestBody", "/order_by_direction"},
	{"abonement_types~1%7Bloyalty_abonement_type_id%7D/post/requestBody", "/restore_in_title': got string"},
	{"comments~1%7Bcompany_id%7D~1%7Bstaff_id%7D/post/requestBody", "/mark': got string"},
}

// medias finds everything that has a schema and an example, by JSON pointer.
func medias(at string, value any) map[string]map[string]any {
	found := map[string]map[string]any{}
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["example"]; ok && v["schema"] != nil {
			found[at] = v
			return found
		}
		for key, child := range v {
			key = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
			for p, m := range medias(at+"/"+key, child) {
				found[p] = m
			}
		}
	case []any:
		for i, child := range v {
			for p, m := range medias(fmt.Sprintf("%s/%d", at, i), child) {
				found[p] = m
			}
		}
	}
	return found
}
