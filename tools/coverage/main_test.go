package main

import (
	"os"
	"strings"
	"testing"

	"zapis/contract"
)

const committed = "../../docs/coverage.md"

// The committed page is what the generator writes today, and no cell is worse.
func TestPageIsUpToDate(t *testing.T) {
	if err := run("../..", committed, true); err != nil {
		t.Fatal(err)
	}
}

// Every operation has a method, an account of its sample, and a request that is
// held against the contract.
func TestFirstThreeColumnsAreFull(t *testing.T) {
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	rows := table(text)
	callable := 0
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if !op.Callable() {
			continue
		}
		callable++
		cells := rows["`"+op.ID+"`"]
		if cells == nil {
			t.Errorf("%s has no row", op.ID)
			continue
		}
		for i, c := range columns[:3] {
			if cells[i] == none {
				t.Errorf("%s: nothing stands under %s", op.ID, c.name)
			}
		}
	}
	if len(rows) != callable {
		t.Errorf("%d rows for %d operations", len(rows), callable)
	}
	for i := range contract.Operations() {
		if op := &contract.Operations()[i]; op.Direction == contract.FromYClients && !strings.Contains(incoming, "`"+op.ID+"`") {
			t.Errorf("%s, which YCLIENTS sends, is not on the page", op.ID)
		}
	}
}

// What the page calls the parser of a request exists.
func TestParsersExist(t *testing.T) {
	var source strings.Builder
	for _, file := range []string{"webhook.go", "webhook_handler.go", "webhook_partner.go"} {
		text, err := os.ReadFile("../../yclients/" + file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for word := range strings.SplitSeq(incoming, "`") {
		if (strings.HasPrefix(word, "Parse") || strings.HasPrefix(word, "New")) && !strings.Contains(source.String(), "\nfunc "+word+"(") {
			t.Errorf("yclients has no %s", word)
		}
	}
}

func TestNoCellGetsWorse(t *testing.T) {
	line := func(cells string) []byte { return []byte("| `getRecord` | " + cells + " |\n") }
	good := "`Records.Get` | equal | yes | simplified | –"
	for _, tt := range []struct {
		after string
		worse bool
	}{
		{good, false},
		{"`Records.One` | equal | yes | exact | [today](../examples/today)", false},
		{"– | equal | yes | simplified | –", true},
		{"`Records.Get` | no data | yes | simplified | –", true},
		{"`Records.Get` | equal | – | simplified | –", true},
		{"`Records.Get` | equal | yes | sample only | –", true},
	} {
		if err := noWorse(line(good), line(tt.after)); (err != nil) != tt.worse {
			t.Errorf("%s: %v", tt.after, err)
		}
	}
	if noWorse(line(good), []byte("no table")) == nil {
		t.Error("a row that disappears is not noticed")
	}
	if noWorse(line("`Records.Get` | equal | yes | exact | [today](../examples/today)"), line("`Records.Get` | equal | yes | exact | –")) == nil {
		t.Error("an example that disappears is not noticed")
	}
}
