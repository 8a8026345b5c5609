package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"zapis/internal/alert"
	"zapis/sandbox"
)

// The life of a token in a running server: the password is changed, the first 401 is noticed, what needs the token stops
// and what does not goes on, the operator is told once, and a renewed token brings everything back without a restart.
func TestTokenLifeInTheServer(t *testing.T) {
	told := make(chan alert.Message, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m alert.Message
		body, _ := io.ReadAll(r.Body)
		if json.Unmarshal(body, &m) == nil {
			told <- m
		}
	}))
	t.Cleanup(hook.Close)
	more := []string{"ZAPIS_ALERT_WEBHOOK=" + hook.URL, "ZAPIS_ALERT_LANG=en", "ZAPIS_PUBLIC_URL=https://book.example.com", "ZAPIS_COMPANY_IDS=4565"}
	s := startServed(t, func(s *served) { s.write(s.account(sandbox.AppUserToken, more...)...) })
	s.until("the branches are known", func() bool { return s.get(t, "/v1/branches/4564", nil) == http.StatusOK })

	renewed, err := s.sb.ChangePassword(sandbox.AppLogin, "another-example")
	if err != nil {
		t.Fatal(err)
	}
	// The health page asks YCLIENTS, and so meets the death.
	var health struct {
		Report struct {
			Works    string
			Does     string `json:"does"`
			ToDo     string `json:"to_do"`
			Findings []struct{ Check, Status, Problem string }
		}
	}
	if status := s.admin(t, "/admin/api/health?lang=en", &health); status != http.StatusOK || health.Report.Works != "partly" || !strings.Contains(health.Report.ToDo, "zapis token renew") {
		t.Errorf("health: %d %+v", status, health)
	}
	m := <-told
	if m.Kind != "trouble" || m.Incident != alert.UserToken || !strings.HasPrefix(m.Link, "https://book.example.com/invite/#zl") || !strings.Contains(m.Text, m.Link) {
		t.Errorf("told: %+v", m)
	}
	var ready struct {
		Status   string
		Degraded []string
	}
	if status := s.admin(t, "/readyz", &ready); status != http.StatusOK || len(ready.Degraded) != 1 || ready.Degraded[0] != "upstream_token_refused" {
		t.Errorf("readyz: %d %+v", status, ready)
	}
	if text := s.adminText(t, "/metrics"); !strings.Contains(text, `zapis_token_dead{token="user"} 1`) {
		t.Error("the metric does not say it")
	}

	// No hammering: whatever is asked now, no call with the dead token reaches YCLIENTS.
	mark := len(s.sb.Ledger())
	for range 3 {
		s.admin(t, "/admin/api/health?fresh=1", &health)
		if status := s.get(t, "/v1/branches/4565/services", nil); status != http.StatusOK {
			t.Errorf("the catalogue of a branch that nobody asked for before: %d", status)
		}
	}
	if status := s.get(t, "/v1/branches/4565/staff", nil); status != http.StatusOK {
		t.Errorf("the masters: %d", status)
	}
	s.bookAsGuest(t)
	unauthorized, asked := 0, 0
	for _, e := range s.sb.Ledger()[mark:] {
		asked++
		if e.Status == http.StatusUnauthorized {
			unauthorized++
		}
	}
	if unauthorized != 0 || asked == 0 {
		t.Errorf("%d of %d calls were made with the dead token", unauthorized, asked)
	}

	s.write(s.account(renewed, more...)...)
	s.until("taken", func() bool { return strings.Contains(s.log.String(), "settings taken") })
	s.until("well again", func() bool {
		s.admin(t, "/admin/api/health?fresh=1&lang=en", &health)
		return !strings.Contains(health.Report.ToDo, "token renew")
	})
	select {
	case m := <-told:
		if m.Kind != "clear" || m.Incident != alert.UserToken {
			t.Errorf("told: %+v", m)
		}
	case <-t.Context().Done():
		t.Error("no all-clear")
	}
	if text := s.adminText(t, "/metrics"); !strings.Contains(text, `zapis_token_dead{token="user"} 0`) {
		t.Error("the metric still says dead")
	}

	// The test button.
	var tested struct{ Results []alert.Result }
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(s.operator(t)+"/admin/api/alerts/test", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&tested); err != nil || len(tested.Results) != 1 || !tested.Results[0].OK {
		t.Errorf("test button: %+v, %v", tested, err)
	}
	if m := <-told; m.Kind != "test" {
		t.Errorf("told: %+v", m)
	}
	log := s.log.String()
	if n := strings.Count(log, "YCLIENTS refuses a token"); n != 1 {
		t.Errorf("the log says it %d times, want once", n)
	}
	for _, secret := range []string{sandbox.AppUserToken, renewed, sandbox.PartnerToken, hook.URL, m.Link} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	s.stop()
	if err := <-s.end; err != nil {
		t.Error(err)
	}
}

var operatorAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+/admin/`)

// operator is the address of the operator's side, which is printed after that of the API.
func (s *served) operator(t *testing.T) (base string) {
	t.Helper()
	s.until("the operator's address", func() bool {
		base = strings.TrimSuffix(operatorAddress.FindString(s.said.String()), "/admin/")
		return base != ""
	})
	return base
}

// bookAsGuest makes a booking that needs the API key alone.
func (s *served) bookAsGuest(t *testing.T) {
	t.Helper()
	var list struct {
		Branches []struct {
			ID      int64
			Consent struct {
				Required bool
				Version  string
			}
			Rules struct {
				CodeRequired bool `json:"code_required"`
			}
		}
	}
	s.get(t, "/v1/branches", &list)
	for _, b := range list.Branches {
		if b.Rules.CodeRequired {
			continue
		}
		root := fmt.Sprintf("/v1/branches/%d", b.ID)
		var near struct {
			Slots []struct{ Start string }
		}
		var services struct{ Services []struct{ ID int64 } }
		s.get(t, root+"/services", &services)
		for _, service := range services.Services {
			if s.get(t, fmt.Sprintf("%s/nearest-slots?services=%d&staff=0", root, service.ID), &near); len(near.Slots) == 0 {
				continue
			}
			status, answer := s.post(t, "/v1/bookings", map[string]any{
				"branch": b.ID, "appointments": []any{map[string]any{"services": []int64{service.ID}, "staff": 0, "start": near.Slots[0].Start}},
				"client": map[string]any{"name": "Тест", "phone": "79000000042"}, "consent": map[string]any{"version": b.Consent.Version},
			})
			if status != http.StatusCreated {
				t.Errorf("a guest's booking with the employee's token dead: %d %s", status, answer)
			}
			return
		}
	}
	t.Error("nothing to book as a guest")
}

func (s *served) post(t *testing.T, path string, body any) (status int, answer string) {
	t.Helper()
	return s.postAs(t, "token-life-example", path, body)
}

// postAs posts with an idempotency key.
func (s *served) postAs(t *testing.T, key, path string, body any) (status int, answer string) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
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

// admin asks the operator's side.
func (s *served) admin(t *testing.T, path string, into any) int {
	t.Helper()
	status, text := s.adminGet(t, path)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v: %s", path, err, text)
	}
	return status
}

func (s *served) adminText(t *testing.T, path string) string {
	t.Helper()
	_, text := s.adminGet(t, path)
	return text
}

func (s *served) adminGet(t *testing.T, path string) (status int, text string) {
	t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(s.operator(t) + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
