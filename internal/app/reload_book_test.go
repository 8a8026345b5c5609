package app

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"zapis/sandbox"
)

const bookOperation = "createBooking"

// Bookings that are under way while the settings change come to exactly one record each, though answers of YCLIENTS are
// late and some are lost, and a server that has moved many times is no larger than one that has not. ZAPIS_TEST_MOVES sets
// how often it moves.
func TestBookingsSurviveNewSettings(t *testing.T) {
	moves := 4
	if n, err := strconv.Atoi(os.Getenv("ZAPIS_TEST_MOVES")); err == nil {
		moves = n
	}
	s := startServed(t, func(s *served) { s.write(s.account(sandbox.UserToken, "ZAPIS_COMPANY_IDS=4565,4566")...) })
	for _, f := range []sandbox.Fault{
		{Kind: "delay", Operation: bookOperation, Chance: 0.5, Seconds: 0.2}, {Kind: "drop_after", Operation: bookOperation, Chance: 0.2},
	} {
		if _, err := s.sb.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	book := s.booker(t)
	book(0)
	goroutines := runtime.NumGoroutine()

	taken := func() int { return strings.Count(s.log.String(), "settings taken") }
	booked := 1
	for n := 1; n <= moves; n++ {
		s.write(s.account(sandbox.UserToken, "ZAPIS_COMPANY_IDS=4565,4566", fmt.Sprintf("ZAPIS_HIDDEN_STAFF=%d", 700+n))...)
		for taken() < n {
			book(booked)
			booked++
		}
	}
	records := map[string]int{}
	for _, e := range s.sb.Ledger() {
		if e.OperationID == bookOperation && e.Applied {
			records[e.APIID] += len(e.RecordIDs)
		}
	}
	for id, n := range records {
		if n != 1 || id == "" {
			t.Errorf("%d records of intent %q", n, id)
		}
	}
	if len(records) != booked {
		t.Errorf("%d bookings came to %d records", booked, len(records))
	}
	t.Logf("%d bookings during %d moves; goroutines %d, then %d", booked, taken(), goroutines, runtime.NumGoroutine())
	s.until("no goroutine is left of the former houses", func() bool { return runtime.NumGoroutine() <= goroutines+5 })
	s.stop()
	if err := <-s.end; err != nil {
		t.Error(err)
	}
}

// booker makes bookings one after another, each repeated with its key until its outcome is known.
func (s *served) booker(t *testing.T) func(n int) {
	t.Helper()
	var list struct {
		Branches []struct {
			ID      int64
			Consent struct{ Version string }
			Rules   struct {
				CodeRequired bool `json:"code_required"`
			}
		}
	}
	s.get(t, "/v1/branches", &list)
	branch := list.Branches[0]
	for _, b := range list.Branches {
		if !b.Rules.CodeRequired {
			branch = b
		}
	}
	root := fmt.Sprintf("/v1/branches/%d", branch.ID)
	var services struct{ Services []struct{ ID int64 } }
	s.get(t, root+"/services", &services)
	service := services.Services[0].ID
	return func(n int) {
		t.Helper()
		key := fmt.Sprintf("booked-while-moving-%d", n)
		var near struct {
			Slots []struct{ Start string }
		}
		if s.get(t, fmt.Sprintf("%s/nearest-slots?services=%d&staff=0", root, service), &near); len(near.Slots) == 0 {
			t.Fatal("nothing is free")
		}
		body := map[string]any{
			"branch": branch.ID, "appointments": []any{map[string]any{"services": []int64{service}, "staff": 0, "start": near.Slots[0].Start}},
			"client": map[string]any{"name": "Тест", "phone": fmt.Sprintf("7900000%04d", 5000+n)}, "consent": map[string]any{"version": branch.Consent.Version},
		}
		status, answer := 0, ""
		s.until("booking "+key, func() bool {
			status, answer = s.postAs(t, key, "/v1/bookings", body)
			return status != http.StatusAccepted && status < 500
		})
		if status != http.StatusCreated && status != http.StatusOK {
			t.Fatalf("booking %d: %d %s", n, status, answer)
		}
	}
}
