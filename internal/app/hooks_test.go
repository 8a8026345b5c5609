package app

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/sandbox"
	"zapis/yclients"
)

// A desk takes a time that the server remembers as free; YCLIENTS posts the event, and the time is not shown any more.
func TestWebhooksForgetFreeTimes(t *testing.T) {
	s := startServed(t, func(s *served) { s.write(s.account(sandbox.UserToken)...) })
	s.until("live", func() bool { return s.get(t, "/v1/branches/4564/services", nil) == http.StatusOK })
	key, err := secret.Load("", filepath.Join(filepath.Dir(s.file), "data", "key"))
	if err != nil {
		t.Fatal(err)
	}
	address := setup.HookAddress(s.base, key).Reveal()
	path := strings.TrimPrefix(address, s.base)
	if status, _ := s.post(t, path, nil); status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		t.Errorf("without a public address: got %d", status)
	}
	s.write(s.account(sandbox.UserToken, "ZAPIS_PUBLIC_URL="+s.base)...)
	s.until("the public address is taken", func() bool { status, _ := s.post(t, path, nil); return status == http.StatusBadRequest })
	if status, _ := s.post(t, path[:len(path)-1]+"x", nil); status != http.StatusNotFound {
		t.Errorf("a wrong secret: got %d", status)
	}

	api, err := yclients.New(yclients.WithBaseURL(s.sb.URL()), yclients.WithPartnerToken(sandbox.PartnerToken), yclients.WithUserToken(sandbox.UserToken))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Hooks.Add(t.Context(), 4564, address, "record"); err != nil {
		t.Fatal(err)
	}
	service, staff, date, start := s.freeTime(t)
	slots := func() string {
		var day struct{ Slots []struct{ Time string } }
		if status := s.get(t, fmt.Sprintf("/v1/branches/4564/slots?services=%d&staff=%d&date=%s", service, staff, date), &day); status != http.StatusOK {
			t.Fatalf("slots: %d", status)
		}
		return fmt.Sprint(day.Slots)
	}
	if !strings.Contains(slots(), start) {
		t.Fatalf("%s is not among %s", start, slots())
	}
	if _, err := s.sb.Take(sandbox.TakeRequest{CompanyID: 4564, StaffID: staff, Datetime: start, Services: []int64{service}}); err != nil {
		t.Fatal(err)
	}
	if err := s.sb.Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if w := s.sb.Webhooks(); len(w) == 0 || w[0].State != sandbox.WebhookDelivered {
		t.Fatalf("the event did not arrive: %+v", w)
	}
	if strings.Contains(slots(), start) {
		t.Errorf("%s is still shown", start)
	}
	if text := s.adminText(t, "/metrics"); !strings.Contains(text, `zapis_webhooks_total{resource="record"}`) {
		t.Error("the event is not counted")
	}
	if strings.Contains(s.log.String(), path[len("/hooks/yclients/"):]) {
		t.Error("the secret of the address is in the log")
	}
}

// freeTime finds a time a few days ahead, as the app shows it.
func (s *served) freeTime(t *testing.T) (service, staff int64, date, start string) {
	t.Helper()
	var services struct{ Services []struct{ ID int64 } }
	s.get(t, "/v1/branches/4564/services", &services)
	for _, v := range services.Services {
		var masters struct{ Staff []struct{ ID int64 } }
		s.get(t, fmt.Sprintf("/v1/branches/4564/staff?services=%d", v.ID), &masters)
		for _, m := range masters.Staff {
			var near struct{ Slots []struct{ Time string } }
			if m.ID == 0 || s.get(t, fmt.Sprintf("/v1/branches/4564/nearest-slots?services=%d&staff=%d", v.ID, m.ID), &near) != http.StatusOK || len(near.Slots) == 0 {
				continue
			}
			last := near.Slots[len(near.Slots)-1].Time
			return v.ID, m.ID, last[:len(time.DateOnly)], last
		}
	}
	t.Fatal("nothing is free")
	return 0, 0, "", ""
}
