package sandbox

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"zapis/contract"
)

// route is an operation at one of its addresses.
type route struct {
	op    *contract.Operation
	names []string // of the parameters, in order
	model *model
	known func() *known // names of the operation, for the verdict
}

// node is a place in the tree of path segments. The documented paths overlap
// (/company/{c}/staff/{id} and /company/{c}/staff/schedule), so a literal is
// tried before a parameter, from left to right, with a way back.
type node struct {
	literal map[string]*node
	param   *node
	routes  map[string]*route // by method
}

// routes is the tree of all documented operations.
var routes = sync.OnceValue(func() *node {
	root := &node{}
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if op.Direction != contract.ToYClients || op.SameAs != "" {
			continue
		}
		base, err := url.Parse(op.BaseURL)
		if err != nil {
			panic("sandbox: base address of " + op.ID + ": " + err.Error())
		}
		for _, p := range slices.Concat(op.Paths, alsoAt[op.ID]) {
			root.add(op, base.Path+p)
		}
	}
	return root
})

// alsoAt has paths that the documents describe in words only: the last
// parameter of these lists may be left out.
var alsoAt = map[string][]string{
	"listServicesDeprecated": {"/services/{company_id}"},
	"listStaffDeprecated":    {"/staff/{company_id}"},
}

func segments(path string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
}

func (n *node) add(op *contract.Operation, path string) {
	r := &route{op: op, model: modelOf(op), known: knownOf(op)}
	for _, seg := range segments(path) {
		if strings.HasPrefix(seg, "{") {
			r.names = append(r.names, strings.Trim(seg, "{}"))
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
			continue
		}
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[seg] == nil {
			n.literal[seg] = &node{}
		}
		n = n.literal[seg]
	}
	if n.routes == nil {
		n.routes = map[string]*route{}
	}
	if n.routes[op.Method] == nil { // the first of two twins answers
		n.routes[op.Method] = r
	}
}

// match finds the operation of an escaped path; nil when there is none.
func match(method, escapedPath string) (*route, map[string]string) {
	if !strings.HasPrefix(escapedPath, "/") {
		return nil, nil
	}
	segs := segments(escapedPath)
	for i, s := range segs {
		clear, err := url.PathUnescape(s)
		if err != nil || clear == "" || clear == "." || clear == ".." {
			return nil, nil
		}
		segs[i] = clear
	}
	var values []string
	r := routes().find(method, segs, &values)
	if r == nil {
		return nil, nil
	}
	params := make(map[string]string, len(values))
	for i, name := range r.names {
		params[name] = values[i]
	}
	return r, params
}

func (n *node) find(method string, segs []string, values *[]string) *route {
	if len(segs) == 0 {
		return n.routes[method]
	}
	if next := n.literal[segs[0]]; next != nil {
		if r := next.find(method, segs[1:], values); r != nil {
			return r
		}
	}
	if n.param == nil {
		return nil
	}
	kept := len(*values)
	*values = append(*values, segs[0])
	if r := n.param.find(method, segs[1:], values); r != nil {
		return r
	}
	*values = (*values)[:kept]
	return nil
}

// secretParams are path parameters that the ledger does not show.
var secretParams = []string{"record_hash", "recordToken", "phone"}

// shownPath is the path with secrets left out. Of a path without an operation
// only the length is told: it may hold anything.
func shownPath(r *route, params map[string]string) string {
	if r == nil {
		return "(unknown)"
	}
	path := r.op.Path
	for name, value := range params {
		if slices.Contains(secretParams, name) {
			value = "•••"
		}
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	for _, name := range r.op.Params {
		path = strings.ReplaceAll(path, "/{"+name.Name+"}", "")
	}
	return path
}
