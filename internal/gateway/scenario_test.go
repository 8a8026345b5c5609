package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

const (
	slotsPath = "/v1/branches/1/slots?date=2026-11-25&services=331"
	bookBody  = `{"branch":1,"appointments":[{"services":[331],"staff":0,"start":"s1.x"}],"client":{"name":"Анна","phone":"79000000001"}}`
	codeBody  = `{"branch":1,"phone":"79000000001"}`
	signBody  = `{"branch":1,"phone":"79000000001","code":"12345"}`
)

// Every row is one request and what must be seen of its answer.
func TestScenarios(t *testing.T) {
	session := []string{"Authorization", "Bearer " + goodAccess}
	for _, tt := range []struct {
		name    string
		method  string
		path    string
		body    string
		headers []string
		status  int
		code    string
		has     []string          // in the body
		hasNot  []string          // in the body
		header  map[string]string // exact; "" means absent
	}{
		{name: "app", method: "GET", path: "/v1/app", status: 200, has: []string{`"status":"ok"`, `"version":"test"`},
			header: map[string]string{"Cache-Control": forAll, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": ""}},
		{name: "head", method: "HEAD", path: "/v1/app", status: 200},
		{name: "slots", method: "GET", path: slotsPath, status: 200, has: []string{`"start":"s1.x"`}, header: map[string]string{"Age": "7", "Cache-Control": forAll}},
		{name: "no html escaping", method: "GET", path: "/v1/branches/1/services", status: 200, has: []string{`Стрижка <b>`}},
		{name: "slots without services", method: "GET", path: "/v1/branches/1/slots?date=2026-11-25", status: 422, code: "invalid_request", has: []string{"query.services"}},
		{name: "slots with items", method: "GET", path: "/v1/branches/1/slots?date=2026-11-25&items=331:0,5:7", status: 200},
		{name: "items and services", method: "GET", path: slotsPath + "&items=1:2", status: 422, code: "invalid_request"},
		{name: "broken item", method: "GET", path: "/v1/branches/1/slots?date=2026-11-25&items=331", status: 422, code: "invalid_request", has: []string{"query.items[0]"}},
		{name: "negative service", method: "GET", path: "/v1/branches/1/dates?services=-3", status: 422, code: "invalid_request", has: []string{"query.services[0]"}},
		{name: "negative service of staff", method: "GET", path: "/v1/branches/1/staff?services=0", status: 422, code: "invalid_request"},
		{name: "misspelt parameter", method: "GET", path: "/v1/branches/1/staff?service=331", status: 422, code: "invalid_request", has: []string{"query.service"}},
		{name: "parameter twice", method: "GET", path: slotsPath + "&date=2026-11-26", status: 422, code: "invalid_request", has: []string{"given twice"}},
		{name: "broken percent", method: "GET", path: "/v1/branches/1/services?staff=%zz", status: 422, code: "invalid_request"},
		{name: "NUL in a query", method: "GET", path: "/v1/branches/1/services?staff=%00", status: 422, code: "invalid_request"},
		{name: "date", method: "GET", path: "/v1/branches/1/slots?services=1&date=2026-13-45", status: 422, code: "invalid_request", has: []string{"query.date"}},
		{name: "huge number", method: "GET", path: "/v1/branches/99999999999999999999/services", status: 422, code: "invalid_request", has: []string{"path.branch"}},
		{name: "zero", method: "GET", path: "/v1/branches/0", status: 422, code: "invalid_request"},
		{name: "unknown branch", method: "GET", path: "/v1/branches/2", status: 404, code: "branch_unknown"},

		{name: "route unknown", method: "GET", path: "/v1/nothing", status: 404, code: "route_unknown", header: map[string]string{"Cache-Control": forOneOnly, "Content-Language": "ru"}},
		{name: "in English", method: "GET", path: "/v1/nothing", headers: []string{"Accept-Language", "de, en-GB;q=0.8, ru;q=0.1"}, status: 404, code: "route_unknown", has: []string{"No such address"}, header: map[string]string{"Content-Language": "en"}},
		{name: "trailing slash", method: "GET", path: "/v1/app/", status: 404, code: "route_unknown"},
		{name: "doubled slash", method: "GET", path: "/v1//app", status: 404, code: "route_unknown"},
		{name: "empty booking id", method: "GET", path: "/v1/bookings//calendar.ics", status: 404, code: "route_unknown", header: map[string]string{"Location": ""}},
		{name: "dots", method: "GET", path: "/v1/x/../app", status: 404, code: "route_unknown"},
		{name: "encoded dots", method: "GET", path: "/v1/bookings/..%2f..%2fapp", status: 404, code: "route_unknown"},
		{name: "NUL in the path", method: "GET", path: "/v1/bookings/b%00", status: 404, code: "route_unknown"},
		{name: "broken UTF-8 in the path", method: "GET", path: "/v1/bookings/%ff", status: 404, code: "route_unknown"},
		{name: "long URL", method: "GET", path: "/v1/app?x=" + strings.Repeat("a", 5000), status: 422, code: "invalid_request", hasNot: []string{"aaaaa"}},
		{name: "method", method: "PUT", path: "/v1/bookings", status: 405, code: "method_not_allowed", header: map[string]string{"Allow": "POST"}},
		{name: "methods", method: "POST", path: "/v1/me", status: 405, code: "method_not_allowed", header: map[string]string{"Allow": "GET, HEAD, PATCH, DELETE"}},
		{name: "invented method", method: "BREW", path: "/v1/app", status: 405, code: "method_not_allowed"},
		{name: "no page here", method: "GET", path: "/", status: 404, code: "route_unknown"},

		{name: "session required", method: "GET", path: "/v1/me", status: 401, code: "session_required"},
		{name: "session", method: "GET", path: "/v1/me", headers: session, status: 200, has: []string{"***"}, header: map[string]string{"Cache-Control": forOneOnly, "ETag": ""}},
		{name: "lower-case scheme", method: "GET", path: "/v1/me", headers: []string{"Authorization", "bearer " + goodAccess}, status: 200},
		{name: "foreign session", method: "GET", path: "/v1/me", headers: []string{"Authorization", "Bearer za_other"}, status: 401, code: "session_invalid"},
		{name: "basic", method: "GET", path: "/v1/me", headers: []string{"Authorization", "Basic eDp5"}, status: 401, code: "session_invalid"},
		{name: "two tokens", method: "GET", path: "/v1/me", headers: append(session, session...), status: 401, code: "session_invalid"},
		{name: "a bad token is no guest", method: "POST", path: "/v1/bookings", body: bookBody, headers: []string{"Authorization", "Bearer x", "Idempotency-Key", "12345678"}, status: 401, code: "session_invalid"},
		{name: "a bad token does not hide the catalogue", method: "GET", path: slotsPath, headers: []string{"Authorization", "Bearer x"}, status: 200},
		{name: "erase", method: "DELETE", path: "/v1/me", headers: session, status: 204},
		{name: "change", method: "PATCH", path: "/v1/me", body: `{"name":"Ольга"}`, headers: session, status: 200},
		{name: "sign out", method: "DELETE", path: "/v1/auth/sessions/current", headers: session, status: 204},
		{name: "sign out of nothing", method: "DELETE", path: "/v1/auth/sessions/current", status: 401, code: "session_required"},

		{name: "book", method: "POST", path: "/v1/bookings", body: bookBody, headers: []string{"Idempotency-Key", "12345678"}, status: 201, header: map[string]string{"Location": "/v1/bookings/" + goodBooking, "Cache-Control": forOneOnly}},
		{name: "book without a key", method: "POST", path: "/v1/bookings", body: bookBody, status: 400, code: "idempotency_key_missing"},
		{name: "own booking", method: "GET", path: "/v1/bookings/" + goodBooking, headers: []string{"Zapis-Booking-Secret", goodSecret}, status: 200},
		{name: "foreign booking", method: "GET", path: "/v1/bookings/" + goodBooking, headers: []string{"Zapis-Booking-Secret", "zs_other"}, status: 404, code: "booking_unknown"},
		{name: "no booking id", method: "GET", path: "/v1/bookings/../etc", status: 404, code: "route_unknown"},
		{name: "odd booking id", method: "GET", path: "/v1/bookings/%F0%9F%92%A9", headers: session, status: 404, code: "booking_unknown"},
		{name: "cancel answers 200", method: "DELETE", path: "/v1/bookings/" + goodBooking, headers: session, status: 200},
		{name: "move answers 200", method: "PATCH", path: "/v1/bookings/" + goodBooking, body: `{"start":"s1.x"}`, headers: session, status: 200},
		{name: "calendar", method: "GET", path: "/v1/bookings/" + goodBooking + "/calendar.ics", headers: session, status: 200, has: []string{"BEGIN:VCALENDAR"}, header: map[string]string{"Content-Type": "text/calendar; charset=utf-8"}},
		{name: "when", method: "GET", path: "/v1/me/bookings?when=never", headers: session, status: 422, code: "invalid_request"},

		{name: "send a code", method: "POST", path: "/v1/auth/codes", body: codeBody, status: 202, has: []string{`"sent":true`}},
		{name: "sign in", method: "POST", path: "/v1/auth/sessions", body: signBody, status: 201, has: []string{goodRefresh, goodAccess}, header: map[string]string{"Set-Cookie": "", "Cache-Control": forOneOnly}},
		{name: "wrong code", method: "POST", path: "/v1/auth/sessions", body: strings.Replace(signBody, "12345", "54321", 1), status: 422, code: "code_wrong", hasNot: []string{"54321"}},
		{name: "refresh", method: "POST", path: "/v1/auth/refresh", body: `{"refresh_token":"` + goodRefresh + `"}`, status: 200, has: []string{goodRefresh}},
		{name: "refresh with nothing", method: "POST", path: "/v1/auth/refresh", status: 401, code: "refresh_invalid"},
		{name: "an app's cookie is not read", method: "POST", path: "/v1/auth/refresh", headers: []string{"Cookie", hostCookie + "=" + goodRefresh}, status: 401, code: "refresh_invalid"},
		{name: "cross-site sign in", method: "POST", path: "/v1/auth/sessions", body: signBody, headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, code: "cross_origin"},
		{name: "cross-site refresh", method: "POST", path: "/v1/auth/refresh", headers: []string{"Origin", "https://evil.example", "Cookie", hostCookie + "=" + goodRefresh}, status: 403, code: "cross_origin"},

		{name: "no body", method: "POST", path: "/v1/bookings", status: 400, code: "malformed_json"},
		{name: "broken JSON", method: "POST", path: "/v1/auth/codes", body: `{"branch":1,"phone":"7900000`, status: 400, code: "malformed_json", hasNot: []string{"7900000"}},
		{name: "two documents", method: "POST", path: "/v1/auth/codes", body: codeBody + codeBody, status: 400, code: "malformed_json"},
		{name: "array", method: "POST", path: "/v1/auth/codes", body: `[]`, status: 422, code: "invalid_request"},
		{name: "null", method: "POST", path: "/v1/auth/codes", body: `null`, status: 422, code: "invalid_request"},
		{name: "wrong type", method: "POST", path: "/v1/auth/codes", body: `{"branch":1,"phone":79000000001}`, status: 422, code: "invalid_request", has: []string{"body.phone"}, hasNot: []string{"79000000001"}},
		{name: "missing", method: "POST", path: "/v1/auth/codes", body: `{"branch":1}`, status: 422, code: "invalid_request"},
		{name: "unknown member", method: "POST", path: "/v1/bookings", body: strings.Replace(bookBody, `"branch"`, `"save_if_busy":true,"branch"`, 1), status: 422, code: "invalid_request", has: []string{"save_if_busy"}},
		{name: "other case", method: "POST", path: "/v1/auth/codes", body: `{"Branch":1,"phone":"79000000001"}`, status: 422, code: "invalid_request"},
		{name: "key twice", method: "POST", path: "/v1/auth/codes", body: `{"branch":1,"phone":"79000000002","phone":"79000000001"}`, status: 400, code: "malformed_json", has: []string{"twice"}},
		{name: "fraction", method: "POST", path: "/v1/auth/codes", body: `{"branch":1.0,"phone":"79000000001"}`, status: 422, code: "invalid_request"},
		{name: "huge", method: "POST", path: "/v1/auth/codes", body: `{"branch":1e300,"phone":"79000000001"}`, status: 422, code: "invalid_request"},
		{name: "too huge for a float", method: "POST", path: "/v1/auth/codes", body: `{"branch":1e999,"phone":"79000000001"}`, status: 400, code: "malformed_json"},
		{name: "half a pair", method: "POST", path: "/v1/auth/codes", body: `{"branch":1,"phone":"\ud83d"}`, status: 400, code: "malformed_json"},
		{name: "NUL", method: "POST", path: "/v1/auth/codes", body: `{"branch":1,"phone":"\u0000"}`, status: 400, code: "malformed_json"},
		{name: "not UTF-8", method: "POST", path: "/v1/auth/codes", body: "{\"branch\":1,\"phone\":\"\xff\"}", status: 400, code: "malformed_json"},
		{name: "deep", method: "POST", path: "/v1/bookings", body: strings.Repeat("[", 10_000), status: 400, code: "malformed_json"},
		{name: "10 MB", method: "POST", path: "/v1/bookings", body: `{"comment":"` + strings.Repeat("a", 10<<20) + `"}`, status: 413, code: "body_too_large"},
		{name: "form", method: "POST", path: "/v1/auth/codes", body: "branch=1", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "unsupported_media_type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			g, _ := over(f)
			headers := tt.headers
			if slices.Contains(headers, "Content-Type") {
				r := httptest.NewRequest(tt.method, tt.path, strings.NewReader("branch=1"))
				r.Header.Set("Content-Type", tt.headers[1])
				w := httptest.NewRecorder()
				g.ServeHTTP(w, r)
				if w.Code != tt.status || codeIn(t, w) != tt.code {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
				return
			}
			w := call(g, tt.method, tt.path, tt.body, headers...)
			if w.Code != tt.status {
				t.Fatalf("got %d %.300s, want %d", w.Code, w.Body, tt.status)
			}
			if tt.code != "" {
				if got := codeIn(t, w); got != tt.code {
					t.Errorf("got code %s, want %s", got, tt.code)
				}
				if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
					t.Errorf("got Content-Type %q", ct)
				}
			}
			for _, text := range tt.has {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("%q is missing in %.300s", text, w.Body)
				}
			}
			for _, text := range tt.hasNot {
				if strings.Contains(w.Body.String(), text) {
					t.Errorf("%q shows in %.300s", text, w.Body)
				}
			}
			for name, value := range tt.header {
				if got := w.Header().Get(name); got != value {
					t.Errorf("got %s: %q, want %q", name, got, value)
				}
			}
			if tt.status >= 400 && f.made != nil {
				t.Error("a refused request made a booking")
			}
		})
	}
}

func TestStates(t *testing.T) {
	for state, want := range map[string]string{StateNotConfigured: "not_configured", StateDisabled: "disabled", StateReadonly: "", StatePilot: ""} {
		g, _ := over(newFake(), func(c *Config) { c.State = func() string { return state } })
		w := call(g, "GET", "/v1/app", "", "Accept-Language", "en")
		var app salon.App
		if err := json.Unmarshal(w.Body.Bytes(), &app); err != nil || w.Code != 200 || app.Status != state || app.Notice == "" {
			t.Errorf("%s: app says %d %s", state, w.Code, w.Body)
		}
		for _, path := range []string{slotsPath, "/v1/branches", "/v1/me"} {
			w := call(g, "GET", path, "")
			if want == "" && w.Code == 503 || want != "" && (w.Code != 503 || codeIn(t, w) != want) {
				t.Errorf("%s: %s answers %d %s", state, path, w.Code, w.Body)
			}
		}
	}
	// A gateway without rooms lives in setup mode, documents included.
	g := New(Config{State: func() string { return StateNotConfigured }})
	for _, path := range []string{"/docs", "/openapi.json", "/healthz"} {
		if w := call(g, "GET", path, ""); w.Code != 200 {
			t.Errorf("%s answers %d in setup mode", path, w.Code)
		}
	}
}

func TestWhenTheSalonCannotBeAsked(t *testing.T) {
	f := newFake()
	f.err = problem.Because(problem.UpstreamUnavailable, errors.New("cause-for-the-log")).After(2500 * time.Millisecond)
	g, l := over(f)
	for _, tt := range []struct{ method, path, body string }{
		{"GET", slotsPath, ""}, {"GET", "/v1/branches/1/services", ""}, {"GET", "/v1/branches/1/dates?services=331", ""},
		{"POST", "/v1/auth/codes", codeBody},
	} {
		w := call(g, tt.method, tt.path, tt.body)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != 503 || p.Code != "upstream_unavailable" || p.Phone != "+7 495 000-00-01" || p.WidgetURL == "" || !p.MayRetry {
			t.Errorf("%s: got %d %+v", tt.path, w.Code, p)
		}
		if w.Header().Get("Retry-After") != "3" || p.RetryAfter != 3 {
			t.Errorf("%s: come back in %q, %d", tt.path, w.Header().Get("Retry-After"), p.RetryAfter)
		}
		id := strings.TrimPrefix(p.Instance, "/log/")
		if id == "" || !strings.Contains(l.String(), "instance="+id+" ") {
			t.Errorf("%s: instance %q is not in the log", tt.path, p.Instance)
		}
		if strings.Contains(w.Body.String(), "cause-for-the-log") || !strings.Contains(l.String(), "cause-for-the-log") {
			t.Errorf("%s: the cause belongs into the log and nowhere else", tt.path)
		}
	}
}

// What the room below attached is not overwritten by what the gateway knows.
func TestMembersOfAProblem(t *testing.T) {
	f := newFake()
	f.err = problem.New(problem.SlotTaken).Adding("alternatives", f.slots).Adding("phone", "own").Adding("secret", "no")
	g, _ := over(f)
	w := call(g, "GET", "/v1/branches/1/staff", "")
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if w.Code != 409 || p.Alternatives == nil || p.Alternatives.Slots[0].Start != "s1.x" || p.Phone != "own" || strings.Contains(w.Body.String(), `"secret"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestPanicIsAProblem(t *testing.T) {
	f := newFake()
	f.panics = "79000000001 in a panic"
	g, l := over(f)
	w := call(g, "GET", "/v1/branches/1/dates?services=1", "")
	if w.Code != 500 || codeIn(t, w) != "internal" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if strings.Contains(l.String()+w.Body.String(), "79000000001") || !strings.Contains(l.String(), "goroutine") {
		t.Errorf("the log has no stack, or a phone: %s", l)
	}
	f.panics = http.ErrAbortHandler
	defer func() {
		if recover() == nil {
			t.Error("a wanted abort was answered")
		}
	}()
	call(g, "GET", "/v1/branches/1/dates?services=1", "")
}

func TestBudget(t *testing.T) {
	f := newFake()
	f.block = true
	g, _ := over(f)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := call(g, "GET", "/v1/branches/1/nearest-slots?services=1", "")
		if w.Code != 503 || codeIn(t, w) != "upstream_unavailable" || time.Since(began) != whileAsking {
			t.Errorf("got %d after %s", w.Code, time.Since(began))
		}
	})
}

// Somebody who asks and never reads is let go of.
func TestSlowReader(t *testing.T) {
	g, _ := over(newFake())
	synctest.Test(t, func(t *testing.T) {
		theirs, ours := net.Pipe()
		conns := make(chan net.Conn, 1)
		conns <- ours
		server := &http.Server{Handler: g}
		go func() { _ = server.Serve(onePipe(conns)) }()
		defer server.Close()
		began := time.Now()
		if _, err := theirs.Write([]byte("GET /v1/branches/1/services HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(answerTime + time.Second) // virtual: nothing is read meanwhile
		if n, err := theirs.Read(make([]byte, 1)); err == nil {
			t.Errorf("the connection still gives %d bytes after %s", n, time.Since(began))
		}
	})
}

// onePipe is a listener with the connections that are put into it.
type onePipe chan net.Conn

func (p onePipe) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p onePipe) Close() error   { close(p); return nil }
func (p onePipe) Addr() net.Addr { return &net.TCPAddr{} }

func TestEntityTags(t *testing.T) {
	f := newFake()
	g, _ := over(f)
	for _, path := range []string{"/v1/app", "/v1/branches", "/v1/branches/1", slotsPath, "/v1/branches/1/services", "/openapi.json", "/docs"} {
		var first *httptest.ResponseRecorder
		for range 3 { // the third comes from memory where there is one
			w := call(g, "GET", path, "")
			if w.Code != 200 || w.Header().Get("ETag") == "" {
				t.Fatalf("%s: %d, ETag %q", path, w.Code, w.Header().Get("ETag"))
			}
			if first == nil {
				first = w
			}
			if w.Body.String() != first.Body.String() || w.Header().Get("ETag") != first.Header().Get("ETag") ||
				w.Header().Get("Age") != first.Header().Get("Age") || w.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
				t.Errorf("%s: from memory %v %s, first %v %s", path, w.Header(), w.Body, first.Header(), first.Body)
			}
		}
		tag := first.Header().Get("ETag")
		for _, header := range []string{tag, `"x", W/` + tag, "*"} {
			w := call(g, "GET", path, "", "If-None-Match", header)
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag {
				t.Errorf("%s with %s: got %d", path, header, w.Code)
			}
		}
		if w := call(g, "GET", path, "", "If-None-Match", `"other"`); w.Code != 200 {
			t.Errorf("%s: another tag got %d", path, w.Code)
		}
		if w := call(g, "HEAD", path, ""); w.Code != 200 || w.Header().Get("ETag") != tag {
			t.Errorf("%s: HEAD got %d %q", path, w.Code, w.Header().Get("ETag"))
		}
	}
}

// The memory of hot reads never answers with anything but what the catalogue says now.
func TestHotReadsFollowTheCatalogue(t *testing.T) {
	f := newFake()
	g, _ := over(f)
	seen := map[string]bool{}
	step := func(name string, change func()) {
		t.Helper()
		f.mu.Lock()
		change()
		f.mu.Unlock()
		for range 2 {
			w := call(g, "GET", slotsPath, "")
			var got salon.Slots
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %v", name, w.Code, err)
			}
			want, _ := json.Marshal(f.slots)
			if have, _ := json.Marshal(got); string(have) != string(want) {
				t.Errorf("%s: got %s, want %s", name, have, want)
			}
			seen[w.Header().Get("ETag")] = true
		}
	}
	step("first", func() {})
	step("another list, same age", func() { f.slots.Slots = []salon.Slot{{Start: "s1.y", Time: noon}} })
	step("shorter", func() { f.slots.Slots = f.slots.Slots[:0] })
	step("asked again", func() { f.slots.AsOf = noon })
	step("stale", func() { f.slots.Stale = true })
	if len(seen) != 5 {
		t.Errorf("%d tags for 5 answers", len(seen))
	}
	f.err = problem.New(problem.UpstreamUnavailable)
	if w := call(g, "GET", slotsPath, ""); w.Code != 503 {
		t.Errorf("a failure was answered from memory: %d", w.Code)
	}
	if w := call(g, "GET", slotsPath+"&staff=x", ""); w.Code != 422 {
		t.Errorf("got %d", w.Code)
	}
}

func TestCookies(t *testing.T) {
	for _, tt := range []struct {
		host, name string
		secure     bool
	}{{"localhost:8484", hostCookie, true}, {"127.0.0.1:8484", hostCookie, true}, {"192.0.2.1:8484", plainCookie, false}} {
		f := newFake()
		g, _ := over(f)
		browser := []string{"Host", tt.host, "Sec-Fetch-Site", "same-origin"}
		w := call(g, "POST", "/v1/auth/sessions", signBody, browser...)
		c := w.Result().Cookies()
		if w.Code != 201 || strings.Contains(w.Body.String(), goodRefresh) || len(c) != 1 {
			t.Fatalf("%s: got %d %s %v", tt.host, w.Code, w.Body, c)
		}
		if c[0].Name != tt.name || c[0].Value != goodRefresh || !c[0].HttpOnly || c[0].Secure != tt.secure ||
			c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" || c[0].Domain != "" || c[0].MaxAge != 90*24*3600 {
			t.Errorf("%s: got %+v", tt.host, c[0])
		}
		w = call(g, "POST", "/v1/auth/refresh", "", append(browser, "Cookie", tt.name+"="+goodRefresh)...)
		if w.Code != 200 || len(w.Result().Cookies()) != 1 || strings.Contains(w.Body.String(), goodRefresh) {
			t.Errorf("%s: refresh got %d %s", tt.host, w.Code, w.Body)
		}
		for _, path := range []string{"POST /v1/auth/refresh", "DELETE /v1/auth/sessions/current"} {
			method, path, _ := strings.Cut(path, " ")
			w = call(g, method, path, "", append(browser, "Cookie", tt.name+"=zr_old")...)
			if c := w.Result().Cookies(); w.Code != 401 || len(c) != 1 || c[0].MaxAge >= 0 || c[0].Value != "" || c[0].Name != tt.name {
				t.Errorf("%s: %s got %d %v, want the cookie gone", tt.host, path, w.Code, c)
			}
		}
		w = call(g, "DELETE", "/v1/auth/sessions/current", "", append(browser, "Cookie", tt.name+"="+goodRefresh, "Authorization", "Bearer "+goodAccess)...)
		if c := w.Result().Cookies(); w.Code != 204 || len(c) != 1 || c[0].MaxAge >= 0 {
			t.Errorf("%s: sign out got %d %v", tt.host, w.Code, c)
		}
	}
}

func TestOtherOrigins(t *testing.T) {
	f := newFake()
	g, _ := over(f, func(c *Config) { c.Origins = []string{"https://book.example"} })
	w := call(g, "OPTIONS", "/v1/bookings", "", "Origin", "https://book.example", "Access-Control-Request-Method", "POST")
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "https://book.example" ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Errorf("preflight got %d %v", w.Code, w.Header())
	}
	w = call(g, "POST", "/v1/auth/refresh", "", "Origin", "https://book.example", "Sec-Fetch-Site", "same-site", "Host", "localhost", "Cookie", hostCookie+"="+goodRefresh)
	if w.Code != 200 || w.Header().Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("a listed origin got %d %v", w.Code, w.Header())
	}
	for _, origin := range []string{"https://evil.example", "null", "https://book.example.evil.example", "http://book.example"} {
		w = call(g, "OPTIONS", "/v1/bookings", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if w.Code != 405 || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s got %d %v", origin, w.Code, w.Header())
		}
		if w = call(g, "GET", slotsPath, "", "Origin", origin); w.Header().Get("Vary") != "Origin" {
			t.Errorf("Vary is %q", w.Header().Values("Vary"))
		}
	}
}

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct{ remote, forwarded, proto, want string }{
		{"192.0.2.1:5", "198.51.100.7", "https", "192.0.2.1"},
		{"10.1.1.1:5", "198.51.100.7", "https", "198.51.100.7 tls"},
		{"10.1.1.1:5", "6.6.6.6, 198.51.100.7, 10.2.2.2", "", "198.51.100.7"},
		{"10.1.1.1:5", "6.6.6.6, junk, 10.2.2.2", "", "10.2.2.2"},
		{"10.1.1.1:5", "", "", "10.1.1.1"},
		{"10.1.1.1:5", "10.3.3.3", "", "10.3.3.3"},
		{"[::ffff:10.1.1.1]:5", "198.51.100.7:4711", "", "198.51.100.7"},
		{"[fd00::1]:5", "[2001:db8:1:2:3::4]:99", "", "2001:db8:1:2::/64"},
		{"[2001:db8::1%eth0]:5", "1.2.3.4", "", "2001:db8::/64"},
		{"junk", "1.2.3.4", "https", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		r.Header.Set("X-Forwarded-Proto", tt.proto)
		from := client(r, trusted)
		got := from.counted()
		if from.tls {
			got += " tls"
		}
		if got != tt.want {
			t.Errorf("%s via %q is %q, want %q", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func TestBehindATrustedProxy(t *testing.T) {
	f := newFake()
	g, _ := over(f, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	w := call(g, "POST", "/v1/auth/codes", codeBody, "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Proto", "https")
	if w.Code != 202 || f.seen[0].Addr != "198.51.100.7" || w.Header().Get("Strict-Transport-Security") == "" {
		t.Errorf("got %d, caller %+v, %v", w.Code, f.seen, w.Header())
	}
}

func TestLimiter(t *testing.T) {
	g, _ := over(newFake(), func(c *Config) { c.Rate = 10 })
	refused := 0
	for range 100 {
		w := call(g, "GET", "/v1/app", "")
		if w.Code == 429 {
			refused++
			if codeIn(t, w) != "too_many_requests" || w.Header().Get("Retry-After") == "" {
				t.Fatalf("got %v %s", w.Header(), w.Body)
			}
		}
	}
	if refused < 50 || refused > 60 {
		t.Errorf("%d of 100 requests at once were refused, want about 60", refused)
	}

	l := newLimiter(10)
	at := noon
	for range 40 {
		if l.take("a", at) != 0 {
			t.Fatal("the burst is smaller than promised")
		}
	}
	if wait := l.take("a", at); wait != 100*time.Millisecond {
		t.Errorf("wait %s, want 100ms", wait)
	}
	if l.take("b", at) != 0 || l.take("127.0.0.1", at) != 0 {
		t.Error("one address limits another")
	}
	if l.take("a", at.Add(100*time.Millisecond)) != 0 {
		t.Error("waiting did not help")
	}
	for i := range maxAddresses + 100 {
		l.take(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}).String()+"x", at)
	}
	if len(l.paid) > maxAddresses {
		t.Errorf("%d addresses are remembered", len(l.paid))
	}
}

func TestHealth(t *testing.T) {
	g, _ := over(newFake())
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := call(g, "GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	g, l := over(newFake(), func(c *Config) { c.Ready = func(context.Context) error { return errors.New("no disk") } })
	if w := call(g, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("healthz %d", w.Code)
	}
	w := call(g, "GET", "/readyz", "")
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"store_unavailable"`) || strings.Contains(w.Body.String(), "no disk") || !strings.Contains(l.String(), "no disk") {
		t.Errorf("readyz %d %s", w.Code, w.Body)
	}
}

func TestUI(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	g, _ := over(newFake(), func(c *Config) { c.UI = page })
	for path, want := range map[string]string{"/": "page", "/assets/x.js": "page", "/v1": "", "/v1/": "", "/v1/nothing": "", "/docs": "Zapis API"} {
		w := call(g, "GET", path, "")
		if want != "" && !strings.Contains(w.Body.String(), want) || want == "" && codeIn(t, w) != "route_unknown" {
			t.Errorf("%s: %d %.100s", path, w.Code, w.Body)
		}
	}
	if w := call(g, "POST", "/docs", ""); w.Code != 405 {
		t.Errorf("POST /docs: %d", w.Code)
	}
}
