package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"zapis/contract"
)

// A number of the documentation says nothing about fractions. Ids of int64
// must not become floats in somebody's client, and prices must stay fractions.
var (
	fraction = regexp.MustCompile(`(?i)cost|amount|price|sum|balance|discount|percent|average|coordinate|distance|paid|spent|rating|brutto|netto|value|score|money`)
	bound    = regexp.MustCompile(`^(min|max|from|to)$`)
	whole    = regexp.MustCompile(`(^|_)ids?$|Id$|_count$|^(page|count|length|duration|seance_length|attendance|visit_attendance|page_size|limit|sex|sex_id)$`)
)

// chartRow is the schema of the analytics charts.
const chartRow = "AnalyticsReportOverallChartDailyRowItem"

// side is where a field stands: what we send is narrow, what we receive wide.
type side bool

const (
	request  side = true
	response side = false
)

// types are the JSON types of a documented type, "string|number" for two.
func types(documented, name string, s side) []string {
	var list []string
	for t := range strings.SplitSeq(documented, "|") {
		switch t {
		case "integer":
			// Often inferred from one sample, whose price happened to be whole.
			if !whole.MatchString(name) && (fraction.MatchString(name) || bound.MatchString(name)) {
				t = "number"
			}
		case "string", "boolean", "object", "array":
		case "number":
			if whole.MatchString(name) || s == request && !fraction.MatchString(name) && !bound.MatchString(name) {
				t = "integer"
			}
		default: // null: the sample shows nothing
			continue
		}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// schemaOf describes one field.
func schemaOf(f contract.Field, s side) *object {
	name := strings.TrimSpace(f.Name)
	list := types(f.Type, name, s)
	if s == response {
		// A table and its sample that disagree are both possible.
		for _, other := range types(f.ExampleType, name, s) {
			if !slices.Contains(list, other) && !(other == "integer" && slices.Contains(list, "number")) {
				list = append(list, other)
			}
		}
	}
	o := obj()
	o.set("title", f.Schema)
	o.set("description", describe(f))
	setType(o, list, len(list) > 0 && (f.Nullable || s == response && hasConst(f, "null")))
	if !slices.Contains(list, "array") && s == request {
		o.set("enum", enum(f.Enum))
	}
	setFormat(o, list, f.Format, name, s)
	setBounds(o, f)
	setDefault(o, f)
	setParts(o, f, list, s)
	return o
}

func hasConst(f contract.Field, text string) bool { return strings.TrimSpace(string(f.Const)) == text }

// describe gives the description, and what the document format has no word for.
func describe(f contract.Field) string {
	parts := []string{f.Description}
	if len(f.Enum) > 0 && f.Description == "" {
		parts = append(parts, "one of "+values(f.Enum))
	}
	if f.Type == "null" {
		parts = append(parts, "null in the only sample; its type is not known")
	}
	if f.Ref != "" {
		parts = append(parts, "see "+f.Ref)
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, "; ")
}

func values(list []any) string {
	var texts []string
	for _, v := range list {
		text, _ := json.Marshal(v) // numbers and texts of a JSON file
		texts = append(texts, string(text))
	}
	return strings.Join(texts, ", ")
}

func setType(o *object, list []string, nullable bool) {
	all := make([]any, 0, len(list)+1)
	for _, t := range list {
		all = append(all, t)
	}
	if nullable {
		all = append(all, "null")
	}
	switch len(all) {
	case 0:
	case 1:
		o.put("type", all[0])
	case 2:
		if nullable {
			o.put("type", all)
			return
		}
		fallthrough
	default:
		// Generators cannot make a type of two types; any value is allowed and
		// the known ones are told.
		o.put("x-yclients-types", all)
	}
}

// setFormat keeps a format that the API holds to. Times in answers have three
// spellings, and a client that insists on RFC 3339 would fail, so there the
// documented format is only told.
func setFormat(o *object, list []string, format, name string, s side) {
	switch {
	case len(list) != 1:
	case list[0] == "integer":
		o.put("format", "int64")
	case list[0] == "number":
		o.put("format", "double")
	case format == "date" && s == request:
		o.put("format", format)
	case format != "" && list[0] == "string":
		o.put("x-yclients-format", format)
	case strings.Contains(name, "datetime") && list[0] == "string" && s == response:
		o.put("x-yclients-format", "date-time")
	}
}

func setBounds(o *object, f contract.Field) {
	if f.RangeOf != "" {
		return
	}
	t, _ := o.get("type").(string)
	if t == "integer" || t == "number" {
		if f.Min != nil {
			o.put("minimum", *f.Min)
		}
		if f.Max != nil {
			o.put("maximum", *f.Max)
		}
	}
	if f.MinItems != nil && t == "array" {
		o.put("minItems", *f.MinItems)
	}
}

func setDefault(o *object, f contract.Field) {
	if value, err := parse(f.Default); err == nil && value != nil {
		o.put("default", value)
	}
}

// setParts describes the members of an object and the items of an array.
func setParts(o *object, f contract.Field, list []string, s side) {
	if f.Map {
		values := obj()
		if f.Values != nil {
			values = schemaOf(*f.Values, s)
		}
		o.put("additionalProperties", values)
		return
	}
	if slices.Contains(list, "array") {
		items := obj()
		if f.Items == "array" && s == request || f.Schema == chartRow {
			// A list of lists in a table is a list of ids in the sample, and a row
			// of a chart, called an integer, is a pair of a time and a value.
			o.put("items", items)
			return
		}
		setType(items, types(f.Items, "", s), false)
		if t := items.get("type"); t == "integer" {
			items.put("format", "int64")
		}
		if f.Items == "number" && (whole.MatchString(f.Name) || s == request) {
			items.put("type", "integer")
			items.put("format", "int64")
		}
		if s == response && (f.ExampleItems != "" || f.Source == "example" && len(f.Fields) == 0) {
			items = obj() // one sample does not tell what else may stand there
		}
		if len(f.Fields) > 0 && f.Items != "array" {
			items = membersOf(f.Fields, s)
			if s == response && len(list) > 1 && !slices.Contains(list, "object") {
				items = obj()
			}
		}
		if s == request {
			items.set("enum", enum(f.ItemsEnum))
		}
		o.put("items", items)
		if f.Unique && s == request {
			o.put("uniqueItems", true)
		}
	}
	if slices.Contains(list, "object") && len(f.Fields) > 0 {
		members := membersOf(f.Fields, s)
		for _, key := range []string{"required", "properties"} {
			o.set(key, members.get(key))
		}
	}
}

// membersOf is an object with these members. Nothing is required of an answer:
// keys with null are left out at will.
func membersOf(fields []contract.Field, s side) *object {
	properties, required := obj(), []any{}
	for _, f := range fields {
		if f.Name == "" || f.Name != strings.TrimSpace(f.Name) {
			continue // "image_group " with a space is a slip of one sample
		}
		if have, ok := properties.get(f.Name).(*object); ok && len(have.keys) > 0 {
			continue
		}
		properties.put(f.Name, schemaOf(f, s))
		if s == request && f.Required != nil && *f.Required {
			required = append(required, f.Name)
		}
	}
	o := obj("type", "object")
	o.set("required", required)
	o.put("properties", properties)
	return o
}

func enum(list []any) []any {
	out := []any{}
	for _, v := range list {
		if f, ok := v.(float64); ok && f == float64(int(f)) {
			v = int(f)
		}
		out = append(out, v)
	}
	return out
}
