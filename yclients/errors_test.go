package yclients

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zapis/contract"
)

// refused is the error of an answer to an operation, whether it has a method or not.
func refused(t *testing.T, op *contract.Operation, status int, body string) *Error {
	t.Helper()
	a := &answer{
		call:   call{operation: op.ID, method: op.Method, writes: op.Method != http.MethodGet, statuses: op.Statuses},
		client: newClient(t), status: status, header: http.Header{}, body: []byte(body),
	}
	_, err := decodeAs[none](a)
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%s: HTTP %d %s gives %v", op.ID, status, body, err)
	}
	if e.Operation != op.ID || e.HTTPStatus != status || !e.SafeToRepeat {
		t.Errorf("%s: HTTP %d %s gives operation %q, status %d, safe to repeat %t", op.ID, status, body, e.Operation, e.HTTPStatus, e.SafeToRepeat)
	}
	return e
}

// kindOfStatus is what the documented statuses mean where no code says more.
var kindOfStatus = map[int]error{
	400: ErrInvalid, 401: ErrUnauthenticated, 402: ErrLicense, 403: ErrForbidden, 404: ErrNotFound, 409: ErrInvalid, 422: ErrInvalid,
}

// Every failure that the contract documents, in every shape that it documents, has its kind, for each operation.
func TestEveryDocumentedFailure(t *testing.T) {
	facts := contract.Errors()
	shapes := []string{`{}`, ``, `<html>`}
	for _, shape := range facts.BodyShapes {
		for _, v := range shape.Variants {
			if !strings.Contains(string(v.Body), "занято") { // the words of a busy time mean more than the status
				shapes = append(shapes, string(v.Body), "["+string(v.Body)+"]")
			}
		}
	}
	seen := 0
	check := func(id string, status int) {
		op, ok := contract.Lookup(id)
		if !ok {
			t.Fatalf("errors.json names %s, which the contract lacks", id)
		}
		want := kindOfStatus[status]
		if want == nil {
			t.Fatalf("%s: HTTP %d has no kind in this test", id, status)
		}
		if id == "authUserByPhoneCode" {
			want = nil // its refusals are about the code: TestSignIn
		}
		for _, body := range shapes {
			seen++
			e := refused(t, op, status, body)
			if want != nil && !errors.Is(e, want) {
				t.Errorf("%s: HTTP %d %s is %v, want %v", id, status, body, e.Kind, want)
			}
		}
	}
	for _, fact := range facts.Statuses {
		for _, id := range fact.Operations {
			if fact.Status >= 400 && fact.Status < 500 {
				check(id, fact.Status)
			}
		}
	}
	for id, list := range facts.PerOperation {
		for _, fact := range list {
			if fact.Status >= 400 && fact.Status < 500 {
				check(id, fact.Status)
			}
		}
	}
	for _, message := range facts.Messages {
		for _, id := range message.Operations {
			op, _ := contract.Lookup(id)
			if message.Status < 400 {
				continue
			}
			e := refused(t, op, message.Status, fmt.Sprintf(`{"success":false,"data":null,"meta":{"message":%q}}`, message.Message))
			if !errors.Is(e, kindOfStatus[message.Status]) || e.Message != message.Message {
				t.Errorf("%s: HTTP %d %q is %v with %q", id, message.Status, message.Message, e.Kind, e.Message)
			}
		}
	}
	if seen < 1000 {
		t.Errorf("only %d documented failures were tried", seen)
	}
}

// The codes of bookings, wherever they may stand, and for each operation that answers them.
func TestEveryBookingCode(t *testing.T) {
	kinds := map[int]error{
		431: ErrInvalid, 432: ErrWrongCode, 433: ErrSlotTaken, 434: ErrBlacklisted, 435: ErrInvalid, 436: ErrSlotTaken,
		437: ErrInvalid, 438: ErrInvalid,
	}
	for _, fact := range contract.Errors().BookingCodes {
		for _, id := range fact.Operations {
			op, _ := contract.Lookup(id)
			for _, shape := range []string{
				`{"success":false,"data":null,"meta":{"message":"x","code":%d,"id":2}}`,
				`{"errors":{"code":"%d","message":"x","id":"2"},"meta":{"message":"x"}}`,
				`{"success":false,"code":%d,"data":{"id":2},"meta":[]}`,
				`[{"success":"false","meta":{"code":%d,"appointment_id":2}}]`,
			} {
				for _, status := range []int{fact.HTTPStatus, 200} {
					e := refused(t, op, status, fmt.Sprintf(shape, fact.Code))
					if !errors.Is(e, kinds[fact.Code]) || e.Code != fact.Code || e.AppointmentID != 2 {
						t.Errorf("%s: code %d as %s: kind %v, code %d, appointment %d", id, fact.Code, shape, e.Kind, e.Code, e.AppointmentID)
					}
				}
			}
		}
	}
}

func TestRateRefusalInsideA200(t *testing.T) {
	const body = `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`
	op, _ := contract.Lookup("listRecords")
	inside, plain := refused(t, op, 200, body), refused(t, op, 429, body)
	if inside.Kind != KindRateLimitedInside || !errors.Is(inside, ErrRateLimited) || !errors.Is(inside, ErrRateLimitedInside) {
		t.Errorf("inside: %v", inside.Kind)
	}
	if plain.Kind != KindRateLimited || !errors.Is(plain, ErrRateLimited) || errors.Is(plain, ErrRateLimitedInside) {
		t.Errorf("plain: %v", plain.Kind)
	}
}

// Each kind has an error value and words of its own, and is no other kind but those documented.
func TestKinds(t *testing.T) {
	also := map[Kind]error{KindNotSent: ErrUnavailable, KindLicense: ErrForbidden, KindRateLimitedInside: ErrRateLimited}
	words := map[string]Kind{}
	for k := range Kind(len(sentinels)) {
		e := &Error{Operation: "x", Kind: k}
		for other, sentinel := range sentinels {
			if got, want := errors.Is(e, sentinel), Kind(other) == k || also[k] == sentinel; got != want {
				t.Errorf("%v is %v: %t, want %t", k, sentinel, got, want)
			}
		}
		if before, had := words[k.String()]; had {
			t.Errorf("%d and %d are both called %q", before, k, k)
		}
		words[k.String()] = k
	}
	if Kind(-1).String() != "Kind(-1)" || Kind(99).String() != "Kind(99)" {
		t.Error("an unknown kind has no words")
	}
}

// Secrets and phones are planted in everything that an answer or a transport may say, in every spelling, and nothing
// that an error prints has them.
func TestErrorsTellNoSecrets(t *testing.T) {
	const phone, hash, code = "79000000001", "0123456789abcdef0123456789abcdef", "38829"
	secrets := []string{testPartner, testUser, phone, "+7 900 000-00-01", "8 (900) 000-00-01", hash, "client@example.com"}
	var spellings []string
	for _, s := range secrets {
		spellings = append(spellings, s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)),
			base64.RawURLEncoding.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte("User "+s)))
	}
	check := func(t *testing.T, err error) {
		t.Helper()
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("%v is no *Error", err)
		}
		asJSON, _ := json.Marshal(e)
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Error("x", "error", err, "fields", e.FieldErrors, "excerpt", e.Excerpt)
		printed := fmt.Sprintf("%v %+v %#v %s %q %v %s", err, err, err, err, err, e.FieldErrors, e.Excerpt) + string(asJSON) + log.String()
		if strings.Contains(err.Error()+e.Excerpt, code) { // five digits stand in addresses and times of the rest by chance
			t.Fatalf("the code is told by %v, %s", err, e.Excerpt)
		}
		for _, s := range append(spellings, "000-00-01", "9000000001") {
			if strings.Contains(printed, s) {
				t.Fatalf("%q is told by %.600s", s, printed)
			}
		}
	}
	for _, s := range spellings {
		quoted, _ := json.Marshal("Ошибка: " + s + ", проверьте " + s)
		for _, body := range []string{
			`{"success":false,"data":null,"meta":{"message":` + string(quoted) + `}}`,
			`{"errors":{"code":422,"message":` + string(quoted) + `},"meta":{"message":` + string(quoted) + `}}`,
			`{"success":false,"meta":{"message":"x","errors":{"phone":[` + string(quoted) + `],` + string(quoted) + `:["x"]}}}`,
			`{"success":true,"data":` + string(quoted) + `}`,
			"<html>" + s + strings.Repeat(" ", 190) + s + "</html>",
			strings.Repeat("ы", 190) + s,
		} {
			for _, status := range []int{200, 401, 422, 500} {
				check(t, create(t, setup(t, answering(status, "text/html", body))))
			}
		}
		check(t, create(t, newClient(t, WithTransport(refusing{errors.New("proxy says " + s)}))))
	}
	_, err := newClient(t, WithTransport(refusing{&url.Error{Op: "Get", URL: "http://x/" + hash, Err: io.ErrUnexpectedEOF}})).UserRecords.Delete(t.Context(), 8, hash)
	check(t, err)
}

func TestLogger(t *testing.T) {
	var log strings.Builder
	c := setup(t, answering(422, jsonType, `{"success":false,"data":null,"meta":{"message":"Выбранное время недоступно 79000000001","code":433}}`))
	logged := newClient(t, WithBaseURL(c.BaseURL()), WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	_ = create(t, logged)
	_, _, _ = logged.Booking.Times(t.Context(), 4564, 0, "2026-12-01", nil)
	for _, want := range []string{"operation=createBooking", "status=422", `kind="time is taken"`, "code=433", "level=WARN", "operation=listBookTimes"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
	for _, secret := range []string{testPartner, testUser, "79000000001", "38829", "недоступно", "4564", "127.0.0.1"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is logged: %s", secret, log.String())
		}
	}
}

// The clock of the client decides what a date in Retry-After means, and how long a call took.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return &http.Response{
				StatusCode: 429, Body: http.NoBody, Request: r,
				Header: http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:01:00 GMT"}},
			}, nil
		})
		var log strings.Builder
		c := newClient(t, WithTransport(rt), WithClock(func() time.Time { return time.Now().UTC() }), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		e := wantError(t, create(t, c), ErrRateLimited)
		if e.RetryAfter != 57*time.Second || !strings.Contains(log.String(), "took=3s") {
			t.Errorf("retry after %v, log %s", e.RetryAfter, log.String())
		}
	})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
