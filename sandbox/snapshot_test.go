package sandbox

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What was done after a snapshot is gone with it, what was done before is not, and the snapshot serves more than once.
func TestSnapshot(t *testing.T) {
	s := New(WithLimits(Off), WithStandingClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)))
	t.Cleanup(s.Close)
	company := s.Info().CompanyIDs[0]
	var staff int64
	take := func(start string) (Record, error) {
		return s.Take(TakeRequest{CompanyID: company, StaffID: staff, Datetime: start})
	}
	free := func() (string, string) { // two free hours of a master tomorrow
		t.Helper()
		for _, m := range s.state.company(company).staff {
			staff = m.id
			var found []string
			for hour := range 10 {
				at := time.Date(2026, 11, 24, 10+hour, 0, 0, 0, time.FixedZone("", 3*3600)).Format("2006-01-02T15:04:05-07:00")
				if _, err := take(at); err == nil {
					found = append(found, at)
				}
				if err := s.Restore("free"); err != nil {
					t.Fatal(err)
				}
			}
			if len(found) >= 2 {
				return found[0], found[len(found)-1]
			}
		}
		t.Fatal("no master has two free hours tomorrow")
		return "", ""
	}
	if err := s.Snapshot("free"); err != nil {
		t.Fatal(err)
	}
	first, second := free()
	kept, err := take(first)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Records(company)
	if err := s.Snapshot(" one "); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFaults(Faults{Off: true}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := take(second); err != nil {
			t.Fatalf("after going back the time is free again: %v", err)
		}
		if _, err := take(first); !errors.Is(err, ErrTaken) {
			t.Errorf("record %d was made before the snapshot: got %v", kept.ID, err)
		}
		if err := s.Restore("one"); err != nil {
			t.Fatal(err)
		}
		if now := s.Records(company); !reflect.DeepEqual(now, before) {
			t.Errorf("got %d records, want the %d of the snapshot", len(now), len(before))
		}
		if s.Faults().Off {
			t.Error("a fault of later came along")
		}
	}
	// Rules belong to the switches, which a restored state must go on reading.
	sw := s.Switches()
	sw.ClientTokenNeedsCode = !sw.ClientTokenNeedsCode
	if err := s.SetSwitches(sw); err != nil {
		t.Fatal(err)
	}
	if s.state.companies[0].rules != &s.switches.Rules {
		t.Error("the restored salons no longer follow the switches")
	}
	if err := s.Restore("nothing"); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"", "  ", strings.Repeat("ж", maxName+1)} {
		if err := s.Snapshot(name); err == nil {
			t.Errorf("a snapshot was called %q", name)
		}
	}
}

func TestPageAndSnapshotsOverHTTP(t *testing.T) {
	s := New(WithLimits(Off))
	t.Cleanup(s.Close)
	ask := func(method, path, body string) (*http.Response, string) {
		t.Helper()
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
		text, err := io.ReadAll(rec.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		return rec.Result(), string(text)
	}
	for path, kind := range map[string]string{"/_sandbox": "text/html", "/_sandbox/": "text/html", "/_sandbox/page.js": "text/javascript", "/_sandbox/page.css": "text/css"} {
		resp, body := ask(http.MethodGet, path, "")
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) || len(body) < 500 {
			t.Errorf("%s: %s, %s, %d bytes", path, resp.Status, resp.Header.Get("Content-Type"), len(body))
		}
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s has no strict policy", path)
		}
	}
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/_sandbox/snapshots", `{"name":"a"}`, 200, `"name":"a"`},
		{"GET", "/_sandbox/snapshots", "", 200, `"name":"a"`},
		{"POST", "/_sandbox/restore", `{"name":"a"}`, 200, `"name":"a"`},
		{"POST", "/_sandbox/restore", `{"name":"b"}`, 404, "no such snapshot"},
		{"POST", "/_sandbox/restore", `{"nam":"a"}`, 400, "nam"},
		{"DELETE", "/_sandbox/snapshots", `{"name":"a"}`, 200, `[]`},
		{"DELETE", "/_sandbox/snapshots", `{"name":"a"}`, 404, "no such snapshot"},
	} {
		resp, body := ask(step.method, step.path, step.body)
		if resp.StatusCode != step.status || !strings.Contains(body, step.want) {
			t.Errorf("%s %s %s: got %d %s", step.method, step.path, step.body, resp.StatusCode, body)
		}
	}
}
