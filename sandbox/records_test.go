package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func backOffice(staff int64, datetime string, force bool) obj {
	return obj{
		"staff_id": staff, "services": []obj{{"id": haircut, "first_cost": 100, "discount": 0, "cost": 100}},
		"client": obj{"phone": "+79000000019", "name": "Клиент Тест"}, "save_if_busy": force, "datetime": datetime,
		"seance_length": 3600, "send_sms": false, "api_id": "778", "attendance": 2,
	}
}

func TestBackOfficeRecord(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	local := at[:10] + " " + at[11:19]
	rec := a.post("/records/4564", backOffice(anna, local, false)).want(201).list()[0].(obj)
	path := fmt.Sprintf("/api/v1/record/4564/%.0f", rec["id"])
	if rec["datetime"] != at || rec["client"].(obj)["phone"] != "+79000000019" || rec["attendance"] != 2.0 {
		t.Errorf("got %v", rec)
	}
	a.post("/records/4564", backOffice(anna, local, false)).want(422)
	a.post("/records/4564", backOffice(anna, local, true)).want(201)

	part := backOffice(anna, local, true)
	delete(part, "seance_length")
	r := a.call(http.MethodPut, path, part).want(422)
	if r.body["meta"].(obj)["errors"].(obj)["seance_length"] == nil {
		t.Errorf("the missing part is not named: %s", r.raw)
	}
	next := a.offered(moscow, mariaID, haircut)
	a.call(http.MethodPut, path, backOffice(mariaID, next, false)).want(201)
	got := a.call(http.MethodGet, path, nil).want(200).data()
	if got["staff_id"] != float64(mariaID) || got["datetime"] != next {
		t.Errorf("after the update: %v", got)
	}

	a.call(http.MethodDelete, path, obj{"a": 1}).want(400)
	if r := a.call(http.MethodDelete, path, nil).want(204); len(r.raw) != 0 {
		t.Errorf("204 has a body: %s", r.raw)
	}
	a.call(http.MethodDelete, path, nil).want(404)
	a.call(http.MethodPut, path, backOffice(anna, local, true)).want(404)
	if got := a.call(http.MethodGet, path, nil).want(200).data(); got["deleted"] != true {
		t.Errorf("deleted record: %v", got["deleted"])
	}
}

func TestRecordOfAnotherIdentity(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	taken, err := a.sb.Take(TakeRequest{CompanyID: moscow, StaffID: anna, Datetime: at})
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/api/v1/record/4564/%d", taken.ID)
	a.call(http.MethodPut, path, backOffice(anna, at, true)).want(403)
	switches(t, a, func(s *Switches) { s.ForeignRecords403 = false })
	a.call(http.MethodPut, path, backOffice(anna, at, true)).want(201)
}

func TestListRecordsFilters(t *testing.T) {
	t.Parallel()
	now := noon
	a := setup(t, WithNow(func() time.Time { return now })).as(UserToken)
	seeded := a.sb.Records(moscow)
	count := func(q url.Values) float64 {
		t.Helper()
		return a.get("/records/4564?" + q.Encode()).want(200).body["meta"].(obj)["total_count"].(float64)
	}
	live := 0
	for _, r := range seeded {
		live += flag(!r.Deleted)
	}
	if got := count(nil); got != float64(live) || live == len(seeded) {
		t.Errorf("got %v live records of %d, want %d", got, len(seeded), live)
	}
	if got := count(url.Values{"with_deleted": {"1"}}); got != float64(len(seeded)) {
		t.Errorf("got %v records with deleted ones, want %d", got, len(seeded))
	}
	// What is misspelt is ignored.
	if got := count(url.Values{"date_from": {"2030-01-01"}}); got != float64(live) {
		t.Errorf("date_from changed the answer to %v", got)
	}
	at := a.offered(moscow, anna, haircut)
	now = now.Add(26 * time.Hour)
	made := a.post("/book_record/4564", booking("79001112233", at, anna, haircut)).want(201).list()[0].(obj)
	today := dayOf(now, a.sb.state.company(moscow).zone).String()
	for name, q := range map[string]url.Values{
		"created today":  {"c_start_date": {today}, "c_end_date": {today}},
		"changed since":  {"changed_after": {now.Add(-time.Minute).Format("2006-01-02T15:04:05")}, "changed_before": {"2026-11-25T09:00:00"}},
		"master and day": {"staff_id": {fmt.Sprint(anna)}, "start_date": {at[:10]}, "end_date": {at[:10]}, "c_start_date": {today}},
	} {
		if name == "changed since" { // company time, three hours ahead of UTC
			q.Set("changed_after", now.Add(-time.Minute).In(a.sb.state.company(moscow).zone).Format("2006-01-02T15:04:05"))
		}
		list := a.get("/records/4564?" + q.Encode()).want(200).list()
		if len(list) != 1 || list[0].(obj)["id"] != made["record_id"] {
			t.Errorf("%s: got %d records", name, len(list))
		}
	}
	before := now.Add(-time.Minute).In(a.sb.state.company(moscow).zone).Format("2006-01-02T15:04:05")
	if got := count(url.Values{"changed_before": {before}, "c_start_date": {today}}); got != 0 {
		t.Errorf("changed_before let %v newer records through", got)
	}
	a.get("/records/4564?start_date=yesterday").want(422)
	a.get("/records/4564?staff_id=x").want(422)
}

func TestListRecordsPages(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	seen := map[any]bool{}
	for page := 1; ; page++ {
		list := a.get(fmt.Sprintf("/records/4564?count=200&page=%d&with_deleted=1", page)).want(200).list()
		if len(list) == 0 {
			break
		}
		for _, v := range list {
			seen[v.(obj)["id"]] = true
		}
	}
	if want := len(a.sb.Records(moscow)); len(seen) != want {
		t.Errorf("paging showed %d records, want %d", len(seen), want)
	}
	if n := len(a.get("/records/4564?count=5000").want(200).list()); n != recordsDefault {
		t.Errorf("a count above the cap gave %d, want the default %d", n, recordsDefault)
	}
	a.get("/records/4564?page=-3&count=-1").want(200)
	a.get("/records/4564?page=9223372036854775807&count=300").want(200)
}

func TestSchedulesAgreeWithTheDay(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	path := fmt.Sprintf("/company/4564/staff/schedule?start_date=2026-11-24&end_date=2026-11-30&staff_ids[]=%d&include[]=busy_intervals", anna)
	list := a.get(path).want(200).list()
	if len(list) != 7 {
		t.Fatalf("got %d days, want 7", len(list))
	}
	busy := 0
	for _, v := range list {
		o := v.(obj)
		day := a.call(http.MethodGet, fmt.Sprintf("/_sandbox/day?company_id=4564&date=%s", o["date"]), nil).want(200)
		for _, m := range day.body["staff"].([]any) {
			if m := m.(obj); m["id"] == float64(anna) {
				if fmt.Sprint(m["works"]) != fmt.Sprint(o["slots"]) {
					t.Errorf("%s: schedule %v, day %v", o["date"], o["slots"], m["works"])
				}
				live := 0
				for _, r := range m["records"].([]any) {
					live += flag(r.(obj)["deleted"] == false)
				}
				for _, b := range o["busy_intervals"].([]any) { // group events are busy as well
					live += flag(b.(obj)["entity_type"] == "activity")
				}
				if live != len(o["busy_intervals"].([]any)) {
					t.Errorf("%s: %d records, %v", o["date"], live, o["busy_intervals"])
				}
				busy += live
			}
		}
	}
	if busy == 0 {
		t.Error("a week without a single record")
	}
	a.get("/company/4564/staff/schedule").want(422)
}

func TestHooksAreReplacedWhole(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	first := obj{"urls": []string{"https://one.example/"}, "active": 1, "record": 1}
	a.post("/hooks_settings/4564", first).want(201)
	a.post("/hooks_settings/4564", obj{"urls": []string{"https://two.example/"}, "active": 1, "client": true}).want(201)
	got := a.get("/hooks_settings/4564").want(200).data()
	if fmt.Sprint(got["urls"]) != "[https://two.example/]" || got["record"] != 0.0 || got["client"] != 1.0 {
		t.Errorf("got %v", got)
	}
	a.post("/hooks_settings/4564", obj{"urls": []string{}}).want(422)
}
