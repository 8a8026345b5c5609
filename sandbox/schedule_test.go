package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// TestScheduleMakesFreeTimes sets days and sees what online booking offers on them.
func TestScheduleMakesFreeTimes(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	a.post("/hooks_settings/4564", obj{"urls": []string{"https://app.example/hook"}, "active": 1, "schedule": 1, "self_sending": 1}).want(201)
	const path = "/api/v1/company/4564/staff/schedule"
	d, _ := parseDay("2026-12-20") // beyond the book of the seed
	set := func(dates []string, slots ...obj) reply {
		return a.call(http.MethodPut, path, obj{"schedules_to_set": []obj{{"staff_id": anna, "dates": dates, "slots": slots}}})
	}
	r := set([]string{d.String(), d.add(2).String()}, obj{"from": "13:00", "to": "15:00"}, obj{"from": "10:00", "to": "12:00"}).want(200)
	if list := r.list(); len(list) != 3 || fmt.Sprint(list[0].(obj)["slots"]) != "[map[from:10:00 to:12:00] map[from:13:00 to:15:00]]" || r.body["meta"].(obj)["count"] != 3.0 {
		t.Errorf("the answer: %s", r.raw)
	}
	times := a.times(moscow, anna, d, haircut)
	length := a.sb.state.company(moscow).master(anna).does[haircut].length
	if len(times) == 0 || times[0][11:16] != "10:00" {
		t.Fatalf("free times %v", times)
	}
	for _, at := range times {
		start, _ := clockTime(at[11:16])
		if end := start + length; !(start >= 10*hour && end <= 12*hour || start >= 13*hour && end <= 15*hour) {
			t.Errorf("%s is offered outside of the slots", at)
		}
	}
	// The older schedule and the timetable say the same.
	old := a.get(fmt.Sprintf("/schedule/4564/%d/%s/%s", anna, d, d)).want(200).list()[0].(obj)
	if old["is_working"] != 1.0 || len(old["slots"].([]any)) != 2 {
		t.Errorf("the schedule of v1: %v", old)
	}
	seances := a.get(fmt.Sprintf("/timetable/seances/4564/%d/%s", anna, d)).want(200).list()
	if len(seances) == 0 || seances[0].(obj)["time"] != "10:00" || seances[0].(obj)["is_free"] != true {
		t.Errorf("seances: %v", seances)
	}
	booked := a.post("/book_record/4564", booking("79001112233", d.String()+"T10:00:00+03:00", anna, haircut)).want(201).list()[0].(obj)
	seances = a.get(fmt.Sprintf("/timetable/seances/4564/%d/%s", anna, d)).want(200).list()
	if seances[0].(obj)["is_free"] != false {
		t.Error("a booked time is free")
	}
	day := a.get(fmt.Sprintf("/company/4564/staff/schedule?start_date=%s&end_date=%s&staff_ids[]=%d&include[]=busy_intervals", d, d, anna)).want(200).list()[0].(obj)
	if busy := day["busy_intervals"].([]any); len(busy) != 1 || busy[0].(obj)["entity_id"] != booked["record_id"] || busy[0].(obj)["from"] != "10:00" {
		t.Errorf("busy: %v", day)
	}

	a.call(http.MethodPut, path, obj{"schedules_to_delete": []obj{{"staff_id": anna, "dates": []string{d.String()}}}}).want(200)
	if times := a.times(moscow, anna, d, haircut); len(times) != 0 {
		t.Errorf("a day off has %v", times)
	}
	dates := a.get(fmt.Sprintf("/timetable/dates/4564/%s?staff_id=%d", d, anna)).want(200).list()
	if slices.Contains(dates, any(d.String())) || !slices.Contains(dates, any(d.add(2).String())) {
		t.Errorf("working dates: %v", dates)
	}
	booking := a.get(fmt.Sprintf("/book_dates/4564?staff_id=%d&date_from=%s&date_to=%s", anna, d, d.add(2))).want(200).data()["booking_dates"].([]any)
	if slices.Contains(booking, any(d.String())) || !slices.Contains(booking, any(d.add(2).String())) {
		t.Errorf("booking dates: %v", booking)
	}

	a.call(http.MethodPut, fmt.Sprintf("/api/v1/schedule/4564/%d", anna), obj{"date": d.String(), "is_working": true, "slots": []obj{{"from": "20:00", "to": "22:00"}}}).want(201)
	if times := a.times(moscow, anna, d, haircut); len(times) == 0 || times[0][11:16] != "20:00" {
		t.Errorf("after the schedule of v1: %v", times)
	}
	n := 0
	for _, w := range a.sb.Webhooks() {
		n += flag(w.Resource == "schedule" && w.Status == updated)
	}
	if n != 3 {
		t.Errorf("%d webhooks of schedules, want 3", n)
	}
}

func TestScheduleOfANight(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	d, _ := parseDay("2026-12-20")
	a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{"schedules_to_set": []obj{
		{"staff_id": anna, "dates": []string{d.String()}, "slots": []obj{{"from": "22:00", "to": "02:00"}}},
	}, "schedules_to_delete": []obj{{"staff_id": anna, "dates": []string{d.String(), d.add(1).String()}}}}).want(200)
	if times := a.times(moscow, anna, d, haircut); len(times) == 0 || times[0][11:16] != "22:00" {
		t.Errorf("before midnight: %v", times)
	}
	got := a.get(fmt.Sprintf("/company/4564/staff/schedule?start_date=%s&end_date=%s&staff_ids[]=%d", d, d, anna)).want(200).list()[0].(obj)
	if fmt.Sprint(got["slots"]) != "[map[from:22:00 to:02:00]]" {
		t.Errorf("slots %v", got["slots"])
	}
}

func TestSchedulesThatAreNone(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	for name, entry := range map[string]obj{
		"overlap":   {"staff_id": anna, "dates": []string{"2026-12-20"}, "slots": []obj{{"from": "10:00", "to": "13:00"}, {"from": "12:00", "to": "15:00"}}},
		"empty":     {"staff_id": anna, "dates": []string{"2026-12-20"}, "slots": []obj{{"from": "10:00", "to": "10:00"}}},
		"no time":   {"staff_id": anna, "dates": []string{"2026-12-20"}, "slots": []obj{{"from": "25:00", "to": "26:00"}}},
		"no date":   {"staff_id": anna, "dates": []string{"2026-02-30"}, "slots": []obj{}},
		"no dates":  {"staff_id": anna, "slots": []obj{}},
		"no slots":  {"staff_id": anna, "dates": []string{"2026-12-20"}},
		"bad slots": {"staff_id": anna, "dates": []string{"2026-12-20"}, "slots": "x"},
	} {
		if r := a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{"schedules_to_set": []obj{entry}}); r.status != 422 {
			t.Errorf("%s answered %d: %s", name, r.status, r.raw)
		}
	}
	a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{}).want(422)
	a.call(http.MethodPut, "/api/v1/company/4564/staff/schedule", obj{"schedules_to_set": []obj{{"staff_id": 1, "dates": []string{"2026-12-20"}, "slots": []obj{}}}}).want(404)
	a.call(http.MethodPut, "/api/v1/schedule/4564/1", obj{"date": "2026-12-20", "is_working": true, "slots": []obj{}}).want(404)
	a.call(http.MethodPut, fmt.Sprintf("/api/v1/schedule/4564/%d", anna), obj{"date": "2026-12-20", "is_working": true, "slots": []obj{{"from": "x"}}}).want(422)
	a.get(fmt.Sprintf("/schedule/4564/%d/2026-12-20/2026-12-19", anna)).want(422)
	a.get("/timetable/dates/4564/2026-12-20?staff_id=1").want(404)
}
