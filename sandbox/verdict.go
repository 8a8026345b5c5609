package sandbox

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"zapis/contract"
)

// Kinds of a [Remark].
const (
	RemarkAddress       = "unknown_address"
	RemarkAccept        = "accept"
	RemarkAuthorization = "authorization"
	RemarkNoUser        = "user_token_missing"
	RemarkNeedlessUser  = "user_token_needless"
	RemarkContentType   = "content_type"
	RemarkBody          = "unexpected_body"
	RemarkUnreadable    = "unreadable_body"
	RemarkUnknownParam  = "unknown_parameter"
	RemarkUnknownField  = "unknown_field"
	RemarkArrayStyle    = "array_style"
	RemarkRepeated      = "repeated_parameter"
	RemarkMissing       = "missing"
	RemarkWrong         = "wrong_value"
	RemarkLoose         = "loose_type"
	RemarkDeprecated    = "deprecated"
)

// Remark is one thing that the contract has to say about a request. It holds
// names only, never a value of the request. As JSON it has its words too, under
// ru and en.
type Remark struct {
	Kind string `json:"kind"`
	// Name is the parameter, the place in the body (appointments.0.id) or the
	// operation that is meant; empty where nothing is.
	Name string `json:"name"`
}

// remarkWords say each kind in Russian and English; %s is the name.
var remarkWords = map[string][2]string{
	RemarkAddress:       {"в документации нет такого адреса%s", "the contract has no such address%s"},
	RemarkAccept:        {"нет заголовка Accept: application/vnd.yclients.v2+json%s", "the header Accept: application/vnd.yclients.v2+json is missing%s"},
	RemarkAuthorization: {"заголовок Authorization должен быть одной строкой: Bearer ТОКЕН_ПАРТНЁРА, User ТОКЕН_ПОЛЬЗОВАТЕЛЯ%s", "the header Authorization must be one line: Bearer PARTNER_TOKEN, User USER_TOKEN%s"},
	RemarkNoUser:        {"нужен токен пользователя%s", "a user token is needed%s"},
	RemarkNeedlessUser:  {"токен пользователя здесь не нужен%s", "no user token is needed here%s"},
	RemarkContentType:   {"заголовок Content-Type должен быть %s", "the header Content-Type must be %s"},
	RemarkBody:          {"тело запроса здесь не ожидается%s", "no body is expected here%s"},
	RemarkUnreadable:    {"тело запроса не разобрано%s", "the body cannot be read%s"},
	RemarkUnknownParam:  {"неизвестный параметр %s", "unknown query parameter %s"},
	RemarkUnknownField:  {"неизвестное поле %s", "unknown body field %s"},
	RemarkArrayStyle:    {"массив в строке запроса пишется %s=…, по разу на каждое значение", "an array in the query is written %s=…, once for each value"},
	RemarkRepeated:      {"параметр %s передан несколько раз", "the parameter %s is given more than once"},
	RemarkMissing:       {"нет обязательного %s", "%s is required and missing"},
	RemarkWrong:         {"неверное значение %s", "the value of %s is wrong"},
	RemarkLoose:         {"%s другого типа JSON, чем в документации", "%s is of another JSON type than documented"},
	RemarkDeprecated:    {"операция устарела, вместо неё %s", "the operation is deprecated, use %s"},
}

// String says the remark in English.
func (r Remark) String() string { return r.in(1) }

func (r Remark) in(lang int) string { return fmt.Sprintf(remarkWords[r.Kind][lang], r.Name) }

// MarshalJSON adds the words.
func (r Remark) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		RU   string `json:"ru"`
		EN   string `json:"en"`
	}{r.Kind, r.Name, r.in(0), r.in(1)})
}

// mostRemarks is how many remarks one call gets: a list of a thousand wrong items
// is one mistake.
const mostRemarks = 20

// verdict compares a call, as it was sent, with the contract. It is taken before
// any fault bends the call.
func (c *call) verdict(r *http.Request, bodyErr error) []Remark {
	if c.route == nil {
		return []Remark{{RemarkAddress, ""}}
	}
	v := &verdict{op: c.route.op, known: c.route.known()}
	v.headers(c.header, len(c.body) > 0)
	v.path(c.params)
	v.query(c.query)
	v.body(c.body, bodyErr, r)
	if bodyErr == nil {
		v.faults(c)
	}
	if v.op.Deprecated {
		v.add(RemarkDeprecated, replacement(v.op.ID))
	}
	return v.remarks
}

// verdict is what is being found out about one request.
type verdict struct {
	op      *contract.Operation
	known   *known
	remarks []Remark
}

func (v *verdict) add(kind, name string) {
	if len(v.remarks) < mostRemarks {
		v.remarks = append(v.remarks, Remark{kind, name})
	}
}

// known is what an operation has, by name.
type known struct {
	query   map[string]*contract.Param
	fields  map[string]*knownField
	form    bool // the body is a multipart form
	open    bool // the fields of the body are not documented
	inQuery bool // a GET that may have the fields of its body in the query
}

type knownField struct {
	kinds  []string               // JSON types that are documented; empty: not told
	fields map[string]*knownField // nil: anything
}

// knownOf makes the index of an operation when it is first called.
func knownOf(op *contract.Operation) func() *known {
	return sync.OnceValue(func() *known {
		k := &known{query: map[string]*contract.Param{}, inQuery: op.Method == http.MethodGet && op.Request != nil}
		for i := range op.Params {
			if p := &op.Params[i]; p.In == "query" {
				k.query[arrayName(p.Name)] = p
			}
		}
		if op.Request != nil {
			k.fields = fieldsOf(op.Request.Fields)
			k.form = strings.HasPrefix(op.Request.ContentType, "multipart/")
			k.open = k.fields == nil || op.Request.SchemaLost != nil || op.Request.VariantsLost != nil
		}
		return k
	})
}

func fieldsOf(fields []contract.Field) map[string]*knownField {
	if len(fields) == 0 {
		return nil
	}
	m := make(map[string]*knownField, len(fields))
	for i := range fields {
		f := &fields[i]
		k := &knownField{}
		for _, kind := range []string{f.Type, f.ProseType, f.ExampleType} {
			if kind != "" {
				k.kinds = append(k.kinds, strings.Split(kind, "|")...)
			}
		}
		if !f.Map {
			k.fields = fieldsOf(f.Fields)
		}
		m[f.Name] = k
	}
	return m
}

// arrayName is a[] and a[0] without the brackets.
func arrayName(name string) string {
	base, _, _ := strings.Cut(name, "[")
	return base
}

func (v *verdict) headers(h http.Header, hasBody bool) {
	if !acceptsV2(h) {
		v.add(RemarkAccept, "")
	}
	partner, user := parseAuthorization(h.Get("Authorization"))
	switch {
	case partner == "":
		v.add(RemarkAuthorization, "")
	case user == "" && v.op.User == contract.Required:
		v.add(RemarkNoUser, "")
	case user != "" && v.op.User == contract.Never:
		v.add(RemarkNeedlessUser, "")
	}
	if !hasBody || v.op.Request == nil {
		return
	}
	sent, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	want := "application/json"
	if v.known.form {
		want = "multipart/form-data"
	}
	if err != nil || sent != want {
		v.add(RemarkContentType, want)
	}
}

func (v *verdict) path(params map[string]string) {
	for i := range v.op.Params {
		p := &v.op.Params[i]
		value, there := params[p.Name]
		if p.In != "path" || !there || p.Type != "number" && p.Type != "integer" {
			continue
		}
		_, isNumber := asInt(value)
		_, isDay := parseDay(value) // some dates are declared as numbers
		if !isNumber && !isDay {
			v.add(RemarkWrong, p.Name)
		}
	}
}

func (v *verdict) query(q map[string][]string) {
	if len(q) == 0 {
		return
	}
	styles := map[string]bool{} // arrays that have been spoken of
	for _, sent := range sortedKeys(q) {
		name := arrayName(sent)
		p := v.known.query[name]
		switch {
		case p == nil && v.known.inQuery && v.known.fields[name] != nil:
		case p == nil:
			v.add(RemarkUnknownParam, shownName(sent))
		case p.Type == "array":
			want := name
			if p.Style == "brackets" {
				want += "[]"
			}
			commas := slices.ContainsFunc(q[sent], func(s string) bool { return strings.Contains(s, ",") })
			if (sent != want || commas) && !styles[name] {
				styles[name] = true
				v.add(RemarkArrayStyle, want)
			}
		case sent != p.Name || len(q[sent]) > 1:
			v.add(RemarkRepeated, p.Name)
		}
	}
}

func (v *verdict) body(body obj, err error, r *http.Request) {
	expected := v.op.Request != nil
	unread := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
	switch {
	case err != nil && expected:
		v.add(RemarkUnreadable, "")
	case !expected && (err != nil || unread || len(body) > 0):
		v.add(RemarkBody, "")
	case v.known.open:
	default:
		list, isList := body[rootList].([]any)
		if isList {
			v.items("", v.known.fields, list)
			return
		}
		v.fields("", v.known.fields, body)
	}
}

func (v *verdict) fields(place string, known map[string]*knownField, sent obj) {
	if len(sent) == 0 {
		return
	}
	for _, name := range sortedKeys(sent) {
		k := known[name]
		if k == nil {
			v.add(RemarkUnknownField, place+shownName(name))
			continue
		}
		v.value(place+name, k, sent[name])
	}
}

func (v *verdict) value(place string, k *knownField, sent any) {
	if !v.known.form && sent != nil && !strictKind(k.kinds, sent) {
		v.add(RemarkLoose, place)
	}
	if k.fields == nil {
		return
	}
	switch sent := sent.(type) {
	case obj:
		v.fields(place+".", k.fields, sent)
	case []any:
		v.items(place+".", k.fields, sent)
	}
}

func (v *verdict) items(place string, known map[string]*knownField, list []any) {
	for i, item := range list {
		if o, ok := item.(obj); ok && len(v.remarks) < mostRemarks {
			v.fields(place+strconv.Itoa(i)+".", known, o)
		}
	}
}

// strictKind tells whether a value has one of the documented JSON types. Another
// type that cannot be read at all is told by faults.
func strictKind(kinds []string, v any) bool {
	if len(kinds) == 0 {
		return true
	}
	_, number := v.(json.Number)
	_, text := v.(string)
	_, flag := v.(bool)
	list, isList := v.([]any)
	_, object := v.(obj)
	for _, kind := range kinds {
		switch kind {
		case "number", "integer":
			if number {
				return true
			}
		case "string":
			if text {
				return true
			}
		case "boolean":
			if flag {
				return true
			}
		case "array":
			if isList {
				return true
			}
		case "object":
			if object || isList && len(list) == 0 {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// faults takes over what the check of every operation finds missing or wrong.
func (v *verdict) faults(c *call) {
	for _, place := range c.faultsOfRequest() {
		if place == "email" && v.op.ID == "createBooking" && !c.switches.EmailRequired {
			continue
		}
		if p := v.known.query[arrayName(place)]; p != nil {
			if len(queryList(c.query, p.Name)) == 0 && c.query.Get(p.Name) == "" {
				v.add(RemarkMissing, p.Name)
			} else {
				v.add(RemarkWrong, p.Name)
			}
			continue
		}
		kind := RemarkWrong
		if !present(c, place) {
			kind = RemarkMissing
		}
		v.remarks = slices.DeleteFunc(v.remarks, func(r Remark) bool { return r == Remark{RemarkLoose, place} })
		v.add(kind, place)
	}
}

// present tells whether a place of the body, "appointments.0.id", has a value.
func present(c *call, place string) bool {
	first, rest, deep := strings.Cut(place, ".")
	at, there := c.bodyField(first)
	if list, isList := c.body[rootList].([]any); isList {
		at, there, rest, deep = any(list), true, place, true
	}
	for deep && there {
		var step string
		step, rest, deep = strings.Cut(rest, ".")
		switch v := at.(type) {
		case obj:
			at, there = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			there = err == nil && i < len(v)
			if there {
				at = v[i]
			}
		default:
			there = false
		}
	}
	return there && at != nil
}

// shownName is a name that the caller has made up, as far as it is sure to be a
// name and no phone, code or token in the place of one.
func shownName(name string) string {
	const most = 32
	letters, digits := 0, 0
	for _, r := range strings.NewReplacer("[", "", "]", "").Replace(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_':
			letters++
		case r >= '0' && r <= '9':
			digits++
		default:
			return "•••"
		}
	}
	if letters == 0 || letters > most || digits > 2 {
		return "•••"
	}
	return name
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// replacements are the new operations that are not called like the old ones.
var replacements = map[string]string{
	"listClientsDeprecated":      "searchClients",
	"createStaffDeprecated":      "createStaffQuick",
	"getStaffScheduleDeprecated": "listStaffSchedules",
	"setStaffScheduleDeprecated": "setStaffSchedules",
}

func replacement(id string) string {
	if r, ok := replacements[id]; ok {
		return r
	}
	return strings.TrimSuffix(id, "Deprecated")
}

// strictly refuses, in strict mode, what the service would let pass in silence:
// with 422 where values are missing or wrong, as it does itself where it looks,
// otherwise with 400. A deprecated operation is no mistake.
func (c *call) strictly() (answer, bool) {
	if !c.switches.Strict {
		return answer{}, true
	}
	var words, fields []string
	ignored := false
	for _, r := range c.remarks {
		_, inPath := c.params[r.Name]
		switch r.Kind {
		case RemarkDeprecated, RemarkNoUser: // the service itself says where a user is needed
			continue
		case RemarkMissing, RemarkWrong:
			if inPath { // no such address
				continue
			}
			fields = append(fields, r.Name)
		default:
			ignored = true
		}
		words = append(words, r.in(0)+" / "+r.in(1))
	}
	if len(words) == 0 {
		return answer{}, true
	}
	a := c.fail(http.StatusBadRequest, "Строгий режим / strict mode: "+strings.Join(words, "; "))
	if !ignored {
		a = c.invalid(fields)
	}
	if meta, ok := a.body.(obj)["meta"].(obj); ok {
		meta["remarks"] = c.remarks
	}
	return a, false
}
