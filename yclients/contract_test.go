package yclients

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"zapis/contract"
)

var directive = regexp.MustCompile(`^//yclients:operation (\w+)$`)

// directives returns the operation named above each method of a service.
func directives(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Doc == nil {
				continue
			}
			star, ok := fn.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			for _, line := range fn.Doc.List {
				if m := directive.FindStringSubmatch(line.Text); m != nil {
					named[m[1]] = fmt.Sprintf("%s.%s", star.X, fn.Name)
				}
			}
		}
	}
	return named
}

// Every selected operation has a method that names it, and calling that
// method by reflection puts the documented method and path on the wire.
func TestMethodsCallTheirOperations(t *testing.T) {
	list, err := os.ReadFile("operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	named := directives(t)
	var selected []string
	for _, line := range strings.Split(string(list), "\n") {
		if words := strings.Fields(line); len(words) > 2 && words[0] == "op" {
			selected = append(selected, words[1])
		}
	}
	if len(selected) < 31 || len(named) != len(selected) {
		t.Errorf("%d operations are selected and %d methods name one", len(selected), len(named))
	}
	var line string
	c := setup(t, func(_ http.ResponseWriter, r *http.Request) { line = r.Method + " " + r.URL.Path })
	for _, id := range selected {
		service, method, _ := strings.Cut(named[id], "Service.")
		field := reflect.ValueOf(c.services).FieldByName(service)
		if !field.IsValid() {
			t.Errorf("%s: no service %q", id, service)
			continue
		}
		fn := field.MethodByName(method)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < fn.Type().NumIn(); i++ {
			args = append(args, argument(i, fn.Type().In(i)))
		}
		line = ""
		fn.Call(args)
		op, ok := contract.Lookup(id)
		if !ok || !matches(op, line) {
			t.Errorf("%s.%s sent %q for %s, documented as %s %v", service, method, line, id, op.Method, op.Paths)
		}
	}
}

func argument(i int, t reflect.Type) reflect.Value {
	switch t.Kind() {
	case reflect.Int64:
		return reflect.ValueOf(int64(100 + i)).Convert(t)
	case reflect.String:
		return reflect.ValueOf("arg" + strconv.Itoa(i)).Convert(t)
	}
	switch t {
	case reflect.TypeFor[*ImageUpload]():
		return reflect.ValueOf(&ImageUpload{CompanyID: 1, StaffID: 2, Image: []byte("bytes")})
	case reflect.TypeFor[*ImageRemoval]():
		return reflect.ValueOf(&ImageRemoval{ImageGroupID: 1})
	}
	if t.Kind() != reflect.Pointer {
		return reflect.Zero(t) // a list, or members that are not known
	}
	return reflect.New(t.Elem())
}

func matches(op *contract.Operation, line string) bool {
	prefix := strings.TrimPrefix(op.BaseURL, DefaultBaseURL)
	return slices.ContainsFunc(op.Paths, func(path string) bool {
		pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(prefix+path), `[^/]+`)
		return regexp.MustCompile(`^` + op.Method + ` ` + pattern + `$`).MatchString(line)
	})
}

// Every documented sample of an answer goes through the whole client.
func TestSamplesThroughTheClient(t *testing.T) {
	named := directives(t)
	for id := range named {
		op, _ := contract.Lookup(id)
		r := op.Success()
		if r == nil {
			continue
		}
		sample, ok := r.Sample()
		if !ok {
			continue
		}
		c := setup(t, answering(r.Status, jsonType, string(sample.JSON)))
		service, method, _ := strings.Cut(named[id], "Service.")
		fn := reflect.ValueOf(c.services).FieldByName(service).MethodByName(method)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < fn.Type().NumIn(); i++ {
			args = append(args, argument(i, fn.Type().In(i)))
		}
		if id == "createBooking" { // its sample answers two appointments
			args[2] = reflect.ValueOf(&BookingRequest{Appointments: []*BookingAppointmentRequest{{ID: 1}, {ID: 2}}})
		}
		results := fn.Call(args)
		if err := results[len(results)-1].Interface(); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// The codes that errors are made of are the ones of the contract.
func TestEveryBookingCodeHasAKind(t *testing.T) {
	for _, code := range contract.Errors().BookingCodes {
		if _, ok := kindOfCode[code.Code]; !ok {
			t.Errorf("code %d (%s) has no kind", code.Code, code.Meaning)
		}
	}
	if len(contract.Errors().BookingCodes) != len(kindOfCode) {
		t.Errorf("%d codes have a kind, the contract has %d", len(kindOfCode), len(contract.Errors().BookingCodes))
	}
}
