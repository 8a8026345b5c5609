package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// noon is a moment at which all branches are open or about to open.
var noon = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// api speaks to a sandbox as a partner would.
type api struct {
	t     testing.TB
	sb    *Sandbox
	rt    http.RoundTripper
	token string // user token
}

func setup(t testing.TB, opts ...Option) *api {
	t.Helper()
	opts = append([]Option{WithLimits(Off), WithNow(func() time.Time { return noon })}, opts...)
	return &api{t: t, sb: Start(t, opts...), rt: http.DefaultTransport}
}

func (a *api) as(token string) *api {
	b := *a
	b.token = token
	return &b
}

// reply is an answer, decoded.
type reply struct {
	t      testing.TB
	status int
	body   obj
	raw    []byte
}

func (a *api) request(method, path string, body any) *http.Request {
	a.t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, a.sb.URL()+path, r)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.yclients.v2+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+PartnerToken)
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+PartnerToken+", User "+a.token)
	}
	return req
}

// try makes a call whose answer may be lost.
func (a *api) try(req *http.Request) (reply, error) {
	resp, err := a.rt.RoundTrip(req)
	if err != nil {
		return reply{t: a.t}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{t: a.t}, err
	}
	out := reply{t: a.t, status: resp.StatusCode, raw: raw}
	_ = json.Unmarshal(raw, &out.body) // not every answer is an object
	return out, nil
}

func (a *api) call(method, path string, body any) reply {
	a.t.Helper()
	r, err := a.try(a.request(method, path, body))
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (a *api) get(path string) reply {
	a.t.Helper()
	return a.call(http.MethodGet, "/api/v1"+path, nil)
}

func (a *api) post(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPost, "/api/v1"+path, body)
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("got status %d, want %d: %s", r.status, status, r.raw)
	}
	return r
}

func (r reply) message() string {
	meta, _ := r.body["meta"].(obj)
	s, _ := meta["message"].(string)
	return s
}

func (r reply) list() []any {
	r.t.Helper()
	list, ok := r.body["data"].([]any)
	if !ok {
		r.t.Fatalf("data is not a list: %s", r.raw)
	}
	return list
}

func (r reply) data() obj {
	r.t.Helper()
	o, ok := r.body["data"].(obj)
	if !ok {
		r.t.Fatalf("data is not an object: %s", r.raw)
	}
	return o
}

// Ids of the seed that the tests speak of.
const (
	moscow   = 4564
	ural     = 4565
	east     = 4566
	haircut  = 564001 // Женская стрижка
	mensCut  = 564027
	anna     = 564501
	mariaID  = 564502
	igor     = 564503
	waiting  = WaitingListStaff
	stranger = 7001
)

func (a *api) times(company, staff int64, d day, services ...int64) []string {
	a.t.Helper()
	q := url.Values{}
	for _, s := range services {
		q.Add("service_ids[]", itoa(s))
	}
	var out []string
	for _, v := range a.get(fmt.Sprintf("/book_times/%d/%d/%s?%s", company, staff, d, q.Encode())).want(200).list() {
		out = append(out, v.(obj)["datetime"].(string))
	}
	return out
}

// offered finds the first free start of a master after a day.
func (a *api) offered(company, staff int64, services ...int64) string {
	a.t.Helper()
	d := dayOf(a.sb.now(), time.UTC).add(1)
	for range 20 {
		if times := a.times(company, staff, d, services...); len(times) > 0 {
			return times[0]
		}
		d = d.add(1)
	}
	a.t.Fatalf("company %d, master %d: no free time in 20 days", company, staff)
	return ""
}

func booking(phone, datetime string, staff int64, services ...int64) obj {
	return obj{
		"phone": phone, "fullname": "Имя Тест", "email": "", "api_id": "777",
		"appointments": []obj{{"id": 1, "services": services, "staff_id": staff, "datetime": datetime}},
	}
}

func TestBookMoveCancel(t *testing.T) {
	t.Parallel()
	a := setup(t)
	at := a.offered(moscow, anna, haircut)
	made := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
	id, hash := int64(made["record_id"].(float64)), made["record_hash"].(string)

	d, _ := parseDay(at)
	for _, other := range a.times(moscow, anna, d, haircut) {
		if other == at {
			t.Fatalf("%s is still offered after it was booked", at)
		}
	}
	got := a.get(fmt.Sprintf("/book_record/4564/%d/%s", id, hash)).want(200)
	if got.body["deleted"] != false || got.body["api_id"] != "777" {
		t.Errorf("getBooking answers %s", got.raw)
	}
	a.get(fmt.Sprintf("/book_record/4564/%d/%032d", id, 0)).want(404)
	a.get(fmt.Sprintf("/book_record/4564/%d", id)).want(401)

	next := a.offered(moscow, anna, haircut)
	moved := a.call(http.MethodPut, fmt.Sprintf("/api/v1/book_record/4564/%d", id), obj{"datetime": next}).want(200)
	start, _ := asMoment(next, time.UTC)
	if rec := a.sb.record(id); !rec.Start.Equal(start) {
		t.Errorf("moved to %s, got %s: %s", next, rec.Start, moved.raw)
	}
	if times := a.times(moscow, anna, d, haircut); len(times) == 0 || times[0] != at {
		t.Errorf("the time left by a move is not offered again: %v", times)
	}

	gone := a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%d/%s", id, hash), nil).want(200)
	if len(gone.raw) != 0 {
		t.Errorf("deleteUserRecord answered a body: %s", gone.raw)
	}
	if rec := a.sb.record(id); !rec.Deleted {
		t.Errorf("record is not kept as deleted: %+v", rec)
	}
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%d/%s", id, hash), nil).want(404)
	got = a.get(fmt.Sprintf("/book_record/4564/%d/%s", id, hash)).want(200)
	if got.body["deleted"] != true {
		t.Errorf("a deleted record must be readable as deleted: %s", got.raw)
	}

	var writes []string
	for _, e := range a.sb.Ledger() {
		if e.Applied {
			writes = append(writes, e.OperationID)
		}
	}
	if want := "[createBooking rescheduleBooking deleteUserRecord]"; fmt.Sprint(writes) != want {
		t.Errorf("ledger applied %v, want %s", writes, want)
	}
}

// record finds a record in any company.
func (s *Sandbox) record(id int64) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.state.companies {
		if r := c.record(id); r != nil {
			return r.view()
		}
	}
	return Record{}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	a := setup(t)
	staff := a.as(UserToken).get("/company/4564/staff").want(200).list()
	services := a.as(UserToken).get("/company/4564/services/").want(200).list()
	if len(staff) < 8 || len(services) < 40 {
		t.Errorf("got %d masters and %d services in the first branch", len(staff), len(services))
	}
	d := dayOf(noon, a.sb.state.company(moscow).zone).add(2)
	if times := a.times(moscow, igor, d, mensCut); len(times) != 0 {
		t.Errorf("the full day of the barber offers %v", times)
	}
	if times := a.times(moscow, igor, d.add(1), mensCut); len(times) == 0 {
		t.Error("the day after it offers nothing")
	}
	list := a.get("/book_services/4564").want(200).data()["services"].([]any)
	unknown, from, hidden := 0, 0, 0
	for _, v := range list {
		s := v.(obj)
		unknown += flag(s["seance_length"] == nil)
		from += flag(s["price_max"] == 0.0 && s["price_min"] != 0.0)
	}
	for _, s := range a.sb.state.company(moscow).services {
		hidden += flag(!s.online)
	}
	if unknown != 1 || from != 1 || hidden == 0 || len(list)+hidden != len(services) {
		t.Errorf("%d without a length, %d from a price, %d hidden, %d of %d listed", unknown, from, hidden, len(list), len(services))
	}
	if same := New(WithNow(a.sb.now)); fmt.Sprint(same.Records(east)) != fmt.Sprint(a.sb.Records(east)) {
		t.Error("the same seed gave other records")
	}
}
