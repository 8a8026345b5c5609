package yclients

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zapis/contract"
)

// This file calls every method of the package with everything filled in, and a server that knows nothing but the
// contract says what is wrong with the request that arrives.

// clerk is that server. It compares one request with one operation.
type clerk struct {
	op       *contract.Operation
	args     map[string]string // path values by the method's argument names, normalized
	faults   []string
	requests int
}

func (c *clerk) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests++
	c.checkAddress(r)
	c.checkQuery(r)
	c.checkHeaders(r)
	c.checkBody(r)
	_, _ = io.WriteString(w, `{"success":false,"data":null,"meta":{"message":"проверка"}}`)
}

var placeholder = regexp.MustCompile(`\\\{(\w+)\\\}`)

// checkAddress finds the documented path and compares each of its values with the argument of that name.
func (c *clerk) checkAddress(r *http.Request) {
	if r.Method != c.op.Method {
		c.fault("method %s, documented %s", r.Method, c.op.Method)
	}
	prefix := strings.TrimPrefix(c.op.BaseURL, DefaultBaseURL)
	longest := slices.SortedFunc(slices.Values(c.op.Paths), func(a, b string) int { return len(b) - len(a) })
	for _, path := range longest {
		path = strings.TrimRight(path, "/")
		names := placeholder.FindAllStringSubmatch(regexp.QuoteMeta(path), -1)
		pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(prefix+path), `([^/]+)`)
		values := regexp.MustCompile(`^` + pattern + `/?$`).FindStringSubmatch(r.URL.Path)
		if values == nil {
			continue
		}
		for i, name := range names {
			if want, ok := c.args[normal(name[1])]; ok && want != values[i+1] {
				c.fault("path parameter %s holds %s, which is another argument", name[1], values[i+1])
			}
		}
		return
	}
	c.fault("path %s, documented %s%v", r.URL.Path, prefix, c.op.Paths)
}

func normal(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// checkQuery wants every documented parameter, in the documented style, and no other.
func (c *clerk) checkQuery(r *http.Request) {
	query := r.URL.Query()
	for _, p := range c.op.Params {
		if p.In != "query" {
			continue
		}
		key := p.Name
		if p.Type == "array" && p.Style != "repeat" && !strings.HasSuffix(key, "[]") {
			key += "[]"
		}
		values, sent := query[key]
		delete(query, key)
		switch {
		case !sent && knownOmission[c.op.ID+"."+p.Name] == "":
			c.fault("query parameter %s is not sent", key)
		case p.Type == "array" && sent && len(values) != 2:
			c.fault("query parameter %s is sent as %d values, not one for each item", key, len(values))
		}
		for _, v := range values {
			if problem := wrongText(p, v); problem != "" {
				c.fault("query parameter %s: %s", key, problem)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		c.fault("query parameter %s is not documented", key)
	}
}

// knownOmission are documented parameters that a method leaves out, and why.
var knownOmission = map[string]string{
	"deleteRecord.include_consumables":          "nothing comes back that could hold them",
	"deleteRecord.include_finance_transactions": "nothing comes back that could hold them",
	"updateRecord.include_consumables":          "Records.Get has them",
	"updateRecord.include_finance_transactions": "Records.Get has them",
}

func wrongText(p contract.Param, v string) string {
	kind := p.Type
	if kind == "array" {
		kind = p.Items
	}
	var err error
	switch {
	case kind == "number" || kind == "integer":
		_, err = strconv.ParseFloat(v, 64)
	case p.Format == "date":
		_, err = time.Parse(time.DateOnly, v)
	case p.Format == "date-time":
		if _, err = ParseTime(v); err != nil || len(v) < len("2006-01-02T15:04") {
			return "is no date and time"
		}
	}
	if err != nil {
		return fmt.Sprintf("is no %s %s", kind, p.Format)
	}
	return ""
}

func (c *clerk) checkHeaders(r *http.Request) {
	want := "Bearer " + testPartner + ", User " + testUser
	if got := r.Header.Get("Authorization"); got != want {
		c.fault("authorization %q", got)
	}
	if got := r.Header.Get("Accept"); got != acceptV2 {
		c.fault("accept %q", got)
	}
	for _, p := range c.op.Params {
		if p.In == "header" && r.Header.Get(p.Name) == "" {
			c.fault("header %s is not sent", p.Name)
		}
	}
}

func (c *clerk) checkBody(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.fault("body: %v", err)
	}
	declared := c.op.Request
	if declared == nil {
		if len(body) > 0 {
			c.fault("a body is sent, none is documented")
		}
		return
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		c.fault("content type: %v", err)
	}
	if declared.ContentType == "multipart/form-data" {
		if kind != declared.ContentType || params["boundary"] == "" || len(body) == 0 {
			c.fault("content type %s, documented %s", kind, declared.ContentType)
		}
		return
	}
	if kind != "application/json" {
		c.fault("content type %s", kind)
	}
	if len(body) == 0 {
		c.fault("no body is sent")
		return
	}
	var sent any
	if err := json.Unmarshal(body, &sent); err != nil {
		c.fault("the body is not JSON: %v", err)
		return
	}
	if declared.Kind == "array" {
		list, ok := sent.([]any)
		if !ok || len(list) == 0 {
			c.fault("the body is no list")
			return
		}
		sent = list[0]
	}
	object, ok := sent.(map[string]any)
	if !ok {
		c.fault("the body is no object")
		return
	}
	if len(declared.Fields) > 0 {
		c.checkFields("", object, declared.Fields)
	}
}

// checkFields wants every documented member of an object, with a documented type, and no other.
func (c *clerk) checkFields(at string, sent map[string]any, documented []contract.Field) {
	left := maps.Clone(sent)
	for _, f := range documented {
		path := at + f.Name
		value, ok := sent[f.Name]
		delete(left, f.Name)
		if !ok {
			if knownOmission[c.op.ID+"."+path] == "" {
				c.fault("body member %s is not sent", path)
			}
			continue
		}
		if !typed(value, f) {
			c.fault("body member %s is sent as %s, documented as %s", path, kindOf(value), strings.Join(kindsOf(f), "|"))
		}
		if len(f.Fields) == 0 || f.Map || f.Name == "custom_fields" { // its members are the salon's own
			continue
		}
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		if object, ok := value.(map[string]any); ok {
			c.checkFields(path+".", object, f.Fields)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		c.fault("body member %s is not documented", at+name)
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// kindsOf are the JSON types that the documentation gives a field: of its table, its prose and its sample.
func kindsOf(f contract.Field) (kinds []string) {
	for _, t := range []string{f.Type, f.ProseType, f.ExampleType} {
		for kind := range strings.SplitSeq(t, "|") {
			if kind == "integer" {
				kind = "number"
			}
			if kind != "" && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

func typed(v any, f contract.Field) bool {
	kinds, kind := kindsOf(f), kindOf(v)
	switch {
	case len(kinds) == 0 || slices.Contains(kinds, kind):
		return true
	case slices.Contains(kinds, "null") && len(kinds) == 1:
		return true // only ever seen empty
	}
	// 0 and 1 are how PHP spells a flag.
	return slices.Contains(kinds, "boolean") && (v == 0.0 || v == 1.0)
}

// filler fills values of any type with something that is not zero.
type filler struct{ n int64 }

var exactly = map[reflect.Type]any{
	reflect.TypeFor[Time]():            Time{Time: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), Raw: "2026-12-01T12:00:00+03:00"},
	reflect.TypeFor[time.Time]():       time.Date(2026, 12, 1, 12, 0, 0, 0, time.FixedZone("", 3*3600)),
	reflect.TypeFor[time.Duration]():   time.Hour,
	reflect.TypeFor[Phone]():           Phone("79000000001"),
	reflect.TypeFor[Money]():           Money("10.5"),
	reflect.TypeFor[Token]():           Token("38829"),
	reflect.TypeFor[json.RawMessage](): json.RawMessage(`"x"`),
}

func (f *filler) value(t reflect.Type, name string) reflect.Value {
	if v, ok := exactly[t]; ok {
		return reflect.ValueOf(v)
	}
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(f.value(t.Elem(), name))
	case reflect.Struct:
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() && field.Name != "Extra" {
				v.Field(i).Set(f.value(field.Type, field.Name))
			}
		}
	case reflect.Slice:
		v = reflect.Append(v, f.value(t.Elem(), name), f.value(t.Elem(), name))
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(reflect.ValueOf("1").Convert(t.Key()), f.value(t.Elem(), name))
	case reflect.String:
		v.SetString(textFor(name))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Int, reflect.Int64, reflect.Int32:
		f.n++
		v.SetInt(1000 + f.n)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Interface:
		if t.NumMethod() > 0 && reflect.TypeFor[io.Reader]().Implements(t) {
			v.Set(reflect.ValueOf(strings.NewReader("file")))
			break
		}
		v.Set(reflect.ValueOf("x"))
	default:
		panic("no value for " + t.String())
	}
	return v
}

// textFor is a text that means something to a field of this name.
func textFor(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "changed"), strings.Contains(name, "datetime"):
		return "2026-12-01T12:00:00"
	case strings.Contains(name, "date"), strings.HasPrefix(name, "created"), name == "from", name == "to":
		return "2026-12-01"
	}
	return "x"
}

// method is a method of a service that names an operation.
type method struct {
	operation, service, name string
	args                     []string // names, without ctx
}

// methods reads them from the source: reflection does not know the names of arguments.
func methods(t testing.TB) []method {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []method
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Doc == nil {
				continue
			}
			star, ok := fn.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			for _, line := range fn.Doc.List {
				found := directive.FindStringSubmatch(line.Text)
				if found == nil {
					continue
				}
				m := method{operation: found[1], service: strings.TrimSuffix(fmt.Sprint(star.X), "Service"), name: fn.Name.Name}
				for _, list := range fn.Type.Params.List {
					for _, arg := range list.Names {
						m.args = append(m.args, arg.Name)
					}
				}
				m.args = m.args[1:]
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b method) int { return strings.Compare(a.operation, b.operation) })
	return all
}

// call calls the method with every argument filled, and returns the path values by the names of their arguments.
func (m method) call(t testing.TB, ctx context.Context, client *Client) (sent map[string]string, err error) {
	t.Helper()
	service := reflect.ValueOf(client.services).FieldByName(m.service)
	if !service.IsValid() {
		t.Fatalf("%s: the client has no service %s", m.operation, m.service)
	}
	fn := service.MethodByName(m.name)
	f := &filler{}
	sent, args := map[string]string{}, []reflect.Value{reflect.ValueOf(ctx)}
	for i, name := range m.args {
		v := f.value(fn.Type().In(i+1), name)
		if k := v.Kind(); k == reflect.String || k == reflect.Int64 {
			if k == reflect.String && v.String() == "x" {
				v = reflect.ValueOf("text" + strconv.Itoa(i)).Convert(v.Type())
			}
			sent[normal(name)] = fmt.Sprint(reflect.Indirect(v).Interface())
			if k == reflect.String {
				sent[normal(name)] = v.String() // a secret prints redacted
			}
		}
		args = append(args, v)
	}
	if fn.Type().IsVariadic() {
		args = args[:len(args)-1]
	}
	results := fn.Call(args)
	err, _ = results[len(results)-1].Interface().(error)
	return sent, err
}

// Every method of the package sends the request that the contract, with its overlay, describes.
func TestRequestsMatchTheContract(t *testing.T) {
	all := methods(t)
	if len(all) < 31 {
		t.Fatalf("only %d methods name an operation", len(all))
	}
	server := &clerk{}
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) })
	client := newClient(t, WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) { return inMemory(handler, r) })))
	broken := 0
	for _, m := range all {
		op, ok := contract.Lookup(m.operation)
		if !ok {
			t.Errorf("%s.%s names %s, which the contract lacks", m.service, m.name, m.operation)
			continue
		}
		*server = clerk{op: op, args: map[string]string{}}
		// The values are known only after the call; the path is checked again below.
		probe := &clerk{op: op}
		var seen *url.URL
		before := handler
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.URL; before.ServeHTTP(w, r) })
		sent, err := m.call(t, t.Context(), client)
		handler = before
		if server.requests != 1 {
			server.fault("%d requests arrived: %v", server.requests, err)
		}
		if seen != nil && len(server.faults) == 0 {
			probe.args = sent
			probe.checkAddress(&http.Request{Method: op.Method, URL: seen})
			server.faults = append(server.faults, probe.faults...)
		}
		if len(server.faults) > 0 {
			broken++
		}
		for _, fault := range server.faults {
			t.Errorf("%s.%s (%s): %s", m.service, m.name, m.operation, fault)
		}
	}
	t.Logf("%d methods, %d differ from the contract", len(all), broken)
}

// inMemory serves a request without a socket: the whole header and body go through net/http's own types.
func inMemory(h http.Handler, r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}
