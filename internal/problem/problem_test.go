package problem

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// declared reads the constants of type Code out of the source, so that a code without a row fails here.
func declared(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, Code(text))
		}
		return true
	})
	return codes
}

func TestEveryCodeHasOneCompleteRow(t *testing.T) {
	rows := map[Code]int{}
	for _, m := range All() {
		rows[m.Code]++
		if m.Status < 400 || m.Status > 599 || m.Exit < 1 || m.Exit > 6 {
			t.Errorf("%s: status %d, exit %d", m.Code, m.Status, m.Exit)
		}
		for _, text := range []Text{m.Title, m.Message, m.Fix} {
			if text.RU == "" || text.EN == "" {
				t.Errorf("%s: a text is missing in one language", m.Code)
			}
			if !regexp.MustCompile(`[а-яё]`).MatchString(text.RU) || regexp.MustCompile(`[а-яё]`).MatchString(text.EN) {
				t.Errorf("%s: languages are mixed up: %q, %q", m.Code, text.RU, text.EN)
			}
		}
	}
	codes := declared(t)
	if len(codes) != len(rows) {
		t.Errorf("%d codes, %d rows", len(codes), len(rows))
	}
	for _, code := range codes {
		if rows[code] != 1 {
			t.Errorf("%s has %d rows, want 1", code, rows[code])
		}
	}
}

func TestFromFindsTheRowThroughWrapping(t *testing.T) {
	err := fmt.Errorf("book: %w", Because(SlotTaken, errors.New("code 433")))
	if got := From(err); got.Code != SlotTaken || got.Meaning().Status != 409 {
		t.Errorf("got %v", got)
	}
	if !errors.Is(err, New(SlotTaken)) || errors.Is(err, New(CodeWrong)) || !Has(err, SlotTaken) {
		t.Error("Is does not compare codes")
	}
	if got := From(errors.New("disk on fire")); got.Code != Internal {
		t.Errorf("got %v, want internal", got.Code)
	}
}
