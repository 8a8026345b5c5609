package booking

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zapis/internal/mirror"
	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/session"
	"zapis/internal/store"
	"zapis/internal/store/storetest"
	"zapis/sandbox"
	"zapis/yclients"
)

func TestMain(m *testing.M) {
	// A handful of random histories by default; -rapid.checks=1000 for a night.
	if err := flag.Set("rapid.checks", "3"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

const (
	moscow int64 = 4564
	urals  int64 = 4565 // asks a guest for an SMS code

	guestPhone  = "+79000000001"
	personPhone = "+79000000088"
)

// handClock is the one clock of sandbox, store, mirror and booking.
type handClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is a booking service with everything below it, before a sandbox of its own.
type house struct {
	*Service
	t       *testing.T
	sandbox *sandbox.Sandbox
	store   *store.Store
	mirror  *mirror.Mirror
	session *session.Service
	clock   *handClock
	config  Config
	seq     int64         // of the ledger after the set-up
	log     *bytes.Buffer // everything that was logged
}

type options struct {
	switches *sandbox.Switches
	user     yclients.Token
	hidden   []string
	change   func(*Config)
	alone    bool // not beside other tests
	open     func(testing.TB, func() time.Time) *store.Store
}

func setup(t *testing.T, opts ...func(*options)) *house {
	t.Helper()
	o := options{user: sandbox.AppUserToken, change: func(*Config) {}, open: storetest.SQLite}
	for _, f := range opts {
		f(&o)
	}
	if !o.alone {
		t.Parallel()
	}
	clock := &handClock{t: time.Date(2027, 3, 10, 7, 0, 0, 0, time.UTC)} // a Wednesday, 10 o'clock in Moscow
	boxOptions := []sandbox.Option{sandbox.WithLimits(sandbox.Off), sandbox.WithNow(clock.now)}
	if o.switches != nil {
		boxOptions = append(boxOptions, sandbox.WithSwitches(*o.switches))
	}
	box := sandbox.Start(t, boxOptions...)
	// A kept connection that the sandbox cuts could be repeated by net/http itself for reads; never for writes.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	api, err := yclients.New(yclients.WithBaseURL(box.URL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(o.user), yclients.WithHTTPClient(&http.Client{Transport: transport, Timeout: 5 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, sandbox: box, store: o.open(t, clock.now), clock: clock, log: &bytes.Buffer{}}
	branches := []salon.BranchID{moscow, urals}
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.mirror, err = mirror.New(mirror.Config{API: api, Branches: branches, Hidden: o.hidden, Keeper: h.store, Now: clock.now, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.mirror.Close)
	h.session = session.New(session.Config{Store: h.store, Client: api, Account: store.EnvAccount, Branches: branches, Logger: log})
	h.config = Config{
		Account: store.EnvAccount, Branches: branches, Store: h.store, API: api, Mirror: h.mirror,
		Codes: h.session, Clients: h.session, Now: clock.now, Logger: log,
	}
	o.change(&h.config)
	h.restart()
	h.seq = h.ledgerEnd()
	return h
}

// onEach runs a test on every database that there is.
func onEach(t *testing.T, run func(t *testing.T, on func(*options))) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB, func() time.Time) *store.Store) {
		run(t, func(o *options) { o.open = open })
	})
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// restart replaces the service by a new one over the same store, as a new process would.
func (h *house) restart() {
	h.t.Helper()
	s, err := New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	s.pace.wait, s.pace.first = 5*time.Second, 10*time.Millisecond
	h.t.Cleanup(func() { s.Close(context.Background()) })
	h.Service = s
}

// impatient makes callers wait for an outcome just long enough to see that there is none.
func (h *house) impatient() { h.pace.wait = 100 * time.Millisecond }

func (h *house) ledgerEnd() int64 {
	entries := h.sandbox.Ledger()
	if len(entries) == 0 {
		return 0
	}
	return entries[len(entries)-1].Seq
}

// made counts the records that calls of ours truly made.
func (h *house) made() int {
	n := 0
	for _, e := range h.sandbox.LedgerSince(h.seq) {
		if e.OperationID == "createBooking" && e.Applied {
			n += len(e.RecordIDs)
		}
	}
	return n
}

// calls counts the calls of an operation that reached the sandbox.
func (h *house) calls(operation string) int {
	n := 0
	for _, e := range h.sandbox.LedgerSince(h.seq) {
		if e.OperationID == operation {
			n++
		}
	}
	return n
}

func (h *house) faults(f sandbox.Faults) {
	h.t.Helper()
	if err := h.sandbox.SetFaults(f); err != nil {
		h.t.Fatal(err)
	}
}

// settleAll lets time pass and settles what is due, as the jobs would, until nothing is open. What waits for the
// operator is left to him.
func (h *house) settleAll() {
	h.t.Helper()
	for range 120 {
		due, err := h.store.DueIntents(h.t.Context(), h.clock.now().Add(24*time.Hour), 100)
		if err != nil {
			h.t.Fatal(err)
		}
		due = slices.DeleteFunc(due, func(it store.Intent) bool { return !it.State.Open() })
		if len(due) == 0 {
			return
		}
		for _, it := range due {
			if _, err := h.Settle(h.t.Context(), it.ID); err != nil {
				h.t.Logf("settle: %v", err)
			}
		}
		h.clock.advance(5 * time.Second)
	}
	h.t.Fatal("intents are still open after ten minutes")
}

func (h *house) service(branch salon.BranchID, title string) int64 {
	h.t.Helper()
	c, err := h.mirror.Services(h.t.Context(), branch, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(c.Services, func(s salon.Service) bool { return s.Title == title })
	if i < 0 {
		h.t.Fatalf("no service %q", title)
	}
	return c.Services[i].ID
}

func (h *house) master(branch salon.BranchID, name string) int64 {
	h.t.Helper()
	list, err := h.mirror.Staff(h.t.Context(), branch, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(list.Staff, func(s salon.Staff) bool { return s.Name == name })
	if i < 0 {
		h.t.Fatalf("no master %q", name)
	}
	return list.Staff[i].ID
}

func (h *house) slots(branch salon.BranchID, staff, service int64, day string) []salon.Slot {
	h.t.Helper()
	s, err := h.mirror.Slots(h.t.Context(), salon.Ask{Branch: branch, Items: []salon.AskItem{{Services: []int64{service}, Staff: staff}}}, day)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(s.Slots) < 4 {
		h.t.Fatalf("only %d starts on %s", len(s.Slots), day)
	}
	return s.Slots
}

const day = "2027-03-25" // beyond the book of the seed: all of it is free

// wish is a booking of a haircut with Igor in Moscow, at his n-th free start of the day.
func (h *house) wish(n int) salon.NewBooking {
	h.t.Helper()
	cut, igor := h.service(moscow, "Мужская стрижка"), h.master(moscow, "Игорь Власов")
	return h.wishAt(moscow, igor, cut, h.slots(moscow, igor, cut, day)[n].Start)
}

func (h *house) wishAt(branch salon.BranchID, staff, service int64, start string) salon.NewBooking {
	h.t.Helper()
	b, err := h.mirror.Branch(h.t.Context(), branch)
	if err != nil {
		h.t.Fatal(err)
	}
	return salon.NewBooking{
		Branch: branch, Appointments: []salon.NewAppointment{{Services: []int64{service}, Staff: staff, Start: start}},
		Client: salon.NewClient{Name: "Анна", Phone: guestPhone}, Consent: &salon.GivenConsent{Version: b.Consent.Version},
	}
}

var guest = salon.Caller{Addr: "192.0.2.1", Lang: "ru"}

func newKey() string { return secret.NewID("k") }

// book makes a booking that must succeed.
func (h *house) book(who salon.Caller, wish salon.NewBooking) salon.Booking {
	h.t.Helper()
	a, err := h.Create(h.t.Context(), who, newKey(), wish)
	if err != nil {
		h.t.Fatalf("book: %v", err)
	}
	if a.Status != http.StatusCreated || a.Booking.Status != salon.Confirmed {
		h.t.Fatalf("book: %d %s, want 201 confirmed", a.Status, a.Booking.Status)
	}
	return a.Booking
}

func owns(b salon.Booking) salon.Caller {
	who := guest
	who.Secret = b.Secret
	return who
}

func refOf(b salon.Booking) salon.Ref {
	ref, ok := salon.ParseRef(b.ID)
	if !ok {
		panic("not an id: " + b.ID)
	}
	return ref
}

// signIn makes a person of a phone.
func (h *house) signIn(phone string) salon.Caller {
	h.t.Helper()
	if err := h.session.SendCode(h.t.Context(), guest, moscow, phone); err != nil {
		h.t.Fatal(err)
	}
	tokens, err := h.session.SignIn(h.t.Context(), guest, moscow, phone, h.sandbox.SMS()[0].Code)
	if err != nil {
		h.t.Fatal(err)
	}
	person, err := h.session.Person(h.t.Context(), tokens.Access)
	if err != nil {
		h.t.Fatal(err)
	}
	return salon.Caller{Person: person, Addr: "192.0.2.2", Lang: "ru"}
}

// record is the sandbox's record behind a booking of one visit.
func (h *house) record(b salon.Booking) sandbox.Record {
	h.t.Helper()
	own, err := h.store.Booking(h.t.Context(), b.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range h.sandbox.Records(own.BranchID) {
		if r.ID == own.Appointments[0].RecordID {
			return r
		}
	}
	h.t.Fatalf("booking %s has no record", b.ID)
	return sandbox.Record{}
}

func wantCode(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if !problem.Has(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestLifeOfAGuestsBooking(t *testing.T) {
	h := setup(t)
	wish := h.wish(0)
	wish.Comment = "  Без \x00разговоров\u202e  "
	b := h.book(guest, wish)
	if !strings.HasPrefix(b.Secret, "zs_") || b.Zone != "Europe/Moscow" || b.Client.Phone != "+7 *** ***-**-01" || !b.CanMove || !b.CanCancel || b.MoveUntil == nil {
		t.Errorf("answer %+v lacks secret, zone, masked phone or rights", b)
	}
	if _, offset := b.MoveUntil.Zone(); offset != 3*3600 {
		t.Errorf("move_until %v has not the branch's offset", b.MoveUntil)
	}
	a := b.Appointments[0]
	if a.Staff.Name != "Игорь Власов" || a.Services[0].Title != "Мужская стрижка" || a.Services[0].Price.Min.Amount != 180000 || a.Start != wish.Appointments[0].Start || *a.Duration != 2700 {
		t.Errorf("appointment %+v", a)
	}
	r := h.record(b)
	if !r.Start.Equal(a.Time) || r.Phone != "79000000001" || r.Client != "Анна" || r.APIID == "" || r.Comment != "Без разговоров" {
		t.Errorf("record %+v is not what was asked for", r)
	}

	got, err := h.Get(t.Context(), owns(b), refOf(b))
	if err != nil || got.Status != salon.Confirmed || got.Secret != "" {
		t.Errorf("Get: %+v, %v; want it confirmed and the secret not told again", got.Status, err)
	}

	to := h.slots(moscow, a.Staff.ID, a.Services[0].ID, day)[2]
	moved, err := h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: to.Start, Comment: "Опоздаю"})
	if err != nil || moved.Status != 200 || !moved.Booking.Appointments[0].Time.Equal(to.Time) {
		t.Fatalf("Move: %d %+v, %v", moved.Status, moved.Booking.Appointments, err)
	}
	if r := h.record(b); !r.Start.Equal(to.Time) || r.Comment != "Опоздаю" {
		t.Errorf("the record did not move: %+v", r)
	}
	for _, s := range h.slots(moscow, a.Staff.ID, a.Services[0].ID, day) {
		if s.Time.Equal(to.Time) {
			t.Error("the new time is still offered")
		}
	}

	cancelled, err := h.Cancel(t.Context(), owns(b), refOf(b))
	if err != nil || cancelled.Status != 200 || cancelled.Booking.Status != salon.Cancelled || cancelled.Booking.CanCancel {
		t.Fatalf("Cancel: %+v, %v", cancelled.Booking.Status, err)
	}
	if !h.record(b).Deleted {
		t.Error("the record is still there")
	}
	again, err := h.Cancel(t.Context(), owns(b), refOf(b))
	if err != nil || again.Booking.Status != salon.Cancelled {
		t.Errorf("cancelling twice: %v, %v; want it cancelled", again.Booking.Status, err)
	}
	_, err = h.Move(t.Context(), owns(b), refOf(b), salon.Move{Start: to.Start})
	wantCode(t, err, problem.BookingFinished)
}

func TestLifeOfAPersonsBooking(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(1)
	wish.Client.Phone = ""
	b := h.book(who, wish)
	if b.Secret != "" {
		t.Error("a person's booking needs no secret")
	}
	if r := h.record(b); r.Phone != "79000000088" {
		t.Errorf("record of %s, want the session's phone", r.Phone)
	}
	mine, err := h.Mine(t.Context(), who, salon.Upcoming)
	if err != nil || len(mine.Bookings) != 1 || mine.Bookings[0].ID != b.ID || mine.Stale {
		t.Fatalf("mine: %+v, %v; want the booking once", mine, err)
	}
	to := h.slots(moscow, b.Appointments[0].Staff.ID, b.Appointments[0].Services[0].ID, day)[3]
	moved, err := h.Move(t.Context(), who, refOf(b), salon.Move{Start: to.Start})
	if err != nil || !moved.Booking.Appointments[0].Time.Equal(to.Time) {
		t.Fatalf("Move: %v", err)
	}
	if _, err := h.Cancel(t.Context(), who, refOf(b)); err != nil {
		t.Fatal(err)
	}
	past, err := h.Mine(t.Context(), who, salon.Past)
	if err != nil || len(past.Bookings) != 1 || past.Bookings[0].Status != salon.Cancelled {
		t.Errorf("past: %+v, %v; want the cancelled one", past, err)
	}
	wish.Client.Phone = guestPhone
	_, err = h.Create(t.Context(), who, newKey(), wish)
	wantCode(t, err, problem.InvalidRequest)
}

// The seed's regular client has visits in the chain and in a stranger's salon.
func TestRecordsMadeElsewhere(t *testing.T) {
	h := setup(t)
	who := h.signIn("+" + sandbox.RegularPhone)
	past, err := h.Mine(t.Context(), who, salon.Past)
	if err != nil || len(past.Bookings) == 0 {
		t.Fatalf("past: %v, %v; want the visits of the seed", past.Bookings, err)
	}
	for _, b := range past.Bookings {
		ref := refOf(b)
		if ref.Record == 0 || ref.Branch != moscow && ref.Branch != urals {
			t.Errorf("%s is not a record of our branches", b.ID)
		}
	}
	one := past.Bookings[0]
	got, err := h.Get(t.Context(), who, refOf(one))
	if err != nil || got.ID != one.ID || len(got.Appointments[0].Services) == 0 {
		t.Errorf("Get of %s: %v", one.ID, err)
	}
	_, err = h.Cancel(t.Context(), who, refOf(one))
	wantCode(t, err, problem.BookingFinished)
	_, err = h.Get(t.Context(), guest, refOf(one))
	wantCode(t, err, problem.BookingUnknown)
	other := h.signIn(personPhone)
	_, err = h.Get(t.Context(), other, refOf(one))
	wantCode(t, err, problem.BookingUnknown)

	// A record that the person made in the widget can be moved and cancelled here.
	wish := h.wish(0)
	start, _ := salon.ParseStart(wish.Appointments[0].Start)
	made, _, err := h.partner.Booking.Create(t.Context(), moscow, &yclients.BookingRequest{
		Phone: sandbox.RegularPhone, Fullname: "Марина",
		Appointments: []*yclients.BookingAppointmentRequest{{ID: 1, Services: wish.Appointments[0].Services, StaffID: wish.Appointments[0].Staff, Datetime: start.Datetime}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ref := salon.Ref{Branch: moscow, Record: made[0].RecordID}
	to := h.slots(moscow, wish.Appointments[0].Staff, wish.Appointments[0].Services[0], day)[2]
	moved, err := h.Move(t.Context(), who, ref, salon.Move{Start: to.Start})
	if err != nil || !moved.Booking.Appointments[0].Time.Equal(to.Time) {
		t.Fatalf("move a record made elsewhere: %v", err)
	}
	if a, err := h.Cancel(t.Context(), who, ref); err != nil || a.Booking.Status != salon.Cancelled {
		t.Errorf("cancel a record made elsewhere: %v, %v", a.Booking.Status, err)
	}
}

func TestMineWithoutYCLIENTS(t *testing.T) {
	h := setup(t)
	who := h.signIn(personPhone)
	wish := h.wish(0)
	wish.Client.Phone = ""
	b := h.book(who, wish)
	h.faults(sandbox.Faults{Off: true})
	mine, err := h.Mine(t.Context(), who, salon.Upcoming)
	if err != nil || len(mine.Bookings) != 1 || !mine.Stale {
		t.Errorf("mine: %+v, %v; want ours, marked as stale", mine, err)
	}
	if _, err := h.Get(t.Context(), who, refOf(b)); err != nil {
		t.Errorf("a booking of ours can be read at any time: %v", err)
	}
	_, err = h.Mine(t.Context(), guest, salon.Upcoming)
	wantCode(t, err, problem.SessionRequired)
}

// The salon's desk changes a booking, and its owner sees it.
func TestTheSalonChangesABooking(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	id := h.record(b).ID
	if _, err := h.employee.Records.Delete(t.Context(), moscow, id); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(time.Minute)
	got, err := h.Get(t.Context(), owns(b), refOf(b))
	if err != nil || got.Status != salon.Cancelled {
		t.Errorf("got %v, %v; want it cancelled", got.Status, err)
	}
}

func TestOwners(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	person, other := h.signIn(personPhone), h.signIn("+79000000099")
	wish := h.wish(2)
	wish.Client.Phone = ""
	theirs := h.book(person, wish)
	absent := salon.Ref{Booking: secret.NewID(secret.BookingID)}
	strangers := map[string]salon.Caller{
		"nobody": guest, "another person": other, "another's secret": {Secret: secret.NewToken(secret.BookingSecret).Reveal()},
		"a broken secret": {Secret: "zs_"}, "an empty secret": {Secret: ""}, "the hash": {Secret: secret.HashToken(secret.Text(b.Secret))},
	}
	for name, who := range strangers {
		for _, ref := range []salon.Ref{refOf(b), refOf(theirs), absent} {
			for what, try := range map[string]func() error{
				"get": func() error { _, err := h.Get(t.Context(), who, ref); return err },
				"move": func() error {
					_, err := h.Move(t.Context(), who, ref, salon.Move{Start: wish.Appointments[0].Start})
					return err
				},
				"cancel":   func() error { _, err := h.Cancel(t.Context(), who, ref); return err },
				"calendar": func() error { _, err := h.Calendar(t.Context(), who, ref); return err },
			} {
				err := try()
				if !problem.Has(err, problem.BookingUnknown) || problem.From(err).Detail != "" || len(problem.From(err).With) > 0 {
					t.Errorf("%s by %s: %v, want booking_unknown and nothing more", what, name, err)
				}
			}
		}
	}
	if h.record(b).Deleted || h.record(theirs).Deleted {
		t.Error("a stranger has cancelled something")
	}
}

func TestCalendar(t *testing.T) {
	h := setup(t)
	b := h.book(guest, h.wish(0))
	read := func() string {
		t.Helper()
		file, err := h.Calendar(t.Context(), owns(b), refOf(b))
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}
	first := read()
	for _, want := range []string{"UID:" + b.ID + "-0@zapis", "STATUS:CONFIRMED", "DTSTART:" + b.Appointments[0].Time.UTC().Format("20060102T150405Z"), "SUMMARY:Мужская стрижка"} {
		if !strings.Contains(first, want) {
			t.Errorf("the file lacks %q:\n%s", want, first)
		}
	}
	if read() != first {
		t.Error("the file differs without a change")
	}
	if _, err := h.Cancel(t.Context(), owns(b), refOf(b)); err != nil {
		t.Fatal(err)
	}
	last := read()
	if !strings.Contains(last, "STATUS:CANCELLED") || !strings.Contains(last, "UID:"+b.ID+"-0@zapis") || sequenceOf(last) <= sequenceOf(first) {
		t.Errorf("after cancelling:\n%s\nwant the same UID, cancelled, with a higher SEQUENCE than\n%s", last, first)
	}
}

func sequenceOf(file string) string {
	_, rest, _ := strings.Cut(file, "SEQUENCE:")
	number, _, crlf := strings.Cut(rest, "\r\n")
	if !crlf || strings.Contains(strings.ReplaceAll(file, "\r\n", ""), "\n") {
		return "a line that does not end as RFC 5545 says"
	}
	return number
}

// Nothing that the service logs names a phone, a code or a secret.
func TestLogsAreClean(t *testing.T) {
	h := setup(t)
	h.faults(sandbox.Faults{LoseNext: 1})
	b := h.book(guest, h.wish(0))
	for _, word := range []string{"79000000001", "9000000001", b.Secret, "Анна"} {
		if strings.Contains(h.log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}
