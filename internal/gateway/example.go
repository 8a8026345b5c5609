package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// samples are values that the examples use in place of made-up ones.
type samples struct {
	branch, service int64
	date            string
	consent         string // version of the text, where the branch wants consent
	codeRequired    bool   // of a guest who books
	commentRequired bool
}

const samplePhone = "+79000000001"

var jsonBody = [2]string{"Content-Type", "application/json"}

// example is one operation of the readable page.
type example struct {
	ID, Method, Path, Summary, Description string
	Needs                                  string // how the caller is known
	Statuses                               []string
	Curl, Dart, TypeScript                 string
}

// wire is a call as it goes out.
type wire struct {
	method, url string
	headers     [][2]string
	body        string // indented JSON; empty for none
}

func illustrate(api *huma.OpenAPI, op *huma.Operation, base string, real samples) example {
	call := wire{method: op.Method, url: base + op.Path}
	query := url.Values{}
	for _, p := range op.Parameters {
		value := real.parameter(p)
		switch {
		case p.In == "path":
			call.url = strings.ReplaceAll(call.url, "{"+p.Name+"}", value)
		case p.In == "query" && value != "":
			query.Set(p.Name, value)
		case p.In == "header" && p.Name == "Idempotency-Key":
			call.headers = append(call.headers, [2]string{p.Name, "KEY"})
		}
	}
	call.url = withQuery(call.url, query)
	needs := needed(op)
	switch needs {
	case bySessionOnly:
		call.headers = append(call.headers, [2]string{"Authorization", "Bearer TOKEN"})
	case bySecretToo: // the example books as a guest
		call.headers = append(call.headers, [2]string{"Zapis-Booking-Secret", "SECRET"})
	}
	if op.RequestBody != nil {
		schema := op.RequestBody.Content["application/json"].Schema
		body, err := json.MarshalIndent(real.value(api.Components.Schemas, schema, ""), "", "  ")
		if err != nil {
			panic(err) // made of maps, texts and numbers
		}
		call.body = string(body)
		call.headers = append(call.headers, jsonBody)
	}
	e := example{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description, Needs: needs,
		Curl: real.script(op.OperationID, base, call), Dart: call.dart(), TypeScript: call.typeScript(),
	}
	for _, code := range []int{200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503} {
		if r := op.Responses[fmt.Sprint(code)]; r != nil {
			e.Statuses = append(e.Statuses, fmt.Sprint(code))
		}
	}
	return e
}

// How a caller is known, where not everybody may call.
const (
	bySessionOnly = "session"
	byGuestToo    = "session, or a guest"
	bySecretToo   = "session or booking secret"
)

func needed(op *huma.Operation) string {
	switch {
	case len(op.Security) == 0:
		return ""
	case len(op.Security) == 1:
		return bySessionOnly
	case len(op.Security[1]) == 0:
		return byGuestToo
	}
	return bySecretToo
}

// parameter is a value for a parameter; empty for one that may be left out.
func (s samples) parameter(p *huma.Param) string {
	switch p.Name {
	case "branch":
		return fmt.Sprint(s.branch)
	case "services":
		return fmt.Sprint(s.service)
	case "date":
		return s.date
	case "id":
		return "BOOKING"
	}
	return ""
}

// value makes an example of a schema: the real ids where a name says what is meant, else what the schema offers.
func (s samples) value(schemas huma.Registry, schema *huma.Schema, name string) any {
	if schema.Ref != "" {
		schema = schemas.SchemaFromRef(schema.Ref)
	}
	switch {
	case name == "branch":
		return s.branch
	case name == "services":
		return []int64{s.service}
	case name == "start":
		return "START"
	case name == "name":
		return "Анна"
	case name == "code":
		return "CODE"
	case name == "version":
		return s.consent
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	}
	switch schema.Type {
	case huma.TypeArray:
		return []any{s.value(schemas, schema.Items, "")}
	case huma.TypeInteger, huma.TypeNumber:
		return 0
	case huma.TypeBoolean:
		return true
	case huma.TypeObject:
		out := map[string]any{}
		for key, prop := range schema.Properties {
			wanted := schema.Required
			// A body of optional members only would teach nothing, so all of them are shown.
			if len(wanted) == 0 || slices.Contains(wanted, key) || s.wants(key) {
				out[key] = s.value(schemas, prop, key)
			}
		}
		return out
	}
	switch name {
	case "phone":
		return samplePhone
	case "email":
		return "anna@example.com"
	case "refresh_token":
		return "REFRESH"
	}
	return "text"
}

// wants reports a member that may be left out, but not here.
func (s samples) wants(key string) bool {
	switch key {
	case "phone":
		return true
	case "consent":
		return s.consent != ""
	case "code":
		return s.codeRequired
	case "comment":
		return s.commentRequired
	}
	return false
}

// curl quotes for a POSIX shell. The placeholders are shell variables that the earlier calls fill.
func (c wire) curl() string {
	var b strings.Builder
	b.WriteString("curl -sS")
	if c.method != http.MethodGet {
		b.WriteString(" -X " + c.method)
	}
	fmt.Fprintf(&b, " %s", shellQuote(c.url))
	for _, h := range c.headers {
		fmt.Fprintf(&b, " \\\n  -H %s", shellQuote(h[0]+": "+h[1]))
	}
	if c.body != "" {
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(c.body)) == nil {
			fmt.Fprintf(&b, " \\\n  -d %s", shellQuote(compact.String()))
		}
	}
	return b.String()
}

var shellVariables = strings.NewReplacer("KEY", `'"$KEY"'`, "TOKEN", `'"$TOKEN"'`, "BOOKING", `'"$BOOKING"'`, "SECRET", `'"$SECRET"'`,
	"STAFF", `'"$STAFF"'`, `"START"`, `"'"$START"'"`, `"CODE"`, `"'"$CODE"'"`, "REFRESH", `'"$REFRESH"'`)

func shellQuote(text string) string {
	return shellVariables.Replace("'" + strings.ReplaceAll(text, "'", `'\''`) + "'")
}

func (c wire) dart() string {
	var b strings.Builder
	fmt.Fprintf(&b, "final response = await http.%s(\n  Uri.parse(%s)", strings.ToLower(c.method), quoted(c.url, "${%s}", '\''))
	if len(c.headers) > 0 {
		b.WriteString(",\n  headers: {")
		for _, h := range c.headers {
			fmt.Fprintf(&b, "\n    '%s': %s,", h[0], quoted(h[1], "${%s}", '\''))
		}
		b.WriteString("\n  }")
	}
	if c.body != "" {
		fmt.Fprintf(&b, ",\n  body: jsonEncode(%s)", variables(indented(c.body)))
	}
	b.WriteString(",\n);\n")
	b.WriteString("if (response.statusCode >= 400) throw Problem.fromJson(jsonDecode(response.body));")
	return b.String()
}

func (c wire) typeScript() string {
	var b strings.Builder
	fmt.Fprintf(&b, "const response = await fetch(%s", quoted(c.url, "${%s}", '`'))
	if c.method != http.MethodGet || len(c.headers) > 0 {
		fmt.Fprintf(&b, ", {\n  method: '%s',", c.method)
		if len(c.headers) > 0 {
			b.WriteString("\n  headers: {")
			for _, h := range c.headers {
				fmt.Fprintf(&b, "\n    '%s': %s,", h[0], quoted(h[1], "${%s}", '`'))
			}
			b.WriteString("\n  },")
		}
		if c.body != "" {
			fmt.Fprintf(&b, "\n  body: JSON.stringify(%s),", variables(indented(c.body)))
		}
		b.WriteString("\n}")
	}
	b.WriteString(")\nif (!response.ok) throw await response.json() // a problem document: switch on its code")
	return b.String()
}

func indented(body string) string { return strings.ReplaceAll(body, "\n", "\n  ") }

// placeholders and the names that code gives them.
var placeholders = [][2]string{
	{"KEY", "idempotencyKey"}, {"TOKEN", "accessToken"}, {"BOOKING", "bookingId"}, {"START", "start"}, {"REFRESH", "refreshToken"},
	{"SECRET", "bookingSecret"}, {"CODE", "code"},
}

// quoted writes a text as a string literal, with placeholders interpolated.
func quoted(text, interpolation string, mark rune) string {
	for _, p := range placeholders {
		text = strings.ReplaceAll(text, p[0], fmt.Sprintf(interpolation, p[1]))
	}
	if mark == '`' && !strings.Contains(text, "${") {
		mark = '\''
	}
	return string(mark) + text + string(mark)
}

// variables replaces whole JSON strings that are placeholders by the variable itself.
func variables(body string) string {
	for _, p := range placeholders {
		body = strings.ReplaceAll(body, `"`+p[0]+`"`, p[1])
	}
	return body
}
