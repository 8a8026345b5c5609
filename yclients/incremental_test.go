package yclients

import (
	"io"
	"net/http"
	"testing"
	"time"
)

func TestRecordsChanged(t *testing.T) {
	var asked []string
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		if r.URL.Query().Get("page") == "1" {
			_, _ = io.WriteString(w, `{"success":true,"data":[{"id":1},{"id":2,"deleted":true}],"meta":[]}`)
			return
		}
		_, _ = io.WriteString(w, `{"success":true,"data":[],"meta":[]}`)
	})
	zone := time.FixedZone("", 10*3600)
	opts := &RecordListOptions{StaffID: 7}
	deleted := 0
	for r, err := range c.Records.Changed(t.Context(), 4564, time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC).In(zone), opts) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Deleted {
			deleted++
		}
	}
	want := "changed_after=2026-12-01T12%3A00%3A00&page=1&staff_id=7&with_deleted=1"
	if len(asked) != 2 || asked[0] != want || deleted != 1 || opts.WithDeleted {
		t.Errorf("asked %q, want %q first; %d deleted; options changed: %t", asked, want, deleted, opts.WithDeleted)
	}
}
