package sandbox

import (
	"net/http"
	"strings"
	"testing"
)

func TestAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	a := setup(t)
	good := "Bearer " + PartnerToken
	for _, tt := range []struct {
		name, path    string
		accept, value string
		status        int
		message       string
	}{
		{"as documented", "/records/4564", "", good + ", User " + UserToken, 200, ""},
		{"no space", "/records/4564", "", good + ",User " + UserToken, 200, ""},
		{"any case and spacing", "/records/4564", "", "bEARER   " + PartnerToken + " ,  uSER  " + UserToken, 200, ""},
		{"other spelling of the version", "/records/4564", "application/vnd.api.v2+json", good + ", User " + UserToken, 200, ""},
		{"no version", "/records/4564", "application/json", good, 400, "Accept"},
		{"no header", "/records/4564", "", "", 401, noCredentials},
		{"blank header", "/records/4564", "", " ", 401, noCredentials},
		{"unknown partner", "/records/4564", "", "Bearer other, User " + UserToken, 401, noPartner},
		{"only a user", "/records/4564", "", "User " + UserToken, 401, noPartner},
		{"no user", "/records/4564", "", good, 401, noUser},
		{"unknown user", "/records/4564", "", good + ", User other", 401, badUser},
		{"unknown user where none is needed", "/book_staff/4564", "", good + ", User other", 401, badUser},
		{"no rights", "/records/4564", "", good + ", User " + NoRightsUserToken, 403, noRights},
		{"another salon's owner", "/records/4564", "", good + ", User " + StrangerUserToken, 403, noRights},
		{"the application", "/records/4564", "", good + ", User " + AppUserToken, 200, ""},
		{"a stranger's company", "/records/7001", "", good + ", User " + UserToken, 403, noRights},
		{"unknown company", "/records/99", "", good + ", User " + UserToken, 404, "Не найдено"},
		{"unknown company for a partner", "/book_staff/99", "", good, 404, "Не найдено"},
		{"company that is no number", "/book_staff/x", "", good, 404, "Не найдено"},
		{"no such address", "/nowhere", "", good, 404, "Не найдено"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := a.request(http.MethodGet, "/api/v1"+tt.path, nil)
			req.Header.Del("Authorization")
			if tt.value != "" {
				req.Header.Set("Authorization", tt.value)
			}
			if tt.accept != "" {
				req.Header.Set("Accept", tt.accept)
			}
			r, err := a.try(req)
			if err != nil {
				t.Fatal(err)
			}
			r.t = t
			r.want(tt.status)
			if !strings.Contains(r.message(), tt.message) {
				t.Errorf("got %q, want %q", r.message(), tt.message)
			}
		})
	}
	t.Run("separate header of the user", func(t *testing.T) {
		req := a.request(http.MethodGet, "/api/v1/records/4564", nil)
		req.Header.Set("User-Token", UserToken)
		r, err := a.try(req)
		if err != nil || r.status != 401 || r.message() != noUser {
			t.Errorf("got %d %q %v, want the misleading %q", r.status, r.message(), err, noUser)
		}
	})
	t.Run("company operations fail in their own shape", func(t *testing.T) {
		r := a.get("/company/4564/").want(401)
		if e, ok := r.body["errors"].(obj); !ok || e["message"] != noUser || e["code"] != 401.0 || r.body["success"] != nil {
			t.Errorf("got %s", r.raw)
		}
		a.as(UserToken).get("/company/99/").want(404)
	})
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	a := setup(t)
	in := func(login, password string) reply {
		return a.post("/auth", obj{"login": login, "password": password})
	}
	if got := in(Login, Password).want(201).data()["user_token"]; got != UserToken {
		t.Errorf("got token %v", got)
	}
	in("owner@example.com", Password).want(201)
	in(Login, "other").want(401)
	in("", "").want(422)
	challenge := in(SecondFactorLogin, Password).want(200).data()
	if challenge["uuid"] == nil || challenge["user_token"] != nil {
		t.Errorf("second factor answered %v", challenge)
	}

	sw := DefaultSwitches()
	sw.AuthEnveloped = false
	if err := a.sb.SetSwitches(sw); err != nil {
		t.Fatal(err)
	}
	if r := in(Login, Password).want(201); r.body["user_token"] != UserToken || r.body["success"] != nil {
		t.Errorf("bare sign-in answered %s", r.raw)
	}

	fresh, err := a.sb.ChangePassword(Login, "another-example")
	if err != nil {
		t.Fatal(err)
	}
	if r := a.as(UserToken).get("/records/4564").want(401); r.message() != badUser {
		t.Errorf("old token: %q", r.message())
	}
	a.as(fresh).get("/records/4564").want(200)
	if info := a.sb.Info(); info.UserToken != fresh || info.Password != "another-example" {
		t.Errorf("info does not follow the change: %+v", info)
	}
	if _, err := a.sb.ChangePassword("nobody", "x"); err == nil {
		t.Error("a login that is not there was changed")
	}
}

func TestPermissionsByRole(t *testing.T) {
	t.Parallel()
	a := setup(t)
	right := func(token, section, name string) any {
		return a.as(token).get("/user/permissions/4564").want(200).data()[section].(obj)[name]
	}
	if right(UserToken, "finances", "finances_access") != true {
		t.Error("the owner lacks finances")
	}
	if right(AppUserToken, "record_form", "create_records_access") != true || right(AppUserToken, "finances", "finances_access") != false {
		t.Error("the application must have records and no finances")
	}
	if right(NoRightsUserToken, "timetable", "timetable_access") != false {
		t.Error("the trainee has rights")
	}
	a.as(StrangerUserToken).get("/user/permissions/4564").want(403)
}

func TestCompaniesOfAWizard(t *testing.T) {
	t.Parallel()
	a := setup(t)
	if n := len(a.get("/companies").want(200).list()); n != 4 {
		t.Errorf("the public list has %d companies, want strangers too", n)
	}
	a.get("/companies?my=1").want(401)
	mine := a.as(UserToken).get("/companies?my=1").want(200).list()
	if len(mine) != 3 {
		t.Errorf("my=1 gives %d companies, want 3", len(mine))
	}
	if n := len(a.as(StrangerUserToken).get("/companies?my=1").want(200).list()); n != 1 {
		t.Errorf("my=1 of the stranger gives %d companies, want 1", n)
	}
	if n := len(a.get("/companies?group_id=1200&count=2&page=2").want(200).list()); n != 1 {
		t.Errorf("second page of the chain has %d, want 1", n)
	}
	one := a.get("/companies?id=4565").want(200).list()
	if len(one) != 1 || one[0].(obj)["id"] != "4565" || one[0].(obj)["timezone_name"] != "Asia/Yekaterinburg" {
		t.Errorf("got %v", one)
	}
	form := a.get("/bookform/91002").want(200).data()
	if form["company_id"] != 4565.0 || form["phone_confirmation"] != true {
		t.Errorf("got form %v", form)
	}
	a.get("/bookform/4565").want(404) // the number of a form is not that of a company
	if g := a.get("/bookform/91000").want(200).data()["group_id"]; g != 1200.0 {
		t.Errorf("chain form has group %v", g)
	}
}
