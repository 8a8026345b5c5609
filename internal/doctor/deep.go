package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"zapis/contract"
	"zapis/internal/config"
)

// Drift is one way in which the account answers otherwise than the contract says. It names keys and types, never a
// value.
type Drift struct {
	Operation string `json:"operation"`
	Path      string `json:"path"` // data[].price
	// Kind is unknown_key, missing_key, type, or not_compared where the answer was no success.
	Kind string `json:"kind"`
	Want string `json:"want,omitempty"`
	Got  string `json:"got,omitempty"`
}

// Text is the drift in words.
func (d Drift) Text() Text {
	where := d.Operation + " " + d.Path
	switch d.Kind {
	case "unknown_key":
		return config.Tf("%s: в договоре такого ключа нет (%s)", "%s: the contract has no such key (%s)", where, d.Got)
	case "missing_key":
		return config.Tf("%s: обещанного ключа нет", "%s: a promised key is missing", where)
	case "type":
		return config.Tf("%s: обещано %s, пришло %s", "%s: promised %s, got %s", where, d.Want, d.Got)
	}
	return config.Tf("%s: не сравнено: %s", "%s: not compared: %s", where, d.Got)
}

// deepPaths are the answers compared: reads that the server lives on. %d is the branch.
var deepPaths = []struct {
	operation, path string
	asUser          bool
}{
	{"listCompanies", "/companies?my=1&count=5", true},
	{"getCompany", "/company/%d", true},
	{"listBookServices", "/book_services/%d", false},
	{"listBookStaff", "/book_staff/%d", false},
	{"listBookDates", "/book_dates/%d", false},
	{"getOwnPermissions", "/user/permissions/%d", true},
	{"getHooksSettings", "/hooks_settings/%d", true},
	{"listStaff", "/company/%d/staff", true},
	{"listServices", "/company/%d/services", true},
}

// DeepCalls is how many calls a comparison makes: it looks at the first branch.
var DeepCalls = len(deepPaths)

// compare asks once for each of deepPaths and compares shapes.
func (e *exam) compare(ctx context.Context) []Drift {
	if e.Carrier == nil || !e.passed[passKey{CheckUserToken, 0}] || len(e.Config.Account.Branches) == 0 {
		return nil
	}
	var all []Drift
	for _, p := range deepPaths {
		path := p.path
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, e.Config.Account.Branches[0])
		}
		op, known := contract.Lookup(p.operation)
		if !known || op.Success() == nil {
			continue
		}
		if e.Progress != nil {
			e.Progress(Check{Code: p.operation, Title: Text{RU: p.operation, EN: p.operation}}, 0)
		}
		all = append(all, e.compareOne(ctx, op, path, p.asUser)...)
	}
	return all
}

func (e *exam) compareOne(ctx context.Context, op *contract.Operation, path string, asUser bool) []Drift {
	not := func(why string) []Drift { return []Drift{{Operation: op.ID, Kind: "not_compared", Got: why}} }
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	status, body, err := e.get(ctx, path, asUser)
	if err != nil {
		return not("no answer")
	}
	if status >= 300 {
		return not(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	}
	var got any
	if err := json.Unmarshal(body, &got); err != nil {
		return not("no JSON")
	}
	want := contract.Field{Type: "object", Fields: op.Success().Fields}
	if op.Success().Kind == "array" {
		want = contract.Field{Type: "array", Fields: op.Success().Fields}
	}
	c := comparison{operation: op.ID, seen: map[Drift]bool{}}
	c.walk("", want, got)
	return c.found
}

// comparison gathers each drift once, however many items of a list show it.
type comparison struct {
	operation string
	found     []Drift
	seen      map[Drift]bool
}

func (c *comparison) add(d Drift) {
	d.Operation = c.operation
	if !c.seen[d] {
		c.seen[d] = true
		c.found = append(c.found, d)
	}
}

func (c *comparison) walk(path string, want contract.Field, got any) {
	if !allows(want, got) {
		c.add(Drift{Path: path, Kind: "type", Want: promised(want), Got: typeOf(got)})
		return
	}
	switch v := got.(type) {
	case []any:
		for _, item := range v {
			if m, is := item.(map[string]any); is && len(want.Fields) > 0 {
				c.object(path+"[]", want.Fields, m)
			}
		}
	case map[string]any:
		switch {
		case want.Map && want.Values != nil:
			for _, item := range v {
				c.walk(path+".{}", *want.Values, item)
			}
		case len(want.Fields) > 0 && !want.Map:
			c.object(path, want.Fields, v)
		}
	}
}

func (c *comparison) object(path string, fields []contract.Field, got map[string]any) {
	for _, f := range fields {
		v, there := got[f.Name]
		switch {
		case there:
			c.walk(join(path, f.Name), f, v)
		case f.Required != nil && *f.Required:
			c.add(Drift{Path: join(path, f.Name), Kind: "missing_key"})
		}
	}
	for name, v := range got {
		if !slices.ContainsFunc(fields, func(f contract.Field) bool { return f.Name == name }) {
			c.add(Drift{Path: join(path, keyName(name)), Kind: "unknown_key", Got: typeOf(v)})
		}
	}
	slices.SortStableFunc(c.found, func(a, b Drift) int { return strings.Compare(a.Path+a.Kind, b.Path+b.Kind) })
}

// aKey is what a key of the API looks like. Anything else may be data: a name, a phone, a date.
var aKey = regexp.MustCompile(`^[a-zA-Z_]{2,40}$`)

func keyName(name string) string {
	if aKey.MatchString(name) {
		return name
	}
	return "{}"
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// allows reads the contract as the SDK does: numbers, strings and flags stand for one another, an empty list for an
// empty object, and null for anything.
func allows(want contract.Field, got any) bool {
	kind := typeOf(got)
	if list, is := got.([]any); is && len(list) == 0 || got == nil {
		return true
	}
	for _, w := range strings.Split(promised(want), "|") {
		switch {
		case w == kind, w == "" || w == "null":
			return true
		case scalar(w) && scalar(kind):
			return w != "boolean" || kind != "string" || got == "0" || got == "1"
		}
	}
	return false
}

func scalar(t string) bool {
	return t == "integer" || t == "number" || t == "string" || t == "boolean"
}

func promised(f contract.Field) string {
	if f.ExampleType != "" && f.ExampleType != f.Type {
		return f.Type + "|" + f.ExampleType
	}
	return f.Type
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
