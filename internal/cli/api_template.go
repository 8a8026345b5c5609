package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"zapis/contract"
	"zapis/internal/config"
)

// template prints what an operation takes: what it is and its parameters as remarks on standard error, the body to
// be filled in on standard output, so that it can be sent into a file.
func (r *runner) template(op *contract.Operation) error {
	title := op.Title
	if r.lang == "ru" && op.TitleRU != "" {
		title = op.TitleRU
	}
	fmt.Fprintf(r.stderr, "%s: %s\n%s %s\n", op.ID, title, op.Method, strings.Join(op.Paths, " | "))
	if op.Danger != "" {
		fmt.Fprintf(r.stderr, "--yes: %s\n", dangers[op.Danger].In(r.lang))
	}
	w := tabwriter.NewWriter(r.stderr, 0, 0, 2, ' ', 0)
	for _, p := range op.Params {
		need := config.T("можно без него", "optional")
		if p.Required && p.In != "path" || p.In == "path" && strings.Contains(op.Paths[0], "{"+p.Name+"}") {
			need = config.T("обязательный", "required")
		}
		fmt.Fprintf(w, "  --%s\t%s\t%s\t%s\n", p.Name, p.Type, need.In(r.lang), p.Description)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if op.Request == nil {
		return nil
	}
	body, ok := op.Request.Sample()
	if !ok {
		text, err := json.Marshal(skeleton(op.Request.Fields))
		if err != nil {
			return err
		}
		body.JSON = text
	}
	if err := indent(r.stdout, body.JSON); err != nil {
		return err
	}
	_, err := fmt.Fprintln(r.stdout)
	return err
}

// skeleton is a body of empty values for an operation that has no sample.
func skeleton(fields []contract.Field) map[string]any {
	body := map[string]any{}
	for _, f := range fields {
		switch {
		case f.Type == "object":
			body[f.Name] = skeleton(f.Fields)
		case f.Type == "array" && len(f.Fields) > 0:
			body[f.Name] = []any{skeleton(f.Fields)}
		case f.Type == "array":
			body[f.Name] = []any{}
		case f.Type == "boolean":
			body[f.Name] = false
		case f.Type == "string":
			body[f.Name] = ""
		default:
			body[f.Name] = 0
		}
	}
	return body
}
