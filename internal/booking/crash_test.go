package booking

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
	"zapis/sandbox"
)

// points are the instructions between which a process is killed.
var points = []string{"before sent", "before sending", "before outcome", "before answer"}

// crashAt stops the next piece of work at a point, as kill -9 would.
func (h *house) crashAt(point string) {
	var once sync.Once
	h.crash = func(at string) (stop bool) {
		if at == point {
			once.Do(func() { stop = true })
		}
		return stop
	}
}

// A process killed at any step of a booking leaves, after the next start, exactly what a process that lived would:
// one record, or none and a word that says so; and the customer's repeat gets the truth.
func TestKilledWhileBooking(t *testing.T) { onEach(t, testKilledWhileBooking) }

func testKilledWhileBooking(t *testing.T, on func(*options)) {
	for _, point := range points {
		for _, later := range []time.Duration{6 * time.Second, 10 * time.Minute} {
			t.Run(fmt.Sprint(point, ", started again after ", later), func(t *testing.T) {
				h := setup(t, on)
				wish, key := h.wish(0), newKey()
				h.crashAt(point)
				if _, err := h.Create(t.Context(), guest, key, wish); err == nil {
					t.Fatal("the process was not killed")
				}
				h.restart()
				h.clock.advance(later)
				h.settleAll()
				// Without a repeat there is a record or not, but never two, and the store agrees.
				confirmed, err := h.store.BookingsInStatus(t.Context(), salon.Confirmed, 10)
				if err != nil || len(confirmed) != len(h.live()) {
					t.Errorf("%d confirmed, %v, and %d records", len(confirmed), err, len(h.live()))
				}
				if point == "before sent" && (later > time.Minute) != (len(confirmed) == 0) {
					t.Errorf("%d confirmed; what was never sent is sent only while the customer may still be there", len(confirmed))
				}
				a, err := h.Create(t.Context(), guest, key, wish)
				if err != nil || a.Status != http.StatusCreated || a.Booking.Secret == "" {
					t.Fatalf("the repeat: %d, %v; want 201 with the secret", a.Status, err)
				}
				if n := len(h.live()); n != 1 || h.made() != 1 {
					t.Errorf("%d records, %d made; want exactly one", n, h.made())
				}
				if got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking)); err != nil || got.Status != salon.Confirmed {
					t.Errorf("%v, %v; want it confirmed", got.Status, err)
				}
			})
		}
	}
}

// Likewise a move and a cancellation: done or not done, and the booking says which.
func TestKilledWhileChanging(t *testing.T) {
	for _, point := range points {
		for _, kind := range []store.IntentKind{store.Move, store.Cancel} {
			t.Run(fmt.Sprint(kind, " ", point), func(t *testing.T) {
				h := setup(t)
				b := h.book(guest, h.wish(0))
				to := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, day)[4]
				h.crashAt(point)
				err := h.changeOnce(kind, b, to.Start)
				if err == nil {
					t.Fatal("the process was not killed")
				}
				h.restart()
				h.clock.advance(6 * time.Second)
				h.settleAll()
				h.agrees(b)
				if err := h.changeOnce(kind, b, to.Start); err != nil {
					t.Errorf("trying again: %v", err)
				}
				h.agrees(b)
				r := h.record(b)
				if kind == store.Cancel && !r.Deleted || kind == store.Move && !r.Start.Equal(to.Time) {
					t.Errorf("the record is %+v", r)
				}
			})
		}
	}
}

func (h *house) changeOnce(kind store.IntentKind, b salon.Booking, start string) error {
	if kind == store.Cancel {
		_, err := h.Cancel(h.t.Context(), owns(b), refOf(b))
		return err
	}
	_, err := h.Move(h.t.Context(), owns(b), refOf(b), salon.Move{Start: start})
	return err
}

// agrees compares what the owner is told with the sandbox.
func (h *house) agrees(b salon.Booking) {
	h.t.Helper()
	h.clock.advance(time.Minute)
	got, err := h.Get(h.t.Context(), owns(b), refOf(b))
	if err != nil {
		h.t.Fatal(err)
	}
	r := h.record(b)
	if (got.Status == salon.Cancelled) != r.Deleted || !r.Deleted && !got.Appointments[0].Time.Equal(r.Start) {
		h.t.Errorf("the owner is told %s at %v, and the record is at %v, deleted %t", got.Status, got.Appointments[0].Time, r.Start, r.Deleted)
	}
	if got.Change != nil && got.Change.Status == changePending {
		h.t.Error("a change is still pending")
	}
}

// The answer is lost, and the look finds the record while the customer waits.
func TestLostAnswer(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.faults(sandbox.Faults{LoseNext: 1})
	a, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || a.Status != http.StatusCreated || a.Booking.Status != salon.Confirmed {
		t.Fatalf("got %d %s, %v; want 201 confirmed", a.Status, a.Booking.Status, err)
	}
	if h.made() != 1 || h.calls("createBooking") != 1 {
		t.Errorf("%d records by %d calls, want one of each", h.made(), h.calls("createBooking"))
	}
	again, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || asJSON(again) != asJSON(a) {
		t.Errorf("the repeat: %v, %v", again, err)
	}
	// It was found without its hash, and can be moved and cancelled all the same.
	to := h.slots(moscow, a.Booking.Appointments[0].Staff.ID, a.Booking.Appointments[0].Services[0].ID, day)[4]
	if _, err := h.Move(t.Context(), owns(a.Booking), refOf(a.Booking), salon.Move{Start: to.Start}); err != nil {
		t.Errorf("move: %v", err)
	}
	if _, err := h.Cancel(t.Context(), owns(a.Booking), refOf(a.Booking)); err != nil || len(h.live()) != 0 {
		t.Errorf("cancel: %v, %d records left", err, len(h.live()))
	}
}

// The answer is lost and YCLIENTS goes off: 202, and as soon as it is back the booking is confirmed.
func TestLostAnswerThenAnOutage(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.warm(wish)
	lose := &losing{left: 1}
	h.config.API = lose.client(t, h.config.API)
	h.restart()
	h.impatient()
	h.crash = func(point string) bool {
		if point == "before outcome" {
			h.faults(sandbox.Faults{Off: true})
		}
		return false
	}
	a, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || a.Status != http.StatusAccepted || a.Booking.Status != salon.Pending {
		t.Fatalf("got %d %s, %v; want 202 pending", a.Status, a.Booking.Status, err)
	}
	again, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || again.Status != http.StatusAccepted || again.Booking.ID != a.Booking.ID || again.Booking.Secret != a.Booking.Secret {
		t.Errorf("the repeat of a 202: %d %s, %v; want the present state", again.Status, again.Booking.ID, err)
	}
	_, err = h.Cancel(t.Context(), owns(a.Booking), refOf(a.Booking))
	wantCode(t, err, problem.BookingPending)
	for range 30 {
		h.clock.advance(time.Minute) // half an hour without YCLIENTS: nobody guesses
		for _, it := range h.due() {
			if _, err := h.Settle(t.Context(), it.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking)); err != nil || got.Status != salon.Pending {
		t.Errorf("after half an hour without YCLIENTS: %v, %v; want pending", got.Status, err)
	}
	h.faults(sandbox.Faults{})
	h.settleAll()
	again, err = h.Create(t.Context(), guest, key, wish)
	if err != nil || again.Status != http.StatusCreated || again.Booking.Status != salon.Confirmed || h.made() != 1 {
		t.Errorf("when it is back: %d %s, %v, %d records; want 201 confirmed, one", again.Status, again.Booking.Status, err, h.made())
	}
}

func (h *house) due() []store.Intent {
	h.t.Helper()
	due, err := h.store.DueIntents(h.t.Context(), h.clock.now(), 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return due
}

// The request itself is lost. Only after YCLIENTS can no longer be working on it, and after two looks through the
// whole journal, is it called not made; then the same key may try again.
func TestLostRequest(t *testing.T) {
	h := setup(t)
	wish, key := h.wish(0), newKey()
	h.impatient()
	h.faults(sandbox.Faults{CutNext: 1})
	a, err := h.Create(t.Context(), guest, key, wish)
	if err != nil || a.Status != http.StatusAccepted {
		t.Fatalf("got %d, %v; want 202", a.Status, err)
	}
	h.Close(t.Context()) // so that only this test looks
	h.restart()
	sent := h.clock.now()
	for h.clock.now().Sub(sent) < h.pace.quiet {
		if got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking)); err != nil || got.Status != salon.Pending {
			t.Fatalf("%s after sending it is already %s, %v", h.clock.now().Sub(sent), got.Status, err)
		}
		h.clock.advance(time.Second)
		for _, it := range h.due() {
			if _, err := h.Settle(t.Context(), it.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Quiet is over, and one look that finds nothing is not enough.
	for _, it := range h.due() {
		if _, err := h.Settle(t.Context(), it.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking)); err != nil || got.Status != salon.Pending {
		t.Errorf("after one look it is already %s, %v", got.Status, err)
	}
	h.settleAll()
	if took := h.clock.now().Sub(sent); took > time.Minute {
		t.Errorf("settled after %s, want within a minute", took)
	}
	got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking))
	if err != nil || got.Status != salon.Rejected || got.Reason != string(problem.UpstreamUnavailable) {
		t.Errorf("got %s for %s, %v; want it rejected", got.Status, got.Reason, err)
	}
	if again, err := h.Create(t.Context(), guest, key, wish); err != nil || again.Status != http.StatusCreated || h.made() != 1 {
		t.Errorf("the same key again: %d, %v, %d records; want 201 and one", again.Status, err, h.made())
	}
}

// The answer is lost, and before the look the salon deletes the record: it was made, and it is gone.
func TestLostAnswerThenDeleted(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	h.pace.wait = time.Millisecond // before the first look
	h.faults(sandbox.Faults{LoseNext: 1})
	a, err := h.Create(t.Context(), guest, newKey(), wish)
	if err != nil || a.Status != http.StatusAccepted {
		t.Fatalf("got %d, %v; want 202", a.Status, err)
	}
	h.Close(t.Context())
	h.restart()
	if _, err := h.employee.Records.Delete(t.Context(), moscow, h.live()[0].ID); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(time.Minute)
	h.settleAll()
	got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking))
	if err != nil || got.Status != salon.Cancelled {
		t.Errorf("got %s, %v; want cancelled", got.Status, err)
	}
}

// An answer of 500 or a proxy's page says nothing about the booking.
func TestBrokenAnswers(t *testing.T) {
	for name, f := range map[string]sandbox.Faults{"500": {ErrorNext: 1}, "html": {HTMLNext: 1}} {
		t.Run(name, func(t *testing.T) {
			h := setup(t)
			wish := h.wish(0)
			h.warm(wish)
			h.impatient()
			h.faults(f)
			a, err := h.Create(t.Context(), guest, newKey(), wish)
			if err != nil || a.Status != http.StatusAccepted || a.Booking.Status != salon.Pending {
				t.Fatalf("got %d %s, %v; want 202 pending", a.Status, a.Booking.Status, err)
			}
			h.settleAll()
			if h.made() != 0 || h.calls("createBooking") > 1 {
				t.Errorf("%d records by %d calls", h.made(), h.calls("createBooking"))
			}
		})
	}
}

// A journal that was cut short, refused or broken proves nothing.
func TestACutJournalProvesNothing(t *testing.T) {
	for name, f := range map[string]sandbox.Faults{"refusal in a 200": {RefuseNext: 1}, "html": {HTMLNext: 1}, "500": {ErrorNext: 1}} {
		t.Run(name, func(t *testing.T) {
			h := setup(t)
			wish := h.wish(0)
			lose := &losing{left: 1}
			h.config.API = lose.client(t, h.config.API)
			h.restart()
			h.pace.wait = time.Millisecond // before the first look
			a, err := h.Create(t.Context(), guest, newKey(), wish)
			if err != nil || a.Status != http.StatusAccepted {
				t.Fatalf("got %d, %v; want 202", a.Status, err)
			}
			h.Close(context.Background())
			h.restart()
			h.clock.advance(2 * time.Minute)
			for range 4 {
				h.faults(f)
				for _, it := range h.due() {
					if _, err := h.Settle(t.Context(), it.ID); err != nil {
						t.Fatal(err)
					}
				}
				h.clock.advance(time.Minute)
			}
			if got, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || got.Status != salon.Pending {
				t.Errorf("it is %s, %v, on the strength of broken journals", got.Status, err)
			}
			h.faults(sandbox.Faults{})
			h.settleAll()
			if got, err := h.store.Booking(t.Context(), a.Booking.ID); err != nil || got.Status != salon.Confirmed {
				t.Errorf("it is %s, %v; want confirmed", got.Status, err)
			}
		})
	}
}

// Where the employee may not read the journal, a person's own records tell; for a guest, the salon must.
func TestWithoutRightsToTheJournal(t *testing.T) {
	t.Run("person", func(t *testing.T) {
		h := setup(t)
		who := h.signIn(personPhone)
		wish := h.wish(0)
		wish.Client.Phone = ""
		lose := &losing{left: 1, blind: true}
		h.config.API = lose.client(t, h.config.API)
		h.restart()
		b := h.book(who, wish)
		if h.made() != 1 || h.record(b).ID == 0 {
			t.Error("not the one record")
		}
	})
	t.Run("guest", func(t *testing.T) {
		h := setup(t)
		wish := h.wish(0)
		lose := &losing{left: 1, blind: true}
		h.config.API = lose.client(t, h.config.API)
		h.restart()
		h.impatient()
		a, err := h.Create(t.Context(), guest, newKey(), wish)
		if err != nil || a.Status != http.StatusAccepted {
			t.Fatalf("got %d, %v; want 202", a.Status, err)
		}
		h.settleAll()
		got, err := h.Get(t.Context(), owns(a.Booking), refOf(a.Booking))
		if err != nil || got.Status != salon.NeedsAttention {
			t.Errorf("got %s, %v; want needs_attention", got.Status, err)
		}
		if h.made() != 1 || h.calls("createBooking") != 1 {
			t.Errorf("%d records by %d calls, want one of each", h.made(), h.calls("createBooking"))
		}
	})
}

// The answers to a move and to a cancellation are lost.
func TestLostChanges(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	to := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, day)[4]
	h.faults(sandbox.Faults{LoseNext: 1})
	a, err := h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: to.Start})
	if err != nil || a.Status != http.StatusOK || !a.Booking.Appointments[0].Time.Equal(to.Time) {
		t.Errorf("move: %d, %v; want it found done", a.Status, err)
	}
	h.faults(sandbox.Faults{CutNext: 1})
	h.impatient()
	back := b.Appointments[0].Start
	a, err = h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: back})
	if err != nil || a.Status != http.StatusAccepted || a.Booking.Change == nil || a.Booking.Change.Status != changePending {
		t.Errorf("move: %d %+v, %v; want it pending", a.Status, a.Booking.Change, err)
	}
	h.settleAll()
	got, err := h.Get(t.Context(), owns(b), refOf(b))
	if err != nil || got.Change == nil || got.Change.Status != changeRejected || !got.Appointments[0].Time.Equal(to.Time) {
		t.Errorf("the lost move: %+v, %v; want it rejected and the booking where it was", got.Change, err)
	}
	h.faults(sandbox.Faults{LoseNext: 1})
	h.pace.wait = 5 * time.Second
	a, err = h.Cancel(t.Context(), owns(b), refOf(b))
	if err != nil || a.Status != http.StatusOK || a.Booking.Status != salon.Cancelled || !h.record(b).Deleted {
		t.Errorf("cancel: %d %s, %v; want it found done", a.Status, a.Booking.Status, err)
	}
}

// A cancellation here never succeeds unless the one there did.
func TestNoCancelWithoutYCLIENTS(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	h.faults(sandbox.Faults{Off: true})
	h.impatient()
	a, err := h.Cancel(t.Context(), owns(b), refOf(b))
	if err == nil && a.Booking.Status == salon.Cancelled {
		t.Fatal("cancelled without YCLIENTS")
	}
	h.faults(sandbox.Faults{})
	h.settleAll()
	h.agrees(b)
	if h.record(b).Deleted {
		t.Error("the record is deleted")
	}
}

// Two processes over one store take up the same intents.
func TestTwoSettlers(t *testing.T) { onEach(t, testTwoSettlers) }

func testTwoSettlers(t *testing.T, on func(*options)) {
	h := setup(t, on)
	keys := map[string]salon.NewBooking{}
	for n := range 3 {
		wish, key := h.wish(3*n), newKey()
		h.crashAt([]string{"before sent", "before sending", "before outcome"}[n])
		if _, err := h.Create(t.Context(), guest, key, wish); err == nil {
			t.Fatal("the process was not killed")
		}
		keys[key] = wish
	}
	h.clock.advance(6 * time.Second)
	h.restart()
	first := h.Service
	h.restart()
	for range 20 {
		var both sync.WaitGroup
		for _, it := range h.due() {
			for _, s := range []*Service{first, h.Service} {
				both.Go(func() {
					if _, err := s.Settle(context.Background(), it.ID); err != nil {
						t.Errorf("settle: %v", err)
					}
				})
			}
		}
		both.Wait()
		h.clock.advance(5 * time.Second)
	}
	for key, wish := range keys {
		if a, err := h.Create(t.Context(), guest, key, wish); err != nil || a.Status != http.StatusCreated {
			t.Errorf("the repeat: %d, %v", a.Status, err)
		}
	}
	if h.made() != 3 {
		t.Errorf("%d records, want 3", h.made())
	}
}

// Whatever happens in whatever order, each key has at most one record, and when all is quiet what the customers are
// told is what the sandbox holds.
func TestAnyOrderOfTroubles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := setup(t, func(o *options) { o.alone = true })
		type made struct {
			key  string
			wish salon.NewBooking
		}
		var asked []made
		for i := range rapid.IntRange(2, 5).Draw(rt, "steps") {
			h.faults(rapid.SampledFrom([]sandbox.Faults{
				{}, {}, {LoseNext: 1}, {CutNext: 1}, {ErrorNext: 1}, {HTMLNext: 1}, {RefuseNext: 2}, {Off: true},
			}).Draw(rt, "fault"))
			if p := rapid.SampledFrom(append([]string{"", "", ""}, points...)).Draw(rt, "kill"); p != "" {
				h.crashAt(p)
			}
			m := made{newKey(), salon.NewBooking{}}
			if len(asked) > 0 && rapid.Bool().Draw(rt, "repeat") {
				m = asked[rapid.IntRange(0, len(asked)-1).Draw(rt, "which")]
			} else {
				faults := h.sandbox.Faults()
				h.faults(sandbox.Faults{})
				m.wish = h.wish(i)
				h.warm(m.wish)
				h.faults(faults)
				asked = append(asked, m)
			}
			h.pace.wait = 30 * time.Millisecond
			_, _ = h.Create(t.Context(), guest, m.key, m.wish)
			if rapid.Bool().Draw(rt, "restart") {
				h.restart()
			}
			h.clock.advance(time.Duration(rapid.IntRange(0, 100).Draw(rt, "seconds")) * time.Second)
		}
		h.faults(sandbox.Faults{})
		h.restart()
		h.settleAll()
		confirmed, err := h.store.BookingsInStatus(t.Context(), salon.Confirmed, 100)
		if err != nil || len(confirmed) != len(h.live()) || h.made() != len(h.live()) {
			rt.Fatalf("%d confirmed, %v, %d records, %d made", len(confirmed), err, len(h.live()), h.made())
		}
		marks := map[string]bool{}
		for _, r := range h.live() {
			if marks[r.APIID] {
				rt.Fatal("two records with one mark")
			}
			marks[r.APIID] = true
		}
		for _, m := range asked {
			h.pace.wait = 5 * time.Second
			a, err := h.Create(t.Context(), guest, m.key, m.wish)
			if err != nil && !problem.Has(err, problem.SlotTaken) {
				rt.Fatalf("in the end a repeat is answered %v", err)
			}
			if err == nil && (a.Status != http.StatusCreated || a.Booking.Status != salon.Confirmed) {
				rt.Fatalf("in the end a repeat is answered %d %s", a.Status, a.Booking.Status)
			}
		}
		if n := len(h.live()); n > len(asked) {
			rt.Fatalf("%d keys and %d records", len(asked), n)
		}
	})
}
