package tape

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zapis/sandbox"
)

const c = "/4564"

func record(t *testing.T, upstream string, writes bool) (proxy, dir string) {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "tape")
	r, err := NewRecorder(to, dir, writes, nil, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL, dir
}

func ask(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.yclients.v2+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+sandbox.PartnerToken+", User "+sandbox.UserToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// The sandbox, recorded as if it were an account, is like the sandbox; a field too many, a field too few and a field of
// another kind are told.
func TestRecordAndCompare(t *testing.T) {
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off), sandbox.WithSeed(7))
	proxy, dir := record(t, sb.URL(), false)
	for _, path := range []string{
		"/api/v1/book_services" + c, "/api/v1/book_staff" + c, "/api/v1/book_dates" + c, "/api/v1/company" + c + "/staff/",
		"/api/v1/company" + c + "/services/", "/api/v1/company" + c + "/service_categories/", "/api/v1/records" + c + "?page=1&count=20",
		"/api/v1/companies?my=1", "/api/v1/bookform/1",
	} {
		_, direct := ask(t, http.MethodGet, sb.URL()+path, "")
		if _, through := ask(t, http.MethodGet, proxy+path, ""); through != direct {
			t.Errorf("%s: the answer was changed on its way", path)
		}
	}
	report, err := Compare(dir)
	if err != nil {
		t.Fatal(err)
	}
	if report.Compared < 7 || len(report.Differences) != 0 {
		t.Errorf("compared %d (skipped %v), want 7 or more and no difference:\n%v", report.Compared, report.Skipped, report.Differences)
	}

	file := filepath.Join(dir, "0004-listStaff.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Operation, Method, Type string
		Path                    map[string]string
		Status                  int
		Response                struct {
			Success bool             `json:"success"`
			Data    []map[string]any `json:"data"`
			Meta    any              `json:"meta"`
		}
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	for _, staff := range e.Response.Data {
		staff["mood"] = "good"
		staff["id"] = "seven"
		delete(staff, "rating")
	}
	if text, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if report, err = Compare(dir); err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{}
	for _, d := range report.Differences {
		places[d.Place] = true
	}
	for _, want := range []string{"data[].mood", "data[].id", "data[].rating"} {
		if !places[want] {
			t.Errorf("no difference at %s: %v", want, report.Differences)
		}
	}
}

// What changes something, and what is no operation, is not sent.
func TestRecorderOnlyReads(t *testing.T) {
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	before := len(sb.Ledger())
	proxy, dir := record(t, sb.URL(), false)
	for method, path := range map[string]string{
		http.MethodPost: "/api/v1/book_record" + c, http.MethodDelete: "/api/v1/record" + c + "/1", http.MethodGet: "/api/v1/../secret",
	} {
		if status, body := ask(t, method, proxy+path, "{}"); status != http.StatusForbidden && status != http.StatusNotFound || !strings.Contains(body, "nothing was sent") {
			t.Errorf("%s %s: got %d %s", method, path, status, body)
		}
	}
	if n := len(sb.Ledger()) - before; n != 0 {
		t.Errorf("%d requests arrived, want none", n)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("written down: %v", files)
	}
	writing, dir := record(t, sb.URL(), true)
	ask(t, http.MethodPost, writing+"/api/v1/book_check"+c, `{"appointments":[]}`)
	ask(t, http.MethodPost, writing+"/api/v1/book_record"+c, `{"phone":"79000000001"}`)
	if files, _ := filepath.Glob(filepath.Join(dir, "*.json")); len(files) != 2 {
		t.Errorf("written down: %v", files)
	}
}

// Nothing that may be somebody's is written down, in any encoding.
func TestNothingPersonalIsWrittenDown(t *testing.T) {
	canaries := []string{
		"Канарейка Иванова", "canary@example.com", "79000000123", "+7 900 000-01-23", "canary-token-0123456789abcdef", "ул. Канареечная, 1", "55.751244",
		"1985-06-07", "4276000000000123", "https://example.com/canary.jpg", "канарейка, перезвоните", "canary", "192.0.2.123", "881234567890123",
	}
	answer := map[string]any{
		"success": true,
		"data": []any{map[string]any{
			"id": 881234567890123, "name": canaries[0], "email": canaries[1], "phone": canaries[2], "other_phone": canaries[3], "user_token": canaries[4],
			"address": canaries[5], "coordinate_lat": 55.751244, "birth_date": canaries[7], "card": canaries[8], "avatar": canaries[9], "comment": canaries[10],
			"login": canaries[11], "ip": canaries[12], "phone_number": 79000000123, "text_of_any_field": canaries[10], "custom_fields": map[string]any{canaries[0]: canaries[1]},
			"list": []any{canaries[0], canaries[2]}, "code": "0123", "nested": map[string]any{"deep": []any{[]any{canaries[10]}}},
		}},
		"meta": map[string]any{"message": "Здравствуйте, " + canaries[0]},
	}
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "book_staff") {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<p>"+canaries[0]+" "+canaries[2]+"</p>")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(account.Close)
	proxy, dir := record(t, account.URL, true)
	ask(t, http.MethodGet, proxy+"/api/v1/book_staff"+c, "")
	ask(t, http.MethodGet, proxy+"/api/v1/clients"+c+"?fullname="+url.QueryEscape(canaries[0])+"&phone="+canaries[2], "")
	ask(t, http.MethodGet, proxy+"/api/v1/user/records/123/"+canaries[4], "")
	ask(t, http.MethodPost, proxy+"/api/v1/book_record"+c, `{"phone":"`+canaries[2]+`","fullname":"`+canaries[0]+`","email":"`+canaries[1]+`","code":"0123","appointments":[]}`)

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("written down: %v, %v", files, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(file)
		all.Write(text)
	}
	written := all.String()
	for _, canary := range append(canaries, sandbox.PartnerToken, sandbox.UserToken, `"0123"`) {
		for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary))} {
			if strings.Contains(written, form) {
				t.Errorf("written down: %q", form)
			}
		}
	}
	for _, kept := range []string{`"success": true`, "@example.org", `"birth_date": "1990-01-01"`, "7900000"} {
		if !strings.Contains(written, kept) {
			t.Errorf("%s is gone, and an app could no longer read this", kept)
		}
	}
}

func TestWhatIsHarmlessIsKept(t *testing.T) {
	s := newScrubber()
	const body = `{"datetime":"2026-11-24T12:00:00+03:00","date":"2026-11-24","timestamp":1795510800,"time":"12:00","seance_length":3600,"price_min":1500.5,"active":1,"x":null,"y":true,"currency_short_title":"₽","timezone_name":"Europe/Moscow","empty":""}`
	clean, ok := s.body([]byte(body))
	var got, want any
	if !ok || json.Unmarshal(clean, &got) != nil || json.Unmarshal([]byte(body), &want) != nil {
		t.Fatalf("got %s", clean)
	}
	if a, b := got.(map[string]any), want.(map[string]any); len(a) != len(b) {
		t.Fatalf("got %s", clean)
	} else {
		for k := range b {
			if a[k] != b[k] {
				t.Errorf("%s: got %v, want %v", k, a[k], b[k])
			}
		}
	}
	one, _ := s.body([]byte(`{"id":5,"staff_id":5,"ids":["5"]}`))
	var ids struct {
		ID      json.Number
		StaffID json.Number `json:"staff_id"`
		IDs     []string
	}
	if err := json.Unmarshal(one, &ids); err != nil || ids.ID != ids.StaffID || ids.IDs[0] != ids.ID.String() || ids.ID == "5" {
		t.Errorf("what belongs together no longer does: %s", one)
	}
}

func TestCompareRefuses(t *testing.T) {
	if _, err := Compare(t.TempDir()); err == nil {
		t.Error("an empty folder was compared")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(dir); err == nil {
		t.Error("a file that is no exchange was compared")
	}
}

func FuzzScrub(f *testing.F) {
	f.Add([]byte(`{"name":"Анна","phone":79000000123,"d":[{"id":1}]}`))
	f.Add([]byte(`[1e400,"\ud800",{"":{}}]`))
	s := newScrubber()
	f.Fuzz(func(t *testing.T, body []byte) {
		clean, ok := s.body(body)
		if ok && !json.Valid(clean) {
			t.Errorf("%q became %q", body, clean)
		}
	})
}
