package main

import (
	"fmt"
	"slices"
	"strings"

	"zapis/contract"
)

func (m *model) options(b *strings.Builder, name string, sel selected, op *contract.Operation, params []contract.Param) {
	kind := "narrow and shape"
	if op.Method != "GET" {
		kind = "go into the address of"
	}
	fmt.Fprintf(b, "// %s %s [%sService.%s]. Zero values are left out.\ntype %s struct {\n", name, kind, sel.service, sel.method, name)
	var body strings.Builder
	for _, p := range params {
		kind, t := m.paramKind(op, p)
		value := "o." + paramName(p)
		switch {
		case t == "Date", t == "Phone", t == "Money":
			value = "string(" + value + ")"
		case kind == "int" && t != "int64":
			value = "int64(" + value + ")"
		case kind == "text" && t != "string":
			value = "string(" + value + ")"
		}
		fmt.Fprintf(b, "%s %s%s\n", paramName(p), t, paramComment(p))
		key := p.Name
		if strings.HasPrefix(t, "[]") && p.Style != "repeat" && !strings.HasSuffix(key, "[]") {
			key += "[]"
		}
		fmt.Fprintf(&body, "q.%s(%q, %s)\n", kind, key, value)
	}
	fmt.Fprintf(b, "}\n\nfunc (o *%s) query() url.Values {\nif o == nil {\nreturn nil\n}\nq := query{}\n%sreturn q.values()\n}\n\n", name, body.String())
}

func paramName(p contract.Param) string { return goName(p.Name) }

func paramComment(p contract.Param) string {
	var parts []string
	if p.Description != "" {
		parts = append(parts, oneLine(p.Description))
	}
	if p.Format == "date-time" {
		parts = append(parts, "as 2006-01-02T15:04:05")
	}
	if p.Max != nil && !strings.Contains(p.Description, "max") {
		parts = append(parts, fmt.Sprintf("at most %g", *p.Max))
	}
	if values := append(slices.Clone(p.ItemsEnum), p.Enum...); len(values) > 0 {
		var words []string
		for _, v := range values {
			words = append(words, fmt.Sprint(v))
		}
		parts = append(parts, "one of "+strings.Join(words, ", "))
		if len(p.ItemsEnum) > 0 {
			parts[len(parts)-1] = "any of " + strings.Join(words, ", ")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " // " + strings.Join(parts, "; ")
}

// paramKind is the method of query that writes a parameter, and its Go type. A
// param line names a kind, or a type of the package.
func (m *model) paramKind(op *contract.Operation, p contract.Param) (kind, goType string) {
	for _, key := range []string{op.ID + "?" + p.Name, p.Name} {
		line, ok := m.list.params[key]
		if !ok {
			continue
		}
		if t, ok := kinds[line]; ok {
			return line, t
		}
		if e := m.list.enum(line); e != nil && e.base == "int64" {
			return "int", line
		}
		return "text", line
	}
	switch {
	case p.Type == "array" && p.Items == "string":
		kind = "texts"
	case p.Type == "array":
		kind = "ints"
	case p.Name == "phone":
		return "text", "Phone"
	case p.Format == "date":
		return "text", "Date"
	case p.Type == "number" || p.Type == "integer":
		kind = "int"
	case p.Type == "boolean":
		kind = "flag"
	default:
		kind = "text"
	}
	return kind, kinds[kind]
}

var kinds = map[string]string{"texts": "[]string", "ints": "[]int64", "int": "int64", "flag": "bool", "text": "string", "optional": "*int64"}

func (l *list) enum(name string) *enum {
	for _, e := range l.enums {
		if e.name == name {
			return e
		}
	}
	return nil
}

func queryParams(op *contract.Operation) []contract.Param {
	var params []contract.Param
	for _, p := range op.Params {
		if p.In == "query" {
			params = append(params, p)
		}
	}
	return params
}

// paging is how an operation turns pages.
type paging struct {
	size  string // name of the parameter that sets the length of a page
	max   int    // its documented maximum, 0 when there is none
	inAll bool   // in the body, not in the query
}

var sizeNames = []string{"count", "editable_length", "page_size", "limit"}

// pagingOf finds the page number and the page size among the parameters, else
// among the fields of the body.
func pagingOf(op *contract.Operation, params []contract.Param) (paging, bool) {
	var found paging
	page := false
	for _, p := range params {
		page = page || p.Name == "page"
		if slices.Contains(sizeNames, p.Name) {
			found.size = p.Name
			if p.Max != nil {
				found.max = int(*p.Max)
			}
		}
	}
	if page && found.size != "" {
		return found, true
	}
	if op.Request == nil {
		return paging{}, false
	}
	for _, f := range op.Request.Fields {
		page = page || f.Name == "page"
		if slices.Contains(sizeNames, f.Name) {
			found.size = f.Name
			if f.Max != nil {
				found.max = int(*f.Max)
			}
		}
	}
	found.inAll = true
	return found, page && found.size != ""
}

// walkName is the iterator beside a method: All beside List, AllX beside
// ListX, SearchAllX beside SearchX.
func walkName(method string) string {
	if rest, ok := strings.CutPrefix(method, "Search"); ok {
		return "SearchAll" + rest
	}
	return "All" + strings.TrimPrefix(method, "List")
}

// walk writes the iterator of an operation that has pages.
func (m *model) walk(b *strings.Builder, options string, sel selected, path string, op *contract.Operation, params []contract.Param) {
	turns, ok := pagingOf(op, params)
	if !ok || !strings.HasPrefix(sel.result, "[]") || sel.bare {
		return
	}
	args, _ := m.pathArguments(op, path)
	var names []string
	for _, a := range args {
		name, _, _ := strings.Cut(a, " ")
		names = append(names, name)
	}
	argument, given, holder := "opts *"+options, "opts", options
	if turns.inAll {
		argument, given, holder = "body *"+sel.body, "body", sel.body
	}
	item := "*" + sel.result[2:]
	limit := ""
	if turns.max > 0 {
		limit = fmt.Sprintf("\n// A page has at most %d items: that is what is asked for when the size is not\n// set or larger.", turns.max)
	}
	fmt.Fprintf(b, "// %s walks all pages of [%sService.%s], from %s.Page on, until one is empty. A\n// failure is the last pair; it is never an end of the list.%s\n", walkName(sel.method), sel.service, sel.method, given, limit)
	fmt.Fprintf(b, "func (s *%sService) %s(ctx context.Context%s) iter.Seq2[%s, error] {\nvar o %s\nif %s != nil {\no = *%s\n}\n", sel.service, walkName(sel.method), joined(append(args, argument)), item, holder, given, given)
	pointers := turns.inAll
	size := goName(turns.size)
	if turns.max > 0 {
		if pointers {
			fmt.Fprintf(b, "size := atMost(deref(o.%s), %d)\no.%s = &size\n", size, turns.max, size)
		} else {
			fmt.Fprintf(b, "o.%s = atMost(o.%s, %d)\n", size, size, turns.max)
		}
	}
	first, set := "int(o.Page)", "o.Page = int64(page)"
	if pointers {
		first, set = "int(deref(o.Page))", "number := int64(page)\no.Page = &number"
	}
	fmt.Fprintf(b, "return pages(%s, func(page int) ([]%s, *Response, error) {\n%s\nreturn s.%s(ctx%s)\n})\n}\n\n", first, item, set, sel.method, joined(append(names, "&o")))
}
