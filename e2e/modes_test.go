//go:build e2e

package e2e

import (
	"net/http"
	"testing"
)

// TestModes holds what ZAPIS_MODE promises: readonly serves live reads and writes nothing, pilot books for the listed
// phones only.
func TestModes(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	book := func(s *server, base string, phone string) reply {
		o := offers(t, base, guestBranch(t, base), 1)[0]
		return mustCall(t, http.MethodPost, s.url("/v1/bookings"), o.body(phone, ""), "Idempotency-Key", "modes-test-key-"+phone)
	}
	made := len(recordsByMark(t, info))

	readonly := startServer(t, append(gatewayEnv(info, 100), "ZAPIS_MODE=readonly"))
	var app struct{ Status string }
	if get(t, readonly.url("/v1/app"), &app); app.Status != "readonly" {
		t.Errorf("the app is told %q, want readonly", app.Status)
	}
	if r := book(readonly, readonly.url(""), "79000000001"); r.status != http.StatusServiceUnavailable || r.code() != "readonly" {
		t.Errorf("a booking in readonly: %d %s", r.status, r.body)
	}
	pilot := startServer(t, append(gatewayEnv(info, 100), "ZAPIS_MODE=pilot", "ZAPIS_PILOT_PHONES=+79000000002"))
	if r := book(pilot, pilot.url(""), "79000000001"); r.status != http.StatusForbidden || r.code() != "pilot_only" {
		t.Errorf("a booking of somebody else in pilot: %d %s", r.status, r.body)
	}
	if now := len(recordsByMark(t, info)); now != made {
		t.Errorf("%d records were made that should not be", now-made)
	}
	if r := book(pilot, pilot.url(""), "79000000002"); r.status != http.StatusCreated {
		t.Errorf("a booking of a listed phone in pilot: %d %s", r.status, r.body)
	}
	if now := len(recordsByMark(t, info)); now != made+1 {
		t.Errorf("%d records were made, want the pilot's one", now-made)
	}
}
