package main

import (
	"fmt"
	"strings"
)

// list is the parsed selection.
type list struct {
	sections []section
	ops      []selected
	types    map[string]string // "Type.field" or "field" to a Go type
	names    map[string]string // "Type.field" to the name of its nested type
	fields   map[string]string // "Type.field" or "field" to a Go field name
	params   map[string]string // query parameter to flag, ints, ...
}

// section is a service of the client.
type section struct{ tag, service, title string }

// selected is one operation to produce.
type selected struct {
	id, service, method string
	result              string // type of the data, "[]T" for a list, "-" for none
	body                string // type of the request body
	read                bool   // a POST that changes nothing
	bare                bool   // its query parameters are of no use
}

// parseList reads lines of
//
//	section TAG Service title
//	op ID Service.Method Result [body=Type] [read] [bare]
//	type Type.field GoType
//	name Type.field NestedType
//	field Type.field GoName
//	param name kind
func parseList(text string) (*list, error) {
	l := &list{types: map[string]string{}, names: map[string]string{}, fields: map[string]string{}, params: map[string]string{}}
	maps := map[string]map[string]string{"type": l.types, "name": l.names, "field": l.fields, "param": l.params}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("line %d: %q is too short", n+1, line)
		}
		switch words[0] {
		case "section":
			l.sections = append(l.sections, section{words[1], words[2], strings.Join(words[3:], " ")})
		case "op":
			op, err := parseOp(words[1:])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			l.ops = append(l.ops, op)
		case "type", "name", "field", "param":
			maps[words[0]][words[1]] = words[2]
		default:
			return nil, fmt.Errorf("line %d: %q is no directive", n+1, words[0])
		}
	}
	return l, nil
}

func parseOp(words []string) (selected, error) {
	service, method, ok := strings.Cut(words[1], ".")
	if !ok || len(words) < 3 {
		return selected{}, fmt.Errorf("%s: want Service.Method and a result", words[0])
	}
	op := selected{id: words[0], service: service, method: method, result: words[2]}
	for _, word := range words[3:] {
		switch name, value, _ := strings.Cut(word, "="); name {
		case "body":
			op.body = value
		case "read":
			op.read = true
		case "bare":
			op.bare = true
		default:
			return selected{}, fmt.Errorf("%s: %q is no option", op.id, word)
		}
	}
	return op, nil
}

// lookup finds an override by "Type.field", else by the field alone.
func lookup(m map[string]string, typeName, field string) (string, bool) {
	if v, ok := m[typeName+"."+field]; ok {
		return v, true
	}
	v, ok := m[field]
	return v, ok
}
