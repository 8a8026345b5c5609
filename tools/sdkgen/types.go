package main

import (
	"fmt"
	"slices"
	"strings"

	"zapis/contract"
)

// object is a Go struct to be written.
type object struct {
	name    string
	service string // the section whose file it goes to
	request bool
	fields  []*field
	adds    int // how many bodies were put into it
	usedBy  []selected
	parent  string // the type that has it as a member
	member  string
}

// field is a member of an object. Answers of several operations may speak of
// the same thing, each with a few more facts, so facts are collected first.
type field struct {
	name     string
	facts    []contract.Field
	said     int // how many bodies require it
	always   bool
	required bool // every body that has the type wants it
}

// nullable reports whether a member that must be there may be null.
func (f *field) nullable() bool {
	return f.required && slices.ContainsFunc(f.facts, func(fact contract.Field) bool { return fact.Nullable })
}

// wantsDigits reports whether a phone is written without plus, spaces and
// brackets.
func (f *field) wantsDigits() bool {
	return slices.ContainsFunc(f.facts, func(fact contract.Field) bool {
		return strings.Contains(fact.Description, "digits only") || strings.Contains(fact.Description, "no plus")
	})
}

func (f *field) saysNumber() bool {
	return slices.ContainsFunc(f.facts, func(fact contract.Field) bool {
		return (fact.Type == "number" || fact.Type == "integer") && fact.ExampleType != "boolean"
	})
}

func (f *field) hasFormat(format string) bool {
	return slices.ContainsFunc(f.facts, func(fact contract.Field) bool { return fact.Format == format })
}

// model collects the objects in the order in which they are met.
type model struct {
	list    *list
	objects []*object
	byName  map[string]*object
}

// add puts the fields of one body into the type of that name.
func (m *model) add(name, service string, fields []contract.Field, request bool, always []string) {
	o := m.byName[name]
	if o == nil {
		o = &object{name: name, service: service, request: request}
		m.byName[name] = o
		m.objects = append(m.objects, o)
	}
	o.adds++
	for _, f := range fields {
		i := slices.IndexFunc(o.fields, func(have *field) bool { return have.name == f.Name })
		if i < 0 {
			o.fields = append(o.fields, &field{name: f.Name})
			i = len(o.fields) - 1
		}
		have := o.fields[i]
		have.facts = append(have.facts, f)
		have.always = have.always || slices.Contains(always, f.Name)
		if isTrue(f.Required) || isTrue(f.ProseRequired) {
			have.said++
		}
		if nested := nestedFields(f); len(nested) > 0 {
			if nestedType := m.nestedName(o, f); nestedType != "" {
				m.add(nestedType, service, nested, request, nil)
				if n := m.byName[nestedType]; n.parent == "" {
					n.parent, n.member = o.name, f.Name
				}
			}
		}
	}
	for _, f := range o.fields {
		f.required = f.always || f.said >= o.adds
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// nestedFields are the fields of an object, of the items of a list, or of the
// values of a map.
func nestedFields(f contract.Field) []contract.Field {
	if f.Map {
		if f.Values == nil {
			return nil
		}
		return f.Values.Fields
	}
	return f.Fields
}

// nestedName is the type of a nested object, empty when a type line makes the
// field something else.
func (m *model) nestedName(o *object, f contract.Field) string {
	if t, ok := lookup(m.list.types, o.name, f.Name); ok {
		if _, name, ok := strings.Cut(t, "*"); ok {
			return name
		}
		return ""
	}
	if name, ok := m.list.names[o.name+"."+f.Name]; ok {
		return name
	}
	if !o.request && isReference(nestedFields(f)) {
		return "Ref"
	}
	if name, ok := m.list.names[f.Name]; ok && !o.request {
		return name
	}
	if o.request {
		return strings.TrimSuffix(o.name, "Request") + goName(singular(f.Name)) + "Request"
	}
	return o.name + goName(singular(f.Name))
}

// isReference reports whether an object only names another one: so many do
// that they share a type.
func isReference(fields []contract.Field) bool {
	return len(fields) == 2 && slices.ContainsFunc(fields, func(f contract.Field) bool { return f.Name == "id" }) &&
		slices.ContainsFunc(fields, func(f contract.Field) bool { return f.Name == "title" })
}

func (m *model) fieldName(o *object, f *field) string {
	if name, ok := lookup(m.list.fields, o.name, f.name); ok {
		return name
	}
	return goName(f.name)
}

// goType decides what a field is in Go, from everything that is known of it.
func (m *model) goType(o *object, f *field) string {
	if t, ok := m.list.types[o.name+"."+f.name]; ok {
		return t
	}
	if t, ok := m.list.types[f.name]; ok {
		if o.request {
			return m.requestType(t, f.required)
		}
		return t
	}
	var t string
	for _, fact := range f.facts {
		if next := m.typeOfFact(o, f, fact); rank(next) > rank(t) {
			t = next
		}
	}
	if o.request {
		return m.requestType(t, f.required)
	}
	return t
}

// rank prefers the type that says more when operations differ: a sample with
// null or [] knows less than one with an object, 1 less than 1.5, and a number
// in a string is a number.
func rank(t string) int {
	switch t {
	case "":
		return -1
	case "json.RawMessage", "[]json.RawMessage":
		return 0
	case "string":
		return 1
	case "int64":
		return 2
	case "float64":
		return 3
	}
	return 4
}

func (m *model) typeOfFact(o *object, f *field, fact contract.Field) string {
	if fact.Map {
		return m.mapType(o, fact)
	}
	nested := len(fact.Fields) > 0
	switch kinds := strings.Split(fact.Type, "|"); {
	case len(kinds) > 1:
		return raw(o)
	case fact.Type == "object" && nested, fact.ExampleType == "object" && nested && fact.Type != "array":
		return "*" + m.nestedName(o, fact)
	case fact.Type == "array" && nested:
		return "[]*" + m.nestedName(o, fact)
	case fact.Type == "object":
		return "map[string]" + raw(o)
	case fact.Type == "array":
		return "[]" + m.itemType(o, f, fact)
	}
	return scalar(o, f.name, fact)
}

func (m *model) mapType(o *object, fact contract.Field) string {
	switch v := fact.Values; {
	case v == nil || o.request:
		return "map[string]" + raw(o)
	case v.Type == "array" && v.Items == "string":
		return "map[string][]string"
	case len(v.Fields) > 0:
		return "map[string]*" + m.nestedName(o, fact)
	}
	return "map[string]" + raw(o)
}

func (m *model) itemType(o *object, f *field, fact contract.Field) string {
	switch {
	case fact.ItemsFormat == "date":
		return "Time"
	case fact.Items == "string":
		return scalar(o, singular(f.name), contract.Field{Type: "string"})
	case fact.Items == "integer" || fact.Items == "number":
		return "int64"
	}
	return raw(o)
}

// raw is a value of any type.
func raw(o *object) string {
	if o.request {
		return "any"
	}
	return "json.RawMessage"
}

var (
	seconds  = []string{"seance_length", "length", "duration", "technical_break_duration"}
	prices   = []string{"cost", "cost_to_pay", "price", "price_min", "price_max", "cost_per_unit", "sum", "balance", "initial_balance", "paid", "spent", "paid_amount", "sold_amount", "tips_amount", "applicable_amount"}
	moments  = []string{"date", "datetime", "create_date", "last_change_date", "next_slot", "date_created", "date_default"}
	switches = []string{"active", "is_default", "bookable", "hidden", "fired", "deleted", "online", "confirmed", "show_rating", "is_mobile", "is_sale_bill_printed", "master_request", "review_requested"}
	floats   = []string{"discount", "rating", "amount", "coordinate_lat", "coordinate_lon", "coordinate_lng"}
	texts    = []string{"api_id", "zip", "timezone", "code", "custom_color"}
)

// scalar decides by the name before the type: the API sends ids, prices and
// flags now as numbers, now as strings, but its names are consistent.
func scalar(o *object, name string, fact contract.Field) string {
	is := func(names []string) bool { return slices.Contains(names, name) }
	switch {
	case isSwitch(name):
		return "bool"
	case o.request && (fact.Format == "date" || strings.HasSuffix(name, "_date") && fact.Format == "" && !is(moments)):
		return "Date"
	case o.request && (is(moments) || strings.HasPrefix(fact.Format, "date")):
		return "string" // passed back exactly as it was received
	case is(moments), strings.HasPrefix(fact.Format, "date"), !o.request && isMoment(name):
		return "Time"
	case is(seconds):
		return "time.Duration"
	case isMoney(name, fact):
		return "Money"
	case name == "phone":
		return "Phone"
	case name == "user_token":
		return "Token"
	case name == "password", name == "code" && o.request, strings.HasSuffix(name, "_code") && o.request, strings.HasSuffix(name, "hash"):
		return "Secret"
	case is(texts):
		return "string"
	case is(switches) || fact.Type == "boolean":
		return "bool"
	case is(floats) || fact.Format == "float" || fact.Format == "double":
		return "float64"
	case fact.Type == "number" && fact.Source == "example":
		return "float64" // a whole number in a sample is an integer
	case fact.Type == "integer", fact.Type == "number":
		return "int64"
	case fact.Source == "example" && isCount(name):
		return "int64" // a number in a string; a table that says string means text
	case fact.Type == "null":
		return raw(o)
	}
	return "string"
}

func isMoney(name string, fact contract.Field) bool {
	if fact.Type == "boolean" || fact.Type == "array" || fact.Type == "object" {
		return false
	}
	for _, end := range []string{"_sum", "_cost", "_price", "cost_total", "_cost_per_unit"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return slices.Contains(prices, name)
}

// isMoment knows the names of days and moments by their ends.
func isMoment(name string) bool {
	for _, end := range []string{"_date", "_at", "_datetime"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return slices.Contains([]string{"date_create", "date_from", "date_to", "date_start", "date_end", "period_from", "period_to", "timestamp"}, name)
}

func isSwitch(name string) bool {
	for _, begin := range []string{"is_", "has_", "allow_", "show_", "can_"} {
		if strings.HasPrefix(name, begin) {
			return !strings.HasSuffix(name, "_step")
		}
	}
	return false
}

func isCount(name string) bool {
	return name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_count") || slices.Contains([]string{"weight", "width", "height"}, name)
}

// requestType makes what a caller may leave out distinguishable from zero.
func (m *model) requestType(t string, required bool) string {
	if required {
		return t
	}
	if e := m.list.enum(t); e != nil && e.base == "int64" {
		return "*" + t
	}
	switch t {
	case "bool", "int64", "float64", "time.Duration":
		return "*" + t
	}
	return t
}

func (m *model) check() error {
	for _, o := range m.objects {
		seen := map[string]string{}
		for _, f := range o.fields {
			name := m.fieldName(o, f)
			if other, ok := seen[name]; ok {
				return fmt.Errorf("%s: %s and %s are both called %s: name one with a field line", o.name, other, f.name, name)
			}
			seen[name] = f.name
			if name == "" || name[0] < 'A' || name[0] > 'Z' {
				return fmt.Errorf("%s: %q gives no Go name: name it with a field line", o.name, f.name)
			}
		}
	}
	return nil
}
