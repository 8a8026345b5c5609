package sandbox

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func (a *api) userID(login string) int64 { return a.sb.state.userByLogin(login).id }

// TestRightsAreTakenAway: a right that is taken is missing in the own rights, and what it
// guards answers 403, until it is given back.
func TestRightsAreTakenAway(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	app := a.as(AppUserToken)
	path := fmt.Sprintf("/company/4564/users/%d/permissions", a.userID(AppLogin))
	set := func(slug string, on bool) {
		a.put(path, obj{"user_permissions": []obj{{"slug": slug, "value": on}}}).want(200).likeTheSample("updateUserPermissionValues")
	}
	app.get("/records/4564").want(200)
	set("timetable_access", false)
	app.get("/records/4564").want(403)
	app.get("/company/4564/services").want(200)
	app.get("/records/4565").want(200)
	own := app.get("/user/permissions/4564").want(200).data()["timetable"].(obj)
	if own["timetable_access"] != false || own["schedule_edit_access"] != true {
		t.Errorf("own rights: %v", own)
	}
	value := any(nil)
	for _, v := range a.get(path).want(200).data()["user_permissions"].([]any) {
		if v.(obj)["slug"] == "timetable_access" {
			value = v.(obj)["value"]
		}
	}
	if value != false {
		t.Errorf("read back: %v", value)
	}
	set("timetable_access", true)
	app.get("/records/4564").want(200)
	app.put(path, obj{"user_role": "owner"}).want(403) // by its own hand it becomes nothing
	a.put(path, obj{"user_permissions": []obj{{"slug": "nonsense", "value": true}}}).want(422)
	a.put(path, obj{"user_role": "king"}).want(422)

	// A role takes everything at once; a single right opens one door only.
	a.put(path, obj{"user_role": "worker"}).want(200)
	app.get("/company/4564/services").want(403)
	set("timetable_access", true)
	app.get("/records/4564").want(200)
	app.get("/company/4564/services").want(403)
}

func TestUsersComeAndGo(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	users := func(query string) map[string]obj {
		found := map[string]obj{}
		for _, v := range a.get("/company/4564/users" + query).want(200).likeTheSample("listCompanyUsers").list() {
			found[v.(obj)["name"].(string)] = v.(obj)
		}
		return found
	}
	before := len(users(""))
	a.post("/user/invite/4564", obj{"invites": []obj{{"name": "Новая", "search": "new@example.com", "position": "Администратор", "user_role": "administrator"}}}).want(202)
	added := users("?filter[is_approved]=0")
	if len(added) != 1 || added["Новая"]["user_role_slug"] != "administrator" || len(users("")) != before+1 {
		t.Fatalf("after the invitation: %v", added)
	}
	id := added["Новая"]["id"]
	one := fmt.Sprintf("/company/4564/users/%.0f", id)
	a.post(one+"/copy_to_companies", obj{"user_company_links": []obj{{"company_id": ural}}}).want(200)
	a.get(fmt.Sprintf("/company/4565/users/%.0f/permissions", id)).want(200)
	a.post(one+"/copy_to_companies", obj{"user_company_links": []obj{{"company_id": stranger}}}).want(403)
	a.post(one+"/remove_from_companies", obj{"user_company_links": []obj{{"company_id": ural}}}).want(200)
	a.get(fmt.Sprintf("/company/4565/users/%.0f/permissions", id)).want(404)
	a.remove(one).want(204)
	a.remove(one).want(404)
	if len(users("")) != before {
		t.Error("the removed user is still listed")
	}
	a.remove(fmt.Sprintf("/company/4564/users/%d", a.userID(AppLogin))).want(204)
	a.as(AppUserToken).get("/records/4564").want(403)
	a.remove(fmt.Sprintf("/company/4564/users/%d", a.userID(Login))).want(403)
	a.post("/user/invite/4564", obj{"invites": []obj{{"name": "x", "search": "", "user_role": "worker"}}}).want(422)
	if n := len(a.get("/company/4564/users/roles").want(200).likeTheSample("listUserRoles").list()); n != 5 {
		t.Errorf("%d roles, want 5", n)
	}
	a.get("/company_users/4564").want(200)
}

func TestCompaniesAreMadeAndChanged(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	made := a.post("/companies", obj{"title": "Новый салон", "city_id": 2, "address": "ул. Новая, 1", "coordinate_lat": "55.1", "coordinate_lot": "37.1"}).want(201).likeTheSample("createCompany").data()
	path := "/company/" + made["id"].(string) + "/"
	mine := func() bool {
		for _, v := range a.get("/companies?my=1").want(200).list() {
			if v.(obj)["id"] == made["id"] {
				return true
			}
		}
		return false
	}
	if got := a.get(path).want(200).data(); got["title"] != "Новый салон" || got["coordinate_lon"] != 37.1 || !mine() {
		t.Errorf("read back: %v", got)
	}
	a.get("/company" + path[len("/company"):] + "services").want(200)
	a.put(path, obj{"title": "Другое имя", "description": "<p>x</p>", "social": obj{"vk": "vk.com/example"}}).want(200)
	if got := a.get(path).want(200).data(); got["title"] != "Другое имя" || got["description"] != "<p>x</p>" || got["address"] != "ул. Новая, 1" {
		t.Errorf("after the change: %v", got)
	}
	a.as(StrangerUserToken).put(path, obj{"title": "x"}).want(403)
	a.as(AppUserToken).remove("/company/4564/").want(403)
	a.put(path, obj{"title": " "}).want(422)
	a.post("/companies", obj{}).want(422)
	a.remove(path).want(202)
	a.get(path).want(404)
	if mine() {
		t.Error("the removed company is still listed")
	}
	a.remove("/company/4564/").want(202)
	a.remove("/company/4565/").want(202)
	a.remove("/company/4566/").want(403)
}

// TestLicenceRunsOut: employees are refused, and everything goes on when it is renewed.
func TestLicenceRunsOut(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	if got := a.get("/license/4564").want(200).likeTheSample("getLicense").data(); got["active"] != 1.0 {
		t.Errorf("at first: %v", got)
	}
	r := a.control(http.MethodPut, "licence", obj{"company_id": moscow, "active": false}).want(200)
	if got := a.get("/license/4564").want(200).data(); got["active"] != 0.0 || got["deactivation_date"] != "24.11.2026" {
		t.Errorf("after %s: %v", r.raw, got)
	}
	for _, path := range []string{"/user/permissions/4564", "/records/4564", "/company/4564/staff/"} {
		if r := a.get(path).want(403); r.message() != "Необходимо продлить лицензию в филиале с id: 4564" {
			t.Errorf("%s: %s", path, r.raw)
		}
	}
	if got := a.get("/companies?id=4564").want(200).list()[0].(obj)["active"]; got != "0" {
		t.Errorf("the list says active %v", got)
	}
	a.get("/records/4565").want(200)
	a.as("").get("/book_staff/4564").want(200)
	a.control(http.MethodPut, "licence", obj{"company_id": moscow, "active": true}).want(200)
	a.get("/records/4564").want(200)
	if err := a.sb.SetLicence(1, time.Time{}); err == nil {
		t.Error("the licence of a company that is not there was set")
	}
}
