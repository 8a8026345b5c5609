package yclients

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// lists serves pages of records by their ids; a page may be a whole answer.
func lists(t *testing.T, asked *[]string, pages ...any) *Client {
	return setup(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Query().Get("page"))
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &n)
		if n > len(pages) {
			t.Errorf("page %d was asked for", n)
			n = len(pages)
		}
		if answer, ok := pages[n-1].(string); ok {
			_, _ = fmt.Fprint(w, answer)
			return
		}
		var items []string
		for _, id := range pages[n-1].([]int) {
			items = append(items, fmt.Sprintf(`{"id":%d}`, id))
		}
		_, _ = fmt.Fprintf(w, `{"success":true,"data":[%s],"meta":{"page":%d,"total_count":3}}`, strings.Join(items, ","), n)
	})
}

func walk(t *testing.T, c *Client, opts *RecordListOptions) (ids []int64, err error) {
	for record, failure := range c.Records.All(t.Context(), 1, opts) {
		if failure != nil {
			if record != nil {
				t.Error("a failure comes with a record")
			}
			err = failure
			continue
		}
		ids = append(ids, record.ID)
	}
	return ids, err
}

func TestAllReadsUntilAnEmptyPage(t *testing.T) {
	var asked []string
	opts := &RecordListOptions{Count: 2}
	ids, err := walk(t, lists(t, &asked, []int{1, 2}, []int{3}, []int{4, 5}, []int{}), opts)
	if err != nil || !slices.Equal(ids, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("got %v, %v", ids, err)
	}
	if !slices.Equal(asked, []string{"1", "2", "3", "4"}) || opts.Page != 0 {
		t.Errorf("pages asked %v, options changed to page %d", asked, opts.Page)
	}
	asked = nil
	if ids, err = walk(t, lists(t, &asked, "", []int{2}, []int{}), &RecordListOptions{Page: 2}); err != nil || !slices.Equal(ids, []int64{2}) {
		t.Errorf("from page 2: got %v, %v", ids, err)
	}
}

// The end of a list and a refused page must never look the same.
func TestAllFailsOnARefusedPage(t *testing.T) {
	for name, refusal := range map[string]string{
		"rate":       `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`,
		"page":       `<html></html>`,
		"empty":      ``,
		"no data":    `{"success":true,"meta":[]}`,
		"bare empty": `[]`,
	} {
		var asked []string
		ids, err := walk(t, lists(t, &asked, []int{1}, refusal), nil)
		if err == nil || !slices.Equal(ids, []int64{1}) || len(asked) != 2 {
			t.Errorf("%s: got %v, %v after pages %v", name, ids, err, asked)
		}
	}
}

// A server that ignores the page number would be read for ever.
func TestAllNoticesThatPagesDoNotTurn(t *testing.T) {
	var asked []string
	ids, err := walk(t, lists(t, &asked, []int{1, 2}, []int{1, 2}), nil)
	wantError(t, err, ErrMalformed)
	if !slices.Equal(ids, []int64{1, 2}) {
		t.Errorf("got %v", ids)
	}
}

func TestAllStopsWithItsCaller(t *testing.T) {
	var asked []string
	c := lists(t, &asked, []int{1, 2})
	for record := range c.Records.All(t.Context(), 1, nil) {
		if record.ID == 1 {
			break
		}
	}
	if len(asked) != 1 {
		t.Errorf("pages asked %v", asked)
	}
}

func TestMeta(t *testing.T) {
	for answer, want := range map[string]Meta{
		`{"success":true,"data":[{"id":1}],"meta":{"page":"2","total_count":7}}`: {Page: 2, TotalCount: 7},
		`{"success":true,"data":[{"id":1}],"meta":{"count":3}}`:                  {TotalCount: 3},
		`{"success":true,"data":[{"id":1}],"meta":[]}`:                           {},
		`{"success":true,"data":[{"id":1}],"meta":{"message":"x","page":{}}}`:    {Message: "x"},
		`{"success":true,"data":[{"id":1}]}`:                                     {},
	} {
		_, resp, err := setup(t, answering(200, jsonType, answer)).Records.List(t.Context(), 1, nil)
		if err != nil {
			t.Errorf("%s: %v", answer, err)
			continue
		}
		got := resp.Meta
		if got.Page != want.Page || got.TotalCount != want.TotalCount || got.Message != want.Message || resp.HTTPStatus != 200 || resp.Operation != "listRecords" {
			t.Errorf("%s: got %+v", answer, resp)
		}
	}
}
