package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/contract"
)

// What an operation wants of a request is in the contract. Operations without
// rules of their own, and most of those with, are checked against it before
// they are played. The check is as lenient as the service: numbers may be
// strings, unknown parameters are ignored, and where a table and its sample
// disagree both are taken.

// rootList is the key under which a body stands that is a JSON array.
const rootList = "\x00list"

// checked plays an operation for requests only that keep to the contract.
func checked(run func(*call) answer) func(*call) answer {
	return func(c *call) answer {
		if a, ok := c.checkPath(); !ok {
			return a
		}
		if a, ok := c.scope(); !ok {
			return a
		}
		if bad := c.faultsOfRequest(); len(bad) > 0 {
			return c.invalid(bad)
		}
		return run(c)
	}
}

func (c *call) invalid(fields []string) answer {
	slices.Sort(fields)
	a := invalid(slices.Compact(fields)...)
	if companyShape[c.operationID()] {
		return failedErrors(http.StatusUnprocessableEntity, "Произошла ошибка валидации")
	}
	return a
}

// checkPath refuses ids that are no numbers: the service has no such address.
func (c *call) checkPath() (answer, bool) {
	for _, p := range c.route.op.Params {
		v, there := c.params[p.Name]
		if p.In != "path" || !there {
			continue
		}
		_, isNumber := asInt(v)
		numeric := p.Type == "number" || p.Type == "integer"
		_, isDay := parseDay(v)
		dated := p.Format == "date" || strings.HasSuffix(p.Name, "date")
		if numeric && !isNumber || len(p.Enum) > 0 && !listed(p.Enum, v) {
			return c.fail(http.StatusNotFound, "Не найдено"), false
		}
		if dated && !numeric && !isDay {
			return c.invalid([]string{p.Name}), false
		}
	}
	return answer{}, true
}

// scope finds the chain of the path, and the company of the query or the body,
// and checks the rights in them.
func (c *call) scope() (answer, bool) {
	for _, name := range []string{"chain_id", "group_id"} {
		v, there := c.params[name]
		if !there {
			continue
		}
		if id, _ := asInt(v); id != groupID {
			return c.fail(http.StatusNotFound, "Сеть не найдена"), false
		}
		if c.route.op.User == contract.Required && !c.inChain() && !ownOperation(c.route.op) {
			return c.fail(http.StatusForbidden, noRights), false
		}
	}
	if c.company != nil {
		return answer{}, true
	}
	for _, p := range c.companyFields() {
		id, ok := asInt(p)
		if !ok {
			continue // told as an invalid field
		}
		c.company = c.state.company(id)
		if c.company == nil {
			return c.fail(http.StatusNotFound, "Компания не найдена"), false
		}
		if c.route.op.User == contract.Required && !ownOperation(c.route.op) && !c.may(id) {
			return c.fail(http.StatusForbidden, noRights), false
		}
	}
	return answer{}, true
}

// companyFields are the required fields outside the path that name a company.
func (c *call) companyFields() []any {
	var found []any
	names := []string{"company_id", "salon_id"}
	for _, p := range c.route.op.Params {
		if p.In == "query" && slices.Contains(names, p.Name) && c.query.Get(p.Name) != "" {
			found = append(found, c.query.Get(p.Name))
		}
	}
	if c.route.op.Request != nil {
		for _, f := range c.route.op.Request.Fields {
			if v, there := c.bodyField(f.Name); there && slices.Contains(names, f.Name) {
				found = append(found, v)
			}
		}
	}
	return found
}

// ownOperation tells whether an operation is a client's about themselves.
func ownOperation(op *contract.Operation) bool {
	return strings.HasPrefix(op.Path, "/user/") && op.Method == http.MethodGet
}

// inChain tells whether the user has rights in a company of the chain.
func (c *call) inChain() bool {
	return slices.ContainsFunc(c.state.companies, func(company *company) bool {
		return company.groupID == groupID && c.user.role(company.id) >= roleApp
	})
}

// bodyField is a field of the body; a GET that is documented with a body may
// have it in the query as well.
func (c *call) bodyField(name string) (any, bool) {
	if v, there := c.body[name]; there {
		return v, true
	}
	if c.route.op.Method != http.MethodGet {
		return nil, false
	}
	if list := queryList(c.query, name); len(list) > 0 && !c.query.Has(name) {
		values := make([]any, len(list))
		for i, v := range list {
			values[i] = v
		}
		return values, true
	}
	return c.query.Get(name), c.query.Has(name)
}

// queryList reads a[]=1&a[]=2, a=1&a=2, a[0]=1 and a=1,2 alike.
func queryList(q url.Values, name string) []string {
	name = strings.TrimSuffix(name, "[]")
	values := slices.Concat(q[name+"[]"], q[name])
	for i := range 50 {
		values = append(values, q[name+"["+strconv.Itoa(i)+"]"]...)
	}
	var list []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// faultsOfRequest names what is missing or wrong in query and body.
func (c *call) faultsOfRequest() []string {
	var bad []string
	for i := range c.route.op.Params {
		if p := &c.route.op.Params[i]; p.In == "query" && !queryFits(p, c.query, c.zone()) {
			bad = append(bad, p.Name)
		}
	}
	req := c.route.op.Request
	if req == nil {
		return bad
	}
	list, isList := c.body[rootList].([]any)
	if !isList {
		return append(bad, c.faultsOfFields("", req.Fields, c.bodyField)...)
	}
	if req.Kind != "array" {
		return append(bad, "body")
	}
	for i, v := range list {
		o, ok := v.(obj)
		if !ok {
			return append(bad, strconv.Itoa(i))
		}
		get := func(name string) (any, bool) { v, there := o[name]; return v, there }
		bad = append(bad, c.faultsOfFields(strconv.Itoa(i)+".", req.Fields, get)...)
	}
	return bad
}

// zone is that of the company, or of the first one.
func (c *call) zone() *time.Location {
	if c.company != nil {
		return c.company.zone
	}
	return c.state.companies[0].zone
}

func queryFits(p *contract.Param, q url.Values, zone *time.Location) bool {
	if p.Type == "array" {
		list := queryList(q, p.Name)
		if p.Required && len(list) == 0 {
			return false
		}
		return !slices.ContainsFunc(list, func(v string) bool {
			return !textFits(p.Items, "", p.ItemsEnum, v, zone)
		})
	}
	v := q.Get(p.Name)
	if v == "" {
		return !p.Required
	}
	return textFits(p.Type, p.Format, p.Enum, v, zone)
}

func textFits(kind, format string, enum []any, v string, zone *time.Location) bool {
	switch kind {
	case "number":
		if _, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err != nil {
			_, isMoment := asMoment(v, zone) // some dates are declared as numbers
			_, isDay := parseDay(v)
			return isMoment || isDay
		}
	case "integer":
		if _, ok := asInt(v); !ok {
			return false
		}
	}
	_, isDay := parseDay(v)
	_, isMoment := asMoment(v, zone)
	if (format == "date" || format == "date-time") && !isDay && !isMoment {
		return false
	}
	return len(enum) == 0 || listed(enum, v)
}

// listed tells whether an enum has a value, whatever the types.
func listed(enum []any, v any) bool {
	return slices.ContainsFunc(enum, func(e any) bool { return strings.EqualFold(spelled(e), spelled(v)) })
}

func spelled(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *call) faultsOfFields(place string, fields []contract.Field, get func(string) (any, bool)) []string {
	var bad []string
	for i := range fields {
		f := &fields[i]
		v, there := get(f.Name)
		required := f.Required != nil && *f.Required
		switch {
		case !there:
			if required {
				bad = append(bad, place+f.Name)
			}
		case v == nil:
			if required && !f.Nullable {
				bad = append(bad, place+f.Name)
			}
		default:
			bad = append(bad, c.faultsOfValue(place+f.Name, f, v)...)
		}
	}
	return bad
}

// faultsOfValue checks a value that is there and not null.
func (c *call) faultsOfValue(place string, f *contract.Field, v any) []string {
	kinds := slices.Concat(strings.Split(f.Type, "|"), strings.Split(f.ProseType, "|"), strings.Split(f.ExampleType, "|"))
	if f.Type == "object" && len(f.Fields) == 0 && (strings.HasSuffix(f.Description, " ids") || strings.HasPrefix(f.Description, "working intervals")) { // declared an object, described as a list
		kinds = append(kinds, "array")
	}
	if !slices.ContainsFunc(kinds, func(kind string) bool { return kind != "" && isKind(kind, v) }) {
		return []string{place}
	}
	if len(f.Enum) > 0 && !listed(f.Enum, v) && !isEmpty(v) {
		return []string{place}
	}
	if n, isNumber := asFloat(v); isNumber && f.RangeOf == "" && (f.Min != nil && n < *f.Min || f.Max != nil && n > *f.Max) {
		return []string{place}
	}
	if s, isText := v.(string); isText && s != "" && (f.Format == "date" || f.Format == "date-time") {
		_, isDay := parseDay(s)
		_, isMoment := asMoment(s, c.zone())
		if !isDay && !isMoment {
			return []string{place}
		}
	}
	switch v := v.(type) {
	case obj:
		if f.Map || len(f.Fields) == 0 {
			return nil
		}
		get := func(name string) (any, bool) { x, there := v[name]; return x, there }
		return c.faultsOfFields(place+".", f.Fields, get)
	case []any:
		return c.faultsOfItems(place, f, v)
	}
	return nil
}

func (c *call) faultsOfItems(place string, f *contract.Field, list []any) []string {
	if f.MinItems != nil && len(list) < *f.MinItems {
		return []string{place}
	}
	var bad []string
	for i, item := range list {
		at := place + "." + strconv.Itoa(i)
		switch o, isObject := item.(obj); {
		case item == nil, f.ExampleItems == "" && slices.Contains([]string{"number", "integer"}, f.Items) && !isKind(f.Items, item):
			bad = append(bad, at)
		case len(f.ItemsEnum) > 0 && !listed(f.ItemsEnum, item):
			bad = append(bad, at)
		case len(f.Fields) > 0 && !isObject:
			bad = append(bad, at)
		case len(f.Fields) > 0:
			get := func(name string) (any, bool) { x, there := o[name]; return x, there }
			bad = append(bad, c.faultsOfFields(at+".", f.Fields, get)...)
		}
	}
	return bad
}

func isEmpty(v any) bool { return v == "" }

func asFloat(v any) (float64, bool) {
	s, ok := asText(v)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil
}

// isKind tells whether a JSON value may stand for a kind of the contract.
func isKind(kind string, v any) bool {
	switch kind {
	case "number":
		_, ok := asFloat(v)
		return ok
	case "integer":
		_, ok := asInt(v)
		return ok
	case "string":
		_, ok := asText(v)
		return ok
	case "boolean":
		switch v := v.(type) {
		case bool:
			return true
		case json.Number, string:
			return slices.Contains([]string{"0", "1", "true", "false", ""}, spelled(v))
		}
		return false
	case "array":
		_, ok := v.([]any)
		return ok
	case "object":
		list, isList := v.([]any)
		_, ok := v.(obj)
		return ok || isList && len(list) == 0
	}
	return true // a kind that the contract does not tell
}
