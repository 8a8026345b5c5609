package booking

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
)

// pass lets time pass and settles whatever is due, as the jobs would, in the last state of things.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	h.clock.advance(d)
	for range 3 {
		for _, it := range h.due() {
			if _, err := h.Settle(h.t.Context(), it.ID); err != nil {
				h.t.Fatal(err)
			}
		}
		h.clock.advance(20 * time.Second)
	}
}

// attended makes a booking whose answer is lost, or that never arrives, while the journal is barred, until it waits for
// the operator.
func (h *house) attended(who salon.Caller, wish salon.NewBooking, arrives bool) (salon.Answer, *losing) {
	h.t.Helper()
	lose := &losing{blind: true}
	if arrives {
		lose.left = 1
	}
	hook, cut := lose.hook(h.t), !arrives
	h.config.API = passing(h.t, h.config.API, func(r *http.Request) (*http.Response, error) {
		if cut && r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/book_record/") {
			cut = false
			return nil, http.ErrHandlerTimeout
		}
		return hook(r)
	})
	h.restart()
	h.impatient()
	a, err := h.Create(h.t.Context(), who, newKey(), wish)
	if err != nil || a.Status != http.StatusAccepted {
		h.t.Fatalf("got %d, %v; want 202", a.Status, err)
	}
	h.settleAll()
	if b, err := h.store.Booking(h.t.Context(), a.Booking.ID); err != nil || b.Status != salon.NeedsAttention {
		h.t.Fatalf("it is %s, %v; want needs_attention", b.Status, err)
	}
	return a, lose
}

// What waits for the operator is looked at further: when the journal can be read again, the truth is told.
func TestAttentionEnds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		arrived bool
		want    salon.Status
		reason  problem.Code
	}{
		{"it was made", true, salon.Confirmed, ""},
		{"it was not made", false, salon.Rejected, problem.UpstreamUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := setup(t)
			a, lose := h.attended(guest, h.wish(0), tt.arrived)
			h.pass(time.Hour)
			if b, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || b.Status != salon.NeedsAttention {
				t.Errorf("still barred it is %s, %v; want needs_attention", b.Status, err)
			}
			asked := h.calls("listRecords")
			lose.blind = false
			h.pass(5 * time.Minute)
			if h.calls("listRecords") != asked {
				t.Error("it is looked at all the time")
			}
			h.pass(15 * time.Minute)
			b, err := h.store.Booking(t.Context(), a.Booking.ID)
			if err != nil || b.Status != tt.want || b.Reason != tt.reason {
				t.Errorf("got %s %s, %v; want %s", b.Status, b.Reason, err, tt.want)
			}
		})
	}
}

// An erasure leaves to a booking that waits for the operator what it is looked up by.
func TestErasedWhileWaitingForTheOperator(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	a, lose := h.attended(who, wish, false)
	if err := h.session.Erase(t.Context(), who.Person); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Purge(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	lose.blind = false
	h.pass(time.Hour)
	if b, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || b.Status != salon.Rejected {
		t.Errorf("got %s, %v; want rejected", b.Status, err)
	}
	if _, err := h.store.Purge(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	if b, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || b.Client != (store.Client{}) {
		t.Errorf("the client's data outlive the change that needed them: %v", err)
	}
}

// Records that are alike without our mark are not taken from the operator by a later look.
func TestALikenessIsLeftToTheOperator(t *testing.T) {
	h := setup(t)
	h.config.API = withoutMarks(t, h.config.API, yesToChecks)
	h.restart()
	wish := h.twoVisits(0, 8)
	h.inTheWidget(wish)
	a, err := h.Create(t.Context(), guest, newKey(), wish)
	if err != nil {
		t.Fatal(err)
	}
	h.pass(time.Hour)
	if b, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || b.Status != salon.NeedsAttention {
		t.Errorf("got %s, %v; want needs_attention still", b.Status, err)
	}
	if n := h.standing(); n != 2 {
		t.Errorf("%d of the widget's two records are left", n)
	}
}
