package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mailbox is where webhooks arrive. It answers with the statuses in turn, then
// with 200; status 0 is a broken connection.
type mailbox struct {
	mu       sync.Mutex
	statuses []int
	got      []arrival
	hang     time.Duration
}

type arrival struct {
	at   time.Time
	url  string
	body obj
}

func (m *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a := arrival{at: time.Now(), url: r.URL.String()}
	if err := json.Unmarshal(data, &a.body); err != nil {
		return nil, err
	}
	status, hang := m.take(a)
	if hang > 0 {
		timer := time.NewTimer(hang)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
}

func (m *mailbox) take(a arrival) (status int, hang time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, a)
	status = 200
	if len(m.statuses) > 0 {
		status, m.statuses = m.statuses[0], m.statuses[1:]
	}
	return status, m.hang
}

// all copies what has arrived.
func (m *mailbox) all() []arrival {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

// hooked is a sandbox in memory whose company has webhooks for the resources.
func hooked(t *testing.T, m *mailbox, flags ...string) *api {
	t.Helper()
	a := inMemory(t, WithLimits(Off), WithWebhookTransport(m)).as(UserToken)
	settings := obj{"urls": []string{"http://app.example/hooks/secret-example"}, "active": 1}
	for _, f := range flags {
		settings[f] = 1
	}
	a.post("/hooks_settings/4564", settings).want(201)
	return a
}

func (a *api) book() obj {
	a.t.Helper()
	at := a.offered(moscow, anna, haircut)
	return a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
}

func TestWebhooksTellOfRecordsAndNewClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		a := hooked(t, m, "record", "client", "self_sending")
		made := a.book()
		began := time.Now()
		id := fmt.Sprintf("%.0f", made["record_id"])
		a.call(http.MethodDelete, "/api/v1/user/records/"+id+"/"+made["record_hash"].(string), nil).want(200)
		time.Sleep(4999 * time.Millisecond)
		synctest.Wait()
		if n := len(m.all()); n != 0 {
			t.Fatalf("%d webhooks came before 5 s had passed", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		var got []string
		for _, w := range m.all() {
			got = append(got, fmt.Sprintf("%v %v %.0f %v", w.body["resource"], w.body["status"], w.body["company_id"], w.at.Sub(began)))
			if w.body["resource"] == "record" {
				data := w.body["data"].(obj)
				if fmt.Sprintf("%.0f", w.body["resource_id"]) != id || data["id"] != w.body["resource_id"] {
					t.Errorf("webhook of another record: %v", w.body)
				}
				if data["deleted"] != (w.body["status"] == "delete") {
					t.Errorf("%v has deleted %v", w.body["status"], data["deleted"])
				}
			}
		}
		slices.Sort(got)
		want := []string{"client create 4564 5s", "record create 4564 5s", "record delete 4564 5s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWebhooksAreSentWhenTheSettingsSaySo(t *testing.T) {
	for name, c := range map[string]struct {
		flags    []string
		always   bool
		stranger bool
		want     int
	}{
		"own changes are not told":         {flags: []string{"record"}},
		"own changes by the flag":          {flags: []string{"record", "self_sending"}, want: 1},
		"own changes by the switch":        {flags: []string{"record"}, always: true, want: 1},
		"the salon's changes":              {flags: []string{"record"}, stranger: true, want: 1},
		"another resource":                 {flags: []string{"service", "self_sending"}},
		"the salon's, of another resource": {flags: []string{"client"}, stranger: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mailbox{}
				a := hooked(t, m, c.flags...)
				if c.always {
					sw := DefaultSwitches()
					sw.OwnChanges = OwnAlways
					if err := a.sb.SetSwitches(sw); err != nil {
						t.Fatal(err)
					}
				}
				at := a.offered(moscow, anna, haircut)
				if c.stranger {
					if _, err := a.sb.Take(TakeRequest{CompanyID: moscow, StaffID: anna, Datetime: at}); err != nil {
						t.Fatal(err)
					}
				} else {
					a.book()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := len(m.all()); got != c.want {
					t.Errorf("%d webhooks, want %d: %v", got, c.want, m.all())
				}
			})
		})
	}
}

func TestWebhooksAreRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		hang     time.Duration
		state    string
		at       []time.Duration
	}{
		"at once":       {[]int{204}, 0, WebhookDelivered, []time.Duration{5 * time.Second}},
		"another 4xx":   {[]int{404}, 0, WebhookFailed, []time.Duration{5 * time.Second}},
		"a redirect":    {[]int{302}, 0, WebhookFailed, []time.Duration{5 * time.Second}},
		"third try":     {[]int{500, 429, 200}, 0, WebhookDelivered, []time.Duration{5 * time.Second, 6500 * time.Millisecond, 8 * time.Second}},
		"given up":      {[]int{0, 502, 503, 200}, 0, WebhookFailed, []time.Duration{5 * time.Second, 6500 * time.Millisecond, 8 * time.Second}},
		"never answers": {nil, time.Hour, WebhookFailed, []time.Duration{5 * time.Second, 16500 * time.Millisecond, 28 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mailbox{statuses: c.statuses, hang: c.hang}
				a := hooked(t, m, "record", "self_sending")
				began := time.Now()
				a.book()
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				var at []time.Duration
				for _, w := range m.all() {
					at = append(at, w.at.Sub(began))
				}
				if diff := cmp.Diff(c.at, at); diff != "" {
					t.Error(diff)
				}
				list := a.sb.Webhooks()
				if len(list) != 1 || list[0].State != c.state || len(list[0].Attempts) != len(c.at) {
					t.Errorf("the sandbox says %+v, want %s", list, c.state)
				}
			})
		})
	}
}

func TestWebhookFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		want  string // which of three records came when, in seconds
	}{
		"none":       {Fault{}, "1@5 2@6 3@7"},
		"lost":       {Fault{Kind: hookLose, Skip: 1, Count: 1}, "1@5 3@7"},
		"duplicated": {Fault{Kind: hookDuplicate, Times: 3, Count: 1}, "1@5 1@5 1@5 1@5 2@6 3@7"},
		"late":       {Fault{Kind: hookLate, Count: 1, Seconds: 90}, "2@6 3@7 1@95"},
		"reordered":  {Fault{Kind: hookReorder, Count: 1}, "2@6 3@7 1@15"},
		"elsewhere":  {Fault{Kind: hookLose, Operation: "createRecord"}, "1@5 2@6 3@7"},
		"here":       {Fault{Kind: hookLose, Operation: "createBooking", CompanyID: moscow}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mailbox{}
				a := hooked(t, m, "record", "self_sending")
				if c.fault.Kind != "" {
					if _, err := a.sb.AddFault(c.fault); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				first := a.book()["record_id"].(float64)
				ids := map[float64]int{first: 1}
				for n := 2; n <= 3; n++ {
					time.Sleep(time.Second)
					ids[a.book()["record_id"].(float64)] = n
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				var got []string
				for _, w := range m.all() {
					got = append(got, fmt.Sprintf("%d@%.0f", ids[w.body["resource_id"].(float64)], w.at.Sub(began).Seconds()))
				}
				if got := strings.Join(got, " "); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestMarketplaceEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		a := inMemory(t, WithLimits(Off), WithWebhookTransport(m))
		if err := a.sb.MarketplaceEvent(moscow, 7, "freeze"); err == nil {
			t.Error("an event was queued without an address")
		}
		event := obj{"callback_url": "http://app.example/callback", "salon_id": moscow, "application_id": 7, "event": "uninstall"}
		a.call(http.MethodPost, "/_sandbox/marketplace", event).want(200)
		time.Sleep(time.Minute)
		synctest.Wait()
		want := obj{"salon_id": float64(moscow), "application_id": 7.0, "event": "uninstall", "partner_token": PartnerToken}
		if got := m.all(); len(got) != 1 || got[0].url != "http://app.example/callback" || !cmp.Equal(got[0].body, want) {
			t.Errorf("got %+v, want %v", got, want)
		}
		event["event"] = "birthday"
		a.call(http.MethodPost, "/_sandbox/marketplace", event).want(400)
	})
}

func TestWebhooksOfAStandingClock(t *testing.T) {
	t.Parallel()
	m := &mailbox{statuses: []int{500, 0, 200}}
	a := setup(t, WithStandingClock(noon), WithWebhookTransport(m)).as(UserToken)
	a.post("/hooks_settings/4564", obj{"urls": []string{"http://app.example/"}, "active": 1, "record": 1, "self_sending": 1}).want(201)
	began := time.Now()
	a.book()
	if err := a.sb.Advance(t.Context(), 4*time.Second); err != nil || len(m.all()) != 0 {
		t.Fatalf("after 4 s %d webhooks had come, %v", len(m.all()), err)
	}
	a.call(http.MethodPut, "/_sandbox/clock", obj{"advance_seconds": 60}).want(200)
	w := a.sb.Webhooks()
	if len(m.all()) != 3 || len(w) != 1 || w[0].State != WebhookDelivered {
		t.Fatalf("after a minute: %d tries, %+v", len(m.all()), w)
	}
	for i, want := range []time.Duration{5 * time.Second, 6500 * time.Millisecond, 8 * time.Second} {
		if got := w[0].Attempts[i].At.Sub(noon); got != want {
			t.Errorf("try %d was %v after the change, want %v", i+1, got, want)
		}
	}
	if now := a.sb.Clock(); !now.Now.Equal(noon.Add(64*time.Second)) || !now.Stands {
		t.Errorf("the clock shows %+v", now)
	}
	faults(t, a, Faults{DelayMS: 100_000})
	a.get("/bookform/91001").want(200)
	if now := a.sb.Clock().Now; !now.Equal(noon.Add(164 * time.Second)) {
		t.Errorf("a delay did not move the standing clock: %v", now)
	}
	if took := time.Since(began); took > 90*time.Second {
		t.Errorf("it slept in real time: %v", took)
	}
}

func TestCloseAndResetDropWebhooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		a := hooked(t, m, "record", "self_sending")
		a.book()
		a.sb.Reset()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(m.all()) != 0 || len(a.sb.Webhooks()) != 0 {
			t.Errorf("a webhook outlived the reset: %v", m.all())
		}
		m.hang = time.Hour
		a.post("/hooks_settings/4564", obj{"urls": []string{"http://app.example/"}, "active": 1, "record": 1, "self_sending": 1}).want(201)
		a.book()
		a.book()
		time.Sleep(6 * time.Second) // both are being sent
		a.book()
		a.sb.Close() // the bubble ends only when no goroutine is left
		if w := a.sb.Webhooks(); len(w) != 3 || w[2].State != WebhookLost {
			t.Errorf("after the close: %+v", w)
		}
	})
}
