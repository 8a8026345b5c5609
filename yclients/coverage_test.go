package yclients

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zapis/contract"
)

type coverageRow struct {
	Operation, Service, Method, Iterator, Options, Body, Result, Deprecated string
	RoundTrip                                                               string `json:"round_trip"`
	RequestRoundTrip                                                        string `json:"request_round_trip"`
}

func coverage(t *testing.T) map[string]coverageRow {
	t.Helper()
	data, err := os.ReadFile("coverage.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []coverageRow
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	byID := map[string]coverageRow{}
	for _, row := range rows {
		byID[row.Operation] = row
	}
	if len(byID) != len(rows) {
		t.Errorf("%d rows name %d operations", len(rows), len(byID))
	}
	return byID
}

// What coverage.json says is so: every operation that can be called has a
// method, and "equal" stands where a sample makes the test of its round trip.
func TestCoverageIsTrue(t *testing.T) {
	rows := coverage(t)
	if len(rows) != 297 {
		t.Errorf("%d operations are covered, want 297", len(rows))
	}
	c := newClient(t)
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		row, ok := rows[op.ID]
		if ok != op.Callable() {
			t.Errorf("%s: covered %v, can be called %v", op.ID, ok, op.Callable())
		}
		if !ok {
			continue
		}
		service := reflect.ValueOf(c.services).FieldByName(row.Service)
		if !service.IsValid() || !service.MethodByName(row.Method).IsValid() || row.Iterator != "" && !service.MethodByName(row.Iterator).IsValid() {
			t.Errorf("%s: there is no %s.%s or no %s", op.ID, row.Service, row.Method, row.Iterator)
			continue
		}
		if got := strings.ReplaceAll(service.MethodByName(row.Method).Type().Out(0).String(), "yclients.", ""); got != row.Result && row.Result != "none" && row.Result != "[]byte" {
			t.Errorf("%s returns %s, coverage.json says %s", op.ID, got, row.Result)
		}
		_, decodes := roundTrips[op.ID]
		_, sample := op.Success().Sample()
		want := map[bool]string{true: "equal", false: "no data"}[decodes]
		if !sample {
			want = "no sample"
		}
		if row.RoundTrip != want {
			t.Errorf("%s: round trip %q, want %q", op.ID, row.RoundTrip, want)
		}
		if op.Deprecated != (row.Deprecated != "") {
			t.Errorf("%s: deprecated %v in the contract, %q here", op.ID, op.Deprecated, row.Deprecated)
		}
	}
}

// Every sample of the documentation passes one of the tests: answers and
// bodies go there and back, failures become errors that keep what was said.
// The three operations that YCLIENTS calls have tests of their own.
func TestEverySampleIsUsed(t *testing.T) {
	used := map[string]int{}
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		if op.Request != nil {
			if _, ok := op.Request.Sample(); ok {
				used["request"]++
			}
		}
		for j := range op.Responses {
			r := &op.Responses[j]
			sample, ok := r.Sample()
			switch {
			case !ok:
			case op.Direction != contract.ToYClients:
				used["of YCLIENTS"]++
			case r.Status >= 300:
				used["failure"]++
				checkFailure(t, op, r.Status, sample)
			case r.Status != op.Success().Status:
				t.Errorf("%s has a sample of a second success, %d", op.ID, r.Status)
			default:
				used["success"]++
			}
			if op.SameAs != "" && ok && r.Status < 300 { // documented twice, with a sample of its own
				if _, encoded, err := roundTrips[op.SameAs](parseEnvelope(compacted(t, sample.JSON)).data); err != nil || difference(encoded, []byte(redactSample(string(sample.JSON)))) != "" {
					t.Errorf("%s: %v, %s", op.ID, err, encoded)
				}
			}
		}
	}
	total := 0
	for _, n := range used {
		total += n
	}
	if total != 376 || used["failure"] != 12 { // 373 documented, 3 of hooks_settings
		t.Errorf("used %v, %d in all", used, total)
	}
}

func compacted(t *testing.T, document json.RawMessage) []byte {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(string(document)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	compact, err := appendJSON(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

func checkFailure(t *testing.T, op *contract.Operation, status int, sample contract.Sample) {
	t.Helper()
	a := &answer{call: call{operation: op.ID, method: op.Method, statuses: op.Statuses}, client: newClient(t), status: status, header: http.Header{}, body: sample.JSON}
	_, err := decodeAs[none](a)
	e, ok := err.(*Error)
	if !ok || e.HTTPStatus != status || e.Kind == KindMalformed {
		t.Errorf("%s, %d: %v", op.ID, status, err)
		return
	}
	document := trim(sample.JSON)
	if document[0] == '[' { // membership calls put brackets around
		elements(document, func(e []byte) { document = e })
	}
	if diff := difference(orNull(a.response().Meta.Raw), orNull(find(document, "meta"))); diff != "" {
		t.Errorf("%s, %d: meta %s", op.ID, status, diff)
	}
}

// Every iterator turns pages to the empty one, asks for no more than a page
// may have, and ends a failed walk with its error.
func TestIterators(t *testing.T) {
	rows := coverage(t)
	n := 0
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		row := rows[id]
		if row.Iterator == "" {
			continue
		}
		n++
		t.Run(row.Service+"."+row.Iterator, func(t *testing.T) {
			op, _ := contract.Lookup(id)
			sample, _ := op.Success().Sample()
			item := "{}"
			elements(parseEnvelope(compacted(t, sample.JSON)).data, func(e []byte) { item = string(e) })
			var pages []string
			failing := false
			c := setup(t, func(w http.ResponseWriter, r *http.Request) {
				page, size := pageOf(t, r)
				pages = append(pages, page)
				if limit := maximum(op); limit > 0 && size != strconv.Itoa(limit) {
					t.Errorf("a page of %q is asked for, the maximum is %d", size, limit)
				}
				items := map[string]string{"1": item + "," + item, "2": item}[page]
				if failing && page == "2" {
					w.WriteHeader(http.StatusInternalServerError)
				}
				w.Header().Set("Content-Type", jsonType)
				fmt.Fprintf(w, `{"success":true,"data":[%s],"meta":{}}`, items)
			})
			if got, err := walked(t, c, row); got != 3 || err != nil || !slices.Equal(pages, []string{"1", "2", "3"}) {
				t.Errorf("got %d items of pages %v, %v; want 3 of pages 1 to 3", got, pages, err)
			}
			failing = true
			if got, err := walked(t, c, row); got != 2 || err == nil {
				t.Errorf("got %d items and %v from a walk that broke off after 2", got, err)
			}
		})
	}
	if n < 16 {
		t.Errorf("only %d iterators", n)
	}
}

// walked calls an iterator with nothing set.
func walked(t *testing.T, c *Client, row coverageRow) (items int, failure error) {
	t.Helper()
	fn := reflect.ValueOf(c.services).FieldByName(row.Service).MethodByName(row.Iterator)
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < fn.Type().NumIn(); i++ {
		if in := fn.Type().In(i); in.Kind() == reflect.Pointer {
			args = append(args, reflect.Zero(in))
		} else {
			args = append(args, argument(i, in))
		}
	}
	seq := fn.Call(args)[0]
	yield := reflect.MakeFunc(seq.Type().In(0), func(pair []reflect.Value) []reflect.Value {
		if err, _ := pair[1].Interface().(error); err != nil {
			failure = err
		} else {
			items++
		}
		return []reflect.Value{reflect.ValueOf(true)}
	})
	seq.Call([]reflect.Value{yield})
	return items, failure
}

// pageOf reads page and page size from the query, else from the body.
func pageOf(t *testing.T, r *http.Request) (page, size string) {
	t.Helper()
	values := r.URL.Query()
	if body, _ := io.ReadAll(r.Body); len(body) > 0 {
		values = url.Values{}
		members(body, func(m member) { s, _ := text(m.value); values.Set(m.key, s) })
	}
	for _, name := range sizeNames {
		size += values.Get(name)
	}
	return values.Get("page"), size
}

var sizeNames = []string{"count", "editable_length", "page_size", "limit"}

func maximum(op *contract.Operation) int {
	for _, p := range op.Params {
		if slices.Contains(sizeNames, p.Name) && p.Max != nil {
			return int(*p.Max)
		}
	}
	if op.Request != nil {
		for _, f := range op.Request.Fields {
			if slices.Contains(sizeNames, f.Name) && f.Max != nil {
				return int(*f.Max)
			}
		}
	}
	return 0
}

func TestChangedGoodsAndClients(t *testing.T) {
	var asked []string
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("changed_after")+" "+r.URL.Query().Get("page"))
		w.Header().Set("Content-Type", jsonType)
		fmt.Fprint(w, `{"success":true,"data":[],"meta":{}}`)
	})
	since := time.Date(2026, 12, 1, 9, 30, 0, 0, time.FixedZone("", 3*3600))
	for _, err := range c.Goods.Changed(t.Context(), 4564, since, nil) {
		t.Fatal(err)
	}
	for _, err := range c.GoodsTransactions.Changed(t.Context(), 4564, since, nil) {
		t.Fatal(err)
	}
	for _, err := range c.Clients.Changed(t.Context(), 4564, since, &ClientListLegacyOptions{Email: "x"}) {
		t.Fatal(err)
	}
	if want := []string{"2026-12-01T09:30:00 1", "2026-12-01T09:30:00 1", "2026-12-01T09:30:00 1"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

// The pages of visits turn by the dates that an answer names.
func TestSearchAllVisits(t *testing.T) {
	var asked []string
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		from, _ := text(orNull(find(body, "from")))
		asked = append(asked, from)
		next := `{"from":"2022-01-05","to":"2022-01-14","count":25}`
		if len(asked) == 2 {
			next = `{"from":"2021-12-01","to":"2022-01-04","count":0}`
		}
		w.Header().Set("Content-Type", jsonType)
		fmt.Fprintf(w, `{"success":true,"data":{"records":[],"goods_transactions":[]},"meta":{"dateCursor":{"next":%s}}}`, next)
	})
	pages := 0
	for _, err := range c.Clients.SearchAllVisits(t.Context(), 4564, &ClientVisitsRequest{From: "2022-01-15"}) {
		if err != nil {
			t.Fatal(err)
		}
		pages++
	}
	if want := []string{"2022-01-15", "2022-01-05"}; pages != 2 || !slices.Equal(asked, want) {
		t.Errorf("%d pages from %v, want 2 from %v", pages, asked, want)
	}
}
