package yclients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	testPartner = "partner-token-example"
	testUser    = "user-token-example"
)

// setup starts a server and a client that speaks to it with both tokens.
func setup(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newClient(t, WithBaseURL(server.URL))
}

func newClient(t *testing.T, opts ...Option) *Client {
	t.Helper()
	c, err := New(append([]Option{WithPartnerToken(testPartner), WithUserToken(testUser)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answering serves one answer to everything.
func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body string
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got, body = r, string(data)
		_, _ = io.WriteString(w, `{"success":true,"data":[{"id":1,"record_id":2,"record_hash":"h"}],"meta":[]}`)
	})
	call := func(fn func(c *Client) error) func(*testing.T, *Client) {
		return func(t *testing.T, c *Client) { _ = fn(c) }
	}
	ctx := t.Context()
	for _, tt := range []struct {
		name          string
		client        *Client
		do            func(*testing.T, *Client)
		line, auth    string
		body, content string
	}{
		{
			"list with filters", c,
			call(func(c *Client) error {
				_, _, err := c.Records.List(ctx, 7, &RecordListOptions{Page: 2, StartDate: "2026-12-01", WithDeleted: true})
				return err
			}),
			"GET /api/v1/records/7?page=2&start_date=2026-12-01&with_deleted=1", "Bearer partner-token-example, User user-token-example", "", "application/json",
		},
		{
			"list in brackets, as nobody", c.AsPartner(),
			call(func(c *Client) error {
				_, _, err := c.Booking.Times(ctx, 7, 0, "2026-12-01", &BookingTimesOptions{ServiceIDs: []int64{1, 2}})
				return err
			}),
			"GET /api/v1/book_times/7/0/2026-12-01?service_ids%5B%5D=1&service_ids%5B%5D=2", "Bearer partner-token-example", "", "application/json",
		},
		{
			"repeated list", c,
			call(func(c *Client) error {
				_, _, err := c.Companies.List(ctx, &CompanyListOptions{My: true, Include: []string{"staff", "positions"}})
				return err
			}),
			"GET /api/v1/companies?include=staff&include=positions&my=1", "Bearer partner-token-example, User user-token-example", "", "application/json",
		},
		{
			"booking, as a client", c.As("client-token-example"),
			call(func(c *Client) error {
				_, _, err := c.Booking.Create(ctx, 7, &BookingRequest{
					Phone: "79000000001", Fullname: "Имя <Тест>", Code: "01234", APIID: "4503599627370495", NotifyBySMS: new(int64),
					Appointments: []*BookingAppointmentRequest{{ID: 1, Services: []int64{3}, Datetime: "2026-12-01T12:00:00+03:00"}},
				})
				return err
			}),
			"POST /api/v1/book_record/7", "Bearer partner-token-example, User client-token-example",
			`{"phone":"79000000001","fullname":"Имя <Тест>","email":"","code":"01234","notify_by_sms":0,"api_id":"4503599627370495",` +
				`"appointments":[{"id":1,"services":[3],"staff_id":0,"datetime":"2026-12-01T12:00:00+03:00"}]}`, "application/json",
		},
		{
			"delete without a body or its type", c,
			call(func(c *Client) error { _, err := c.Records.Delete(ctx, 7, 8); return err }),
			"DELETE /api/v1/record/7/8", "Bearer partner-token-example, User user-token-example", "", "",
		},
		{
			"hash in the path", c,
			call(func(c *Client) error { _, err := c.UserRecords.Delete(ctx, 8, "abc"); return err }),
			"DELETE /api/v1/user/records/8/abc", "Bearer partner-token-example, User user-token-example", "", "",
		},
		{
			"no hash, shorter path", c,
			call(func(c *Client) error { _, err := c.UserRecords.Delete(ctx, 8, ""); return err }),
			"DELETE /api/v1/user/records/8", "Bearer partner-token-example, User user-token-example", "", "",
		},
		{
			"own records have no path", c,
			call(func(c *Client) error { _, _, err := c.UserRecords.List(ctx); return err }),
			"GET /api/v1/user/records", "Bearer partner-token-example, User user-token-example", "", "application/json",
		},
		{
			"extra members and seconds", c,
			call(func(c *Client) error {
				_, _, err := c.Records.Update(ctx, 7, 8, &RecordRequest{SeanceLength: 90 * time.Minute, Extra: map[string]any{"fast_payment": 1}})
				return err
			}),
			"PUT /api/v1/record/7/8", "Bearer partner-token-example, User user-token-example",
			`{"staff_id":0,"services":[],"client":null,"save_if_busy":false,"datetime":"","seance_length":5400,"send_sms":false,"fast_payment":1}`, "application/json",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got = nil
			tt.do(t, tt.client)
			if got == nil {
				t.Fatal("nothing was sent")
			}
			check := func(what, got, want string) {
				t.Helper()
				if got != want {
					t.Errorf("%s:\n got %s\nwant %s", what, got, want)
				}
			}
			check("line", got.Method+" "+got.URL.RequestURI(), tt.line)
			check("authorization", got.Header.Get("Authorization"), tt.auth)
			check("accept", got.Header.Get("Accept"), "application/vnd.yclients.v2+json")
			check("content type", got.Header.Get("Content-Type"), tt.content)
			check("body", body, tt.body)
		})
	}
}

func TestOptionsRefuse(t *testing.T) {
	for name, opts := range map[string][]Option{
		"no partner token":   {},
		"empty partner":      {WithPartnerToken("")},
		"quoted token":       {WithPartnerToken(`"partner-token-example"`)},
		"cyrillic letter":    {WithPartnerToken("partner-tоken-example")},
		"line break in user": {WithPartnerToken(testPartner), WithUserToken("user-token\n-example")},
		"host without http":  {WithPartnerToken(testPartner), WithBaseURL("api.yclients.com")},
		"base with a user":   {WithPartnerToken(testPartner), WithBaseURL("https://a:b@api.yclients.com")},
		"base with a query":  {WithPartnerToken(testPartner), WithBaseURL("https://api.yclients.com?x=1")},
		"nil client":         {WithPartnerToken(testPartner), WithHTTPClient(nil)},
		"two-line agent":     {WithPartnerToken(testPartner), WithUserAgent("a\nb")},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(opts...)
			if err == nil {
				t.Fatalf("got %v, want an error", c)
			}
			if strings.Contains(err.Error(), "example") {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
	_, err := New(WithPartnerToken("partner-tоken-example"))
	if err == nil || !strings.Contains(err.Error(), "character 10 of the token is U+043E") {
		t.Errorf("a look-alike letter is not named by its place: %v", err)
	}
}

func TestBaseURL(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.yclients.com":          "https://api.yclients.com",
		"https://api.yclients.com/":         "https://api.yclients.com",
		"https://api.yclients.com/api/v1":   "https://api.yclients.com",
		"https://api.yclients.com/api/v1/":  "https://api.yclients.com",
		" http://127.0.0.1:8585 ":           "http://127.0.0.1:8585",
		"http://127.0.0.1:1/mounted/api/v1": "http://127.0.0.1:1/mounted",
	} {
		if got := newClient(t, WithBaseURL(base)).BaseURL(); got != want {
			t.Errorf("base %q: got %s, want %s", base, got, want)
		}
	}
}

// A transport that refuses before sending, as a limiter does.
type refusing struct{ err error }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }

type budgetSpent struct{}

func (budgetSpent) Error() string { return "the budget is spent" }
func (budgetSpent) NotSent() bool { return true }

func TestNotSent(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	dialing, cancelDialing := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelDialing()
	stuck := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	untouched := func(t *testing.T) *Client {
		return setup(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	}
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		client *Client
		cause  error
	}{
		{"refused connection", t.Context(), newClient(t, WithBaseURL("http://"+closed.Addr().String())), nil},
		{"context already over", cancelled, untouched(t), context.Canceled},
		{"deadline while dialing", dialing, newClient(t, WithHTTPClient(&http.Client{Transport: stuck})), context.DeadlineExceeded},
		{"transport says so", t.Context(), newClient(t, WithHTTPClient(&http.Client{Transport: refusing{fmt.Errorf("lane: %w", budgetSpent{})}})), nil},
		{"user token that cannot be one", t.Context(), untouched(t).As("user token"), nil},
		{"empty user token", t.Context(), untouched(t).As(""), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, resp, err := tt.client.Booking.Create(tt.ctx, 1, booking())
			e := wantError(t, err, ErrNotSent)
			if !e.SafeToRepeat || !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("safe to repeat %t, unavailable %t", e.SafeToRepeat, errors.Is(err, ErrUnavailable))
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%v does not wrap %v", err, tt.cause)
			}
			if resp == nil || resp.HTTPStatus != 0 {
				t.Errorf("response %+v", resp)
			}
		})
	}
}

func TestPathValues(t *testing.T) {
	c := setup(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") })
	for _, date := range []string{"", ".", "..", "a/b", `a\b`, "a\x00b"} {
		_, _, err := c.Booking.Times(t.Context(), 1, 0, Date(date), nil)
		wantError(t, err, ErrNotSent)
	}
	_, _, err := c.Booking.Create(t.Context(), 1, nil)
	wantError(t, err, ErrNotSent)
}

func booking() *BookingRequest {
	return &BookingRequest{Phone: "79000000001", Fullname: "Имя Тест 1", Code: "38829",
		Appointments: []*BookingAppointmentRequest{{ID: 1, Services: []int64{331}, StaffID: 6544, Datetime: "2026-12-01T12:00:00+03:00"}}}
}

func wantError(t *testing.T, err error, kind error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, secret := range []string{testPartner, testUser, "79000000001", "38829", "79000000002"} {
		if strings.Contains(err.Error(), secret) || strings.Contains(e.Message, secret) || strings.Contains(e.Excerpt, secret) {
			t.Errorf("the error shows %q: %v, excerpt %q", secret, err, e.Excerpt)
		}
	}
	return e
}

// What broke after the first byte may have been read by the other side. A
// connection that dies in each place shows it.
func TestLostAnswers(t *testing.T) {
	cut := func(before string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			conn, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = buf.WriteString(before)
			_ = buf.Flush()
			_ = conn.Close()
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"no answer":           cut(""),
		"half a status line":  cut("HTTP/1.1 2"),
		"headers and nothing": cut("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"),
		"half a body":         cut("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"success\":true,"),
		"not HTTP":            cut("user-token-example 79000000001\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			c := setup(t, func(w http.ResponseWriter, r *http.Request) { requests.Add(1); handler(w, r) })
			_, _, err := c.Booking.Create(t.Context(), 1, booking())
			if e := wantError(t, err, ErrOutcomeUnknown); e.SafeToRepeat || e.HTTPStatus != 0 {
				t.Errorf("safe to repeat %t, status %d", e.SafeToRepeat, e.HTTPStatus)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("the booking was sent %d times", n)
			}
			_, _, err = c.Records.List(t.Context(), 1, nil)
			if e := wantError(t, err, ErrUnavailable); !e.SafeToRepeat {
				t.Error("a read must be safe to repeat")
			}
		})
	}
}

func TestDeadlineAfterSending(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	c := setup(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, _, err := c.Booking.Create(ctx, 1, booking())
	wantError(t, err, ErrOutcomeUnknown)
	if !errors.Is(err, context.Canceled) || !IsCanceled(err) {
		t.Errorf("%v does not wrap the context's error", err)
	}
}

// A custom transport that fails without telling is taken at its worst.
func TestUnknownTransportFailure(t *testing.T) {
	c := newClient(t, WithHTTPClient(&http.Client{Transport: refusing{errors.New("something")}}))
	_, _, err := c.Booking.Create(t.Context(), 1, booking())
	wantError(t, err, ErrOutcomeUnknown)
}

func TestRedirectIsNotFollowed(t *testing.T) {
	requests := 0
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	_, _, err := c.Booking.Create(t.Context(), 1, booking())
	wantError(t, err, ErrOutcomeUnknown)
	_, _, err = c.Records.List(t.Context(), 1, nil)
	wantError(t, err, ErrMalformed)
	if requests != 2 {
		t.Errorf("%d requests arrived, want 2", requests)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := newClient(t)
	var user AuthUser
	if err := json.Unmarshal([]byte(`{"id":1,"user_token":"user-token-example","phone":"79000000001"}`), &user); err != nil {
		t.Fatal(err)
	}
	if string(user.UserToken) != testUser {
		t.Fatalf("token %q", string(user.UserToken))
	}
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "client", c, "token", user.UserToken, "user", &user, "request", &LoginRequest{Password: "password-example"}, "phone", user.Phone, "hash", Secret("hash-example-1"))
	asJSON, err := json.Marshal([]any{user, LoginRequest{Password: "password-example"}, c.user})
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(asJSON) +
		fmt.Sprint(c, *c, user, user.UserToken, user.Phone, booking().Code) +
		fmt.Sprintf("%v %+v %#v %s %q %x %d", c, *c, *c, user.UserToken, user.UserToken, user.UserToken, user.UserToken) +
		fmt.Sprintf("%+v %#v", user, user)
	for _, secret := range []string{testPartner, testUser, "password-example", "38829", "hash-example-1", fmt.Sprintf("%x", testUser)} {
		if strings.Contains(printed, secret) {
			t.Errorf("%q is printed in %s", secret, printed)
		}
	}
	// JSON of a phone is the phone: it is data. Printing is masked.
	if text := fmt.Sprint(user.Phone, " ", user); strings.Contains(text, "79000000001") {
		t.Errorf("the phone is printed: %s", text)
	}
	if string(c.As("client-token-example").user) != "client-token-example" || c.user != testUser || c.AsPartner().HasUser() || !c.HasUser() {
		t.Error("copies of a client share their tokens")
	}
}
