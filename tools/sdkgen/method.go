package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"zapis/contract"
)

// method writes one call, and the walk over its pages where it has pages.
func (m *model) method(b *strings.Builder, sel selected, op *contract.Operation) {
	path, optional := m.choosePath(op)
	args, call := m.pathArguments(op, path)
	var params []contract.Param
	if !sel.bare {
		params = queryParams(op)
	}
	options := ""
	if len(params) > 0 {
		options = goName(singular(sel.service)) + sel.method + "Options"
		args = append(args, "opts *"+options)
	}
	if sel.body != "" && sel.body != "query" {
		args = append(args, "body "+bodyType(sel.body))
	}
	result := resultType(sel.result)
	returns := "(" + result + ", *Response, error)"
	if sel.result == "-" {
		returns = "(*Response, error)"
	}
	b.WriteString(m.methodDoc(sel, op, optional))
	fmt.Fprintf(b, "func (s *%sService) %s(ctx context.Context%s) %s {\n", sel.service, sel.method, joined(args), returns)
	if optional != "" {
		arg := argName(optional)
		fmt.Fprintf(b, "path := %s\nif %s != \"\" {\npath = append(path, fixed(\"/\"), word(%s))\n}\n", call, arg, arg)
		call = "path"
	}
	send := fmt.Sprintf("return send[%s]", result)
	switch sel.result {
	case "-":
		send = "_, resp, err := send[none]"
	case "bytes":
		send = "return sendFile"
	}
	fmt.Fprintf(b, "%s(ctx, s.client, call{\noperation: %q,\nmethod: http.Method%s,\npath: %s,\n", send, op.ID, goName(strings.ToLower(op.Method)), call)
	if options != "" {
		b.WriteString("query: opts.query(),\n")
	}
	switch sel.body {
	case "":
	case "query":
		b.WriteString("body: bodyOf(opts.query()),\n")
	case "map":
		b.WriteString("body: anyBody(body),\n")
	default:
		b.WriteString("body: body,\n")
	}
	if op.Method != http.MethodGet && !sel.read || sel.writes {
		b.WriteString("writes: true,\n")
	}
	if sel.lone {
		b.WriteString("lone: true,\n")
	}
	if sel.only {
		b.WriteString("only: true,\n")
	}
	fmt.Fprintf(b, "statuses: %s,\n})\n", fmt.Sprintf("%#v", op.Statuses))
	if sel.result == "-" {
		b.WriteString("return resp, err\n")
	}
	b.WriteString("}\n\n")
	if options != "" {
		m.options(b, options, sel, op, params)
	}
	m.walk(b, options, sel, path, op, params)
	if sel.get != "" {
		m.getter(b, sel, op)
	}
}

// getter writes the method that asks for one of a list by its id.
func (m *model) getter(b *strings.Builder, sel selected, op *contract.Operation) {
	shorter, tail := tailOf(op)
	args, path := m.pathArguments(op, shorter+"/{"+tail+"}")
	item := "*" + strings.TrimPrefix(sel.result, "[]")
	fmt.Fprintf(b, "// %s gets one by its id. It is the operation of [%sService.%s], %s, with an\n// id at the end of its address.\n", sel.get, sel.service, sel.method, op.ID)
	fmt.Fprintf(b, "func (s *%sService) %s(ctx context.Context%s) (%s, *Response, error) {\n", sel.service, sel.get, joined(args), item)
	fmt.Fprintf(b, "return send[%s](ctx, s.client, call{\noperation: %q,\nmethod: http.Method%s,\npath: %s,\nonly: true,\nstatuses: %#v,\n})\n}\n\n", item, op.ID, goName(strings.ToLower(op.Method)), path, op.Statuses)
}

// choosePath takes the preferred path. A text at its end that another path of
// the operation does without is optional. An id is not: without it the
// operation lists, and with it the method named by get asks for one.
func (m *model) choosePath(op *contract.Operation) (path, optional string) {
	path = op.Paths[0]
	shorter, tail := tailOf(op)
	switch {
	case tail == "" || path != shorter && path != shorter+"/{"+tail+"}":
		return path, ""
	case m.pathKind(op, tail) == "number":
		return shorter, ""
	}
	return shorter, tail
}

// tailOf finds two paths of which one is the other with a value at its end.
func tailOf(op *contract.Operation) (shorter, tail string) {
	for _, longer := range op.Paths {
		for _, shorter := range op.Paths {
			rest, ok := strings.CutPrefix(longer, shorter+"/{")
			if ok && strings.Count(rest, "}") == 1 && len(op.Paths) == 2 {
				return shorter, strings.TrimSuffix(rest, "}")
			}
		}
	}
	return "", ""
}

func pathParam(op *contract.Operation, name string) *contract.Param {
	for i, p := range op.Params {
		if p.In == "path" && p.Name == name {
			return &op.Params[i]
		}
	}
	return nil
}

// pathKind is number for ids, whatever the documentation calls them, and word
// for the rest.
func (m *model) pathKind(op *contract.Operation, name string) string {
	p := pathParam(op, name)
	if e := m.list.enum(m.list.types[op.ID+"/"+name]); e != nil && e.base == "int64" {
		return "number"
	} else if name == "phone" || e != nil {
		return "word"
	}
	if p != nil && p.Type == "string" && !strings.HasSuffix(goName(name), "ID") {
		return "word"
	}
	return "number"
}

// pathArguments are the arguments that a path needs, the optional tail
// included, and the expression that builds it.
func (m *model) pathArguments(op *contract.Operation, path string) (args []string, expression string) {
	prefix := strings.TrimPrefix(op.BaseURL, "https://api.yclients.com")
	rest := prefix + path
	var segments []string
	argument := func(name string) string {
		if m.pathKind(op, name) == "word" {
			return argName(name) + " " + m.wordType(op, name)
		}
		if t := m.list.types[op.ID+"/"+name]; t != "" {
			return argName(name) + " " + t
		}
		return argName(name) + " int64"
	}
	for rest != "" {
		before, after, ok := strings.Cut(rest, "{")
		segments = append(segments, fmt.Sprintf("fixed(%q)", before))
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		args = append(args, argument(name))
		segments = append(segments, fmt.Sprintf("%s(%s)", m.pathKind(op, name), argName(name)))
		rest = tail
	}
	if chosen, optional := m.choosePath(op); optional != "" && chosen == path {
		args = append(args, argument(optional))
	}
	return args, "[]segment{" + strings.Join(segments, ", ") + "}"
}

// wordType hides a hash: whoever has it may delete the record.
func (m *model) wordType(op *contract.Operation, param string) string {
	switch {
	case m.list.types[op.ID+"/"+param] != "":
		return m.list.types[op.ID+"/"+param]
	case strings.HasSuffix(param, "hash"), strings.HasSuffix(param, "Token"):
		return "Secret"
	case param == "phone":
		return "Phone" // as it is written, digits only
	case strings.HasSuffix(param, "date"):
		return "Date"
	}
	return "string"
}

func joined(args []string) string {
	if len(args) == 0 {
		return ""
	}
	args = slices.Clone(args)
	for i := range args[:len(args)-1] {
		// a int64, b int64 reads better as a, b int64.
		name, t, typed := strings.Cut(args[i], " ")
		if _, next, _ := strings.Cut(args[i+1], " "); typed && t == next {
			args[i] = name
		}
	}
	return ", " + strings.Join(args, ", ")
}

func lowerFirst(s string) string {
	if s == "" || len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
