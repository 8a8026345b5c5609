package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zapis/internal/gateway"
	"zapis/internal/salon"
	"zapis/sandbox"
)

// starts finds a master with at least two free starts on one day.
func (h *house) starts() (staff int64, starts []salon.Slot) {
	h.t.Helper()
	var list salon.StaffList
	h.get(fmt.Sprintf("/v1/branches/%d/staff?services=%d", h.branch, h.service), &list)
	for _, s := range list.Staff {
		var near salon.Slots
		h.get(fmt.Sprintf("/v1/branches/%d/nearest-slots?services=%d&staff=%d", h.branch, h.service, s.ID), &near)
		if s.ID != 0 && len(near.Slots) > 1 {
			return s.ID, near.Slots
		}
	}
	h.t.Fatal("nobody has two free starts")
	return 0, nil
}

// wish is the body of a booking.
func (h *house) wish(staff int64, start salon.Slot, more string) string {
	var consent salon.ConsentText
	h.get(fmt.Sprintf("/v1/branches/%d/consent", h.branch), &consent)
	return fmt.Sprintf(`{"branch":%d,"appointments":[{"services":[%d],"staff":%d,"start":%q}],"consent":{"version":%q},%s}`,
		h.branch, h.service, staff, start.Start, consent.Version+map[bool]string{true: "-", false: ""}[consent.Version == ""], more)
}

func problemIn(t testing.TB, w *httptest.ResponseRecorder) gateway.Problem {
	t.Helper()
	var p gateway.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d without a problem: %.300s", w.Code, w.Body)
	}
	return p
}

// A guest's visit from the first look to the cancellation, over the real rooms, through nothing but the API.
func TestAGuestsStory(t *testing.T) {
	h := build(t)
	staff, starts := h.starts()
	first, second := starts[0], starts[len(starts)-1]
	var branch salon.Branch
	h.get(fmt.Sprintf("/v1/branches/%d", h.branch), &branch)

	body := h.wish(staff, first, `"client":{"name":"Анна","phone":"+7 900 000-00-01"}`)
	key := []string{"Idempotency-Key", "story-of-a-guest-0001"}
	w := h.do("POST", "/v1/bookings", body, key...)
	if branch.Rules.CodeRequired {
		if p := problemIn(t, w); p.Code != "code_required" {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		h.read(h.do("POST", "/v1/auth/codes", fmt.Sprintf(`{"branch":%d,"phone":%q}`, h.branch, phone)), 202, nil)
		wrong := strings.Replace(body, `"branch"`, `"code":"00000","branch"`, 1)
		if w = h.do("POST", "/v1/bookings", wrong, key...); problemIn(t, w).Code != "code_wrong" {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		body = strings.Replace(body, `"branch"`, `"code":"`+h.sb.SMS()[0].Code+`","branch"`, 1)
		w = h.do("POST", "/v1/bookings", body, key...)
	}
	var made salon.Booking
	h.read(w, 201, &made)
	if made.Status != salon.Confirmed || made.Secret == "" || w.Header().Get("Location") != "/v1/bookings/"+made.ID {
		t.Fatalf("got %+v, Location %q", made, w.Header().Get("Location"))
	}
	if again := h.do("POST", "/v1/bookings", body, key...); again.Code != 201 || again.Body.String() != w.Body.String() {
		t.Errorf("a repeat got %d %s, want the same bytes", again.Code, again.Body)
	}
	if other := h.do("POST", "/v1/bookings", strings.Replace(body, "Анна", "Ольга", 1), key...); problemIn(t, other).Code != "idempotency_key_reused" {
		t.Errorf("another body under the key got %d %s", other.Code, other.Body)
	}

	secret := []string{"Zapis-Booking-Secret", made.Secret}
	path := "/v1/bookings/" + made.ID
	for _, foreign := range [][]string{nil, {"Zapis-Booking-Secret", "zs_" + strings.Repeat("A", 43)}} {
		for _, call := range []string{"GET " + path, "DELETE " + path, "PATCH " + path, "GET " + path + "/calendar.ics"} {
			method, target, _ := strings.Cut(call, " ")
			w := h.do(method, target, map[bool]string{true: fmt.Sprintf(`{"start":%q}`, second.Start)}[method == "PATCH"], foreign...)
			absent := h.do(method, strings.Replace(target, made.ID, "b-"+strings.Repeat("0", 26), 1), map[bool]string{true: fmt.Sprintf(`{"start":%q}`, second.Start)}[method == "PATCH"], foreign...)
			p, q := problemIn(t, w), problemIn(t, absent)
			p.Instance, q.Instance = "", ""
			if w.Code < 400 || w.Code != absent.Code || p.Code != q.Code || p.Detail != q.Detail {
				t.Errorf("%s tells a stranger that the booking exists: %d %+v, absent %d %+v", call, w.Code, p, absent.Code, q)
			}
		}
	}

	var moved salon.Booking
	h.read(h.do("PATCH", path, fmt.Sprintf(`{"start":%q}`, second.Start), secret...), 200, &moved)
	if !moved.Appointments[0].Time.Equal(second.Time) || moved.Secret != "" {
		t.Errorf("moved to %s, want %s", moved.Appointments[0].Time, second.Time)
	}
	calendar := h.do("GET", path+"/calendar.ics", "", secret...)
	if calendar.Code != 200 || !strings.Contains(calendar.Body.String(), "BEGIN:VEVENT") {
		t.Errorf("calendar: %d %s", calendar.Code, calendar.Body)
	}
	var cancelled salon.Booking
	h.read(h.do("DELETE", path, "", secret...), 200, &cancelled)
	if cancelled.Status != salon.Cancelled {
		t.Errorf("got %s", cancelled.Status)
	}
}

// A customer who signs in sees the own bookings, and a second customer does not.
func TestASignedInStory(t *testing.T) {
	h := build(t)
	bearer := []string{"Authorization", "Bearer " + h.signIn()}
	_, starts := h.starts()
	body := h.wish(0, starts[0], `"client":{"name":"Анна"}`)
	w := h.do("POST", "/v1/bookings", body, append(bearer, "Idempotency-Key", "story-0002")...)
	if w.Code == 422 && problemIn(t, w).Code == "code_required" { // the sandbox's unkind default
		sw := h.sb.Switches()
		sw.ClientTokenNeedsCode = false
		must(t, h.sb.SetSwitches(sw))
		w = h.do("POST", "/v1/bookings", body, append(bearer, "Idempotency-Key", "story-0002")...)
	}
	var made salon.Booking
	h.read(w, 201, &made)
	if made.Secret != "" {
		t.Error("a signed-in customer got a guest's secret")
	}
	var mine salon.Bookings
	h.get("/v1/me/bookings", &mine, bearer...)
	found := false
	for _, b := range mine.Bookings {
		found = found || b.ID == made.ID
	}
	if !found {
		t.Errorf("%s is not among mine: %+v", made.ID, mine.Bookings)
	}

	// A stranger takes the next start in between: the answer carries fresh ones.
	staff, starts := h.starts()
	next := starts[0]
	if _, err := h.sb.Take(sandbox.TakeRequest{CompanyID: h.branch, StaffID: staff, Datetime: next.Time.Format(time.RFC3339)}); err != nil {
		t.Fatal(err)
	}
	body = h.wish(staff, next, `"client":{"name":"Анна"}`)
	w = h.do("POST", "/v1/bookings", body, append(bearer, "Idempotency-Key", "story-0003")...)
	p := problemIn(t, w)
	if w.Code != 409 || p.Code != "slot_taken" || p.Alternatives == nil {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	for _, s := range p.Alternatives.Slots {
		if s.Start == next.Start {
			t.Error("the taken start is offered again")
		}
	}
}

// Secrets and personal data are in no line of the log, at debug level, whatever was done and refused.
func TestCanary(t *testing.T) {
	h := build(t)
	access := h.signIn()
	_, starts := h.starts()
	body := h.wish(0, starts[0], `"client":{"name":"Канарейкина","email":"canary@example.com"},"comment":"личное-канарейка"`)
	bearer := []string{"Authorization", "Bearer " + access, "Idempotency-Key", "canary-key-1"}
	h.do("POST", "/v1/bookings", body, bearer...)
	h.do("POST", "/v1/bookings", strings.ReplaceAll(body, `"staff":0`, `"staff":"79000000001"`), bearer...)
	h.do("POST", "/v1/bookings", body+"79000000001", bearer...)
	h.do("PATCH", "/v1/me", `{"name":"Канарейкина","email":"canary@example.com"}`, bearer...)
	h.do("PATCH", "/v1/me", `{"email":"canary@example.com canary"}`, bearer...)
	h.do("GET", "/v1/me?phone=79000000001", "", bearer...)
	h.do("GET", "/v1/bookings/79000000001", "", bearer...)
	h.do("GET", "/79000000001/"+access, "")
	h.do("POST", "/v1/auth/refresh", `{"refresh_token":"zr_canarycanarycanarycanarycanarycanarycanary1"}`)
	code := h.sb.SMS()[0].Code
	h.do("POST", "/v1/auth/sessions", fmt.Sprintf(`{"branch":%d,"phone":%q,"code":%q}`, h.branch, phone, code))
	for i, f := range []sandbox.Faults{{HTMLNext: 5}, {ErrorNext: 5}, {RefuseNext: 5}, {LoseNext: 1}} {
		must(t, h.sb.SetFaults(f))
		h.do("POST", "/v1/auth/codes", fmt.Sprintf(`{"branch":%d,"phone":%q}`, h.branch, phone))
		h.do("POST", "/v1/auth/sessions", fmt.Sprintf(`{"branch":%d,"phone":%q,"code":%q}`, h.branch, phone, code))
		again := strings.Replace(body, starts[0].Start, starts[min(2*i+2, len(starts)-1)].Start, 1)
		// Nobody waits here for the outcome to be established.
		ctx, hangUp := context.WithTimeout(t.Context(), 200*time.Millisecond)
		h.doIn(ctx, "POST", "/v1/bookings", again, append(bearer, "Idempotency-Key", fmt.Sprintf("canary-key-1%d", i))...)
		hangUp()
	}
	must(t, h.sb.SetFaults(sandbox.Faults{}))
	text := h.logs.String()
	if !strings.Contains(text, "route=/v1/bookings") {
		t.Fatalf("the log says nothing of what was done: %.300s", text)
	}
	for _, canary := range []string{"9000000001", access, "zr_canary", "анарей", "canary@", sandbox.PartnerToken, "canary-key"} {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("%.8s… shows in the log: …%.200s", canary, text[max(0, i-150):])
		}
	}
	if strings.Contains(text, "code="+code) || strings.Contains(text, `"`+code+`"`) {
		t.Error("an SMS code shows in the log")
	}
}
