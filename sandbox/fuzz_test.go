package sandbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serveFuzz plays a call and complains about anything but an honest answer.
func serveFuzz(t *testing.T, s *Sandbox, method, path, body string) {
	t.Helper()
	req := &http.Request{Method: method, Header: http.Header{}, Host: "sandbox.example", RemoteAddr: "192.0.2.1:1"}
	u, err := http.NewRequest(http.MethodGet, "http://sandbox.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	if req.URL, err = u.URL.Parse(path); err != nil {
		return
	}
	req.Body = http.NoBody
	if body != "" {
		req.Body = struct {
			*strings.Reader
			nopCloser
		}{Reader: strings.NewReader(body)}
	}
	req.Header.Set("Accept", "application/vnd.yclients.v2+json")
	req.Header.Set("Authorization", "Bearer "+PartnerToken+", User "+UserToken)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, req)
	if w.Code == http.StatusInternalServerError {
		t.Errorf("%s %s %q answered %s", method, path, body, w.Body)
	}
	if w.Code >= 400 && !strings.HasPrefix(path, "/_sandbox") && !strings.Contains(w.Body.String(), `"message"`) {
		t.Errorf("%s %s answered %d without a message: %s", method, path, w.Code, w.Body)
	}
}

type nopCloser struct{}

func (nopCloser) Close() error { return nil }

func FuzzRouter(f *testing.F) {
	for _, path := range []string{
		"/api/v1/book_times/4564/0/2026-11-26?service_ids[]=564001", "/api/v1/records/4564?page=-1&count=99999999999999999999",
		"/api/v1/company/4564/staff/schedule?start_date=2026-11-01&end_date=2999-01-01", "/api/v1//", "/api/v1/company/%2F/",
		"/api/v1/book_dates/4564?date=0000-00-00&service_ids[0]=x", "/api/v1/user/records/1/%00",
		"/api/v1/book_services/4564?datetime=99999999999999999999&staff_id=-1", "/api/v1/bookform/9223372036854775808",
	} {
		f.Add(http.MethodGet, path)
	}
	f.Add("DELETE", "/api/v1/record/4564/1")
	s := New(WithLimits(Off), WithNow(func() time.Time { return noon }))
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, method, path string) {
		if strings.HasPrefix(path, "/_sandbox/events") {
			return
		}
		serveFuzz(t, s, method, path, "")
	})
}

func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{}`, `null`, `[]`, `{"appointments":[null]}`, `{"phone":79000000001,"fullname":{},"email":null,"appointments":[{"id":"1","services":["564001"],"staff_id":"0","datetime":1764150000}]}`,
		`{"phone":"79000000001","fullname":"x","email":"","appointments":[{"id":1e400,"services":[[]],"staff_id":{},"datetime":[]}]}`,
		`{"staff_id":564501,"services":[{}],"client":[],"datetime":"2026-12-01 12:00:00","seance_length":"3600","save_if_busy":"1","custom_fields":[1]}`,
		`{"staff_id":564501,"services":[{"id":564001}],"client":{"phone":"+79000000001"},"datetime":"2026-12-01 12:00:00","seance_length":3600,"save_if_busy":true,"record_labels":[{}],"attendance":99}`,
		`{"urls":[1,null],"active":"yes"}`, `{"login":1,"password":[]}`, `{"a":1}{"b":2}`, "{\"a\":\"\xff\"}", strings.Repeat(`{"a":`, 10000),
	} {
		f.Add(body)
	}
	s := New(WithLimits(Off), WithNow(func() time.Time { return noon }))
	f.Cleanup(s.Close)
	id := itoa(s.Records(moscow)[0].ID)
	calls := [][2]string{
		{"POST", "/api/v1/book_record/4564"}, {"POST", "/api/v1/book_check/4564"}, {"POST", "/api/v1/records/4564"},
		{"PUT", "/api/v1/record/4564/" + id}, {"PUT", "/api/v1/book_record/4564/" + id}, {"POST", "/api/v1/auth"},
		{"POST", "/api/v1/user/auth"}, {"POST", "/api/v1/book_code/4565"}, {"PUT", "/api/v1/booking/user"},
		{"POST", "/api/v1/hooks_settings/4564"},
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, c := range calls {
			serveFuzz(t, s, c[0], c[1], body)
		}
		for _, c := range []string{"take", "faults", "switches"} {
			method := "PUT"
			if c == "take" {
				method = "POST"
			}
			serveFuzz(t, s, method, "/_sandbox/"+c, body)
			if err := s.SetFaults(Faults{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
