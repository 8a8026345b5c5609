package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"zapis/contract"
)

func (a *api) control(method, path string, body any) reply {
	a.t.Helper()
	return a.call(method, "/_sandbox/"+path, body)
}

func TestControlInfoAndSwitches(t *testing.T) {
	t.Parallel()
	a := setup(t)
	info := a.control(http.MethodGet, "info", nil).want(200).body
	if info["base_url"] != a.sb.URL() || info["partner_token"] != PartnerToken || info["user_token"] != UserToken ||
		info["login"] != Login || info["password"] != Password || fmt.Sprint(info["company_ids"]) != "[4564 4565 4566]" {
		t.Errorf("got %v", info)
	}
	first := info["companies"].([]any)[0].(obj)
	if first["timezone"] != "Europe/Moscow" || first["city"] != "Москва" {
		t.Errorf("got %v", first)
	}
	if got := a.control(http.MethodPut, "switches", obj{"sms_code_uses": 2}).want(200).body; got["sms_code_uses"] != 2.0 || got["error_code_at"] != CodeInMeta {
		t.Errorf("got %v", got)
	}
	for _, bad := range []obj{{"sms_code_uses": 3}, {"error_code_at": "x"}, {"refusal_shape": ""}, {"misspelt": true}, {"sms_code_tries": -1}} {
		a.control(http.MethodPut, "switches", bad).want(400)
	}
	a.control(http.MethodPut, "faults", obj{"lose_next": 2}).want(200)
	if got := a.control(http.MethodPut, "faults", obj{"off": true}).want(200).body; got["lose_next"] != 2.0 || got["off"] != true {
		t.Errorf("a field that was not sent changed: %v", got)
	}
	a.control(http.MethodPost, "reset", nil).want(200)
	if f, sw := a.sb.Faults(), a.sb.Switches(); f != (Faults{}) || sw != DefaultSwitches() {
		t.Errorf("after a reset: %+v, %+v", f, sw)
	}
	a.control(http.MethodGet, "nothing", nil).want(404)
	a.control(http.MethodGet, "day?company_id=1", nil).want(400)
	a.control(http.MethodGet, "day?company_id=4564&date=x", nil).want(400)
	a.control(http.MethodGet, "ledger?since=x", nil).want(400)
}

func TestTake(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	take := obj{"company_id": moscow, "staff_id": anna, "datetime": at}
	rec := a.control(http.MethodPost, "take", take).want(201).body
	if rec["staff_id"] != float64(anna) || rec["online"] != false {
		t.Errorf("got %v", rec)
	}
	a.control(http.MethodPost, "take", take).want(409)
	if r := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(422); r.code() != 433.0 {
		t.Errorf("got %s", r.raw)
	}
	// Any: a real master comes before the waiting list.
	next := a.offered(moscow, mariaID, haircut)
	any := a.control(http.MethodPost, "take", obj{"company_id": moscow, "datetime": next, "services": []int{haircut}}).want(201).body
	if any["staff_id"] == float64(waiting) {
		t.Errorf("a stranger sits on the waiting list: %v", any)
	}
	for _, bad := range []obj{{"company_id": 1}, {"company_id": moscow, "datetime": "x"}, {"company_id": moscow, "datetime": at, "services": []int{1}}, {"x": 1}} {
		a.control(http.MethodPost, "take", bad).want(400)
	}
}

func TestLedgerHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	a := setup(t)
	const phone = "79001112233"
	at := a.offered(moscow, anna, haircut)
	made := a.post("/book_record/4564", booking(phone, at, anna, haircut)).want(201).list()[0].(obj)
	a.get(fmt.Sprintf("/book_record/4564/%.0f/%s", made["record_id"], made["record_hash"])).want(200)
	a.post("/book_code/4564", obj{"phone": phone}).want(201)
	code := a.sb.SMS()[0].Code
	token := a.post("/user/auth", obj{"phone": phone, "code": code}).want(201).data()["user_token"].(string)
	a.as(token).get("/user/records").want(201)
	a.get("/nowhere/" + phone).want(404)
	a.get("/validation/validate_phone/" + phone)

	text := string(a.control(http.MethodGet, "ledger?since=0", nil).want(200).raw)
	for _, secret := range []string{phone, code, token, made["record_hash"].(string), PartnerToken, UserToken} {
		if strings.Contains(text, secret) {
			t.Errorf("the ledger holds %q", secret)
		}
	}
	var entries []Entry
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Seq != int64(i+1) {
			t.Fatalf("entry %d has number %d", i, e.Seq)
		}
	}
	if rest := a.sb.LedgerSince(entries[len(entries)-2].Seq); len(rest) != 1 {
		t.Errorf("got %d entries since the last but one", len(rest))
	}
}

func TestLedgerForgetsOldReadsOnly(t *testing.T) {
	t.Parallel()
	var l ledger
	l.add(Entry{Applied: true})
	for range 2*ledgerReads + 1 {
		l.add(Entry{})
	}
	if len(l.entries) != ledgerReads+1 || !l.entries[0].Applied || l.lastSeq != 2*ledgerReads+2 {
		t.Errorf("kept %d entries, the first %+v", len(l.entries), l.entries[0])
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req := a.request(http.MethodGet, "/_sandbox/events", nil).WithContext(ctx)
	resp, err := a.rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("got %q", ct)
	}
	made := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
	a.post("/book_code/4564", obj{"phone": "79001112233"}).want(201)
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%.0f/%s", made["record_id"], made["record_hash"]), nil).want(200)
	faults(t, a, Faults{})

	var kinds []string
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		kind, ok := strings.CutPrefix(lines.Text(), "event: ")
		if !ok {
			continue
		}
		kinds = append(kinds, kind)
		lines.Scan()
		var data obj
		if err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &data); err != nil {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		if kind == "record_created" && (data["record_id"] != made["record_id"] || data["from"] != at[11:16]) {
			t.Errorf("got %v", data)
		}
		if kind == "fault" {
			break
		}
	}
	if got := strings.Join(kinds, " "); got != "record_created call sms call record_deleted call fault" {
		t.Errorf("got events %s", got)
	}
}

func TestEventsEndWithTheSandbox(t *testing.T) {
	t.Parallel()
	s := New()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/_sandbox/events", nil))
	}()
	s.Close()
	s.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the stream goes on after Close")
	}
}

func TestAvatarsAreServedHere(t *testing.T) {
	t.Parallel()
	a := setup(t, WithPublicURL("http://demo.example"))
	avatar := a.get("/book_staff/4564").want(200).list()[0].(obj)["avatar"].(string)
	u, err := url.Parse(avatar)
	if err != nil || u.Host != "demo.example" {
		t.Fatalf("got %q", avatar)
	}
	r := a.call(http.MethodGet, u.Path, nil).want(200)
	if !strings.Contains(string(r.raw), ">АЛ</text>") {
		t.Errorf("got %s", r.raw)
	}
	if r := a.control(http.MethodGet, "avatar/"+url.PathEscape("<script>")+".svg", nil).want(200); strings.Contains(string(r.raw), "script") {
		t.Errorf("got %s", r.raw)
	}
}

func TestEveryOperationIsRecognised(t *testing.T) {
	t.Parallel()
	a := setup(t)
	for _, f := range Report() {
		op, _ := contract.Lookup(f.OperationID)
		base, err := url.Parse(op.BaseURL)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range op.Paths {
			path := base.Path + p
			for _, segment := range segments(path) {
				if strings.HasPrefix(segment, "{") {
					path = strings.Replace(path, segment, "1", 1)
				}
			}
			for _, path := range []string{path, strings.TrimSuffix(path, "/"), strings.TrimSuffix(path, "/") + "/"} {
				r, _ := match(op.Method, path)
				if r == nil || r.op.ID != op.ID && r.op.Path != op.Path {
					t.Errorf("%s %s is not %s", op.Method, path, op.ID)
				}
			}
		}
		if f.Level == sampleOnly != (models[f.OperationID] == nil && loadOffice()[f.OperationID] == nil) {
			t.Errorf("%s is reported as %s", f.OperationID, f.Level)
		}
	}
	list := a.control(http.MethodGet, "fidelity", nil).want(200)
	if n := strings.Count(string(list.raw), `"operation_id"`); n < 290 {
		t.Errorf("fidelity lists %d operations", n)
	}
}

func TestRoutesOverlap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ method, path, id string }{
		{"GET", "/api/v1/company/1/staff/schedule", "listStaffSchedules"},
		{"GET", "/api/v1/company/1/staff/positions", "listPositions"},
		{"GET", "/api/v1/company/1/staff/77", "listStaff"},
		{"GET", "/api/v1/company/1/staff", "listStaff"},
		{"GET", "/api/v1/company/1", "getCompany"},
		{"GET", "/api/v1/records/partner", "listPartnerRecords"},
		{"GET", "/api/v1/records/1", "listRecords"},
		{"POST", "/api/v1/records/1", "createRecord"},
		{"GET", "/api/v1/labels/1/clients", "searchClientLabels"},
		{"GET", "/api/v1/labels/1/2", "listLabels"},
		{"POST", "/api/v1/labels/1/clients/create", "createClientLabel"},
		{"DELETE", "/api/v1/user/records/5", "deleteUserRecord"},
		{"GET", "/api/v2/companies/1/activities/2", "getActivityV2"},
		{"POST", "/marketplace/partner/callback", "marketplaceInstall"},
		{"PATCH", "/api/v1/records/1", ""},
		{"GET", "/api/v1/records//1", ""},
		{"GET", "/api/v1/records/..", ""},
		{"GET", "/api/v1/records/%2e%2e", ""},
		{"GET", "/api/v1/records/%zz", ""},
		{"GET", "/api/v1/", ""},
		{"GET", "/", ""},
		{"GET", "", ""},
	} {
		r, _ := match(tt.method, tt.path)
		got := ""
		if r != nil {
			got = r.op.ID
		}
		if got != tt.id {
			t.Errorf("%s %s is %q, want %q", tt.method, tt.path, got, tt.id)
		}
	}
	// A parameter tried in vain must not stay behind: {a}/b/{c} against x/{b}/y.
	tree := &node{}
	tree.add(&contract.Operation{Method: "GET", ID: "one"}, "/x/{one}/y")
	tree.add(&contract.Operation{Method: "GET", ID: "two"}, "/{a}/b/{c}")
	var values []string
	if r := tree.find("GET", []string{"x", "b", "z"}, &values); r == nil || r.op.ID != "two" || fmt.Sprint(values) != "[x z]" {
		t.Errorf("got %+v with %v", r, values)
	}
	if _, params := match("GET", "/api/v1/validation/validate_phone/7%2F9"); params["phone"] != "7/9" {
		t.Errorf("an escaped slash split a segment: %v", params)
	}
}
