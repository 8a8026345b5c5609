package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zapis/contract"
)

const (
	apiHost = "https://api.yclients.com"
	intro   = `The YCLIENTS REST API as data: every documented operation, and the two of the webhook settings that only an older
edition documents. This is not an official document. It is made from the contract of Zapis; where the public
documentation contradicts itself or what was seen in production, the side taken is told beside the operation
under x-yclients-contradictions.

What holds for every call:

- Send Accept: application/vnd.yclients.v2+json; without it the answer is 400.
- Authorization is one header: "Bearer PARTNER" or "Bearer PARTNER, User USER".
- 200 calls a minute and 5 a second for one IP address. The refusal comes as 429 or as 200 with success: false.
- An answer is {success, data, meta}, or bare data where the schema says so. An object without members may come as [].
- Numbers may come as strings and booleans as 0 and 1. Times come as ISO 8601 with an offset, with one that lacks its
  colon, or as local time of the company; the documented format stands under x-yclients-format.
- A list has ended when a page is empty. A short page is not the last one.`
)

// builder makes the document out of the contract.
type builder struct {
	components *components
	paths      *object
	byTemplate map[string]string // path as written by path without names
	ids        map[string]bool
	told       map[string][]contract.Contradiction
}

func document() ([]byte, error) {
	b := &builder{components: newComponents(), paths: obj(), byTemplate: map[string]string{}, ids: map[string]bool{}, told: map[string][]contract.Contradiction{}}
	for _, c := range contract.Overlay() {
		b.told[c.Operation] = append(b.told[c.Operation], c)
	}
	b.countParts()
	webhooks := obj()
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if op.Direction == contract.FromYClients {
			webhooks.put(op.ID, obj(strings.ToLower(op.Method), b.operation(op, "", op.ID)))
		} else if op.SameAs == "" {
			b.call(op)
		}
	}
	webhooks.put("entityEvent", obj("post", b.entityEvent()))
	b.models()
	return encode(obj(
		"openapi", "3.1.0",
		"info", obj("title", "YCLIENTS REST API", "version", "2", "summary", "Unofficial description, generated from a contract", "description", intro,
			"license", obj("name", "Apache License 2.0", "identifier", "Apache-2.0")),
		"servers", servers(),
		"tags", tags(),
		"paths", b.paths,
		"webhooks", webhooks,
		"components", obj("securitySchemes", securitySchemes(), "responses", b.failures(), "schemas", b.components.schemas),
	))
}

func servers() []any {
	return []any{
		obj("url", apiHost, "description", "the documented host"),
		obj("url", "https://api.yclients.ru", "description", "the host that newer integrations call"),
	}
}

func tags() []any {
	var list []any
	seen := map[string]bool{}
	for _, op := range contract.Operations() {
		if !seen[op.Tag] {
			seen[op.Tag] = true
			list = append(list, obj("name", op.Tag, "description", op.TagTitle, "x-yclients-title-ru", op.TagTitleRU))
		}
	}
	return list
}

func securitySchemes() *object {
	return obj(
		"partner", obj("type", "http", "scheme", "bearer", "description", "The API key of the developer account, also called partner token: Bearer PARTNER"),
		"partnerAndUser", obj("type", "apiKey", "in", "header", "name", "Authorization",
			"description", "Partner token and user token in one header: Bearer PARTNER, User USER"),
	)
}

func security(op *contract.Operation) []any {
	partner, user := obj("partner", []any{}), obj("partnerAndUser", []any{})
	// An empty list of scopes must stay in the document.
	partner.put("partner", []any{})
	user.put("partnerAndUser", []any{})
	switch {
	case len(op.Auth) == 0:
		return []any{obj()}
	case op.User == contract.Required:
		return []any{user}
	case op.User == contract.Optional:
		return []any{partner, user}
	}
	return []any{partner}
}

// countParts finds out which objects occur more than once, before any is named.
func (b *builder) countParts() {
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if op.SameAs != "" {
			continue
		}
		if op.Request != nil {
			b.components.count(membersOf(op.Request.Fields, request))
		}
		if r := op.Success(); r != nil {
			b.components.count(answerSchema(r))
		}
	}
	for _, m := range contract.Models().Objects {
		b.components.count(membersOf(m.Fields, response))
	}
}

var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

// call adds an operation at its addresses. The preferred one has its id; the
// others, where an optional last segment is there or not, have names of their own.
func (b *builder) call(op *contract.Operation) {
	for i, path := range op.Paths {
		id := op.ID
		if i > 0 {
			id = op.ID + otherName(op.Paths[0], path)
		}
		path = strings.TrimPrefix(op.BaseURL, apiHost) + path
		// Templates that differ only in names, or in a last slash, are one address.
		key := strings.TrimSuffix(placeholder.ReplaceAllString(path, "{}"), "/")
		written, ok := b.byTemplate[key]
		if !ok {
			written = path
			b.byTemplate[key] = path
			b.paths.put(path, obj())
		}
		b.paths.get(written).(*object).put(strings.ToLower(op.Method), b.operation(op, written, id))
	}
}

// otherName tells the second address of an operation from the first one.
func otherName(first, second string) string {
	a, b := placeholder.FindAllStringSubmatch(first, -1), placeholder.FindAllStringSubmatch(second, -1)
	if len(b) > len(a) {
		return "With" + pascal(b[len(b)-1][1])
	}
	return "Without" + pascal(a[len(a)-1][1])
}

func (b *builder) operation(op *contract.Operation, path, id string) *object {
	if b.ids[id] {
		panic("operation id " + id + " occurs twice") // a mistake of the contract, seen at once by whoever generates
	}
	b.ids[id] = true
	o := obj("operationId", id, "tags", []any{op.Tag}, "summary", op.Title, "description", strings.Join(op.Notes, "; "))
	if op.Deprecated {
		o.put("deprecated", true)
	}
	o.set("parameters", parameters(op, path))
	if op.Request != nil {
		o.put("requestBody", b.body(op, id))
	}
	o.put("responses", b.responses(op, id))
	if op.Direction == contract.ToYClients {
		o.put("security", security(op))
	}
	o.set("x-yclients-title-ru", op.TitleRU)
	if id != op.ID {
		o.put("x-yclients-same-as", op.ID)
	}
	if op.Added {
		o.put("x-yclients-undocumented", true)
	}
	o.set("x-yclients-danger", string(op.Danger))
	o.set("x-yclients-contradictions", b.contradictions(op.ID))
	return o
}

func (b *builder) contradictions(id string) []any {
	var list []any
	for _, c := range b.told[id] {
		list = append(list, obj("about", c.About, "documented", c.Documented, "other", c.Other, "taken", c.Taken, "why", c.Why))
	}
	return list
}

// parameters are those of the path as it is written, and the query.
func parameters(op *contract.Operation, path string) []any {
	var list []any
	names := placeholder.FindAllStringSubmatch(path, -1)
	documented := slices.DeleteFunc(slices.Clone(op.Params), func(p contract.Param) bool { return p.In != "path" })
	own := documentedNames(op, len(names), path)
	for i, match := range names {
		p := contract.Param{Type: "integer"}
		if j := slices.IndexFunc(documented, func(p contract.Param) bool { return p.Name == own[i] }); j >= 0 {
			p = documented[j]
		}
		schema := paramSchema(p)
		if t := schema.get("type"); t == "number" {
			schema.put("type", "integer")
			schema.put("format", "int64")
		}
		out := obj("name", match[1], "in", "path", "required", true, "description", p.Description, "schema", schema)
		if own[i] != match[1] {
			out.put("x-yclients-name", own[i])
		}
		list = append(list, out)
	}
	for _, p := range op.Params {
		if p.In == "query" {
			list = append(list, queryParameter(p))
		}
	}
	return list
}

// documentedNames are the names that this operation has for the placeholders
// of a path that may have been written for another one.
func documentedNames(op *contract.Operation, n int, path string) []string {
	for _, own := range op.Paths {
		same := placeholder.ReplaceAllString(strings.TrimPrefix(op.BaseURL, apiHost)+own, "{}")
		if strings.TrimSuffix(same, "/") != strings.TrimSuffix(placeholder.ReplaceAllString(path, "{}"), "/") {
			continue
		}
		names := make([]string, 0, n)
		for _, m := range placeholder.FindAllStringSubmatch(own, -1) {
			names = append(names, m[1])
		}
		return names
	}
	return make([]string, n)
}

func queryParameter(p contract.Param) *object {
	name := p.Name
	o := obj()
	if p.Type == "array" && p.Style == "brackets" && !strings.HasSuffix(name, "[]") {
		name += "[]"
	}
	o.put("name", name)
	o.put("in", "query")
	if p.Required {
		o.put("required", true)
	}
	o.set("description", p.Description)
	if p.Type == "array" {
		o.put("style", "form")
		o.put("explode", true)
	}
	o.put("schema", paramSchema(p))
	return o
}

func paramSchema(p contract.Param) *object {
	f := contract.Field{Name: p.Name, Type: p.Type, Items: p.Items, Format: p.Format, Enum: p.Enum, ItemsEnum: p.ItemsEnum, Max: p.Max, Default: p.Default}
	return schemaOf(f, request)
}

func (b *builder) body(op *contract.Operation, id string) *object {
	kind := op.Request.ContentType
	if kind == "" || kind == "*/*" {
		kind = "application/json"
	}
	schema := membersOf(op.Request.Fields, request)
	lost := len(op.Request.SchemaLost) > 0 && string(op.Request.SchemaLost) != "false" || len(op.Request.VariantsLost) > 0
	if op.Request.Kind == "array" {
		schema = obj("type", "array", "items", schema)
	}
	if lost {
		schema.put("description", "the schema or some of its variants are not printed in the documentation: other members are possible")
	}
	if kind == "multipart/form-data" {
		if image, ok := schema.get("properties").(*object).get("image").(*object); ok {
			image.put("contentMediaType", "application/octet-stream")
		}
	}
	media := obj("schema", b.name(id+"Request", schema))
	if s, ok := op.Request.Sample(); ok {
		media.put("example", mustTree(s))
	}
	o := obj("content", obj(kind, media))
	if op.Method != http.MethodGet && op.Method != http.MethodDelete && len(op.Request.Fields) > 0 {
		o.put("required", true)
	}
	return o
}

func (b *builder) name(id string, schema *object) *object {
	if properties, ok := schema.get("properties").(*object); ok && len(properties.keys) == 0 {
		return b.components.replaceParts(obj("type", "object", "description", schema.get("description")))
	}
	return b.components.add(pascal(id), schema)
}

// answerSchema is the schema of a documented answer.
func answerSchema(r *contract.Response) *object {
	if r.Kind != "array" {
		return membersOf(r.Fields, response)
	}
	if len(r.Fields) == 0 {
		return obj("type", "array", "items", obj())
	}
	return obj("type", "array", "items", membersOf(r.Fields, response))
}

func (b *builder) responses(op *contract.Operation, id string) *object {
	out := obj()
	documented := op.Success()
	var content *object
	if documented != nil {
		content = b.answer(op, documented, id)
	}
	statuses := slices.Clone(op.Statuses)
	if len(statuses) == 0 {
		statuses = []int{http.StatusOK}
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		o := obj("description", "success")
		if status != http.StatusNoContent {
			o.set("content", content)
		}
		out.put(strconv.Itoa(status), o)
	}
	for _, r := range op.Responses {
		if r.Status >= 300 && r.Status < 400 {
			out.put(strconv.Itoa(r.Status), obj("description", "the browser is sent on"))
		}
	}
	if op.Direction == contract.FromYClients {
		return out
	}
	refused := []int{http.StatusUnauthorized, http.StatusTooManyRequests}
	for _, r := range op.Responses {
		if r.Status >= 400 && !slices.Contains(refused, r.Status) {
			refused = append(refused, r.Status)
		}
	}
	slices.Sort(refused)
	for _, status := range refused {
		out.put(strconv.Itoa(status), obj("$ref", "#/components/responses/"+failureName(status)))
	}
	return out
}

// answer is the content of a success, nil when there is none.
func (b *builder) answer(op *contract.Operation, r *contract.Response, id string) *object {
	switch r.Kind {
	case "none":
		return nil
	case "binary":
		return obj(r.ContentType, obj("schema", obj("type", "string", "contentMediaType", r.ContentType)))
	}
	media := obj()
	if len(r.Fields) == 0 && r.Kind != "array" {
		// The documentation does not say what comes.
		media.put("schema", obj("description", "not documented"))
	} else {
		schema := b.name(id+"Response", answerSchema(r))
		if op.Envelope == contract.Either {
			wrapped := obj("type", "object", "properties", obj("success", obj("type", "boolean"), "data", schema, "meta", obj()), "required", []any{"success"})
			schema = obj("anyOf", []any{schema, wrapped})
		}
		media.put("schema", schema)
	}
	if s, ok := r.Sample(); ok {
		media.put("example", mustTree(s))
	}
	return obj("application/json", media)
}

func mustTree(s contract.Sample) any {
	tree, err := parse(s.JSON)
	if err != nil {
		panic(fmt.Sprintf("a sample of the contract does not parse: %v", err)) // the contract's own test says which
	}
	return tree
}

// models are the field tables of the documentation that no answer repeats word for word.
func (b *builder) models() {
	for _, m := range contract.Models().Objects {
		schema := membersOf(m.Fields, response)
		if b.components.named[identity(schema)] != "" {
			continue
		}
		schema.put("x-yclients-section", m.Tag)
		b.components.add(pascal(m.Name+"Model"), schema)
	}
}
