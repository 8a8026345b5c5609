package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	goodAccess  = "za_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodRefresh = "zr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodSecret  = "zs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	goodBooking = "b-00000000000000000000000000"
)

// fake stands for all three rooms below where a test needs them to fail, to panic or to count.
type fake struct {
	mu     sync.Mutex
	slots  salon.Slots
	list   salon.Catalogue
	err    error             // of every call to the catalogue but Branch
	panics any               // thrown by Days
	block  bool              // Nearest waits for the end of its context
	seen   []salon.Caller    // of every call to bookings and sessions
	ref    []string          // refresh tokens that came
	answer salon.Answer      // of Create, Move, Cancel
	made   *salon.NewBooking // by Create
}

func newFake() *fake {
	hour := int64(3600)
	return &fake{
		slots: salon.Slots{Branch: 1, Zone: "Europe/Moscow", Date: "2026-11-25", Slots: []salon.Slot{{Start: "s1.x", Time: noon, Duration: &hour}}, Freshness: salon.Freshness{AsOf: noon.Add(-7 * time.Second)}},
		list: salon.Catalogue{Branch: 1, Categories: []salon.Category{{ID: 5, Title: "Стрижки"}},
			Services: []salon.Service{{ID: 331, Category: 5, Title: "Стрижка <b>"}}, Freshness: salon.Freshness{AsOf: noon.Add(-7 * time.Second)}},
		answer: salon.Answer{Status: 201, Booking: salon.Booking{ID: goodBooking, Status: salon.Confirmed, Branch: 1, Zone: "Europe/Moscow", Appointments: []salon.Appointment{}}},
	}
}

func (f *fake) failure() error { f.mu.Lock(); defer f.mu.Unlock(); return f.err }

func (f *fake) Branches(context.Context) ([]salon.Branch, salon.Freshness, error) {
	b, _ := f.Branch(context.Background(), 1)
	return []salon.Branch{b}, salon.Freshness{AsOf: noon.Add(-time.Minute)}, f.failure()
}

func (f *fake) Branch(_ context.Context, id salon.BranchID) (salon.Branch, error) {
	if id != 1 {
		return salon.Branch{}, problem.New(problem.BranchUnknown)
	}
	return salon.Branch{ID: 1, Title: "Первый", Zone: "Europe/Moscow", Phones: []string{"+7 495 000-00-01"}, Photos: []string{},
		WidgetURL: "https://n1.yclients.com", Login: []salon.Login{salon.LoginGuest}}, nil
}

func (f *fake) Consent(_ context.Context, id salon.BranchID) (salon.ConsentText, error) {
	return salon.ConsentText{Branch: id}, f.failure()
}

func (f *fake) Services(context.Context, salon.BranchID, int64) (salon.Catalogue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list, f.err
}

func (f *fake) Staff(_ context.Context, id salon.BranchID, _ []int64) (salon.StaffList, error) {
	return salon.StaffList{Branch: id, Staff: []salon.Staff{}}, f.failure()
}

func (f *fake) Days(_ context.Context, ask salon.Ask) (salon.Days, error) {
	if f.panics != nil {
		panic(f.panics)
	}
	return salon.Days{Branch: ask.Branch, Dates: []string{}}, f.failure()
}

func (f *fake) Slots(context.Context, salon.Ask, string) (salon.Slots, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots, f.err
}

func (f *fake) Nearest(ctx context.Context, ask salon.Ask) (salon.Slots, error) {
	if f.block {
		<-ctx.Done()
		return salon.Slots{}, ctx.Err()
	}
	return salon.Slots{Branch: ask.Branch, Slots: []salon.Slot{}}, f.failure()
}

func (f *fake) saw(who salon.Caller) { f.mu.Lock(); defer f.mu.Unlock(); f.seen = append(f.seen, who) }

func (f *fake) Create(_ context.Context, who salon.Caller, key string, wish salon.NewBooking) (salon.Answer, error) {
	f.saw(who)
	if key == "" {
		return salon.Answer{}, problem.New(problem.KeyMissing)
	}
	f.made = &wish
	return f.answer, nil
}

func (f *fake) owner(who salon.Caller) error {
	f.saw(who)
	if who.Person == "" && who.Secret != goodSecret {
		return problem.New(problem.BookingUnknown)
	}
	return nil
}

func (f *fake) Get(_ context.Context, who salon.Caller, _ salon.Ref) (salon.Booking, error) {
	return f.answer.Booking, f.owner(who)
}

func (f *fake) Mine(_ context.Context, who salon.Caller, _ salon.When) (salon.Bookings, error) {
	return salon.Bookings{Bookings: []salon.Booking{}}, f.owner(who)
}

func (f *fake) Move(_ context.Context, who salon.Caller, _ salon.Ref, _ salon.Move) (salon.Answer, error) {
	return f.answer, f.owner(who)
}

func (f *fake) Cancel(_ context.Context, who salon.Caller, _ salon.Ref) (salon.Answer, error) {
	return f.answer, f.owner(who)
}

func (f *fake) Calendar(_ context.Context, who salon.Caller, _ salon.Ref) ([]byte, error) {
	return []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), f.owner(who)
}

var fakeTokens = salon.Tokens{Access: goodAccess, AccessExpires: noon.Add(15 * time.Minute), Refresh: goodRefresh, RefreshEnds: noon.Add(90 * 24 * time.Hour)}

func (f *fake) SendCode(_ context.Context, who salon.Caller, _ salon.BranchID, _ string) error {
	f.saw(who)
	return f.failure()
}

func (f *fake) SignIn(_ context.Context, who salon.Caller, _ salon.BranchID, _, code string) (salon.Tokens, error) {
	f.saw(who)
	if code != "12345" {
		return salon.Tokens{}, problem.New(problem.CodeWrong)
	}
	return fakeTokens, nil
}

func (f *fake) Refresh(_ context.Context, refresh string) (salon.Tokens, error) {
	f.mu.Lock()
	f.ref = append(f.ref, refresh)
	f.mu.Unlock()
	if refresh != goodRefresh {
		return salon.Tokens{}, problem.New(problem.RefreshInvalid)
	}
	return fakeTokens, nil
}

func (f *fake) SignOut(context.Context, string) error { return nil }

func (f *fake) Person(_ context.Context, access string) (string, error) {
	if access != goodAccess {
		return "", problem.New(problem.SessionInvalid)
	}
	return "p-00000000000000000000000000", nil
}

func (f *fake) Profile(_ context.Context, person string) (salon.Profile, error) {
	return salon.Profile{ID: person, Phone: "+7 *** ***-**-01"}, nil
}

func (f *fake) ChangeProfile(ctx context.Context, person string, _ salon.ProfileChange) (salon.Profile, error) {
	return f.Profile(ctx, person)
}

func (f *fake) Erase(context.Context, string) error { return nil }

// logs is where the gateway under test writes.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.Write(p) }
func (l *logs) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.buf.String() }

func over(f *fake, tweak ...func(*Config)) (*Gateway, *logs) {
	l := &logs{}
	c := Config{
		Catalogue: f, Bookings: f, Sessions: f, Version: "test", Now: func() time.Time { return noon },
		Logger: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, t := range tweak {
		t(&c)
	}
	return New(c), l
}

// call makes one request; headers are name, value, name, value.
func call(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func codeIn(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("status %d, no problem document: %v: %.200s", w.Code, err, w.Body)
	}
	return p.Code
}
