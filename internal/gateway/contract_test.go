package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"zapis/internal/gateway"
	"zapis/internal/problem"
)

// description is the committed document, in the version that the validator reads.
func description(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "docs", "openapi-3.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	openapi3filter.RegisterBodyDecoder("application/problem+json", openapi3filter.RegisteredBodyDecoder("application/json"))
	openapi3filter.RegisterBodyDecoder("text/calendar", openapi3filter.RegisteredBodyDecoder("text/plain"))
	return doc
}

// route is one operation of the document.
type route struct {
	method, path string
	item         *openapi3.PathItem
	op           *openapi3.Operation
}

func routes(doc *openapi3.T) (list []route) {
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			list = append(list, route{method, path, item, item.Operations()[method]})
		}
	}
	return list
}

// attempt is one bad request.
type attempt struct {
	name    string
	path    string // with query
	body    string
	headers map[string]string
}

var hostile = []string{
	"'; DROP TABLE bookings; --", "<script>alert(1)</script>", "../../etc/passwd", "\u202e\u2066txt.exe", "💣\u0000", "\u0000", "%s%n%d", "{{7*7}}",
	strings.Repeat("9", 400), "-1", "0", "1e9", "NaN", "null", "true", "[]", "٣", "\r\nX-Injected: 1", "\x1b[31m", "𝟙", "ﬀ", strings.Repeat("a", 3000),
}

// attempts makes the bad requests of a route out of its description.
func (r route) attempts(h *house) []attempt {
	good := map[string]string{
		"branch": fmt.Sprint(h.branch), "id": "b-00000000000000000000000000", "services": fmt.Sprint(h.service),
		"date": time.Now().AddDate(0, 0, 3).Format(time.DateOnly), "when": "upcoming",
	}
	target := func(change map[string]string) string {
		path, query := r.path, url.Values{}
		for _, p := range r.op.Parameters {
			value, changed := change[p.Value.Name]
			if !changed {
				value = good[p.Value.Name]
			}
			switch p.Value.In {
			case "path":
				path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", url.PathEscape(value))
			case "query":
				if value != "" {
					query.Set(p.Value.Name, value)
				}
			}
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		return path
	}
	list := []attempt{
		{name: "unknown parameter", path: target(nil) + map[bool]string{true: "&", false: "?"}[strings.Contains(target(nil), "?")] + "unknown=1"},
		{name: "foreign session", path: target(nil), headers: map[string]string{"Authorization": "Bearer za_" + strings.Repeat("B", 43)}},
		{name: "foreign secret", path: target(nil), headers: map[string]string{"Zapis-Booking-Secret": "zs_" + strings.Repeat("B", 43)}},
		{name: "hostile headers", path: target(nil), headers: map[string]string{"Authorization": strings.Repeat("Bearer ", 500), "Idempotency-Key": "\x80\xff", "Accept-Language": strings.Repeat("ru;q=9,", 500), "If-None-Match": strings.Repeat(`"`, 999), "Cookie": "__Host-zapis_refresh=\x7f;;=;"}},
		{name: "odd query", path: strings.Split(target(nil), "?")[0] + "?;&=&%"},
		{name: "bare query", path: strings.Split(target(nil), "?")[0] + "?services&date&staff&items&when"},
	}
	for _, p := range r.op.Parameters {
		if p.Value.In == "header" {
			continue
		}
		for i, value := range append(hostile, "2020-01-01", "2026-02-30", "2026-11-24T10:00:00", "99999999", "1,2,x", "1:2:3", ",,,") {
			list = append(list, attempt{name: fmt.Sprintf("%s=hostile %d", p.Value.Name, i), path: target(map[string]string{p.Value.Name: value})})
		}
	}
	if r.op.RequestBody != nil {
		for name, body := range badBodies(r.op.RequestBody.Value.Content["application/json"].Schema.Value) {
			list = append(list, attempt{name: name, path: target(nil), body: body})
		}
	}
	return list
}

// badBodies makes, from a schema, bodies that do not fit it, or fit it and mean nothing.
func badBodies(schema *openapi3.Schema) map[string]string {
	bad := map[string]string{
		"empty": "{}", "null": "null", "array": "[]", "number": "12", "text": `"x"`, "broken": `{"branch":1`, "not JSON": "<xml/>", "not UTF-8": "{\"a\":\"\xc3\x28\"}",
		"deep": strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "deep object": strings.Repeat(`{"a":`, 10_000), "10 MB": `{"x":"` + strings.Repeat("x", 10<<20) + `"}`,
		"lone surrogate": `{"phone":"\udc00"}`, "escaped NUL": `{"phone":"\u0000"}`, "doubled": `{"branch":1,"branch":2}`, "huge number": `{"branch":123456789012345678901234567890}`,
		"trailing": `{} {}`, "BOM": "\ufeff{}", "comment": "{/* */}", "NaN": `{"branch":NaN}`,
	}
	full := fill(schema)
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	bad["means nothing"] = encode(full)
	eachPlace(full, nil, func(place string, set func(any) any) {
		wrong := []any{nil, true, -1, 0, 1.5, 1e300, "", []any{}, map[string]any{}, []any{nil}, strings.Repeat("x", 70), strings.Repeat("я", 5000)}
		for _, h := range hostile[:12] {
			wrong = append(wrong, h)
		}
		for i, w := range wrong {
			bad[fmt.Sprintf("%s: wrong %d", place, i)] = encode(set(w))
		}
	})
	for key := range full.(map[string]any) {
		without := maps.Clone(full.(map[string]any))
		delete(without, key)
		bad["without "+key] = encode(without)
		without["unknown_"+key] = 1
		bad["unknown beside "+key] = encode(without)
	}
	return bad
}

// fill makes a body with every member, of the right types.
func fill(s *openapi3.Schema) any {
	switch {
	case s.Type.Is("object"):
		out := map[string]any{}
		for name, prop := range s.Properties {
			out[name] = fill(prop.Value)
		}
		return out
	case s.Type.Is("array"):
		return []any{fill(s.Items.Value)}
	case s.Type.Is("integer"), s.Type.Is("number"):
		return 7
	case s.Type.Is("boolean"):
		return true
	}
	return "text"
}

// eachPlace calls visit for every place of a body with a function that gives the body with that place changed.
func eachPlace(v any, path []string, visit func(place string, set func(any) any)) {
	var walk func(v any, path []string, rebuild func(any) any)
	walk = func(v any, path []string, rebuild func(any) any) {
		if len(path) > 0 {
			visit(strings.Join(path, "."), rebuild)
		}
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				walk(inner, append(slices.Clone(path), key), func(x any) any {
					c := maps.Clone(v)
					c[key] = x
					return rebuild(c)
				})
			}
		case []any:
			walk(v[0], append(slices.Clone(path), "0"), func(x any) any { return rebuild([]any{x}) })
		}
	}
	walk(v, path, func(x any) any { return x })
}

// Bad input on every route, made from the document itself, against the whole house: always a 4xx problem of the
// table, in the documented form, never a 5xx; and nothing has changed.
func TestBadInputOnEveryRoute(t *testing.T) {
	doc := description(t)
	h := build(t)
	tokens := h.signIn()
	before := h.applied()
	count := 0
	for _, r := range routes(doc) {
		for _, a := range r.attempts(h) {
			for _, session := range []bool{false, true} {
				req := httptest.NewRequest(r.method, "/", strings.NewReader(a.body))
				req.URL, req.RequestURI = mustURL(t, a.path), a.path
				if a.body != "" || r.op.RequestBody != nil {
					req.Header.Set("Content-Type", "application/json")
				}
				if strings.HasPrefix(r.path, "/v1/bookings") {
					req.Header.Set("Idempotency-Key", fmt.Sprintf("bad-input-of-anyone-%d", count))
				}
				// Erasing and signing out would end the session that the others need; they take no input.
				if session && !(r.method == http.MethodDelete && !strings.Contains(r.path, "{")) {
					req.Header.Set("Authorization", "Bearer "+tokens)
				}
				for name, value := range a.headers {
					req.Header.Set(name, value)
				}
				count++
				name := fmt.Sprintf("%s %s: %s (session %v)", r.method, r.path, a.name, session)
				h.checkAnswer(t, r, req, name)
				if t.Failed() && count > 100_000 {
					t.FailNow()
				}
			}
		}
	}
	if after := h.applied(); after != before {
		t.Errorf("bad input changed something at YCLIENTS: %d changes, before %d", after, before)
	}
	t.Logf("%d bad requests", count)
	if count < 2000 {
		t.Errorf("only %d bad requests were made: the generator has lost the document", count)
	}
}

func mustURL(t testing.TB, path string) *url.URL {
	t.Helper()
	u, err := url.ParseRequestURI(path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// checkAnswer holds one answer to the document.
func (h *house) checkAnswer(t *testing.T, r route, req *http.Request, name string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.gateway.ServeHTTP(w, req)
	if w.Code >= 500 {
		t.Errorf("%s: %d %.300s", name, w.Code, w.Body)
		return
	}
	if w.Code == http.StatusNotFound && bytes.Contains(w.Body.Bytes(), []byte("route_unknown")) {
		return // what was put into the path made it another address
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, Route: nil, Options: &openapi3filter.Options{IncludeResponseStatus: true},
		},
		Status: w.Code, Header: w.Header(), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	in.RequestValidationInput.Route = routeOf(r)
	in.SetBodyBytes(w.Body.Bytes())
	if w.Code != http.StatusNoContent {
		if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
			t.Errorf("%s: %d is not as documented: %v\n%.300s", name, w.Code, err, w.Body)
		}
	}
	if w.Code < 400 {
		return // some of it happens to be a right question: an unknown id of staff is refused, an empty filter is not
	}
	var p gateway.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Errorf("%s: %d without a problem: %.200s", name, w.Code, w.Body)
		return
	}
	m := problem.Of(problem.Code(p.Code))
	if string(m.Code) != p.Code || m.Status != w.Code || p.Status != w.Code || p.Instance == "" || p.Type != "/docs/problems#"+p.Code {
		t.Errorf("%s: %d with %+v", name, w.Code, p)
	}
}

// What the program answers is what the document describes, in both directions.
func TestRoutesAreTheDocument(t *testing.T) {
	doc := description(t)
	documented := map[string]bool{}
	for _, r := range routes(doc) {
		documented[r.method+" "+r.path] = true
	}
	plain := map[string]string{ // not part of the promise to apps
		"GET /healthz": "for the process supervisor", "GET /readyz": "for the balancer",
		"GET /openapi.json": "the document itself", "GET /openapi-3.0.json": "the document itself",
		"GET /docs": "for people", "GET /docs/problems": "for people", "GET /docs/page.css": "of the page", "GET /docs/page.js": "of the page",
	}
	for _, pattern := range gateway.New(gateway.Config{}).Patterns() {
		if !documented[pattern] && plain[pattern] == "" {
			t.Errorf("%s is served and not documented", pattern)
		}
		delete(documented, pattern)
		delete(plain, pattern)
	}
	for pattern := range documented {
		t.Errorf("%s is documented and not served", pattern)
	}
	for pattern := range plain {
		t.Errorf("%s is expected and not served", pattern)
	}
}
