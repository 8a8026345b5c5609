//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// The parts of the mobile API that the tests read.
type (
	branch struct {
		ID    int64
		Title string
		Zone  string
		Rules struct {
			CodeRequired bool `json:"code_required"`
		}
		Consent struct {
			Required bool
			Version  string
		}
	}
	service struct {
		ID       int64
		Title    string
		Duration *int64 `json:"duration_s"`
		Prepaid  string
	}
	master struct{ ID int64 }
	slot   struct {
		Start string
		Time  time.Time
	}
	booking struct {
		ID     string
		Status string
		Reason string
		Secret string
	}
	ledgerEntry struct {
		Seq         int64
		OperationID string `json:"operation_id"`
		Status      int
		Applied     bool
		RecordIDs   []int64 `json:"record_ids"`
		APIID       string  `json:"api_id"`
	}
	sms struct{ Phone, Code string }
)

// offer is a free time that a test may book.
type offer struct {
	branch  branch
	service int64
	staff   int64
	start   string
	time    time.Time
}

func (o offer) body(phone, code string) map[string]any {
	b := map[string]any{
		"branch":       o.branch.ID,
		"appointments": []any{map[string]any{"services": []int64{o.service}, "staff": o.staff, "start": o.start}},
		"client":       map[string]any{"name": "Тест", "phone": phone},
	}
	if o.branch.Consent.Required {
		b["consent"] = map[string]any{"version": o.branch.Consent.Version}
	}
	if code != "" {
		b["code"] = code
	}
	return b
}

// guestBranch is a branch where a guest books without a code.
func guestBranch(t *testing.T, base string) branch {
	t.Helper()
	var list struct{ Branches []branch }
	get(t, base+"/v1/branches", &list)
	for _, b := range list.Branches {
		if !b.Rules.CodeRequired {
			return b
		}
	}
	t.Fatal("no branch takes guests without a code")
	return branch{}
}

func codeBranch(t *testing.T, base string) branch {
	t.Helper()
	var list struct{ Branches []branch }
	get(t, base+"/v1/branches", &list)
	for _, b := range list.Branches {
		if b.Rules.CodeRequired {
			return b
		}
	}
	t.Fatal("no branch asks guests for a code")
	return branch{}
}

// offers collects at least n free starts that do not overlap: one service, every master, day by day.
func offers(t *testing.T, base string, b branch, n int) []offer {
	t.Helper()
	var catalogue struct{ Services []service }
	get(t, fmt.Sprintf("%s/v1/branches/%d/services", base, b.ID), &catalogue)
	var found []offer
	busy := map[string]bool{}
	for _, s := range catalogue.Services {
		if s.Prepaid == "required" || s.Duration == nil || *s.Duration > 7200 {
			continue
		}
		var staff struct{ Staff []master }
		get(t, fmt.Sprintf("%s/v1/branches/%d/staff?services=%d", base, b.ID, s.ID), &staff)
		for _, m := range staff.Staff {
			if m.ID == 0 || busy[fmt.Sprint(m.ID)] {
				continue
			}
			busy[fmt.Sprint(m.ID)] = true // one service for each master, so that starts are comparable
			found = append(found, free(t, base, b, s, m.ID, n-len(found))...)
			if len(found) >= n {
				return found
			}
		}
	}
	t.Fatalf("only %d free starts, want %d", len(found), n)
	return nil
}

// free walks the days of one master and takes starts that leave room for each other.
func free(t *testing.T, base string, b branch, s service, staff int64, n int) []offer {
	t.Helper()
	ask := fmt.Sprintf("services=%d&staff=%d", s.ID, staff)
	var days struct{ Dates []string }
	get(t, fmt.Sprintf("%s/v1/branches/%d/dates?%s", base, b.ID, ask), &days)
	var found []offer
	for _, day := range days.Dates {
		var slots struct{ Slots []slot }
		get(t, fmt.Sprintf("%s/v1/branches/%d/slots?%s&date=%s", base, b.ID, ask, day), &slots)
		var last time.Time
		for _, sl := range slots.Slots {
			if sl.Time.Sub(last) < time.Duration(*s.Duration)*time.Second {
				continue
			}
			last = sl.Time
			found = append(found, offer{b, s.ID, staff, sl.Start, sl.Time})
			if len(found) >= n {
				return found
			}
		}
	}
	return found
}

// settled reads a booking until its outcome is known.
func settled(t *testing.T, base string, b booking) booking {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		r := mustCall(t, http.MethodGet, base+"/v1/bookings/"+b.ID, nil, "Zapis-Booking-Secret", b.Secret)
		if r.status == http.StatusOK {
			var now booking
			r.into(t, &now)
			if now.Status != "pending" {
				return now
			}
		}
		select {
		case <-again.C:
		case <-limit.C:
			t.Fatalf("booking %s stays pending: %s", b.ID, r.body)
		}
	}
}

// recordsByMark counts the records that were truly made, by our mark, from the sandbox's ledger.
func recordsByMark(t *testing.T, info sandboxInfo) map[string]int {
	t.Helper()
	marks := map[string]int{}
	var entries []ledgerEntry
	get(t, info.BaseURL+"/_sandbox/ledger", &entries)
	for _, e := range entries {
		if e.OperationID == "createBooking" && e.Applied {
			marks[e.APIID] += len(e.RecordIDs)
		}
	}
	return marks
}
