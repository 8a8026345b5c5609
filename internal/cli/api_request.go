package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zapis/contract"
	"zapis/yclients"
)

var pathName = regexp.MustCompile(`\{([^}]*)\}`)

// newAPIRequest makes the request of an operation out of parameters by name. The branch of the configuration stands
// in where the path asks for one that is not given.
func newAPIRequest(op *contract.Operation, given map[string][]string, body []byte, branches []int64) (*yclients.RawCall, error) {
	params, err := named(op, given)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"company_id", "salon_id", "salonId"} {
		if params[name] == nil && len(branches) > 0 && slices.ContainsFunc(op.Params, func(p contract.Param) bool { return p.In == "path" && p.Name == name }) {
			params[name] = []string{strconv.FormatInt(branches[0], 10)}
		}
	}
	path, err := choosePath(op, params)
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	for _, p := range op.Params {
		switch {
		case p.In != "query":
		case len(params[p.Name]) > 0:
			addQuery(query, p, params[p.Name])
		case p.Required:
			return nil, wrongf("не хватает --%s", "--%s is missing", p.Name)
		}
	}
	req := &yclients.RawCall{Operation: op.ID, Method: op.Method, Path: strings.TrimPrefix(op.BaseURL, yclients.DefaultBaseURL) + path, Query: query, Writes: op.Writes, Statuses: op.Statuses}
	switch {
	case op.Request != nil && op.Request.ContentType == "multipart/form-data":
		return nil, wrongf("%s принимает файл, отсюда его не отправить", "%s takes a file, which cannot be sent from here", op.ID)
	case op.Request == nil && body != nil:
		return nil, wrongf("у %s нет тела запроса", "%s takes no body", op.ID)
	case op.Request != nil && body == nil && wantsBody(op):
		return nil, wrongf("нужно тело запроса: zapis api %[1]s --template > body.json, затем --body @body.json", "a body is needed: zapis api %[1]s --template > body.json, then --body @body.json", op.ID)
	}
	if body != nil {
		req.Body = body
	}
	return req, nil
}

// wantsBody: the tables often call every field optional, and a write without any is a slip. A body of {} says that
// nothing is meant.
func wantsBody(op *contract.Operation) bool {
	if op.Writes && op.Method != http.MethodDelete && len(op.Request.Fields) > 0 {
		return true
	}
	return slices.ContainsFunc(op.Request.Fields, func(f contract.Field) bool { return f.Required != nil && *f.Required })
}

// named gives the parameters their names of the contract: company-id is company_id. An unknown one would be ignored
// by YCLIENTS without a word.
func named(op *contract.Operation, given map[string][]string) (map[string][]string, error) {
	out := map[string][]string{}
	for name, values := range given {
		i := slices.IndexFunc(op.Params, func(p contract.Param) bool {
			return p.Name == name || p.Name == strings.ReplaceAll(name, "-", "_") || p.Name == name+"[]"
		})
		if i < 0 {
			var known []string
			for _, p := range op.Params {
				known = append(known, "--"+p.Name)
			}
			if len(known) == 0 {
				return nil, wrongf("у %s нет параметров, а дан --%s", "%s has no parameters, and got --%s", op.ID, name)
			}
			return nil, wrongf("у %s нет параметра --%s; есть %s", "%s has no parameter --%s; it has %s", op.ID, name, strings.Join(known, " "))
		}
		out[op.Params[i].Name] = values
	}
	return out, nil
}

// choosePath takes the longest of the operation's addresses whose names are all given.
func choosePath(op *contract.Operation, params map[string][]string) (string, error) {
	best, names := "", -1
	var missing []string
	for _, path := range op.Paths {
		asked := pathName.FindAllStringSubmatch(path, -1)
		lacks := slices.DeleteFunc(slices.Clone(asked), func(m []string) bool { return len(params[m[1]]) == 1 && params[m[1]][0] != "" })
		if len(lacks) > 0 {
			if missing == nil {
				for _, m := range lacks {
					missing = append(missing, "--"+m[1])
				}
			}
			continue
		}
		if len(asked) > names {
			best, names = path, len(asked)
		}
	}
	if names < 0 {
		return "", wrongf("не хватает %s", "missing: %s", strings.Join(missing, " "))
	}
	var bad string
	path := pathName.ReplaceAllStringFunc(best, func(m string) string {
		value := params[strings.Trim(m, "{}")][0]
		if value == "." || value == ".." || strings.ContainsAny(value, "/\\\x00") {
			bad = strings.Trim(m, "{}")
		}
		return url.PathEscape(value)
	})
	if bad != "" {
		return "", wrongf("значение --%s не может стоять в адресе", "the value of --%s cannot stand in an address", bad)
	}
	return path, nil
}

func addQuery(query url.Values, p contract.Param, values []string) {
	if p.Type != "array" {
		query.Set(p.Name, values[len(values)-1])
		return
	}
	name := p.Name
	if p.Style != "repeat" && !strings.HasSuffix(name, "[]") {
		name += "[]"
	}
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			query.Add(name, one)
		}
	}
}

// maxPages ends a walk that never comes to an empty page.
const maxPages = 10000

// fetch makes the call, or with all pages one call after another until a page is empty: a short one is not the last.
func fetch(ctx context.Context, client *yclients.Client, op *contract.Operation, req yclients.RawCall, all bool) (json.RawMessage, error) {
	if !all {
		body, _, err := client.Do(ctx, req)
		return body, err
	}
	inQuery := slices.ContainsFunc(op.Params, func(p contract.Param) bool { return p.In == "query" && p.Name == "page" })
	inBody := op.Request != nil && slices.ContainsFunc(op.Request.Fields, func(f contract.Field) bool { return f.Name == "page" })
	if op.Writes || !inQuery && !inBody {
		return nil, errNoPages
	}
	items := []json.RawMessage{}
	var before json.RawMessage
	for page := 1; page <= maxPages; page++ {
		if inQuery {
			req.Query.Set("page", strconv.Itoa(page))
		} else if err := setPage(&req, page); err != nil {
			return nil, err
		}
		body, _, err := client.Do(ctx, req)
		if err != nil {
			return nil, err
		}
		list, data, err := listOf(body)
		switch {
		case err != nil:
			return nil, err
		case len(list) == 0:
			return json.Marshal(items)
		case bytes.Equal(data, before):
			return nil, errSamePage
		}
		items, before = append(items, list...), data
	}
	return nil, errSamePage
}

// What ends a walk through pages before it began, or before it ended.
var (
	errNoPages  = wrongf("у операции нет страниц, --all-pages не нужен", "the operation has no pages: leave --all-pages out")
	errNoList   = wrongf("ответ не список, складывать нечего: уберите --all-pages", "the answer is no list: leave --all-pages out")
	errSamePage = wrongf("одна и та же страница приходит снова, списку нет конца", "the same page comes again and again: the list has no end")
)

func setPage(req *yclients.RawCall, page int) error {
	body := map[string]json.RawMessage{}
	if len(req.Body) > 0 {
		if err := json.Unmarshal(req.Body, &body); err != nil {
			return fmt.Errorf("the body is no object: %w", err)
		}
	}
	body["page"] = json.RawMessage(strconv.Itoa(page))
	text, err := json.Marshal(body)
	req.Body = text
	return err
}

// listOf takes the list out of an answer, with an envelope or without.
func listOf(body json.RawMessage) (list []json.RawMessage, data json.RawMessage, err error) {
	data = body
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &envelope) == nil && envelope.Data != nil {
		data = envelope.Data
	}
	if json.Unmarshal(data, &list) != nil {
		return nil, nil, errNoList
	}
	return list, data, nil
}

func indent(w io.Writer, body json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}
