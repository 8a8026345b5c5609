package main

import (
	"fmt"
	"strings"

	"zapis/contract"
)

// methodDoc says what a method does, what it needs, and which operation it is.
func (m *model) methodDoc(sel selected, op *contract.Operation, optional string) string {
	var parts []string
	parts = append(parts, fmt.Sprintf("%s %s.", sel.method, thirdPerson(strings.TrimSuffix(op.Title, " (deprecated)"))))
	if doc := m.list.docs[op.ID]; doc != "" {
		parts = append(parts, doc)
	}
	path, _ := m.choosePath(op)
	if optional != "" {
		path += "/{" + optional + "}"
	}
	call := fmt.Sprintf("It calls %s %s, operation %s of the API", op.Method, path, op.ID)
	switch op.User {
	case contract.Required:
		call += ", and needs a user token."
	case contract.Optional:
		call += "; a user token goes along when there is one."
	default:
		call += "."
	}
	parts = append(parts, call)
	if optional != "" {
		parts = append(parts, "Without "+argName(optional)+" the user token must be enough.")
	}
	if sel.writes && op.Method == "GET" {
		parts = append(parts, "Although it is a GET it changes something: it is never repeated.")
	}
	if _, ok := successSample(op); !ok && sel.result == "-" {
		parts = append(parts, "What it answers is not documented; the HTTP status decides.")
	}
	if sel.use != "" {
		parts = append(parts, fmt.Sprintf("Deprecated: YCLIENTS calls this operation deprecated; use [%sService.%s].", sel.service, sel.use))
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(wrapped(p) + "//\n")
	}
	fmt.Fprintf(&b, "//yclients:operation %s\n", op.ID)
	return b.String()
}

// wrapped is a paragraph of a comment.
func wrapped(text string) string {
	var b strings.Builder
	line := "//"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 78 && line != "//" {
			b.WriteString(line + "\n")
			line = "//"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// thirdPerson turns "List records" into "lists records".
func thirdPerson(title string) string {
	verb, rest, _ := strings.Cut(title, " ")
	verb = strings.ToLower(verb)
	switch {
	case strings.HasSuffix(verb, "ch"), strings.HasSuffix(verb, "sh"), strings.HasSuffix(verb, "x"), strings.HasSuffix(verb, "ss"):
		verb += "es"
	case strings.HasSuffix(verb, "y") && !strings.ContainsAny(verb[len(verb)-2:len(verb)-1], "aeiou"):
		verb = verb[:len(verb)-1] + "ies"
	default:
		verb += "s"
	}
	if and, ok := strings.CutPrefix(rest, "and "); ok {
		return verb + " and " + thirdPerson(and)
	}
	return verb + " " + strings.NewReplacer(" or get one", "", "abonement", "membership", "Abonement", "Membership").Replace(rest)
}

// objectDoc is the comment of a type after its name.
func (m *model) objectDoc(o *object) string {
	if doc := m.list.docs[o.name]; doc != "" {
		return strings.TrimPrefix(wrapped(o.name+" "+doc), "// "+o.name+" ")[:len(wrapped(o.name+" "+doc))-len("// "+o.name+" ")-1]
	}
	var links []string
	for _, sel := range o.usedBy {
		if len(links) < 3 {
			links = append(links, fmt.Sprintf("[%sService.%s]", sel.service, sel.method))
		}
	}
	if len(o.usedBy) > 3 {
		links[2] = "others"
	}
	switch {
	case len(links) == 0:
		if o.parent == "" {
			return "is a part of another type."
		}
		return fmt.Sprintf("is the member %q of [%s].", o.member, o.parent)
	case o.request:
		return "is the body of " + and(links) + "."
	}
	return "is what " + and(links) + " " + plural(len(links), "answers", "answer") + "."
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func and(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// comment tells what a field is, its unit and the values that it may have.
func (m *model) comment(o *object, f *field, goType string) string {
	var parts []string
	for _, fact := range f.facts {
		// What was inferred from a sample is described by its name alone, and
		// such a guess is wrong for these.
		guess := fact.Source == "example" && (f.name == "id" || f.name == "title" || speaksOfFilter(fact.Description)) || strings.HasPrefix(fact.Description, "only ")
		if fact.Description != "" && !guess {
			parts = append(parts, oneLine(fact.Description))
			break
		}
	}
	for _, fact := range f.facts {
		values := fact.Enum
		if len(values) == 0 {
			values = fact.ItemsEnum
		}
		if len(values) > 1 && m.list.enum(strings.TrimLeft(goType, "[]*")) == nil {
			var words []string
			for _, v := range values {
				words = append(words, fmt.Sprint(v))
			}
			parts = append(parts, strings.Join(words, ", "))
			break
		}
	}
	for _, fact := range f.facts {
		if o.request && fact.Max != nil && !strings.Contains(strings.Join(parts, ""), "max") {
			parts = append(parts, fmt.Sprintf("at most %g", *fact.Max))
			break
		}
	}
	if strings.HasSuffix(goType, "Date") && f.hasFormat("date-time") {
		parts = append(parts, "local time of the company")
	}
	if len(parts) == 0 {
		return ""
	}
	return " // " + strings.Join(parts, "; ")
}

// speaksOfFilter reports whether a description is of the filter with the name
// of the member.
func speaksOfFilter(description string) bool {
	return strings.HasPrefix(description, "part of ") || strings.Contains(description, "filter")
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("abonement", "membership").Replace(text)
}
