package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zapis/internal/salon"
	"zapis/sandbox"
)

// Every operation on a booking, by everybody who does not own it: the answer is that of a booking that does not
// exist, in every member, and nothing changes.
func TestNobodyReachesAnothersBooking(t *testing.T) {
	h := build(t)
	sw := h.sb.Switches()
	sw.ClientTokenNeedsCode = false
	must(t, h.sb.SetSwitches(sw))
	owner := h.signIn()
	staff, starts := h.starts()
	var made salon.Booking
	h.read(h.do("POST", "/v1/bookings", h.wish(staff, starts[0], `"client":{"name":"Анна"}`),
		"Authorization", "Bearer "+owner, "Idempotency-Key", "authz-0001"), 201, &made)
	var record int64
	for _, e := range h.sb.Ledger() {
		if e.OperationID == "createBooking" && e.Applied {
			record = e.RecordIDs[0]
		}
	}
	other := h.signInAs("79000000002")
	revoked := h.signInAs("79000000003")
	h.read(h.do("DELETE", "/v1/auth/sessions/current", "", "Authorization", "Bearer "+revoked), 204, nil)

	callers := map[string][]string{
		"nobody":            nil,
		"another customer":  {"Authorization", "Bearer " + other},
		"a revoked session": {"Authorization", "Bearer " + revoked},
		"a guessed secret":  {"Zapis-Booking-Secret", "zs_" + strings.Repeat("A", 43)},
		"both":              {"Authorization", "Bearer " + other, "Zapis-Booking-Secret", "zs_" + strings.Repeat("A", 43)},
		"the wrong token":   {"Zapis-Booking-Secret", owner},
	}
	before := h.applied()
	cells := 0
	for _, r := range routes(description(t)) {
		if !strings.Contains(r.path, "{id}") {
			continue
		}
		for who, headers := range callers {
			for own, absent := range map[string]string{
				made.ID:                                  "b-" + strings.Repeat("0", 26),
				fmt.Sprintf("r-%d-%d", h.branch, record): fmt.Sprintf("r-%d-%d", h.branch, 987654321),
			} {
				body := ""
				if r.method == http.MethodPatch {
					body = fmt.Sprintf(`{"start":%q}`, starts[len(starts)-1].Start)
				}
				got := h.do(r.method, strings.Replace(r.path, "{id}", own, 1), body, headers...)
				want := h.do(r.method, strings.Replace(r.path, "{id}", absent, 1), body, headers...)
				p, q := problemIn(t, got), problemIn(t, want)
				p.Instance, q.Instance = "", ""
				if got.Code < 400 || fmt.Sprintf("%+v", p) != fmt.Sprintf("%+v", q) {
					t.Errorf("%s %s by %s: %d %+v, absent %d %+v", r.method, own[:2], who, got.Code, p, want.Code, q)
				}
				cells++
			}
		}
	}
	if cells < 4*len(callers)*2 {
		t.Errorf("only %d cells", cells)
	}
	if h.applied() != before {
		t.Error("something changed at YCLIENTS")
	}

	var mine salon.Bookings
	h.get("/v1/me/bookings", &mine, "Authorization", "Bearer "+other)
	if len(mine.Bookings) != 0 {
		t.Errorf("another customer sees %+v", mine.Bookings)
	}
	// The owner still does, and an answer for one person is kept by nobody.
	w := h.do("GET", "/v1/bookings/"+made.ID, "", "Authorization", "Bearer "+owner)
	h.read(w, 200, nil)
	if got := w.Header().Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control %q", got)
	}
}

// The sandbox's own controls are no part of this server.
func TestTheSandboxIsNotHere(t *testing.T) {
	h := build(t)
	for _, path := range []string{"/_sandbox/sms", "/_sandbox/info", "/admin", "/setup", "/metrics", "/debug/pprof/"} {
		if w := h.do("GET", path, ""); w.Code != 404 || strings.Contains(w.Body.String(), sandbox.PartnerToken) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
