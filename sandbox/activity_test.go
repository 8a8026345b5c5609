package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"zapis/contract"
)

// likeTheSample compares an answer with the printed sample of its operation.
func (r reply) likeTheSample(operation string) reply {
	r.t.Helper()
	op, _ := contract.Lookup(operation)
	if op == nil {
		r.t.Fatalf("no operation %s", operation)
	}
	sample, ok := op.Success().Sample()
	if !ok {
		r.t.Fatalf("%s has no sample", operation)
	}
	var got, want any
	if err := json.Unmarshal(r.raw, &got); err != nil {
		r.t.Fatalf("%v: %s", err, r.raw)
	}
	if err := json.Unmarshal(sample.JSON, &want); err != nil {
		r.t.Fatal(err)
	}
	for _, d := range differences(operation+" ", got, want) {
		r.t.Error(d)
	}
	return r
}

func lesson(at string, staff int64) obj {
	return obj{"date": at, "service_id": haircut, "staff_id": staff, "length": 3600, "capacity": 3, "comment": "Урок", "force": false}
}

func activityID(r reply) string { return fmt.Sprintf("%.0f", r.data()["id"]) }

// TestGroupEventTakesTime: made by one operation, seen by all others, and by the free times.
func TestGroupEventTakesTime(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	local, d := at[:10]+" "+at[11:19], mustDay(t, at)
	free := func() bool { return slices.Contains(a.times(moscow, anna, d, haircut), at) }

	made := a.post("/activity/4564", lesson(local, anna)).want(200).likeTheSample("createActivity")
	id := activityID(made)
	if free() {
		t.Error("the time of the event is still offered")
	}
	if got := a.get("/activity/4564/" + id).want(200).data(); got["date"] != local || got["capacity"] != 3.0 || got["staff_id"] != float64(anna) {
		t.Errorf("read back: %v", got)
	}
	v2 := "/api/v2/companies/4564/activities"
	if got := a.call(http.MethodGet, v2+"/"+id, nil).want(201).data()["attributes"].(obj); got["id"] != made.data()["id"] || got["capacity"] != 3.0 {
		t.Errorf("in version 2: %v", got)
	}
	a.post("/activity/4564", lesson(local, anna)).want(409)
	a.call(http.MethodPost, "/api/v2/companies/4564/activities", lesson(local, anna)).want(422)
	forced := lesson(local, anna)
	forced["force"] = true
	a.post("/activity/4564", forced).want(200)

	// Seen by search, its days and filters; gone after the removal.
	range1 := "?from=" + d.String() + "&till=" + d.String() + "&staff_ids[]=" + fmt.Sprint(anna)
	if got := a.as("").get("/activity/4564/search/" + range1).want(200).list(); len(got) != 2 {
		t.Errorf("search found %d, want 2", len(got))
	}
	if got := a.get("/activity/4564/search_dates/" + range1).want(200).list(); len(got) != 1 || got[0] != d.String() {
		t.Errorf("dates: %v", got)
	}
	if got := a.get("/activity/4564/search/" + range1 + "&service_ids[]=1").want(200).list(); len(got) != 0 {
		t.Errorf("another service: %v", got)
	}
	moved := lesson(local, mariaID)
	moved["force"] = true
	a.call(http.MethodPut, "/api/v1/activity/4564/"+id, moved).want(200)
	if free() {
		t.Error("the second event takes the time no more")
	}
	a.call(http.MethodDelete, "/api/v1/activity/4564/"+id, nil).want(202)
	a.call(http.MethodDelete, v2+"/"+id, nil).want(404)
	for _, e := range a.get("/activity/4564/search/" + range1).want(200).list() {
		a.call(http.MethodDelete, fmt.Sprintf("%s/%.0f", v2, e.(obj)["id"]), nil).want(204)
	}
	if !free() {
		t.Error("the time of a removed event is not offered again")
	}
}

func mustDay(t *testing.T, at string) day {
	t.Helper()
	d, ok := parseDay(at)
	if !ok {
		t.Fatalf("no day in %q", at)
	}
	return d
}

func seat(phone string, n int) obj {
	return obj{"fullname": "Ольга", "phone": phone, "clients_count": n, "api_id": 77}
}

// TestSeatsOfAGroupEvent: seats run out, come back with a cancelled record, and are
// records like any other.
func TestSeatsOfAGroupEvent(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	made := lesson(at[:10]+" "+at[11:19], anna)
	id := activityID(a.post("/activity/4564", made).want(200))
	path := "/activity/4564/" + id
	seats := func() float64 { return a.get(path).want(200).data()["records_count"].(float64) }

	guest := a.as("")
	guest.post(path+"/book", seat("79001112233", 2)).want(422) // one at a time until the settings say otherwise
	a.call(http.MethodPatch, "/api/v1/company/4564/settings/online", obj{"confirm_number": false, "any_master": true, "seance_delay_step": 0, "activity_online_record_clients_count_max": 2}).want(200)
	booked := guest.post(path+"/book", seat("79001112233", 2)).want(200).likeTheSample("bookActivity").data()
	guest.post(path+"/book", seat("79001112244", 2)).want(422)
	if seats() != 2 {
		t.Errorf("%v seats are taken, want 2", seats())
	}
	rec := guest.get(fmt.Sprintf("/book_record/4564/%.0f/%s", booked["id"], booked["hash"])).want(200).body
	if rec["activity_id"] != a.get(path).data()["id"] || rec["clients_count"] != 2.0 {
		t.Errorf("the record of the seats: activity_id %v, clients_count %v", rec["activity_id"], rec["clients_count"])
	}
	v2 := "/api/v2/companies/4564/activities/" + id + "/records"
	another := obj{"client": obj{"client": obj{"name": "Пётр", "phone_string": "79001112255"}}, "clients_count": 1}
	second := a.call(http.MethodPost, v2, another).want(201).data()
	a.call(http.MethodPost, v2, another).want(422)
	a.call(http.MethodPost, v2+"/"+second["id"].(string), obj{"attendance_service_item": obj{"cost_per_unit": 1, "discount_percent": 0, "manual_cost": 1}, "clients_count": 2}).want(422)
	guest.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%.0f/%s", booked["id"], booked["hash"]), nil).want(200)
	if seats() != 1 {
		t.Errorf("%v seats are taken after the cancellation, want 1", seats())
	}
	a.call(http.MethodPost, v2+"/"+second["id"].(string), obj{"attendance_service_item": obj{"cost_per_unit": 1, "discount_percent": 0, "manual_cost": 1}, "clients_count": 3}).want(201)
	if seats() != 3 {
		t.Errorf("%v seats are taken, want 3", seats())
	}
	if got := a.get("/record/4564/" + second["id"].(string)).want(200).data(); got["clients_count"] != 3.0 {
		t.Errorf("the record has %v seats", got["clients_count"])
	}
	// The event moves with its records, and takes them along when it goes.
	made["date"], made["force"] = dayOf(noon, time.UTC).add(20).String()+" 12:00:00", true
	a.call(http.MethodPut, "/api/v1"+path, made).want(200)
	if got := a.get("/record/4564/" + second["id"].(string)).want(200).data(); got["date"] != made["date"] {
		t.Errorf("the record stayed at %v", got["date"])
	}
	a.call(http.MethodDelete, "/api/v1"+path, nil).want(202)
	if got := a.get("/record/4564/" + second["id"].(string)).want(200).data(); got["deleted"] != true {
		t.Error("the record of a removed event is still there")
	}
}

func TestCopiesOfAGroupEvent(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	at := a.offered(moscow, anna, haircut)
	d := mustDay(t, at)
	made := lesson(at[:10]+" "+at[11:19], anna)
	made["service_id"] = mensCut
	path := "/activity/4564/" + activityID(a.post("/activity/4564", made).want(200))
	if r := a.post(path+"/duplicate/", obj{"dates": []string{at}}).want(409); r.body["meta"].(obj)["conflict"] != true {
		t.Errorf("the conflict is not told: %s", r.raw)
	}
	copies := a.post(path+"/duplicate/", obj{"from": d.add(1).String(), "count": 3, "interval": 1, "force": true}).want(200).likeTheSample("duplicateActivity").list()
	if len(copies) != 3 {
		t.Fatalf("%d copies, want 3", len(copies))
	}
	got := a.get("/activity/4564/search_dates_range/?service_ids[]=" + fmt.Sprint(mensCut)).want(200).likeTheSample("getActivityDateRange").data()
	if got["min_date"] != d.String() || got["max_date"] != d.add(3).String() {
		t.Errorf("the range is %v", got)
	}
	for _, bad := range []obj{{"dates": []string{}}, {"dates": "x"}, {"from": "x"}, {"count": -1}} {
		a.post(path+"/duplicate/", bad).want(422)
	}
	for _, f := range a.get("/activity/4564/filters/?staff_ids[]=1").want(200).likeTheSample("listActivityFilters").list() {
		for _, choice := range f.(obj)["data"].([]any) {
			if choice.(obj)["is_disabled"] != true {
				t.Errorf("offered although it leads nowhere: %v", choice)
			}
		}
	}
	a.get("/activity/4564/search/?from=2026-01-01&till=2027-12-31").want(200).likeTheSample("searchActivities")
	a.get("/activity/4564/services?term=стриж").want(200).likeTheSample("searchActivityServices")
}

func TestGroupEventRefusals(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	good := lesson("2026-12-20 12:00:00", anna)
	for key, bad := range map[string]any{
		"date": "soon", "service_id": 1, "staff_id": 1, "capacity": 0, "length": 10, "technical_break_duration": 9000, "resource_instance_ids": []int{1},
	} {
		body := copyOf(good)
		body[key] = bad
		r := a.post("/activity/4564", body).want(422)
		if errs, _ := r.body["meta"].(obj)["errors"].(obj); errs[key] == nil {
			t.Errorf("%s is not named: %s", key, r.raw)
		}
	}
	a.get("/activity/4564/1").want(404)
	a.post("/activity/4564/1/book", seat("79001112233", 1)).want(404)
	a.as(NoRightsUserToken).post("/activity/4564", good).want(403)
}
