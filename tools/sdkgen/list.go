package main

import (
	"errors"
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
	docs     map[string]string // operation to a remark, "Type" to its first words
	enums    []*enum
}

// section is a service of the client.
type section struct{ service, title string }

// enum is a named type of the values of a field.
type enum struct {
	name, base, doc string
	values          []enumValue
}

type enumValue struct{ literal, name, doc string }

// selected is one operation to produce.
type selected struct {
	id, service, method string
	result              string // type of the data, "[]T" for a list, "-" for none
	body                string // type of the request body
	read                bool   // a POST that changes nothing
	writes              bool   // a GET that changes something
	bare                bool   // its query parameters are of no use
	lone                bool   // a list that has been seen as one object
	only                bool   // one object that comes in a list
	use                 string // method that replaces it
	get                 string // method that asks for one by the id at the end of the path
}

// parseList reads lines of
//
//	section Service title
//	op ID Service.Method Result [option ...]
//	type Type.field GoType
//	name Type.field NestedType
//	field Type.field GoName
//	param name kind
//	doc ID-or-Type words
//	enum Name base words
//	value literal ConstName words
func parseList(text string) (*list, error) {
	l := &list{types: map[string]string{}, names: map[string]string{}, fields: map[string]string{}, params: map[string]string{}, docs: map[string]string{}}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("line %d: %q is too short", n+1, line)
		}
		if err := l.add(words); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return l, nil
}

// add takes one line of at least three words.
func (l *list) add(words []string) error {
	maps := map[string]map[string]string{"type": l.types, "name": l.names, "field": l.fields, "param": l.params}
	rest := func(n int) string { return strings.Join(words[min(n, len(words)):], " ") }
	switch words[0] {
	case "section":
		l.sections = append(l.sections, section{words[1], rest(2)})
	case "op":
		op, err := parseOp(words[1:])
		if err != nil {
			return err
		}
		l.ops = append(l.ops, op)
	case "type", "name", "field", "param":
		if _, twice := maps[words[0]][words[1]]; twice {
			return fmt.Errorf("%s %s stands twice", words[0], words[1])
		}
		// The API has a name with a space at its end: a tilde stands for it.
		maps[words[0]][strings.ReplaceAll(words[1], "~", " ")] = words[2]
	case "doc":
		l.docs[words[1]] = rest(2)
	case "enum":
		l.enums = append(l.enums, &enum{name: words[1], base: words[2], doc: rest(3)})
	case "value":
		if len(l.enums) == 0 {
			return errors.New("a value before the first enum")
		}
		last := l.enums[len(l.enums)-1]
		last.values = append(last.values, enumValue{words[1], words[2], rest(3)})
	default:
		return fmt.Errorf("%q is no directive", words[0])
	}
	return nil
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
		case "writes":
			op.writes = true
		case "bare":
			op.bare = true
		case "lone":
			op.lone = true
		case "only":
			op.only = true
		case "get":
			op.get = value
		case "use":
			op.use = value
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
