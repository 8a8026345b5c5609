package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

func (a *api) put(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPut, "/api/v1"+path, body)
}

func (a *api) patch(path string, body any) reply {
	a.t.Helper()
	return a.call(http.MethodPatch, "/api/v1"+path, body)
}

func (a *api) remove(path string) reply {
	a.t.Helper()
	return a.call(http.MethodDelete, "/api/v1"+path, nil)
}

// TestOnlineSettingsRule: what is set is read back, and booking goes by it.
func TestOnlineSettingsRule(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	who, at := a.offeredToday(moscow, haircut)
	set := obj{"confirm_number": false, "any_master": true, "seance_delay_step": 1380, "activity_online_record_clients_count_max": 2}
	a.patch("/company/4564/settings/online", set).want(200).likeTheSample("updateOnlineSettings")
	if slices.Contains(a.times(moscow, who, mustDay(t, at), haircut), at) {
		t.Error("a start within the lead time is still offered")
	}
	a.post("/book_record/4564", booking("79001112233", at, who, haircut)).want(422)
	if got := a.get("/company/4564/settings/online").want(200).data(); got["seance_delay_step"] != 1380.0 || got["activity_online_record_clients_count_max"] != 2.0 {
		t.Errorf("read back: %v", got)
	}
	set["seance_delay_step"], set["any_master"] = 30, false
	a.patch("/company/4564/settings/online", set).want(200)
	if r := a.post("/book_record/4564", booking("79001112233", at, 0, haircut)).want(422); r.code() != 436.0 {
		t.Errorf("any master: %s", r.raw)
	}
	set["confirm_number"] = true
	a.patch("/company/4564/settings/online", set).want(200)
	if r := a.post("/book_record/4564", booking("79001112233", at, who, haircut)).want(422); r.code() != 432.0 {
		t.Errorf("without a code: %s", r.raw)
	}
	if got := a.get("/company/4564/").want(200).data(); got["phone_confirmation"] != true {
		t.Error("the company does not say that it confirms phones")
	}
	set["confirm_number"] = false
	a.patch("/company/4564/settings/online", set).want(200)
	a.post("/book_record/4564", booking("79001112233", at, who, haircut)).want(201)

	set["seance_delay_step"] = 1381
	a.patch("/company/4564/settings/online", set).want(422)
	a.patch("/company/4564/settings/online", obj{}).want(422)
	a.as(NoRightsUserToken).patch("/company/4564/settings/online", set).want(403)
}

// offeredToday finds a master with a free start today.
func (a *api) offeredToday(company int64, service int64) (staff int64, at string) {
	a.t.Helper()
	for _, m := range a.sb.state.company(company).bookable(0, nil) {
		if _, does := m.does[service]; !does {
			continue
		}
		if times := a.times(company, m.id, dayOf(a.sb.now(), time.UTC), service); len(times) > 0 {
			return m.id, times[0]
		}
	}
	a.t.Fatal("nothing is free today")
	return 0, ""
}

func TestTimetableSettings(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	a.patch("/company/4564/settings/timetable", obj{"record_type": 2, "activity_record_clients_count_max": 1}).want(200).likeTheSample("updateTimetableSettings")
	if got := a.get("/company/4564/settings/timetable").want(200).data(); got["record_type"] != 2.0 || got["activity_record_clients_count_max"] != 1.0 {
		t.Errorf("read back: %v", got)
	}
	made := lesson("2026-12-20 12:00:00", anna)
	made["force"] = true
	records := "/api/v2/companies/4564/activities/" + activityID(a.post("/activity/4564", made).want(200)) + "/records"
	guest := obj{"client": obj{"client": obj{"name": "Пётр", "phone_string": "79001112255"}}, "clients_count": 2}
	a.call(http.MethodPost, records, guest).want(422)
	guest["clients_count"] = 1
	a.call(http.MethodPost, records, guest).want(201)
	a.patch("/company/4564/settings/timetable", obj{"record_type": 9, "activity_record_clients_count_max": 1}).want(422)
}

func TestBookingForms(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	form := obj{
		"title": "Форма акции", "description": "", "is_default": false, "without_menu": false, "service_step_default": 0, "service_step_hide": false,
		"master_step_default": anna, "master_step_hide": true, "service_step_num": 2, "master_step_num": 1, "datetime_step_num": 3,
		"show_button": true, "button_position": "bottom right", "form_position": "right", "button_color": "#1c84c6", "button_animation": true,
	}
	id := activityID(a.post("/company/4564/booking_forms/", form).want(201).likeTheSample("createBookingForm"))
	path := "/company/4564/booking_forms/" + id + "/"
	if n := len(a.get("/company/4564/booking_forms/").want(200).list()); n != 2 {
		t.Errorf("%d forms, want 2", n)
	}
	steps := a.get("/bookform/" + id).want(200).data()["steps"].([]any)
	if first := steps[0].(obj); first["step"] != "master" || first["hidden"] != "1" || first["default"] != float64(anna) {
		t.Errorf("the form begins with %v", first)
	}
	form["title"], form["is_default"] = "Главная", true
	a.patch(path, form).want(200)
	short := a.get("/company/4564/").want(200).data()["bookforms"].([]any)
	if len(short) != 2 || short[0].(obj)["is_default"] != 0.0 || short[1].(obj)["is_default"] != 1.0 || short[1].(obj)["title"] != "Главная" {
		t.Errorf("the company lists %v", short)
	}
	a.remove(path).want(403)
	a.remove("/company/4564/booking_forms/91001/").want(204)
	a.get("/bookform/91001").want(404)
	a.get("/company/4564/booking_forms/1/").want(404)
	form["button_position"] = "middle"
	a.patch(path, form).want(422)
}

func TestNotificationSettings(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	path := fmt.Sprintf("/notification_settings/4564/users/%d", a.sb.state.users[0].id)
	push := func() map[string]any {
		on := map[string]any{}
		for _, v := range a.get(path).want(200).likeTheSample("getUserNotificationSettings").data()["notification_types"].([]any) {
			on[v.(obj)["type"].(string)] = v.(obj)["channels"].(obj)["push"]
		}
		return on
	}
	before := push()
	for kind, v := range before {
		a.post(path, obj{"notification_types": []obj{{"type": kind, "channels": obj{"push": 1 - int(v.(float64))}}}}).want(200)
		if after := push(); after[kind] == v || len(after) != len(before) {
			t.Errorf("%s stayed at %v", kind, v)
		}
		break
	}
	if len(before) == 0 {
		t.Error("no types")
	}
	a.post(path, obj{"notification_types": []obj{{"type": "nonsense", "channels": obj{"push": 1}}}}).want(422)
	a.get("/notification_settings/4564/users/1").want(404)
}

// TestResourcesHold: when all rooms are taken by a group event, nobody can be booked for
// what needs one.
func TestResourcesHold(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	company := a.sb.state.company(moscow)
	var rooms []int64
	for _, v := range a.get("/resources/4564").want(200).likeTheSample("listResources").list()[0].(obj)["instances"].([]any) {
		rooms = append(rooms, int64(v.(obj)["id"].(float64)))
	}
	var service, masseur int64
	for _, s := range company.services {
		for _, m := range company.staff {
			if _, does := m.does[s.id]; does && len(s.resources) > 0 && s.online && !m.hidden && !m.fired {
				service, masseur = s.id, m.id
			}
		}
	}
	at := a.offered(moscow, masseur, service)
	event := lesson(at[:10]+" "+at[11:19], anna)
	event["resource_instance_ids"], event["force"] = rooms, true
	id := activityID(a.post("/activity/4564", event).want(200).likeTheSample("createActivity"))
	if slices.Contains(a.times(moscow, masseur, mustDay(t, at), service), at) {
		t.Error("offered without a free room")
	}
	event["force"], event["staff_id"] = false, masseur
	a.post("/activity/4564", event).want(409)
	a.remove("/activity/4564/" + id).want(202)
	if !slices.Contains(a.times(moscow, masseur, mustDay(t, at), service), at) {
		t.Error("the rooms did not come back")
	}
}
