package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
)

// clock is a clock that stands still until it is told to move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const phone = salon.Phone("+79000000001")

// suite is the behaviour both databases share; each entry gets a fresh database.
var suite = []struct {
	name string
	run  func(t *testing.T, s *store.Store, c *clock)
}{
	{"accounts keep secrets that are not given again", testAccounts},
	{"a booking is written whole and read back", testBookingRoundTrip},
	{"a create ends confirmed", testSettleCreate},
	{"a refused create ends rejected", testRefuseCreate},
	{"an unknown create goes to the operator and may still be found", testAttention},
	{"a move changes the times, a cancel deletes", testMoveAndCancel},
	{"a booking has one open change", testOneOpenChange},
	{"a transition needs the newest version", testFence},
	{"a claim waits for the lease and is won once", testClaim},
	{"due intents are the open, unheld and overdue ones", testDue},
	{"what was not found is owed late looks", testLateLooks},
	{"api ids are unique", testAPIIDUnique},
	{"a change of a record made elsewhere needs no booking", testForeignChange},
	{"a stale look does not overwrite", testObserve},
	{"bookings are listed by owner, time and branch", testBookingsOf},
	{"a guest's bookings follow the proven phone", testAdopt},
	{"also fails, all fails", testAlso},
	{"an idempotency key is run once", testIdempotency},
	{"a key left by a dead process starts anew, and its zombie cannot write", testIdempotencyTakeover},
	{"a session starts, rotates and ends", testSession},
	{"refresh reuse ends the family", testRefreshReuse},
	{"concurrent rotations give one successor", testConcurrentRotation},
	{"a profile is merged", testProfile},
	{"a person is erased", testErase},
	{"a person is erased while booking", testEraseMeetsBooking},
	{"a person is erased while answers are out", testEraseMeetsKeys},
	{"codes sent are capped by phone and address", testCodeSends},
	{"code tries are capped by code, phone, address and share", testCodeTries},
	{"tries are counted exactly under concurrency", testConcurrentTries},
	{"consents are found again", testConsent},
	{"pace is read, changed and written under one lock", testPace},
	{"what is past its time is purged", testPurge},
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func(t testing.TB, now func() time.Time) *store.Store) {
		for _, tt := range suite {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				c := newClock()
				tt.run(t, open(t, c.now), c)
			})
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

func equal[T any](t testing.TB, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("got other than wanted (-want +got):\n%s", d)
	}
}

func newBooking(c *clock) store.NewBooking {
	at := c.now()
	return store.NewBooking{
		Booking: store.Booking{
			ID: secret.NewID(secret.BookingID), AccountID: store.EnvAccount, BranchID: 101,
			Client:         store.Client{Phone: phone, Name: "Анна", Email: "a@example.org", Comment: "тише"},
			SecretHash:     secret.HashToken(secret.NewToken(secret.BookingSecret)),
			ConsentVersion: "v1", ConsentAt: at,
			Appointments: []store.Appointment{
				{Position: 0, ServiceIDs: []int64{1, 2}, StaffAsked: 0, Start: "s1.a", StartsAt: at.Add(24 * time.Hour), Length: time.Hour, Display: json.RawMessage(`{"title":"Стрижка"}`)},
				{Position: 1, ServiceIDs: []int64{3}, StaffAsked: 7, StaffID: 7, Start: "s1.b", StartsAt: at.Add(26 * time.Hour), Length: 30 * time.Minute, Display: json.RawMessage(`null`)},
			},
		},
		Intent: newIntent(),
	}
}

func newIntent() store.NewIntent {
	return store.NewIntent{ID: secret.NewID(secret.IntentID), APIID: secret.NewAPIID(), Payload: []byte(`{"phone":"79000000001"}`),
		Fingerprint: "fp", Lease: 30 * time.Second, FirstLook: time.Minute}
}

func create(t testing.TB, s *store.Store, n store.NewBooking) (store.Booking, store.Intent) {
	t.Helper()
	b, it, err := s.CreateBooking(t.Context(), n)
	must(t, err)
	return b, it
}

var made = []store.Record{
	{Position: 0, RecordID: 501, RecordHash: secret.Text("hash-501"), StaffID: 4},
	{Position: 1, RecordID: 502, RecordHash: secret.Text("hash-502")},
}

// confirm takes a new booking to confirmed.
func confirm(t testing.TB, s *store.Store, n store.NewBooking) store.Booking {
	t.Helper()
	b, it := create(t, s, n)
	must(t, s.MarkSent(t.Context(), &it, time.Minute))
	must(t, s.SettleCreate(t.Context(), &it, made))
	return booking(t, s, b.ID)
}

func booking(t testing.TB, s *store.Store, id string) store.Booking {
	t.Helper()
	b, err := s.Booking(t.Context(), id)
	must(t, err)
	return b
}

func testAccounts(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	_, err := s.Account(ctx, store.EnvAccount)
	wantErr(t, err, store.ErrNotFound)
	a := store.Account{ID: store.EnvAccount, Title: "Сеть", Branches: []int64{2, 1}, APIKey: secret.Text("partner-token-example"), UserToken: secret.Text("user-token-example")}
	must(t, s.SaveAccount(ctx, a))
	must(t, s.SaveAccount(ctx, store.Account{ID: store.EnvAccount, Title: "Сеть 2", Branches: []int64{2, 1, 3}, UserToken: secret.Text("user-token-2")}))
	a.Title, a.Branches, a.UserToken = "Сеть 2", []int64{2, 1, 3}, secret.Text("user-token-2")
	got, err := s.Accounts(ctx)
	must(t, err)
	equal(t, got, []store.Account{a})
}

func testBookingRoundTrip(t *testing.T, s *store.Store, c *clock) {
	n := newBooking(c)
	b, it := create(t, s, n)
	want := n.Booking
	want.Status, want.CreatedAt, want.UpdatedAt = salon.Pending, c.now(), c.now()
	equal(t, b, want)
	equal(t, booking(t, s, b.ID), want)
	stored, err := s.Intent(t.Context(), it.ID)
	must(t, err)
	equal(t, stored, it)
	equal(t, stored, store.Intent{ID: n.Intent.ID, BookingID: b.ID, AccountID: store.EnvAccount, BranchID: 101, Kind: store.Create, State: store.Ready,
		APIID: n.Intent.APIID, Payload: n.Intent.Payload, Fingerprint: "fp", Version: 1, LeaseUntil: c.now().Add(30 * time.Second),
		NextLookAt: c.now().Add(time.Minute), CreatedAt: c.now(), UpdatedAt: c.now()})
	_, err = s.Booking(t.Context(), "b-none")
	wantErr(t, err, store.ErrNotFound)
	_, err = s.Intent(t.Context(), "i-none")
	wantErr(t, err, store.ErrNotFound)
	consent, err := s.LastConsent(t.Context(), s.PhoneHMAC(phone), 101)
	must(t, err)
	equal(t, consent, store.Consent{AccountID: store.EnvAccount, BranchID: 101, Who: s.PhoneHMAC(phone), Version: "v1", BookingID: b.ID, At: c.now()})
}

func testSettleCreate(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b, it := create(t, s, newBooking(c))
	must(t, s.MarkSent(ctx, &it, time.Minute))
	equal(t, it.State, store.Sent)
	equal(t, it.SentAt, c.now())
	c.add(time.Second)
	must(t, s.SettleCreate(ctx, &it, made))
	stored, err := s.Intent(ctx, it.ID)
	must(t, err)
	equal(t, stored, it)
	if it.State != store.Done || it.Payload != nil || it.Version != 3 || !it.SettledAt.Equal(c.now()) {
		t.Fatalf("got %+v, want a settled intent without its payload", it)
	}
	got := booking(t, s, b.ID)
	if got.Status != salon.Confirmed || got.Sequence != 1 {
		t.Fatalf("got %s, sequence %d; want confirmed, 1", got.Status, got.Sequence)
	}
	a := got.Appointments
	if a[0].RecordID != 501 || a[0].StaffID != 4 || a[0].RecordHash.Reveal() != "hash-501" || a[1].RecordID != 502 || a[1].StaffID != 7 {
		t.Fatalf("got %+v, want the records named", a)
	}
	found, err := s.BookingByRecord(ctx, 101, 502)
	must(t, err)
	equal(t, found, got)
	_, err = s.BookingByRecord(ctx, 102, 502)
	wantErr(t, err, store.ErrNotFound)
	wantErr(t, s.Refuse(ctx, &it, problem.Internal), store.ErrConflict)
}

func testRefuseCreate(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b, it := create(t, s, newBooking(c))
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.Refuse(ctx, &it, problem.Code("slot_taken")))
	got := booking(t, s, b.ID)
	if got.Status != salon.Rejected || got.Reason != "slot_taken" {
		t.Fatalf("got %s %s, want rejected slot_taken", got.Status, got.Reason)
	}
	b, it = create(t, s, newBooking(c)) // and before it was ever sent
	must(t, s.Refuse(ctx, &it, problem.Code("slot_taken")))
	equal(t, booking(t, s, b.ID).Status, salon.Rejected)
}

func testAttention(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b, it := create(t, s, newBooking(c))
	wantErr(t, s.MarkUnknown(ctx, &it, c.now()), store.ErrConflict) // never sent is not unknown
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.MarkUnknown(ctx, &it, c.now().Add(time.Second)))
	wantErr(t, s.MarkReady(ctx, &it, c.now()), store.ErrConflict) // unknown is never sent again
	wantErr(t, s.MarkSent(ctx, &it, time.Minute), store.ErrConflict)
	must(t, s.Looked(ctx, &it, c.now().Add(2*time.Second)))
	equal(t, it.Looks, 1)
	must(t, s.GiveUp(ctx, &it, problem.Code("outcome_unknown"), c.now()))
	got := booking(t, s, b.ID)
	if got.Status != salon.NeedsAttention || got.Reason != "outcome_unknown" {
		t.Fatalf("got %s %s, want needs_attention", got.Status, got.Reason)
	}
	waiting, err := s.BookingsInStatus(ctx, salon.NeedsAttention, 10)
	must(t, err)
	equal(t, waiting, []store.Booking{got})
	if it.Payload == nil {
		t.Fatal("the operator has lost what was to be sent")
	}
	// It is looked at further, and stays what it is.
	due, err := s.DueIntents(ctx, c.now(), 10)
	must(t, err)
	equal(t, due, []store.Intent{it})
	it, err = s.ClaimIntent(ctx, it.ID, time.Minute)
	must(t, err)
	must(t, s.Looked(ctx, &it, c.now().Add(time.Hour)))
	must(t, s.Postpone(ctx, &it, c.now().Add(time.Hour)))
	equal(t, it.State, store.Attention)
	due, err = s.DueIntents(ctx, c.now().Add(time.Minute), 10)
	must(t, err)
	equal(t, len(due), 0)
	must(t, s.SettleCreate(ctx, &it, made))
	equal(t, booking(t, s, b.ID).Status, salon.Confirmed)
	equal(t, booking(t, s, b.ID).Reason, "")
}

func testMoveAndCancel(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b := confirm(t, s, newBooking(c))
	change := store.Change{Kind: store.Move, BookingID: b.ID, AccountID: b.AccountID, BranchID: b.BranchID, IfSequence: b.Sequence + 1, Intent: newIntent()}
	change.Intent.APIID = ""
	_, err := s.AddIntent(ctx, change)
	wantErr(t, err, store.ErrConflict)
	change.IfSequence = b.Sequence
	it, err := s.AddIntent(ctx, change)
	must(t, err)
	must(t, s.MarkSent(ctx, &it, time.Minute))
	moved := c.now().Add(48 * time.Hour)
	must(t, s.SettleMove(ctx, &it, []store.Appointment{{Position: 0, Start: "s1.c", StartsAt: moved, Length: 2 * time.Hour}}))
	want := b
	want.Sequence++
	want.Appointments = append([]store.Appointment(nil), b.Appointments...)
	want.Appointments[0].Start, want.Appointments[0].StartsAt, want.Appointments[0].Length = "s1.c", moved, 2*time.Hour
	equal(t, booking(t, s, b.ID), want)

	refused := store.Change{Kind: store.Cancel, BookingID: b.ID, IfSequence: want.Sequence, Intent: newIntent()}
	it, err = s.AddIntent(ctx, refused)
	must(t, err)
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.GiveUp(ctx, &it, "outcome_unknown", c.now()))
	must(t, s.Refuse(ctx, &it, "not_allowed"))
	equal(t, booking(t, s, b.ID).Status, salon.Confirmed)

	cancel := store.Change{Kind: store.Cancel, BookingID: b.ID, IfSequence: want.Sequence + 2, Intent: newIntent()}
	it, err = s.AddIntent(ctx, cancel)
	must(t, err)
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.SettleCancel(ctx, &it))
	got := booking(t, s, b.ID)
	if got.Status != salon.Cancelled || !got.Appointments[0].Deleted || !got.Appointments[1].Deleted || got.Sequence <= want.Sequence {
		t.Fatalf("got %+v, want a cancelled booking", got)
	}
	last, err := s.LastIntent(ctx, b.ID)
	must(t, err)
	equal(t, last.Kind, store.Cancel)
}

func testOneOpenChange(t *testing.T, s *store.Store, c *clock) {
	b := confirm(t, s, newBooking(c))
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			n := newIntent()
			_, err := s.AddIntent(t.Context(), store.Change{Kind: store.Cancel, BookingID: b.ID, IfSequence: b.Sequence, Intent: n})
			errs <- err
		}()
	}
	won := 0
	for range cap(errs) {
		err := <-errs
		if err == nil {
			won++
			continue
		}
		wantErr(t, err, store.ErrOpenIntent)
	}
	equal(t, won, 1)
}

func testFence(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	_, it := create(t, s, newBooking(c))
	zombie := it
	c.add(time.Minute)
	fresh, err := s.ClaimIntent(ctx, it.ID, time.Minute)
	must(t, err)
	for name, try := range map[string]func() error{
		"MarkSent": func() error { z := zombie; return s.MarkSent(ctx, &z, time.Minute) },
		"Refuse":   func() error { z := zombie; return s.Refuse(ctx, &z, "x") },
		"Settle":   func() error { z := zombie; z.State = store.Sent; return s.SettleCreate(ctx, &z, made) },
		"Postpone": func() error { z := zombie; return s.Postpone(ctx, &z, c.now()) },
		"GiveUp":   func() error { z := zombie; z.State = store.Sent; return s.GiveUp(ctx, &z, "x", c.now()) },
	} {
		if err := try(); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s with an old version: got %v, want ErrConflict", name, err)
		}
	}
	must(t, s.MarkSent(ctx, &fresh, time.Minute))
	stored, err := s.Intent(ctx, it.ID)
	must(t, err)
	equal(t, stored, fresh)
}

func testClaim(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	_, it := create(t, s, newBooking(c))
	_, err := s.ClaimIntent(ctx, it.ID, time.Minute)
	wantErr(t, err, store.ErrConflict) // its maker holds it
	_, err = s.ClaimIntent(ctx, "i-none", time.Minute)
	wantErr(t, err, store.ErrNotFound)
	c.add(30 * time.Second)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			_, err := s.ClaimIntent(ctx, it.ID, time.Minute)
			errs <- err
		}()
	}
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else {
			wantErr(t, err, store.ErrConflict)
		}
	}
	equal(t, won, 1)
	held, err := s.Intent(ctx, it.ID)
	must(t, err)
	must(t, s.Refuse(ctx, &held, "x"))
	c.add(time.Hour)
	_, err = s.ClaimIntent(ctx, it.ID, time.Minute)
	wantErr(t, err, store.ErrConflict) // it has ended
}

func testDue(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	ids := func() (list []string) {
		due, err := s.DueIntents(ctx, c.now(), 10)
		must(t, err)
		for _, it := range due {
			list = append(list, it.ID)
		}
		return list
	}
	_, first := create(t, s, newBooking(c))
	c.add(time.Second)
	_, second := create(t, s, newBooking(c))
	_, ended := create(t, s, newBooking(c))
	must(t, s.Refuse(ctx, &ended, "x"))
	if got := ids(); len(got) != 0 {
		t.Fatalf("got %v, want nothing due yet", got)
	}
	c.add(time.Hour)
	equal(t, ids(), []string{first.ID, second.ID})
	got, err := s.ClaimIntent(ctx, first.ID, time.Minute)
	must(t, err)
	equal(t, ids(), []string{second.ID})
	must(t, s.Postpone(ctx, &got, c.now().Add(time.Minute)))
	equal(t, ids(), []string{second.ID})
	c.add(time.Minute)
	equal(t, ids(), []string{second.ID, first.ID})
}

func testLateLooks(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b, it := create(t, s, newBooking(c))
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.MarkUnknown(ctx, &it, c.now()))
	must(t, s.RefuseUnfound(ctx, &it, "not_found", 2, c.now().Add(time.Minute)))
	equal(t, booking(t, s, b.ID).Status, salon.Rejected)
	for left := range 2 {
		early, err := s.DueIntents(ctx, c.now(), 10)
		must(t, err)
		equal(t, len(early), 0)
		c.add(time.Minute)
		due, err := s.DueIntents(ctx, c.now(), 10)
		must(t, err)
		equal(t, due, []store.Intent{it})
		zombie := it
		it, err = s.ClaimIntent(ctx, it.ID, time.Minute)
		must(t, err)
		if it.State != store.Refused || it.Late != 2-left || it.Payload != nil {
			t.Fatalf("got %s with %d late looks, want it refused with %d", it.State, it.Late, 2-left)
		}
		wantErr(t, s.SettleCreate(ctx, &it, made), store.ErrConflict) // its customer has been told
		wantErr(t, s.LookedLate(ctx, &zombie, 0, c.now()), store.ErrConflict)
		must(t, s.LookedLate(ctx, &it, 1-left, c.now().Add(time.Minute)))
	}
	c.add(time.Hour)
	due, err := s.DueIntents(ctx, c.now(), 10)
	must(t, err)
	equal(t, len(due), 0)
	_, err = s.ClaimIntent(ctx, it.ID, time.Minute)
	wantErr(t, err, store.ErrConflict)
}

func testAPIIDUnique(t *testing.T, s *store.Store, c *clock) {
	a, b := newBooking(c), newBooking(c)
	b.Intent.APIID = a.Intent.APIID
	create(t, s, a)
	_, _, err := s.CreateBooking(t.Context(), b)
	wantErr(t, err, store.ErrConflict)
	_, err = s.Booking(t.Context(), b.Booking.ID)
	wantErr(t, err, store.ErrNotFound)
}

func testForeignChange(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	n := newIntent()
	n.APIID = ""
	it, err := s.AddIntent(ctx, store.Change{Kind: store.Cancel, BookingID: "r-101-77", AccountID: "env", BranchID: 101, Intent: n})
	must(t, err)
	must(t, s.MarkSent(ctx, &it, time.Minute))
	must(t, s.SettleCancel(ctx, &it))
	n = newIntent()
	_, err = s.AddIntent(ctx, store.Change{Kind: store.Cancel, BookingID: secret.NewID("b"), Intent: n})
	wantErr(t, err, store.ErrNotFound)
}

func testObserve(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	b := confirm(t, s, newBooking(c))
	gone := store.Observation{Status: salon.Cancelled, Appointments: []store.Appointment{{Position: 0, Deleted: true}, {Position: 1, Deleted: true}}}
	wantErr(t, s.ObserveBooking(ctx, b.ID, b.Sequence-1, gone), store.ErrConflict)
	it, err := s.AddIntent(ctx, store.Change{Kind: store.Cancel, BookingID: b.ID, IfSequence: b.Sequence, Intent: newIntent()})
	must(t, err)
	wantErr(t, s.ObserveBooking(ctx, b.ID, b.Sequence, gone), store.ErrOpenIntent)
	must(t, s.Refuse(ctx, &it, "x"))
	must(t, s.ObserveBooking(ctx, b.ID, b.Sequence, gone))
	got := booking(t, s, b.ID)
	if got.Status != salon.Cancelled || !got.Appointments[1].Deleted || got.Sequence != b.Sequence+1 {
		t.Fatalf("got %+v, want what was seen", got)
	}
	wantErr(t, s.ObserveBooking(ctx, "b-none", 0, gone), store.ErrNotFound)
}

func testBookingsOf(t *testing.T, s *store.Store, c *clock) {
	add := func(owner string, branch int64, in time.Duration) string {
		n := newBooking(c)
		n.Booking.Owner, n.Booking.BranchID = owner, branch
		n.Booking.Appointments = n.Booking.Appointments[:1]
		n.Booking.Appointments[0].StartsAt = c.now().Add(in)
		b, _ := create(t, s, n)
		return b.ID
	}
	_, person := start(t, s)
	_, neighbour, err := s.StartSession(t.Context(), store.SignIn{AccountID: store.EnvAccount, Phone: "+79000000002"}, sessions)
	must(t, err)
	me := person.ID
	late, soon, other := add(me, 101, 48*time.Hour), add(me, 102, 24*time.Hour), add(me, 103, 30*time.Hour)
	add(neighbour.ID, 101, 24*time.Hour)
	add("", 101, 24*time.Hour)
	yes, no := true, false
	for _, tt := range []struct {
		name   string
		owner  string
		filter store.BookingFilter
		want   []string
	}{
		{"all", me, store.BookingFilter{}, []string{soon, other, late}},
		{"branches", me, store.BookingFilter{Branches: []int64{101, 102}}, []string{soon, late}},
		{"limit", me, store.BookingFilter{Limit: 1}, []string{soon}},
		{"upcoming", me, store.BookingFilter{Upcoming: &yes, Now: c.now().Add(25 * time.Hour)}, []string{other, late}},
		{"past", me, store.BookingFilter{Upcoming: &no, Now: c.now().Add(40 * time.Hour)}, []string{other, soon}},
		{"nobody is not every guest", "", store.BookingFilter{}, nil},
		{"a stranger", "p-3", store.BookingFilter{}, nil},
	} {
		list, err := s.BookingsOf(t.Context(), tt.owner, tt.filter)
		must(t, err)
		var got []string
		for _, b := range list {
			got = append(got, b.ID)
			if len(b.Appointments) != 1 {
				t.Fatalf("%s: got %d appointments, want 1", tt.name, len(b.Appointments))
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

func testAdopt(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	mine, _ := create(t, s, newBooking(c))
	n := newBooking(c)
	n.Booking.Client.Phone = "+79000000002"
	create(t, s, n)
	tokens, _, err := s.StartSession(ctx, store.SignIn{AccountID: store.EnvAccount, Phone: phone}, sessions)
	must(t, err)
	must(t, s.AdoptBookings(ctx, tokens.PersonID))
	list, err := s.BookingsOf(ctx, tokens.PersonID, store.BookingFilter{})
	must(t, err)
	if len(list) != 1 || list[0].ID != mine.ID {
		t.Fatalf("got %d bookings, want the one of the phone", len(list))
	}
}

func testAlso(t *testing.T, s *store.Store, c *clock) {
	n, boom := newBooking(c), errors.New("boom")
	fails := func(ctx context.Context, tx *store.Tx) error {
		if (tx.SQLite() == nil) == (tx.Postgres() == nil) {
			t.Error("a transaction must be of exactly one database")
		}
		return boom
	}
	_, _, err := s.CreateBooking(t.Context(), n, fails)
	wantErr(t, err, boom)
	_, err = s.Booking(t.Context(), n.Booking.ID)
	wantErr(t, err, store.ErrNotFound)
	_, it := create(t, s, n)
	must(t, s.MarkSent(t.Context(), &it, time.Minute))
	before := it
	wantErr(t, s.SettleCreate(t.Context(), &it, made, fails), boom)
	equal(t, it, before)
	equal(t, booking(t, s, n.Booking.ID).Status, salon.Pending)
}

func testConsent(t *testing.T, s *store.Store, c *clock) {
	ctx := t.Context()
	_, err := s.LastConsent(ctx, "p-1", 101)
	wantErr(t, err, store.ErrNotFound)
	must(t, s.AddConsent(ctx, store.Consent{AccountID: "env", BranchID: 101, Who: "p-1", Version: "v1", At: c.now()}))
	must(t, s.AddConsent(ctx, store.Consent{AccountID: "env", BranchID: 101, Who: "p-1", Version: "v2", At: c.now().Add(time.Second)}))
	got, err := s.LastConsent(ctx, "p-1", 101)
	must(t, err)
	equal(t, got.Version, "v2")
}

func testPace(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	boom := errors.New("boom")
	wantErr(t, s.PaceUpdate(ctx, "a", func(old []byte) ([]byte, error) {
		if old != nil {
			t.Errorf("got %q the first time, want nil", old)
		}
		return []byte("lost"), boom
	}), boom)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := s.PaceUpdate(ctx, "a", func(old []byte) ([]byte, error) { return append(bytes.Clone(old), 'x'), nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, s.PaceUpdate(ctx, "a", func(old []byte) ([]byte, error) {
		equal(t, string(old), strings.Repeat("x", 20))
		return old, nil
	}))
	must(t, s.PaceUpdate(ctx, "b", func(old []byte) ([]byte, error) {
		if old != nil {
			t.Errorf("got %q for another address, want nil", old)
		}
		return nil, nil
	}))
}
