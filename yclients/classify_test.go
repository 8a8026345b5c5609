package yclients

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const jsonType = "application/json"

// create makes the write that everything turns on.
func create(t *testing.T, c *Client) error {
	_, _, err := c.Booking.Create(t.Context(), 1, booking())
	return err
}

func TestRefusedBookings(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		kind   error
		code   int
		id     int64
	}{
		{"code in meta", 422, `{"success":false,"data":null,"meta":{"message":"x","code":433,"id":2}}`, ErrSlotTaken, 433, 2},
		{"code in errors", 422, `{"errors":{"code":433,"message":"x","id":"2"},"meta":{"message":"x"}}`, ErrSlotTaken, 433, 2},
		{"code on top", 422, `{"success":false,"code":"433","data":{"id":2},"meta":[]}`, ErrSlotTaken, 433, 2},
		{"booking code beats the status again", 422, `{"errors":{"code":422,"message":"x"},"code":437,"meta":{"message":"x"}}`, ErrInvalid, 437, 0},
		{"phone", 422, `{"success":false,"meta":{"code":431}}`, ErrInvalid, 431, 0},
		{"SMS code", 422, `{"success":false,"meta":{"code":432}}`, ErrWrongCode, 432, 0},
		{"black list", 403, `{"success":false,"meta":{"code":434}}`, ErrBlacklisted, 434, 0},
		{"name", 422, `{"success":false,"meta":{"code":435}}`, ErrInvalid, 435, 0},
		{"nobody free", 422, `{"success":false,"meta":{"code":436}}`, ErrSlotTaken, 436, 0},
		{"services gone", 422, `{"success":false,"meta":{"code":438}}`, ErrInvalid, 438, 0},
		{"words: not available", 422, `{"success":false,"data":null,"meta":{"message":"Выбранное время недоступно"}}`, ErrSlotTaken, 0, 0},
		{"words: busy", 422, `{"success":false,"data":null,"meta":{"message":"К сотруднику нельзя записаться на 30 сентября 2015 в 16:00. Выбранное время уже занято или является нерабочим."}}`, ErrSlotTaken, 0, 0},
		{"words: code", 422, `{"success":false,"data":null,"meta":{"message":"Неверный код подтверждения"}}`, ErrWrongCode, 0, 0},
		{"conflict", 409, `{"success":false,"data":null,"meta":{"message":"x","conflict":true}}`, ErrSlotTaken, 0, 0},
		{"refusal inside a success", 201, `{"success":false,"data":null,"meta":{"code":433}}`, ErrSlotTaken, 433, 0},
		{"rate as 429", 429, ``, ErrRateLimited, 0, 0},
		{"rate as 200", 200, `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`, ErrRateLimited, 0, 0},
		{"rate as 403", 403, `{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`, ErrRateLimited, 0, 0},
		{"rate in other words", 403, `{"success":false,"data":null,"meta":{"message":"Слишком много запросов"}}`, ErrRateLimited, 0, 0},
		{"rate in English", 403, `{"message":"Too Many Requests"}`, ErrRateLimited, 0, 0},
		{"rate behind other words", 422, `{"errors":{"message":"Rate limit exceeded"},"meta":{"message":"Ошибка"}}`, ErrRateLimited, 0, 0},
		{"limit of the salon", 422, `{"success":false,"data":null,"meta":{"message":"Превышен лимит записей клиента"}}`, ErrInvalid, 0, 0},
		{"request too long", 413, `{"success":false,"data":null,"meta":{"message":"Слишком большое тело запроса"}}`, ErrInvalid, 0, 0},
		{"no header", 401, `{"success":false,"data":null,"meta":{"message":"Не указаны авторизационные данные"}}`, ErrUnauthenticated, 0, 0},
		{"no right", 403, `{"success":false,"data":null,"meta":{"message":"Нет прав на управление компанией"}}`, ErrForbidden, 0, 0},
		{"licence", 403, `{"success":false,"data":null,"meta":{"message":"Необходимо продлить лицензию в филиале с id: 1"}}`, ErrLicense, 0, 0},
		{"licence is a right too", 402, `{}`, ErrForbidden, 0, 0},
		{"unknown company", 404, `{"success":false,"data":null,"meta":{"message":"Не найдено"}}`, ErrNotFound, 0, 0},
		{"bad field", 422, `{"success":false,"meta":{"message":"x","errors":{"email":["нужен"]}}}`, ErrInvalid, 0, 0},
		{"proxy page", 403, `<html>no</html>`, ErrForbidden, 0, 0},
		{"teapot", 418, `{}`, ErrUnexpected, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := wantError(t, create(t, setup(t, answering(tt.status, jsonType, tt.body))), tt.kind)
			if e.Code != tt.code || e.AppointmentID != tt.id || e.HTTPStatus != tt.status || e.Operation != "createBooking" {
				t.Errorf("got code %d, appointment %d, status %d of %s", e.Code, e.AppointmentID, e.HTTPStatus, e.Operation)
			}
			if !e.SafeToRepeat || errors.Is(e, ErrOutcomeUnknown) {
				t.Error("a refusal is known not to be applied")
			}
		})
	}
}

// Everything that is neither a clear yes nor a clear no leaves the booking
// unknown, and the same answer to a read is malformed or unavailable.
func TestUnclearAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		read   error
	}{
		{"500", 500, `{"success":false,"data":null,"meta":{"message":"x"}}`, ErrUnavailable},
		{"502 page", 502, `<html>Bad Gateway</html>`, ErrUnavailable},
		{"503", 503, ``, ErrUnavailable},
		{"504 with a booking code", 504, `{"success":false,"meta":{"code":433}}`, ErrUnavailable},
		{"request timeout", 408, ``, ErrUnavailable},
		{"empty", 200, ``, ErrMalformed},
		{"no content", 204, ``, ErrMalformed},
		{"page", 200, `<html>79000000001</html>`, ErrMalformed},
		{"truncated", 201, `{"success":true,"data":[{"id":1,"reco`, ErrMalformed},
		{"without data", 201, `{"success":true,"meta":{"message":"Created"}}`, ErrMalformed},
		{"null data", 201, `{"success":true,"data":null,"meta":[]}`, ErrMalformed},
		{"data is a text", 201, `{"success":true,"data":"x","meta":[]}`, ErrMalformed},
		{"data is a number", 201, `{"success":true,"data":1}`, ErrMalformed},
		{"items are no objects", 201, `{"success":true,"data":[1]}`, ErrMalformed},
		{"bare nothing", 201, `[]`, ErrMalformed},
		{"bare object", 201, `{}`, ErrMalformed},
		{"null", 201, `null`, ErrMalformed},
		{"NaN", 201, `{"success":true,"data":[{"id":1,"record_id":NaN}]}`, ErrMalformed},
		{"deep", 201, strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), ErrMalformed},
		{"deep data", 201, `{"success":true,"data":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}`, ErrMalformed},
		{"two documents", 201, `{"success":true,"data":[]}{}`, ErrMalformed},
		{"NUL", 201, "\x00", ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := setup(t, answering(tt.status, "text/html", tt.body))
			if e := wantError(t, create(t, c), ErrOutcomeUnknown); e.SafeToRepeat {
				t.Error("a booking that may exist must not be repeated")
			}
			_, _, err := c.Records.List(t.Context(), 1, nil)
			if e := wantError(t, err, tt.read); !e.SafeToRepeat {
				t.Error("a read is safe to repeat")
			}
		})
	}
}

// Answers that only a booking would misread.
func TestBookingWithoutItsRecord(t *testing.T) {
	for name, body := range map[string]string{
		"no appointments":     `{"success":true,"data":[],"meta":[]}`,
		"one too many":        `{"success":true,"data":[{"id":1,"record_id":2},{"id":2,"record_id":3}],"meta":[]}`,
		"no record id":        `{"success":true,"data":[{"id":1}],"meta":[]}`,
		"record id is null":   `{"success":true,"data":[{"id":1,"record_id":null}],"meta":[]}`,
		"record id is a list": `{"success":true,"data":[{"id":1,"record_id":[7]}],"meta":[]}`,
		"item is null":        `{"success":true,"data":[null],"meta":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, create(t, setup(t, answering(201, jsonType, body))), ErrOutcomeUnknown)
		})
	}
}

func TestTooLongAnswer(t *testing.T) {
	// A gzip file may have many members: one is packed, and comes often.
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = z.Close()
	c := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		for range 65 {
			_, _ = w.Write(packed.Bytes())
		}
	})
	_, _, err := c.Records.List(t.Context(), 1, nil)
	if e := wantError(t, err, ErrMalformed); !strings.Contains(e.Error(), "longer than 64 MB") {
		t.Error(e)
	}
}

func TestCallsWithoutData(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		kind   error // of a deletion, nil for success
	}{
		{"204", 204, ``, nil},
		{"200 empty, as documented", 200, ``, nil},
		{"200 envelope", 200, `{"success":true,"data":null,"meta":[]}`, nil},
		{"200 bare", 200, `{"message":"Удалено"}`, nil},
		{"202 accepted", 202, `{"success":true,"data":null,"meta":{"message":"Accepted"}}`, nil},
		{"206 empty", 206, ``, ErrOutcomeUnknown},
		{"206 bare", 206, `{}`, ErrOutcomeUnknown},
		{"200 page", 200, `<html>`, ErrOutcomeUnknown},
		{"200 text", 200, `"ok"`, ErrOutcomeUnknown},
		{"200 refusal", 200, `{"success":false,"meta":{"message":"Запись нельзя удалить"}}`, ErrInvalid},
		{"200 refusal of the other shape", 200, `{"errors":{"message":"нет"},"meta":{"message":"нет"}}`, ErrInvalid},
		{"404", 404, `{"success":false,"data":null,"meta":{"message":"Не найдено"}}`, ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := setup(t, answering(tt.status, jsonType, tt.body))
			_, err := c.UserRecords.Delete(t.Context(), 8, "0123456789abcdef0123456789abcdef")
			switch {
			case tt.kind == nil && err != nil:
				t.Errorf("got %v, want success", err)
			case tt.kind != nil:
				wantError(t, err, tt.kind)
			}
			if err != nil && strings.Contains(err.Error(), "0123456789abcdef") {
				t.Errorf("the error shows the hash: %v", err)
			}
		})
	}
	// Nothing is stored by a check: its answer can be asked for again.
	c := setup(t, answering(500, jsonType, ""))
	_, err := c.Booking.Check(t.Context(), 1, &BookingCheckRequest{})
	wantError(t, err, ErrUnavailable)
}

func TestSignIn(t *testing.T) {
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		kind    error
		missing Credential
	}{
		{"bare", 201, `{"id":1,"user_token":"user-token-example"}`, nil, ""},
		{"enveloped", 200, `{"success":true,"data":{"id":1,"user_token":"user-token-example"},"meta":[]}`, nil, ""},
		{"second factor", 200, `{"success":true,"data":{"uuid":"00000000-0000-4000-8000-000000000001"},"meta":[]}`, ErrSecondFactor, ""},
		{"second factor, bare", 200, `{"uuid":"00000000-0000-4000-8000-000000000001"}`, ErrSecondFactor, ""},
		{"no token", 200, `{"success":true,"data":{"id":1},"meta":[]}`, ErrMalformed, ""},
		{"wrong password", 401, `{"success":false,"data":null,"meta":{"message":"Не верный логин или пароль"}}`, ErrUnauthenticated, CredentialLogin},
		{"unknown partner", 401, `{"success":false,"data":null,"meta":{"message":"Не указан идентификатор партнера"}}`, ErrUnauthenticated, CredentialPartner},
		{"no header", 401, `{"success":false,"data":null,"meta":{"message":"Не указаны авторизационные данные"}}`, ErrUnauthenticated, CredentialHeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := setup(t, answering(tt.status, jsonType, tt.body))
			user, _, err := c.Auth.Login(t.Context(), &LoginRequest{Login: "79000000002", Password: "password-example"})
			if tt.kind == nil {
				if err != nil || string(user.UserToken) != testUser || user.ID != 1 {
					t.Fatalf("got %+v, %v", user, err)
				}
				return
			}
			if e := wantError(t, err, tt.kind); e.Missing != tt.missing {
				t.Errorf("missing %q, want %q", e.Missing, tt.missing)
			}
		})
	}
}

func TestSignInByCode(t *testing.T) {
	for _, tt := range []struct {
		status  int
		message string
		kind    error
	}{
		{401, "Неверный код подтверждения", ErrWrongCode},
		{422, "Код устарел", ErrWrongCode},
		{400, "", ErrWrongCode},
		{401, "Необходима авторизация", ErrUnauthenticated},
		{401, "Не указан идентификатор партнера", ErrUnauthenticated},
		{404, "Не найдено", ErrNotFound},
		{200, "Превышен лимит запросов", ErrRateLimited},
		{503, "", ErrOutcomeUnknown},
	} {
		body := fmt.Sprintf(`{"success":false,"data":null,"meta":{"message":%q}}`, tt.message)
		c := setup(t, answering(tt.status, jsonType, body))
		_, _, err := c.UserRecords.Login(t.Context(), &PhoneLoginRequest{Phone: "79000000001", Code: "38829"})
		wantError(t, err, tt.kind)
	}
	c := setup(t, answering(401, jsonType, `{"success":false,"data":null,"meta":{"message":"Не указан идентификатор пользователя"}}`))
	_, _, err := c.UserRecords.List(t.Context())
	if e := wantError(t, err, ErrUnauthenticated); e.Missing != CredentialUser || !strings.Contains(e.Error(), "user token") {
		t.Errorf("missing %q: %v", e.Missing, e)
	}
}

func TestErrorDetails(t *testing.T) {
	body := `{"success":false,"data":null,"meta":{"message":"Клиент +7 900 000-00-02 уже есть, токен user-token-example, 2026-12-01 10:30","errors":{"phone":["номер 79000000002 занят","ещё"],"email":"нужен"}}}`
	e := wantError(t, create(t, setup(t, answering(422, jsonType, body))), ErrInvalid)
	if want := "Клиент *********02 уже есть, токен [redacted], 2026-12-01 10:30"; e.Message != want {
		t.Errorf("message %q, want %q", e.Message, want)
	}
	if got := fmt.Sprint(e.FieldErrors); got != "map[email:[нужен] phone:[номер *********02 занят ещё]]" {
		t.Errorf("field errors %s", got)
	}
	top := `{"success":false,"errors":{"datetime":["прошло"]},"meta":{"message":"x"}}`
	if e = wantError(t, create(t, setup(t, answering(422, jsonType, top))), ErrInvalid); e.FieldErrors["datetime"][0] != "прошло" {
		t.Errorf("field errors %v", e.FieldErrors)
	}
	e = wantError(t, create(t, setup(t, answering(502, "text/html", "<b>"+strings.Repeat("ё79000000001 user-token-example ", 50)))), ErrOutcomeUnknown)
	if !strings.HasPrefix(e.Excerpt, "<b>") || len([]rune(e.Excerpt)) > 200 || !utf8.ValidString(e.Excerpt) {
		t.Errorf("excerpt %q", e.Excerpt)
	}
}

// The same texts stand in the tests of internal/upstream, which reads them by a rule of its own: the two must agree.
func TestSaysLimit(t *testing.T) {
	for text, want := range map[string]bool{
		"Превышен лимит запросов":                  true,
		"превышен лимит запросов в минуту":         true,
		"Слишком много запросов":                   true,
		"Слишком частые запросы, попробуйте позже": true,
		"Превышено количество запросов":            true,
		"Too Many Requests":       true,
		"API rate limit exceeded": true,
		"Request limit reached":   true,
		"":                        false,
		"Превышен лимит записей":         false, // a rule of the salon
		"Превышен лимит записей клиента": false,
		"Слишком много записей":          false,
		"Слишком большое тело запроса":   false, // of one request, not of their number
		"Превышен размер запроса":        false,
		"Ошибка в параметрах запроса":    false,
		"Недостаточно прав для запросов": false,
		"Credit limit exceeded":          false,
	} {
		if got := saysLimit(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"30":                            30 * time.Second,
		"1.5":                           1500 * time.Millisecond,
		"-1":                            0,
		"NaN":                           0,
		"soon":                          0,
		"1000000000":                    time.Hour,
		"1e400":                         0, // out of range is garbage
		"Mon, 23 Nov 2026 12:00:10 GMT": 10 * time.Second,
		"Mon, 23 Nov 2026 11:00:00 GMT": 0,
		"Thu, 23 Nov 2028 12:00:00 GMT": time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", header, got, want)
		}
	}
	c := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(429)
	})
	if e := wantError(t, create(t, c), ErrRateLimited); e.RetryAfter != 7*time.Second || !e.SafeToRepeat {
		t.Errorf("retry after %v, safe %t", e.RetryAfter, e.SafeToRepeat)
	}
}

// Whatever comes back, a call ends with data or an error of a known kind, a
// booking is confirmed only by a record id, and nothing panics.
func FuzzAnswer(f *testing.F) {
	for _, status := range []int{200, 201, 204, 400, 401, 403, 404, 422, 429, 500} {
		for _, body := range []string{
			``, `{}`, `[]`, `null`, `<html>`, `{"success":true,"data":[{"id":1,"record_id":2,"record_hash":"h"}],"meta":[]}`,
			`{"success":false,"data":null,"meta":{"message":"Превышен лимит запросов"}}`,
			`{"errors":{"code":401,"message":"Необходима авторизация"},"meta":{"message":"Необходима авторизация"}}`,
			`[{"success":"true","data":{"id":1}}]`, `{"success":true,"data":{"0":{"id":1},"2":{"id":3}}}`,
			`{"success":1,"data":[{"id":"1","record_id":"2e0","record_hash":7}],"data":[]}`,
			"{\"success\":true,\"data\":[{\"id\":1,\"comment\":\"\\ud800\xff\\u0000\"}]}",
			`{"meta":{"errors":{"a":[null,1,"x"],"message":{}}},"errors":[1]}`,
		} {
			f.Add(status, []byte(body))
		}
	}
	c, err := New(WithPartnerToken(testPartner), WithUserToken(testUser))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return
		}
		write := &answer{call: call{operation: "createBooking", method: "POST", writes: true, statuses: []int{201}, body: booking()},
			client: c, status: status, header: http.Header{}, body: body}
		booked, err := decodeAs[[]*BookedAppointment](write)
		if err == nil && (len(booked) != 1 || booked[0].RecordID <= 0 || status >= 300) {
			t.Errorf("HTTP %d %q was taken for a booking: %v", status, body, booked)
		}
		checkKind(t, err, status >= 500)
		read := &answer{call: call{operation: "listRecords", method: "GET", statuses: []int{200}}, client: c, status: status, header: http.Header{}, body: body}
		records, err := decodeAs[[]*Record](read)
		checkKind(t, err, false)
		if err == nil && len(records) == 0 && !bytes.Contains(body, []byte("success")) && !bytes.Contains(body, []byte("data")) {
			t.Errorf("HTTP %d %q was taken for an empty list", status, body)
		}
		_ = read.response().Meta
		empty := &answer{call: call{operation: "deleteRecord", method: "DELETE", writes: true, statuses: []int{204}}, client: c, status: status, header: http.Header{}, body: body}
		_, err = decodeAs[none](empty)
		checkKind(t, err, status >= 500)
	})
}

func checkKind(t *testing.T, err error, unknown bool) {
	t.Helper()
	if err == nil {
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%T is no *Error", err)
	}
	if unknown && !errors.Is(err, ErrOutcomeUnknown) || e.SafeToRepeat == errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("kind %v, safe to repeat %t", e.Kind, e.SafeToRepeat)
	}
	if s := err.Error(); strings.Contains(s, testPartner) || strings.Contains(s, testUser) {
		t.Errorf("a token is shown: %s", s)
	}
}
