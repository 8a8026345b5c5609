package mirror

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/upstream"
	"zapis/sandbox"
	"zapis/yclients"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	moscow      int64 = 4564
	urals       int64 = 4565 // asks a guest for an SMS code
	vladivostok int64 = 4566
	stranger    int64 = 7001 // in YCLIENTS, not in the chain
	fakeMaster        = "Лист ожидания"
)

// clock is a hand-driven clock shared by mirror and sandbox.
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

// bundle is a mirror before a sandbox of its own.
type bundle struct {
	*Mirror
	sandbox *sandbox.Sandbox
	clock   *handClock
}

func setup(t *testing.T, change ...func(*Config)) bundle {
	t.Helper()
	clock := &handClock{t: time.Date(2027, 3, 10, 7, 0, 0, 0, time.UTC)} // a Wednesday, 10 o'clock in Moscow
	box := sandbox.Start(t, sandbox.WithLimits(sandbox.Off), sandbox.WithNow(clock.now))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	api, err := yclients.New(yclients.WithBaseURL(box.URL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.AppUserToken), yclients.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	config := Config{API: api, Branches: []salon.BranchID{moscow, urals, vladivostok}, Now: clock.now}
	for _, f := range change {
		f(&config)
	}
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return bundle{m, box, clock}
}

// calls counts the calls of an operation since a sequence number.
func (b bundle) calls(operation string, since int64) int {
	n := 0
	for _, e := range b.sandbox.LedgerSince(since) {
		if operation == "" || e.OperationID == operation {
			n++
		}
	}
	return n
}

func (b bundle) seq() int64 {
	entries := b.sandbox.Ledger()
	if len(entries) == 0 {
		return 0
	}
	return entries[len(entries)-1].Seq
}

func (b bundle) off(t *testing.T, off bool) {
	t.Helper()
	if err := b.sandbox.SetFaults(sandbox.Faults{Off: off}); err != nil {
		t.Fatal(err)
	}
}

// service finds a service by its title.
func (b bundle) service(t *testing.T, branch salon.BranchID, title string) salon.Service {
	t.Helper()
	c, err := b.Services(t.Context(), branch, 0)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.Services, func(s salon.Service) bool { return s.Title == title })
	if i < 0 {
		t.Fatalf("no service %q at branch %d", title, branch)
	}
	return c.Services[i]
}

func (b bundle) master(t *testing.T, branch salon.BranchID, name string) salon.Staff {
	t.Helper()
	list, err := b.Staff(t.Context(), branch, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list.Staff, func(s salon.Staff) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no master %q at branch %d", name, branch)
	}
	return list.Staff[i]
}

func wantCode(t *testing.T, err error, code problem.Code) {
	t.Helper()
	if !problem.Has(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func ask(branch salon.BranchID, staff int64, services ...int64) salon.Ask {
	return salon.Ask{Branch: branch, Items: []salon.AskItem{{Services: services, Staff: staff}}}
}

func TestBranches(t *testing.T) {
	b := setup(t)
	list, fresh, err := b.Branches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || list[0].ID != moscow || list[1].ID != urals || list[2].ID != vladivostok {
		t.Fatalf("got %d branches, want the three configured, in order", len(list))
	}
	if !fresh.AsOf.Equal(b.clock.now()) || fresh.Stale {
		t.Errorf("freshness %+v, want now and not stale", fresh)
	}
	m := list[0]
	if m.Title != "Сирень на Лесной" || m.Zone != "Europe/Moscow" || m.Currency != "RUB" || m.Phones[0] != "+7 900 000-01-01" ||
		!strings.HasSuffix(m.WidgetURL, "/_sandbox/widget/91001") || m.Location == nil || m.Hours == "" {
		t.Errorf("branch %+v lacks what the sandbox says of it", m)
	}
	if m.Rules.CodeRequired || !list[1].Rules.CodeRequired || !m.Rules.AnyStaff || m.Rules.LeadTime == nil || *m.Rules.LeadTime != 3600 {
		t.Errorf("rules %+v and %+v, want a code only in the second, any staff, 1 h ahead", m.Rules, list[1].Rules)
	}
	consent, err := b.Consent(t.Context(), moscow)
	if err != nil || !consent.Required || consent.Version == "" || consent.Version != m.Consent.Version || consent.Text == "" {
		t.Errorf("consent %+v, %v; want a text with the branch's version %q", consent, err, m.Consent.Version)
	}
	_, err = b.Branch(t.Context(), stranger)
	wantCode(t, err, problem.BranchUnknown)
}

func TestServices(t *testing.T) {
	b := setup(t)
	c, err := b.Services(t.Context(), moscow, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Categories) < 5 || len(c.Services) < 30 {
		t.Fatalf("%d categories and %d services, want the sandbox's", len(c.Categories), len(c.Services))
	}
	evening := b.service(t, moscow, "Вечерняя причёска")
	if evening.Price == nil || evening.Price.Min.Amount != 350000 || evening.Price.Min.Currency != "RUB" || evening.Price.Max != nil {
		t.Errorf("price %+v, want from 3500 roubles without a maximum", evening.Price)
	}
	talk := b.service(t, moscow, "Консультация стилиста")
	if talk.Price != nil || talk.Duration != nil {
		t.Errorf("a service without price and length shows %+v and %v", talk.Price, talk.Duration)
	}
	for _, s := range c.Services {
		if s.Title == "Карбокситерапия" {
			t.Error("a service closed for online booking is offered")
		}
	}
	anna := b.master(t, moscow, "Анна Лебедева")
	hers, err := b.Services(t.Context(), moscow, anna.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(hers.Services, func(s salon.Service) bool { return s.ID == evening.ID })
	if i < 0 || hers.Services[i].Price.Min.Amount != 420000 || len(hers.Services) >= len(c.Services) {
		t.Errorf("her services have not her price of 4200 roubles, or are all services")
	}
	since := b.seq()
	_, err = b.Services(t.Context(), moscow, 999)
	wantCode(t, err, problem.StaffUnknown)
	_, err = b.Staff(t.Context(), moscow, []int64{1 << 40})
	wantCode(t, err, problem.ServiceUnknown)
	if n := b.calls("", since); n != 0 {
		t.Errorf("ids that do not exist cost %d calls, want none", n)
	}
}

func TestStaff(t *testing.T) {
	b := setup(t, func(c *Config) { c.Hidden = []string{" лист  Ожидания "} })
	cut := b.service(t, moscow, "Женская стрижка")
	list, err := b.Staff(t.Context(), moscow, []int64{cut.ID})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range list.Staff {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"", "Мария Соколова", "Анна Лебедева"}) && !slices.Equal(names, []string{"", "Анна Лебедева", "Мария Соколова"}) {
		t.Errorf("masters %q, want any and the two who cut, without the waiting list", names)
	}
	anna := b.master(t, moscow, "Анна Лебедева")
	if anna.Rating == nil || *anna.Rating != 4.96 || anna.Position != "Парикмахер" || strings.Contains(anna.Description, "<") || anna.NextDay == "" {
		t.Errorf("card %+v lacks rating, position, plain text or the next day", anna)
	}
}

func TestFreeTime(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	igor := b.master(t, moscow, "Игорь Власов")
	days, err := b.Days(t.Context(), ask(moscow, igor.ID, cut.ID))
	if err != nil || len(days.Dates) == 0 {
		t.Fatalf("days %v, %v; want some", days.Dates, err)
	}
	slots, err := b.Slots(t.Context(), ask(moscow, igor.ID, cut.ID), days.Dates[1])
	if err != nil || len(slots.Slots) == 0 {
		t.Fatalf("slots %v, %v; want some", slots.Slots, err)
	}
	first := slots.Slots[0]
	start, err := salon.ParseStart(first.Start)
	if err != nil || start.Datetime != first.Time.Format("2006-01-02T15:04:05-07:00") || *first.Duration != 2700 || *first.Staff != igor.ID {
		t.Errorf("slot %+v carries %+v, want the text of YCLIENTS, 45 min and the master", first, start)
	}
	nearest, err := b.Nearest(t.Context(), ask(moscow, salon.AnyStaff, cut.ID))
	if err != nil || len(nearest.Slots) == 0 || nearest.Date != "" {
		t.Errorf("nearest %+v, %v; want starts and no date", nearest, err)
	}
	for _, bad := range []string{"", "2027-02-30", "10.03.2027", "2027-03-09", "2028-06-01", "2027-3-1", strings.Repeat("9", 300)} {
		_, err := b.Slots(t.Context(), ask(moscow, igor.ID, cut.ID), bad)
		wantCode(t, err, problem.DateInvalid)
	}
	nails := b.service(t, moscow, "Маникюр классический")
	_, err = b.Slots(t.Context(), ask(moscow, igor.ID, nails.ID), days.Dates[1])
	wantCode(t, err, problem.StaffService)
	_, err = b.Days(t.Context(), salon.Ask{Branch: moscow})
	wantCode(t, err, problem.InvalidRequest)
}

// In Vladivostok it is already the next day when it is still evening in London.
func TestTodayIsTheBranchs(t *testing.T) {
	b := setup(t)
	b.clock.advance(8 * time.Hour) // 15:00 UTC, 1 o'clock of the 11th in Vladivostok
	cut := b.service(t, vladivostok, "Мужская стрижка")
	_, err := b.Slots(t.Context(), ask(vladivostok, 0, cut.ID), "2027-03-10")
	wantCode(t, err, problem.DateInvalid)
	if _, err := b.Slots(t.Context(), ask(vladivostok, 0, cut.ID), "2027-03-11"); err != nil {
		t.Errorf("today of the branch: %v", err)
	}
}

func TestAnyNeverFallsOnTheHidden(t *testing.T) {
	b := setup(t, func(c *Config) { c.Hidden = []string{fakeMaster} })
	cut := b.service(t, moscow, "Мужская стрижка")
	igor := b.master(t, moscow, "Игорь Власов")
	want, err := b.Slots(t.Context(), ask(moscow, igor.ID, cut.ID), "2027-03-11")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Slots(t.Context(), ask(moscow, salon.AnyStaff, cut.ID), "2027-03-11")
	if err != nil || len(got.Slots) != len(want.Slots) {
		t.Fatalf("any offers %d starts, %v; want the %d of the only visible master", len(got.Slots), err, len(want.Slots))
	}
	_, _, choice, err := b.Prepare(t.Context(), moscow, []int64{cut.ID}, salon.AnyStaff)
	if err != nil || !slices.Equal(choice, []int64{igor.ID}) {
		t.Fatalf("choice %v, %v; want %d", choice, err, igor.ID)
	}
	if who, err := b.Choose(t.Context(), moscow, []int64{cut.ID}, choice, got.Slots[0].Time); err != nil || who != igor.ID {
		t.Errorf("chose %d, %v; want %d", who, err, igor.ID)
	}
	_, err = b.Choose(t.Context(), moscow, []int64{cut.ID}, choice, got.Slots[0].Time.Add(time.Minute))
	wantCode(t, err, problem.NoStaffFree)
}

func TestSeveralVisits(t *testing.T) {
	b := setup(t)
	cut, nails := b.service(t, moscow, "Женская стрижка"), b.service(t, moscow, "Маникюр классический")
	both := salon.Ask{Branch: moscow, Items: []salon.AskItem{{Services: []int64{cut.ID}}, {Services: []int64{nails.ID}}}}
	days, err := b.Days(t.Context(), both)
	if err != nil || len(days.Dates) == 0 {
		t.Fatalf("days %v, %v", days.Dates, err)
	}
	for _, one := range both.Items {
		alone, err := b.Days(t.Context(), salon.Ask{Branch: moscow, Items: []salon.AskItem{one}})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range days.Dates {
			if !slices.Contains(alone.Dates, d) {
				t.Errorf("%s is offered for both, and one of them has nothing free", d)
			}
		}
	}
	if _, err := b.Slots(t.Context(), both, days.Dates[0]); err != nil {
		t.Error(err)
	}
}

func TestOneCallForAll(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	if err := b.sandbox.SetFaults(sandbox.Faults{DelayMS: 50}); err != nil {
		t.Fatal(err)
	}
	since := b.seq()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := b.Slots(context.Background(), ask(moscow, 0, cut.ID), "2027-03-11"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := b.calls("listBookTimes", since); n != 1 {
		t.Errorf("100 at once cost %d calls, want 1", n)
	}
}

// Whoever asked first may hang up; those who wait with them get their answer all the same.
func TestTheFirstMayHangUp(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	if err := b.sandbox.SetFaults(sandbox.Faults{DelayMS: 150}); err != nil {
		t.Fatal(err)
	}
	since := b.seq()
	var all sync.WaitGroup
	all.Go(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _ = b.Slots(ctx, ask(moscow, 0, cut.ID), "2027-03-11")
	})
	for range 10 {
		all.Go(func() {
			if _, err := b.Slots(t.Context(), ask(moscow, 0, cut.ID), "2027-03-11"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := b.calls("listBookTimes", since); n != 1 {
		t.Errorf("%d calls, want the one that the first began", n)
	}
}

func TestAges(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	wanted := ask(moscow, 0, cut.ID)
	read := func() salon.Slots {
		t.Helper()
		s, err := b.Slots(t.Context(), wanted, "2027-03-11")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := read()
	since := b.seq()
	b.clock.advance(14 * time.Second)
	if s := read(); !s.AsOf.Equal(first.AsOf) || s.Stale || b.calls("listBookTimes", since) != 0 {
		t.Errorf("after 14 s: %v, %d calls; want the same answer without a call", s.Freshness, b.calls("listBookTimes", since))
	}
	b.clock.advance(6 * time.Second)
	if s := read(); !s.AsOf.Equal(first.AsOf) || s.Stale {
		t.Errorf("after 20 s: %v, want the old answer while it is renewed", s.Freshness)
	}
	eventually(t, "the renewal", func() bool { return read().AsOf.Equal(b.clock.now().UTC()) })
	b.clock.advance(time.Minute)
	if s := read(); !s.AsOf.Equal(b.clock.now()) || s.Stale {
		t.Errorf("after a minute: %v, want a fresh answer", s.Freshness)
	}
	b.off(t, true)
	b.clock.advance(time.Minute)
	if s := read(); !s.Stale || len(s.Slots) == 0 {
		t.Errorf("while YCLIENTS is off: %v, want the old answer, marked", s.Freshness)
	}
	b.clock.advance(2 * time.Minute)
	_, err := b.Slots(t.Context(), wanted, "2027-03-11")
	wantCode(t, err, problem.UpstreamUnavailable)
	if p := problem.From(err); p.With["phone"] != "+7 900 000-01-01" || !strings.HasSuffix(p.With["widget_url"].(string), "/_sandbox/widget/91001") {
		t.Errorf("the failure carries %v, want phone and widget", p.With)
	}
	b.off(t, false)
	if s := read(); s.Stale {
		t.Error("still stale when YCLIENTS is back")
	}
}

// Whoever waits goes in the lane of people, a renewal in the background in its own.
func TestLanes(t *testing.T) {
	var mu sync.Mutex
	var lanes []upstream.Lane
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	b := setup(t, func(c *Config) {
		c.API = hooked(t, c.API, func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			lanes = append(lanes, upstream.LaneFrom(r.Context()))
			mu.Unlock()
			return transport.RoundTrip(r)
		})
	})
	wanted := ask(moscow, 0, b.service(t, moscow, "Мужская стрижка").ID)
	last := func() upstream.Lane {
		mu.Lock()
		defer mu.Unlock()
		return lanes[len(lanes)-1]
	}
	if _, err := b.Slots(t.Context(), wanted, "2027-03-11"); err != nil || last() != upstream.Person {
		t.Errorf("the first read went by lane %v, %v; want person", last(), err)
	}
	b.clock.advance(20 * time.Second)
	if _, err := b.Slots(t.Context(), wanted, "2027-03-11"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a renewal in the refresh lane", func() bool {
		s, err := b.Slots(t.Context(), wanted, "2027-03-11")
		return err == nil && s.AsOf.Equal(b.clock.now()) && last() == upstream.Refresh
	})
	b.clock.advance(time.Minute)
	if _, err := b.Slots(t.Context(), wanted, "2027-03-11"); err != nil || last() != upstream.Person {
		t.Errorf("a read of what is much too old went by lane %v, %v; want person", last(), err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// hooked is a client of the same sandbox whose calls go through trip.
func hooked(t *testing.T, c *yclients.Client, trip roundTrip) *yclients.Client {
	t.Helper()
	api, err := yclients.New(yclients.WithBaseURL(c.BaseURL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.AppUserToken), yclients.WithHTTPClient(&http.Client{Transport: trip}))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// Free times in a spelling that we cannot read are a failure to ask, never a day without free times.
func TestTimesThatCannotBeRead(t *testing.T) {
	var body atomic.Value // of the answers about free days and starts; what the sandbox says while it is empty
	body.Store("")
	m := setup(t, func(c *Config) {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		c.API = hooked(t, c.API, func(r *http.Request) (*http.Response, error) {
			text := body.Load().(string)
			if text == "" || !strings.Contains(r.URL.Path, "/book_times/") && !strings.Contains(r.URL.Path, "/book_dates/") {
				return transport.RoundTrip(r)
			}
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(strings.NewReader(text)),
			}, nil
		})
	})
	read := ask(moscow, m.master(t, moscow, "Игорь Власов").ID, m.service(t, moscow, "Мужская стрижка").ID)
	slots := func(datetimes string) (salon.Slots, error) {
		m.Touch(moscow, salon.AnyStaff, "")
		body.Store(`{"success":true,"data":[` + datetimes + `],"meta":[]}`)
		return m.Slots(t.Context(), read, "2027-03-14")
	}
	days := func(dates string) (salon.Days, error) {
		m.Touch(moscow, salon.AnyStaff, "")
		body.Store(`{"success":true,"data":{"booking_dates":[` + dates + `]},"meta":[]}`)
		return m.Days(t.Context(), read)
	}
	const unix = `{"time":"8:00","seance_length":3600,"datetime":1805000400}`
	const odd = `{"time":"9:00","seance_length":3600,"datetime":"14 марта 09:00"}`

	if got, err := slots(unix); err != nil || len(got.Slots) != 1 || got.Slots[0].Time.Format(time.RFC3339) != "2027-03-14T08:00:00+03:00" {
		t.Errorf("a start in Unix seconds: %+v, %v; want 08:00 in Moscow", got.Slots, err)
	}
	if got, err := slots(odd + "," + unix); err != nil || len(got.Slots) != 1 {
		t.Errorf("one start of two that can be read: %+v, %v; want it", got.Slots, err)
	}
	if got, err := slots(""); err != nil || len(got.Slots) != 0 {
		t.Errorf("a day without free starts: %+v, %v; want none and no failure", got.Slots, err)
	}
	for _, datetimes := range []string{odd, `{"time":"9:00"}`, `null`} {
		_, err := slots(datetimes)
		wantCode(t, err, problem.UpstreamMalformed)
	}

	if got, err := days(`1804971600,"14 марта"`); err != nil || !slices.Equal(got.Dates, []string{"2027-03-14"}) {
		t.Errorf("a day in Unix seconds: %v, %v; want 2027-03-14", got.Dates, err)
	}
	if got, err := days(`"2027-03-01"`); err != nil || len(got.Dates) != 0 {
		t.Errorf("a day that is over: %v, %v; want none and no failure", got.Dates, err)
	}
	_, err := days(`"14 марта","15 марта"`)
	wantCode(t, err, problem.UpstreamMalformed)
}

// An employee whose token was taken back does not take "any master" with them.
func TestSettingsThatCannotBeSeen(t *testing.T) {
	b := setup(t)
	if _, err := b.Branch(t.Context(), moscow); err != nil {
		t.Fatal(err)
	}
	if _, err := b.sandbox.ChangePassword(sandbox.AppLogin, "another-password-example"); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Hour)
	branch, err := b.Branch(t.Context(), moscow)
	if err != nil || !branch.Rules.AnyStaff || branch.Rules.LeadTime == nil {
		t.Errorf("rules %+v, %v; want those known before", branch.Rules, err)
	}
}

// A start with an employee's token that the road knows as dead: a branch is shown all the same, with the rules that were
// known before the start where there are any, and what is remembered of them stays.
func TestStartWithADeadToken(t *testing.T) {
	kept := &keeper{m: map[string][]byte{}}
	before, err := setup(t, func(c *Config) { c.Keeper = kept }).Branch(t.Context(), moscow)
	if err != nil {
		t.Fatal(err)
	}
	box := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	api, err := yclients.New(yclients.WithBaseURL(box.URL()), yclients.WithPartnerToken(sandbox.PartnerToken),
		yclients.WithUserToken(sandbox.AppUserToken), yclients.WithTransport(deadUser{transport}))
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*keeper{"known before": kept, "never known": {m: map[string][]byte{}}} {
		b := setup(t, func(c *Config) { c.API, c.Keeper = api, k })
		for range 2 { // what was kept by the first is read by the second
			branch, err := b.Branch(t.Context(), moscow)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if known := name == "known before"; known != branch.Rules.AnyStaff || known && *branch.Rules.LeadTime != *before.Rules.LeadTime {
				t.Errorf("%s: rules %+v", name, branch.Rules)
			}
			b = setup(t, func(c *Config) { c.API, c.Keeper = api, k })
		}
	}
}

// deadUser is the road when YCLIENTS no longer takes the employee's token.
type deadUser struct{ next http.RoundTripper }

func (d deadUser) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.Header.Get("Authorization"), "User ") {
		return nil, &upstream.TokenDead{Token: upstream.UserToken, Since: time.Now()}
	}
	return d.next.RoundTrip(r)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(3 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		}
	}
}

// A time that was just booked is gone at once, also for an answer that was under way, and it never comes back stale.
func TestTouch(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	igor := b.master(t, moscow, "Игорь Власов")
	for _, staff := range []int64{igor.ID, salon.AnyStaff} {
		wanted := ask(moscow, staff, cut.ID)
		before, err := b.Slots(t.Context(), wanted, "2027-03-11")
		if err != nil {
			t.Fatal(err)
		}
		his, err := b.Slots(t.Context(), ask(moscow, igor.ID, cut.ID), "2027-03-11")
		if err != nil {
			t.Fatal(err)
		}
		taken := his.Slots[0]
		start, _ := salon.ParseStart(taken.Start)
		if _, err := b.sandbox.Take(sandbox.TakeRequest{CompanyID: moscow, StaffID: igor.ID, Datetime: start.Datetime, Services: []int64{cut.ID}}); err != nil {
			t.Fatal(err)
		}
		since := b.seq()
		b.Touch(moscow, igor.ID, "2027-03-11")
		after, err := b.Slots(t.Context(), wanted, "2027-03-11")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range after.Slots {
			if s.Time.Equal(taken.Time) && staff == igor.ID {
				t.Errorf("staff %d: %s is still offered after it was taken", staff, s.Time)
			}
		}
		if len(before.Slots) == 0 || b.calls("listBookTimes", since) == 0 {
			t.Errorf("staff %d: the answer is from before the change", staff)
		}
	}
	b.Touch(moscow, igor.ID, "2027-03-11")
	b.off(t, true)
	_, err := b.Slots(t.Context(), ask(moscow, igor.ID, cut.ID), "2027-03-11")
	wantCode(t, err, problem.UpstreamUnavailable)
}

// keeper is a store of two methods.
type keeper struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (k *keeper) Keep(_ context.Context, name string, value []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.m[name] = value
	return nil
}

func (k *keeper) Kept(_ context.Context, name string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if name == "" {
		return nil, errors.New("no name")
	}
	return k.m[name], nil
}

func TestRestartDuringAnOutage(t *testing.T) {
	kept := &keeper{m: map[string][]byte{}}
	b := setup(t, func(c *Config) { c.Keeper = kept })
	if _, err := b.Branch(t.Context(), moscow); err != nil {
		t.Fatal(err)
	}
	again := setup(t, func(c *Config) { c.Keeper = kept })
	again.off(t, true)
	again.clock.advance(time.Hour)
	branch, err := again.Branch(t.Context(), moscow)
	if err != nil || branch.Phones[0] != "+7 900 000-01-01" {
		t.Errorf("branch %+v, %v; want the kept card", branch.Phones, err)
	}
	_, err = again.Services(t.Context(), moscow, 0)
	wantCode(t, err, problem.UpstreamUnavailable)
	if problem.From(err).With["phone"] == nil {
		t.Error("the failure does not carry the phone that was kept")
	}
	list, fresh, err := again.Branches(t.Context())
	if err != nil || len(list) != 1 || !fresh.Stale {
		t.Errorf("%d branches, %+v, %v; want the known one, marked as stale", len(list), fresh, err)
	}
}

func TestRefusalsAreNotEmptyLists(t *testing.T) {
	b := setup(t)
	cut := b.service(t, moscow, "Мужская стрижка")
	for name, f := range map[string]sandbox.Faults{
		"refusal in a 200": {RefuseNext: 1}, "a proxy's page": {HTMLNext: 1}, "500": {ErrorNext: 1},
	} {
		b.Touch(moscow, 0, "2027-03-11")
		if err := b.sandbox.SetFaults(f); err != nil {
			t.Fatal(err)
		}
		if s, err := b.Slots(t.Context(), ask(moscow, 0, cut.ID), "2027-03-11"); err == nil || problem.From(err).Meaning().Status != 503 {
			t.Errorf("%s: %d slots, %v; want a 503", name, len(s.Slots), err)
		}
	}
}
