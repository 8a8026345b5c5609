package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The booking page in a real browser against an API that fails on purpose: what a customer must be told, and
// what must be sent again under the same key. The real API behind the page is driven by the tests in e2e.

// patience is how long one step in the browser may take.
const patience = 20 * time.Second

// fakeAPI answers the page by a script. Its one branch has one service and one master.
type fakeAPI struct {
	mu       sync.Mutex
	bookings []sent           // every POST /v1/bookings
	codes    int              // every POST /v1/auth/codes
	secrets  []string         // the booking secret of every GET /v1/bookings/{id}
	book     []reply          // answers to POST /v1/bookings, the last one repeats
	read     []reply          // answers to GET /v1/bookings/{id}, the last one repeats
	slots    map[string]reply // by day; "nearest" for the soonest
}

type sent struct {
	key  string
	body map[string]any
}

// reply is a status and a body; status 0 cuts the connection.
type reply struct {
	status int
	body   string
}

// dayFree is tomorrow at the branch, which is hours ahead of most machines that run this.
var dayFree = time.Now().UTC().Add(10*time.Hour).AddDate(0, 0, 1).Format(time.DateOnly)

const (
	branchJSON = `{"id":1,"title":"Сирень","zone":"Asia/Vladivostok","phones":["+7 900 000-00-01"],"photos":[],
		"widget_url":"https://widget.example/","rules":{"code_required":false,"any_staff":true},"login":["guest","sms"],"consent":{"required":false}}`
	asOf = `"as_of":"2030-06-01T00:00:00Z"`
)

func slotsJSON(starts ...string) string {
	var list []string
	for _, s := range starts {
		list = append(list, fmt.Sprintf(`{"start":"s1.%s","time":"%sT%s:00+10:00","duration_s":3600}`, strings.ReplaceAll(s, ":", ""), dayFree, s))
	}
	return `{"branch":1,"zone":"Asia/Vladivostok",` + asOf + `,"slots":[` + strings.Join(list, ",") + `]}`
}

func bookingJSON(status string) string {
	return `{"id":"b-1","status":"` + status + `","branch":1,"zone":"Asia/Vladivostok","secret":"zs_example","can_move":true,"can_cancel":true,
		"appointments":[{"services":[{"id":7,"title":"Стрижка"}],"staff":{"id":3,"name":"Анна"},"time":"` + dayFree + `T10:00:00+10:00","duration_s":3600}]}`
}

func problemJSON(code, more string) string {
	return `{"type":"/docs/problems#` + code + `","title":"","status":0,"code":"` + code + `","message":"Сообщение.","fix":"","instance":"i","may_retry":true` + more + `}`
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch p := r.URL.Path; {
	case p == "/v1/app":
		answer(w, reply{200, `{"status":"ok","login":["guest","sms"],"version":"test"}`})
	case p == "/v1/branches":
		answer(w, reply{200, `{"branches":[` + branchJSON + `],` + asOf + `}`})
	case strings.HasSuffix(p, "/services"):
		answer(w, reply{200, `{"branch":1,` + asOf + `,"categories":[],"services":[{"id":7,"title":"Стрижка","price":{"min":{"amount":150000,"currency":"RUB"}},"duration_s":3600}]}`})
	case strings.HasSuffix(p, "/staff"):
		answer(w, reply{200, `{"branch":1,` + asOf + `,"staff":[{"id":0},{"id":3,"name":"Анна"}]}`})
	case strings.HasSuffix(p, "/dates"):
		answer(w, reply{200, `{"branch":1,"zone":"Asia/Vladivostok",` + asOf + `,"dates":["` + dayFree + `"]}`})
	case strings.HasSuffix(p, "/nearest-slots"):
		answer(w, f.slots["nearest"])
	case strings.HasSuffix(p, "/slots"):
		answer(w, f.slots[r.URL.Query().Get("date")])
	case p == "/v1/auth/codes":
		f.codes++
		answer(w, reply{202, `{"sent":true}`})
	case p == "/v1/bookings":
		s := sent{key: r.Header.Get("Idempotency-Key")}
		_ = json.NewDecoder(r.Body).Decode(&s.body) // what is not JSON fails the comparison
		f.bookings = append(f.bookings, s)
		answer(w, next(&f.book))
	case strings.HasPrefix(p, "/v1/bookings/"):
		f.secrets = append(f.secrets, r.Header.Get("Zapis-Booking-Secret"))
		answer(w, next(&f.read))
	default:
		Booking().ServeHTTP(w, r)
	}
}

func next(script *[]reply) reply {
	r := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	return r
}

func answer(w http.ResponseWriter, r reply) {
	if r.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_, _ = w.Write([]byte(r.body))
}

func (f *fakeAPI) sentBookings() []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sent(nil), f.bookings...)
}

// screen is a phone that looks at the page.
type screen struct {
	t   *testing.T
	ctx context.Context
}

func id(name string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + name + `"]`) }

func (s *screen) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		s.t.Fatalf("the page: %v", err)
	}
}

func (s *screen) see(selector chromedp.CSS) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.WaitVisible(selector)); err != nil {
		text, _ := chromedp.Run(s.ctx, chromedp.Text(chromedp.CSS("main"))) // for the message only
		s.t.Fatalf("%s does not appear: %v\nthe page says:\n%s", selector, err, text)
	}
}

func (s *screen) tap(selector chromedp.CSS) {
	s.t.Helper()
	s.see(selector)
	s.do(chromedp.Click(selector))
}

func (s *screen) fill(name, text string) {
	s.t.Helper()
	s.see(id(name))
	s.do(chromedp.SendKeys(id(name), text))
}

// ask runs an action that gives a value.
func ask[T any](s *screen, action chromedp.Action[T]) T {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		s.t.Fatalf("the page: %v", err)
	}
	return v
}

func (s *screen) has(selector chromedp.CSS) bool {
	s.t.Helper()
	return ask(s, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector)))
}

func (s *screen) attribute(selector chromedp.CSS, name string) string {
	s.t.Helper()
	s.see(selector)
	return ask(s, chromedp.AttributeValue(selector, name)).Value
}

func (s *screen) text(selector chromedp.CSS) string {
	s.t.Helper()
	s.see(selector)
	return ask(s, chromedp.Text(selector))
}

// toTimes goes from the start to the times of the first free day.
func (s *screen) toTimes() {
	s.t.Helper()
	s.tap(id("service-7"))
	s.tap(id("next"))
	s.tap(id("staff-3"))
	s.see(id("day-" + dayFree))
}

func (s *screen) toConfirm() {
	s.t.Helper()
	s.toTimes()
	s.tap(id("slot"))
	s.fill("name", "Ольга")
	s.fill("phone", "+79000000011")
}

// openPage starts the API and one tab of a private browser; the browser is shared by the subtests.
func openPage(t *testing.T, browser context.Context, f *fakeAPI) *screen {
	t.Helper()
	if f.slots == nil {
		f.slots = map[string]reply{}
	}
	if _, ok := f.slots[dayFree]; !ok {
		f.slots[dayFree] = reply{200, slotsJSON("10:00", "11:00", "18:30")}
	}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	s := &screen{t, ctx}
	if err := chromedp.Do(ctx); err != nil { // the first call makes the tab, and must have no time limit
		t.Fatalf("the browser gives no tab: %v", err)
	}
	s.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(1)), chromedp.Navigate(srv.URL))
	return s
}

func TestPageTellsTheTruth(t *testing.T) {
	if os.Getenv("ZAPIS_TEST_REQUIRE_BROWSER") != "" && !haveBrowser() {
		t.Fatal("no browser found although this run must not leave the page out: install chromium")
	}
	if testing.Short() || !haveBrowser() {
		t.Skip("NOT RUN: the booking page in a browser; install chromium (make test does) to run it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(alloc)
	t.Cleanup(quit)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	for _, tc := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"a cut connection is one booking, also over a reload", cutConnection},
		{"a code is asked for and the same key goes on", codeAsked},
		{"pending is waited for with the secret", pendingWaited},
		{"a taken time is said so, with others to tap", takenTime},
		{"a rejection gives its reason", rejected},
		{"a salon that cannot be asked is not an empty day", cannotAsk},
		{"an empty day is honest and offers the soonest", emptyDay},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.run(t, browser)
		})
	}
}

func haveBrowser() bool {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell", "headless_shell"} {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}

func cutConnection(t *testing.T, browser context.Context) {
	f := &fakeAPI{book: []reply{{0, ""}}}
	s := openPage(t, browser, f)
	s.toConfirm()
	s.tap(id("book"))
	if got := s.attribute(id("trouble"), "data-kind"); got != "network" {
		t.Errorf("kind of the trouble: got %q, want network", got)
	}
	f.mu.Lock()
	f.book = []reply{{201, bookingJSON("confirmed")}}
	f.mu.Unlock()
	s.do(chromedp.Reload()) // the page finds out by itself what became of it
	if got := s.attribute(id("status"), "data-status"); got != "confirmed" {
		t.Errorf("status: got %q, want confirmed", got)
	}
	calls := f.sentBookings()
	// Chromium itself repeats a request whose connection was cut; the key must not change then either.
	if len(calls) < 2 {
		t.Fatalf("bookings sent: got %d, want the first and its repeat", len(calls))
	}
	first, _ := json.Marshal(calls[0].body)
	for _, c := range calls {
		if again, _ := json.Marshal(c.body); c.key == "" || c.key != calls[0].key || string(again) != string(first) {
			t.Errorf("repeated as %q %s, want %q %s", c.key, again, calls[0].key, first)
		}
	}
}

func codeAsked(t *testing.T, browser context.Context) {
	f := &fakeAPI{book: []reply{
		{422, problemJSON("code_required", "")}, {422, problemJSON("code_wrong", "")}, {201, bookingJSON("confirmed")},
	}}
	s := openPage(t, browser, f)
	s.toConfirm()
	s.tap(id("book"))
	s.fill("code", "1")
	s.tap(id("book"))
	s.see("#code-error")
	s.fill("code", "2345")
	s.tap(id("book"))
	s.see(`[data-status="confirmed"]`)
	calls := f.sentBookings()
	if len(calls) != 3 || f.codes != 1 {
		t.Fatalf("bookings sent: %d, codes sent: %d; want 3 and 1", len(calls), f.codes)
	}
	for i, want := range []any{nil, "1", "12345"} {
		if calls[i].body["code"] != want || calls[i].key != calls[0].key {
			t.Errorf("call %d: code %v under key %q, want %v under %q", i, calls[i].body["code"], calls[i].key, want, calls[0].key)
		}
	}
}

func pendingWaited(t *testing.T, browser context.Context) {
	f := &fakeAPI{
		book: []reply{{202, bookingJSON("pending")}},
		read: []reply{{503, problemJSON("upstream_unavailable", "")}, {200, bookingJSON("pending")}, {200, bookingJSON("confirmed")}},
	}
	s := openPage(t, browser, f)
	s.toConfirm()
	s.tap(id("book"))
	s.see(`[data-status="pending"]`)
	s.see(`[data-status="confirmed"]`)
	s.see(id("cancel"))
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.secrets) < 3 {
		t.Fatalf("reads: got %d, want at least 3", len(f.secrets))
	}
	for _, secret := range f.secrets {
		if secret != "zs_example" {
			t.Errorf("secret sent: got %q", secret)
		}
	}
}

func takenTime(t *testing.T, browser context.Context) {
	taken := problemJSON("slot_taken", `,"alternatives":`+slotsJSON("12:00", "12:30"))
	f := &fakeAPI{book: []reply{{409, taken}, {201, bookingJSON("confirmed")}}}
	s := openPage(t, browser, f)
	s.toConfirm()
	s.tap(id("book"))
	s.tap(id("alternatives") + " " + id("slot"))
	s.tap(id("book") + ":not([disabled])")
	s.see(`[data-status="confirmed"]`)
	calls := f.sentBookings()
	if len(calls) != 2 || calls[0].key == calls[1].key {
		t.Fatalf("another time is another intention: got %d calls, keys equal", len(calls))
	}
	visit := calls[1].body["appointments"].([]any)[0].(map[string]any)
	if visit["start"] != "s1.1200" {
		t.Errorf("start: got %v, want the first alternative", visit["start"])
	}
}

func rejected(t *testing.T, browser context.Context) {
	f := &fakeAPI{
		book: []reply{{202, bookingJSON("pending")}},
		read: []reply{{200, strings.Replace(bookingJSON("rejected"), `"branch":1`, `"reason":"slot_taken","branch":1`, 1)}},
	}
	s := openPage(t, browser, f)
	s.toConfirm()
	s.tap(id("book"))
	s.see(`[data-status="rejected"]`)
	text := s.text(id("status"))
	if !strings.Contains(text, "Это время успели занять") {
		t.Errorf("the reason is not told: %q", text)
	}
	s.tap(id("other-time"))
	s.see(id("slot"))
}

func cannotAsk(t *testing.T, browser context.Context) {
	down := problemJSON("upstream_unavailable", `,"phone":"+7 900 000-00-02","widget_url":"https://other.example/"`)
	f := &fakeAPI{slots: map[string]reply{dayFree: {503, down}}}
	s := openPage(t, browser, f)
	s.toTimes()
	if got := s.attribute(id("trouble"), "data-kind"); got != "salon" {
		t.Errorf("kind of the trouble: got %q, want salon", got)
	}
	if s.has(id("empty-day")) || s.has(id("slot")) {
		t.Error("a failure looks like a day without, or with, free time")
	}
	if got := s.attribute(id("call-salon"), "href"); got != "tel:+79000000002" {
		t.Errorf("the phone to call: got %q", got)
	}
	if got := s.attribute(id("widget-link"), "href"); got != "https://other.example/" {
		t.Errorf("the salon's own page: got %q", got)
	}
	f.mu.Lock()
	f.slots[dayFree] = reply{200, slotsJSON("10:00")}
	f.mu.Unlock()
	s.tap(id("retry"))
	s.see(id("slot"))
}

func emptyDay(t *testing.T, browser context.Context) {
	f := &fakeAPI{slots: map[string]reply{dayFree: {200, slotsJSON()}, "nearest": {200, slotsJSON("18:30")}}}
	s := openPage(t, browser, f)
	s.toTimes()
	s.see(id("empty-day"))
	if s.has(id("trouble")) {
		t.Error("an empty day looks like a failure")
	}
	// The time is the branch's, whatever the zone of this machine.
	if got := s.attribute(id("nearest")+" "+id("slot"), "data-time"); got != dayFree+"T18:30:00+10:00" {
		t.Errorf("the soonest time: got %q", got)
	}
	text := s.text(id("nearest") + " " + id("slot"))
	if !strings.Contains(text, "18:30") {
		t.Errorf("the soonest time is shown as %q, want 18:30 of the branch's zone", text)
	}
}
