//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

// TestGuessingACodeReachesTheSalonTenTimes tries 1,000 codes for one phone, by signing in and by booking,
// over restarts of the server. At most 10 may reach the sandbox.
func TestGuessingACodeReachesTheSalonTenTimes(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	s := startServer(t, gatewayEnv(info, 100))
	base := s.url("")
	b := codeBranch(t, base)
	free := offers(t, base, b, 1)[0]
	const phone = "79000000124"
	before := tries(t, info)
	refused := map[string]int{}
	for i := range 1000 {
		if i%50 == 0 {
			mustCall(t, http.MethodPost, base+"/v1/auth/codes", map[string]any{"branch": b.ID, "phone": phone})
		}
		if i%200 == 100 {
			s.kill()
			s.again()
		}
		guess := fmt.Sprintf("%05d", (i*7919)%100000)
		var r reply
		if i%2 == 0 {
			r = mustCall(t, http.MethodPost, base+"/v1/auth/sessions", map[string]any{"branch": b.ID, "phone": phone, "code": guess})
		} else {
			r = mustCall(t, http.MethodPost, base+"/v1/bookings", free.body(phone, guess), "Idempotency-Key", fmt.Sprintf("guess-of-a-code-%08d", i))
		}
		if r.status/100 == 2 || r.status >= 500 {
			t.Fatalf("guess %d was answered %d %s", i, r.status, r.body)
		}
		refused[r.code()]++
	}
	reached := tries(t, info) - before
	t.Logf("1,000 guesses: %d reached the sandbox; answers %v", reached, refused)
	if reached > 10 {
		t.Errorf("%d guesses reached the sandbox, want at most 10", reached)
	}
	if reached == 0 {
		t.Error("no guess reached the sandbox: the test proves nothing")
	}

	// The right code after the lockout fails too.
	var messages []sms
	get(t, info.BaseURL+"/_sandbox/sms", &messages)
	for _, m := range messages {
		if m.Phone != phone {
			continue
		}
		r, err := call(context.Background(), http.MethodPost, base+"/v1/auth/sessions", map[string]any{"branch": b.ID, "phone": phone, "code": m.Code})
		if err != nil || r.status/100 == 2 {
			t.Errorf("the right code after the lockout: %d, %v", r.status, err)
		}
		return
	}
	t.Error("no SMS was sent")
}

// tries counts the calls that carried a code to the sandbox.
func tries(t *testing.T, info sandboxInfo) int {
	t.Helper()
	var entries []ledgerEntry
	get(t, info.BaseURL+"/_sandbox/ledger", &entries)
	n := 0
	for _, e := range entries {
		if e.OperationID == "authUserByPhoneCode" || e.OperationID == "createBooking" {
			n++
		}
	}
	return n
}
