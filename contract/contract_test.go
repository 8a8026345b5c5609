package contract

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCounts(t *testing.T) {
	var documented, from, same, callable, added int
	addresses := map[string]bool{}
	for i := range Operations() {
		op := &Operations()[i]
		switch {
		case op.Added:
			added++
		default:
			documented++
		}
		if op.Direction == FromYClients {
			from++
		}
		if op.SameAs != "" {
			same++
		}
		if op.Callable() && !op.Added {
			callable++
			addresses[op.Method+" "+op.BaseURL+op.Path] = true
		}
	}
	got := []int{documented, from, same, callable, len(addresses), added}
	want := []int{299, 3, 1, 295, 295, 2}
	if !slices.Equal(got, want) {
		t.Errorf("documented, from YCLIENTS, documented twice, callable, addresses, added: got %v, want %v", got, want)
	}
}

func TestIDsAreUniqueAndLookedUp(t *testing.T) {
	seen := map[string]bool{}
	for i := range Operations() {
		op := &Operations()[i]
		if seen[op.ID] {
			t.Errorf("%s occurs twice", op.ID)
		}
		seen[op.ID] = true
		if found, ok := Lookup(op.ID); !ok || found != op {
			t.Errorf("Lookup(%q) does not return the operation of the list", op.ID)
		}
		if op.Method == "" || !strings.HasPrefix(op.Path, "/") || op.Tag == "" {
			t.Errorf("%s: method %q, path %q, tag %q", op.ID, op.Method, op.Path, op.Tag)
		}
	}
	if _, ok := Lookup("noSuchOperation"); ok {
		t.Error("Lookup finds an operation that does not exist")
	}
}

func TestSamples(t *testing.T) {
	without, restored, all := 0, 0, 0
	check := func(id string, s Sample) {
		all++
		if !json.Valid(s.JSON) || len(s.JSON) == 0 {
			t.Errorf("%s: sample is not JSON", id)
		}
		if len(s.Restored) > 0 {
			restored++
		}
	}
	for i := range Operations() {
		op := &Operations()[i]
		if op.Request != nil {
			if s, ok := op.Request.Sample(); ok {
				check(op.ID, s)
			}
		}
		has := false
		for j := range op.Responses {
			if s, ok := op.Responses[j].Sample(); ok {
				has = true
				check(op.ID, s)
			}
		}
		if !has {
			without++
		}
	}
	// 299 documented operations have 373 samples; one request and two answers are added.
	if without != 21 || all != 376 || restored != 53 {
		t.Errorf("got %d operations without answer sample, %d samples, %d restored; want 21, 376, 53", without, all, restored)
	}
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

func TestPathParametersAreDescribed(t *testing.T) {
	for i := range Operations() {
		op := &Operations()[i]
		for _, path := range op.Paths {
			for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Params, func(p Param) bool { return p.In == "path" && p.Name == m[1] }) {
					t.Errorf("%s: %s of %s is not described", op.ID, m[1], path)
				}
			}
		}
	}
}

// Two callable operations must not share an effective route, slash or not.
func TestEffectiveRoutesAreDistinct(t *testing.T) {
	seen := map[string]string{}
	for i := range Operations() {
		op := &Operations()[i]
		if !op.Callable() {
			continue
		}
		for _, path := range op.Paths {
			key := op.Method + " " + op.BaseURL + strings.TrimSuffix(placeholder.ReplaceAllString(path, "{}"), "/")
			if other, ok := seen[key]; ok && other != op.ID {
				t.Errorf("%s and %s share %s", other, op.ID, key)
			}
			seen[key] = op.ID
		}
	}
}

func TestOverlay(t *testing.T) {
	told := map[string]bool{}
	for _, c := range Overlay() {
		if key := c.Operation + ": " + c.About; told[key] {
			t.Errorf("%s is told twice", key)
		} else {
			told[key] = true
		}
		if c.Operation != "*" {
			if _, ok := Lookup(c.Operation); !ok {
				t.Errorf("overlay names %q, which is not an operation", c.Operation)
			}
		}
		if c.About == "" || c.Documented == "" || c.Other == "" || c.Taken == "" || c.Why == "" {
			t.Errorf("%s, %s: both sides, the choice and its reason must be told", c.Operation, c.About)
		}
	}
	op, _ := Lookup("authUserByPhoneCode")
	if names := fieldNames(op.Request.Fields); !slices.Equal(names, []string{"phone", "code"}) {
		t.Errorf("authUserByPhoneCode takes %v", names)
	}
	if s, ok := op.Request.Sample(); !ok || !bytes.Contains(s.JSON, []byte(`"code"`)) {
		t.Errorf("authUserByPhoneCode sample: %s", s.JSON)
	}
	op, _ = Lookup("getUserRecords")
	if op.Paths[0] != "/user/records" || op.Path != "/user/records/{record_id}/{record_hash}" {
		t.Errorf("getUserRecords: documented %s, effective %v", op.Path, op.Paths)
	}
	op, _ = Lookup("createBooking")
	i := slices.IndexFunc(op.Request.Fields, func(f Field) bool { return f.Name == "email" })
	if *op.Request.Fields[i].Required || !slices.Contains(op.Request.AlwaysSent, "email") {
		t.Error("email of createBooking must be optional and always sent")
	}
}

func TestEveryOperationHasItsMarks(t *testing.T) {
	reading := loadOverlay().Reads
	for i := range Operations() {
		op := &Operations()[i]
		if op.TagTitleRU == "" {
			t.Errorf("%s: section %s has no Russian title", op.ID, op.Tag)
		}
		if op.Method == "DELETE" && op.Danger == "" {
			t.Errorf("%s deletes and is not marked as dangerous", op.ID)
		}
		if op.Danger != "" && !op.Writes {
			t.Errorf("%s is dangerous (%s) and reads only", op.ID, op.Danger)
		}
		if changes := op.Method != "GET" && !slices.Contains(reading, op.ID); changes && !op.Writes {
			t.Errorf("%s: a %s that is not in the list of reads must count as a write", op.ID, op.Method)
		}
	}
	for id, want := range map[string]Danger{"sendSmsByFilter": Messages, "deleteRecord": Deletion, "paySale": Money, "setHooksSettings": Overwrite, "createRecord": ""} {
		if op, _ := Lookup(id); op.Danger != want {
			t.Errorf("%s: danger %q, want %q", id, op.Danger, want)
		}
	}
	for id, want := range map[string]bool{"enableTips": true, "searchClients": false, "createBooking": true, "listRecords": false} {
		if op, _ := Lookup(id); op.Writes != want {
			t.Errorf("%s: writes %v, want %v", id, op.Writes, want)
		}
	}
}

func TestEveryQueryArrayHasAStyle(t *testing.T) {
	for i := range Operations() {
		for _, p := range Operations()[i].Params {
			if p.Type == "array" && p.Style != "brackets" && p.Style != "repeat" {
				t.Errorf("%s: how the array %s is written is not known", Operations()[i].ID, p.Name)
			}
		}
	}
}

// Unknown keys of the files would be facts that the reader silently drops.
func TestNoFactIsDropped(t *testing.T) {
	strict := func(name string, data []byte, into any) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	strict("operations.json", operationsJSON, new([]Operation))
	strict("overlay.json", overlayJSON, new(overlay))
	strict("samples.json", samplesJSON, new(map[string]map[string]Sample))
}

func TestFacts(t *testing.T) {
	e := Errors()
	if len(e.BookingCodes) != 8 || e.BookingCodes[0].Code != 431 || e.BookingCodes[0].Meaning == "" {
		t.Errorf("booking codes: %+v", e.BookingCodes)
	}
	for id := range e.PerOperation {
		if _, ok := Lookup(id); !ok {
			t.Errorf("errors.json names %q, which is not an operation", id)
		}
	}
	if m := Models(); len(m.Objects) != 106 || len(m.Enums) != 57 {
		t.Errorf("got %d models and %d enums, want 106 and 57", len(m.Objects), len(m.Enums))
	}
	if w := Webhooks(); len(w.Documented) != 4 || w.Outside["entity_events"] == nil {
		t.Errorf("webhooks: %d documented, entity events %t", len(w.Documented), w.Outside["entity_events"] != nil)
	}
}

// The sandbox embeds this package and must be up in 300 ms. A generous bound
// here still notices when somebody makes loading ten times slower.
func TestLoadsQuickly(t *testing.T) {
	start := time.Now()
	var list []Operation
	mustParse("operations.json", operationsJSON, &list)
	if d := time.Since(start); d > 250*time.Millisecond {
		t.Errorf("parsing the operations took %v", d)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		var list []Operation
		mustParse("operations.json", operationsJSON, &list)
	}
}

func fieldNames(fields []Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}
