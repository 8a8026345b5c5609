package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// components collects schemas with names. Objects that occur more than once are
// named too, so that a client made from the document has one type for one thing.
type components struct {
	schemas *object
	taken   map[string]bool   // names, without regard to case
	named   map[string]string // name by the JSON of the schema
	seen    map[string]int    // how often an object occurs, by its JSON
}

func newComponents() *components {
	return &components{schemas: obj(), taken: map[string]bool{}, named: map[string]string{}, seen: map[string]int{}}
}

// count counts the nested objects of a schema.
func (c *components) count(schema any) {
	switch v := schema.(type) {
	case []any:
		for _, item := range v {
			c.count(item)
		}
	case *object:
		if worthNaming(v) {
			c.seen[identity(v)]++
		}
		for _, key := range v.keys {
			c.count(v.values[key])
		}
	}
}

func worthNaming(o *object) bool {
	properties, ok := o.get("properties").(*object)
	return ok && o.get("type") == "object" && len(properties.keys) >= 3
}

// identity is the schema without what is said about this one place.
func identity(o *object) string {
	bare := obj()
	for _, key := range o.keys {
		if key != "description" {
			bare.put(key, o.values[key])
		}
	}
	text, err := json.Marshal(bare)
	if err != nil {
		panic(err) // made of strings, numbers and lists
	}
	return string(text)
}

// add names a schema and gives a reference to it.
func (c *components) add(name string, schema *object) *object {
	name = c.free(name)
	// The name is taken before the parts are looked at: outer things first.
	c.schemas.put(name, nil)
	c.schemas.values[name] = c.replaceParts(schema)
	return ref(name)
}

func (c *components) free(name string) string {
	if name == "Client" { // what every generator calls the client itself
		name = "SalonClient"
	}
	candidate := name
	for n := 2; c.taken[strings.ToLower(candidate)]; n++ {
		candidate = fmt.Sprintf("%s%d", name, n)
	}
	c.taken[strings.ToLower(candidate)] = true
	return candidate
}

func ref(name string) *object { return obj("$ref", "#/components/schemas/"+name) }

// replaceParts puts references in place of the repeated objects inside.
func (c *components) replaceParts(schema *object) *object {
	out := obj()
	for _, key := range schema.keys {
		value := schema.values[key]
		switch key {
		case "properties":
			members := obj()
			for _, name := range value.(*object).keys {
				members.put(name, c.replace(value.(*object).get(name).(*object), name))
			}
			value = members
		case "items", "additionalProperties":
			value = c.replace(value.(*object), "Item")
		}
		out.put(key, value)
	}
	return out
}

func (c *components) replace(schema *object, name string) *object {
	if items, ok := schema.get("items").(*object); ok && worthNaming(items) && c.seen[identity(items)] > 1 {
		out := c.replaceParts(obj())
		for _, key := range schema.keys {
			out.put(key, schema.values[key])
		}
		out.put("items", c.reference(items, singular(name)))
		return out
	}
	if worthNaming(schema) && c.seen[identity(schema)] > 1 {
		return c.reference(schema, name)
	}
	return c.replaceParts(schema)
}

func (c *components) reference(schema *object, name string) *object {
	id := identity(schema)
	if c.named[id] == "" {
		if title, ok := schema.get("title").(string); ok {
			name = title
		}
		c.named[id] = c.free(pascal(name))
		c.schemas.put(c.named[id], nil)
		bare := obj()
		for _, key := range schema.keys {
			if key != "description" {
				bare.put(key, schema.values[key])
			}
		}
		c.schemas.values[c.named[id]] = c.replaceParts(bare)
	}
	r := ref(c.named[id])
	r.set("description", schema.get("description"))
	return r
}

func singular(name string) string {
	switch {
	case strings.HasSuffix(name, "ies"):
		return strings.TrimSuffix(name, "ies") + "y"
	case strings.HasSuffix(name, "ss"), !strings.HasSuffix(name, "s"):
		return name
	}
	return strings.TrimSuffix(name, "s")
}

var notLetter = regexp.MustCompile(`[^A-Za-z0-9]+`)

// pascal makes the name of a component: record_labels is RecordLabels.
func pascal(name string) string {
	var b strings.Builder
	for _, word := range notLetter.Split(name, -1) {
		for i, r := range word {
			if i == 0 {
				r = unicode.ToUpper(r)
			}
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 || b.String()[0] <= '9' {
		return "Part" + b.String()
	}
	return b.String()
}
