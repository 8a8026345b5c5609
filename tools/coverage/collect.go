package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"zapis/contract"
	"zapis/sandbox"
)

// row is a line of the page.
type row struct {
	op *contract.Operation

	method  string // of the SDK
	sample  string // what becomes of the documented sample
	request string // whether the request is held against the contract
	sandbox string // how far it is played
	example string // where it is shown
}

// sdkRow is a line of yclients/coverage.json.
type sdkRow struct {
	Operation string `json:"operation"`
	Service   string `json:"service"`
	Method    string `json:"method"`
	Iterator  string `json:"iterator"`
	RoundTrip string `json:"round_trip"`
}

func collect(root string) ([]row, error) {
	sdk, err := sdkRows(filepath.Join(root, "yclients", "coverage.json"))
	if err != nil {
		return nil, err
	}
	held, err := directives(filepath.Join(root, "yclients"))
	if err != nil {
		return nil, err
	}
	shown, err := examples(root)
	if err != nil {
		return nil, err
	}
	played := map[string]string{}
	for _, f := range sandbox.Report() {
		played[f.OperationID] = f.Level
	}
	var rows []row
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if !op.Callable() {
			continue
		}
		r := row{op: op, sandbox: played[op.ID]}
		if s, ok := sdk[op.ID]; ok {
			r.method, r.sample = s.Service+"."+s.Method, s.RoundTrip
			r.example = shown[r.method]
			if r.example == "" && s.Iterator != "" {
				r.example = shown[s.Service+"."+s.Iterator]
			}
		}
		if held[op.ID] {
			r.request = "yes"
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func sdkRows(file string) (map[string]sdkRow, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []sdkRow
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	rows := map[string]sdkRow{}
	for _, r := range list {
		rows[r.Operation] = r
	}
	return rows, nil
}

var directive = regexp.MustCompile(`^//yclients:operation (\w+)$`)

// directives are the operations that a method of the SDK names above itself.
// TestRequestsMatchTheContract of that package calls every such method and
// holds its request against the contract.
func directives(dir string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Doc == nil || !fn.Name.IsExported() {
				continue
			}
			for _, line := range fn.Doc.List {
				if m := directive.FindStringSubmatch(line.Text); m != nil {
					named[m[1]] = true
				}
			}
		}
	}
	return named, nil
}

var used = regexp.MustCompile(`\.([A-Z]\w+)\.([A-Z]\w+)\(`)

// examples tell where a method of the SDK is shown: in a program of examples/,
// else in the documentation of the package.
func examples(root string) (map[string]string, error) {
	programs, err := filepath.Glob(filepath.Join(root, "examples", "*", "*.go"))
	if err != nil {
		return nil, err
	}
	slices.Sort(programs)
	shown := map[string]string{}
	for _, file := range append(programs, filepath.Join(root, "yclients", "example_test.go")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		where := "package documentation"
		if name := filepath.Base(filepath.Dir(file)); !strings.HasSuffix(file, "example_test.go") {
			where = "[" + name + "](../examples/" + name + ")"
		}
		for _, m := range used.FindAllStringSubmatch(string(text), -1) {
			if shown[m[1]+"."+m[2]] == "" {
				shown[m[1]+"."+m[2]] = where
			}
		}
	}
	return shown, nil
}
