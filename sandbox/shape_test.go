package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zapis/contract"
)

// shapeCalls makes every modelled operation succeed. The values of the maps
// are made by the earlier calls of prepare.
type shapeCalls struct {
	*api
	at, next string
	id       int64
	hash     string
	client   string // user token of a client
	back     int64  // a record of the back office
}

func prepareShapes(t *testing.T) *shapeCalls {
	c := &shapeCalls{api: setup(t)}
	c.at = c.offered(moscow, anna, haircut)
	made := c.post("/book_record/4564", booking("79001112233", c.at, anna, haircut)).want(201).list()[0].(obj)
	c.id, c.hash = int64(made["record_id"].(float64)), made["record_hash"].(string)
	c.next = c.offered(moscow, anna, haircut)
	c.post("/book_code/4564", obj{"phone": "79001112233"}).want(201)
	data := c.post("/user/auth", obj{"phone": "79001112233", "code": c.sb.SMS()[0].Code}).want(201).data()
	c.client = data["user_token"].(string)
	list := c.as(UserToken).post("/records/4564", c.backOffice(mariaID)).want(201).list()
	c.back = int64(list[0].(obj)["id"].(float64))
	return c
}

func (c *shapeCalls) backOffice(staff int64) obj {
	return obj{
		"staff_id": staff, "services": []obj{{"id": haircut, "first_cost": 100, "discount": 0, "cost": 100}},
		"client": obj{"phone": "79000000019", "name": "Клиент Тест"}, "save_if_busy": true, "datetime": "2026-12-01 12:00:00",
		"seance_length": 3600, "send_sms": false, "comment": "", "api_id": "778", "record_labels": []string{"67345"},
		"custom_fields": obj{"code": 1},
	}
}

// callFor makes the call of an operation.
func (c *shapeCalls) callFor(id string) reply {
	own, owner := c.as(c.client), c.as(UserToken)
	rec := fmt.Sprintf("/record/4564/%d", c.back)
	switch id {
	case "authUser":
		return c.post("/auth", obj{"login": Login, "password": Password})
	case "authBookingUser":
		return c.post("/booking/auth", obj{"login": Login, "password": Password})
	case "authUserByPhoneCode":
		c.post("/book_code/4564", obj{"phone": "79001112233"}).want(201)
		return c.post("/user/auth", obj{"phone": "79001112233", "code": c.sb.SMS()[0].Code})
	case "sendBookCode":
		return c.post("/book_code/4564", obj{"phone": "79001112233"})
	case "sendBookingUserPhoneCode":
		return own.get("/booking/user/phone_confirmation?company_id=4564&phone=79001112299")
	case "getBookingUser":
		return own.get("/booking/user/data")
	case "updateBookingUser":
		return own.call(http.MethodPut, "/api/v1/booking/user", obj{"name": "Имя"})
	case "changeBookingUserPassword":
		return c.as(NoRightsUserToken).call(http.MethodPut, "/api/v1/booking/user/password", obj{"old_password": Password, "new_password": "other-example"})
	case "listCompanies":
		return c.get("/companies?forBooking=1")
	case "getCompany":
		return owner.get("/company/4564/?my=1")
	case "getOwnPermissions":
		return owner.get("/user/permissions/4564")
	case "getBookform":
		return c.get("/bookform/91001")
	case "listBookingForms":
		return owner.get("/company/4564/booking_forms/")
	case "getPrivacyPolicy":
		return c.get("/privacy_policy/4564")
	case "listBookServices":
		return c.get(fmt.Sprintf("/book_services/4564?staff_id=%d", igor))
	case "listBookStaff":
		return c.get("/book_staff/4564")
	case "listBookDates":
		return c.get("/book_dates/4564")
	case "listNearestStaffSeances":
		return c.get(fmt.Sprintf("/book_staff_seances/4564/%d/", igor))
	case "listBookTimes":
		d, _ := parseDay(c.next)
		return c.get(fmt.Sprintf("/book_times/4564/%d/%s", anna, d))
	case "checkBooking":
		return c.post("/book_check/4564", booking("", c.next, anna, haircut))
	case "createBooking":
		return c.post("/book_record/4564", booking("79001112244", c.next, anna, haircut))
	case "getBooking":
		return c.get(fmt.Sprintf("/book_record/4564/%d/%s", c.id, c.hash))
	case "rescheduleBooking":
		return c.call(http.MethodPut, fmt.Sprintf("/api/v1/book_record/4564/%d", c.id), obj{"datetime": c.at, "comment": "x"})
	case "deleteUserRecord":
		return own.call(http.MethodDelete, fmt.Sprintf("/api/v1/user/records/%d", c.id), nil)
	case "getUserRecords":
		return own.get("/user/records/")
	case "listRecords":
		return owner.get("/records/4564?count=300&with_deleted=1")
	case "createRecord":
		return owner.post("/records/4564", c.backOffice(anna))
	case "getRecord":
		return owner.get(rec)
	case "updateRecord":
		return owner.call(http.MethodPut, "/api/v1"+rec, c.backOffice(anna))
	case "deleteRecord":
		return owner.call(http.MethodDelete, "/api/v1"+rec, nil)
	case "listServices":
		return owner.get("/company/4564/services")
	case "listServicesDeprecated":
		return c.get("/services/4564")
	case "listServiceCategories":
		return owner.get("/company/4564/service_categories/")
	case "listStaff":
		return owner.get("/company/4564/staff/")
	case "listStaffDeprecated":
		return c.get("/staff/4564")
	case "listStaffSchedules":
		return owner.get("/company/4564/staff/schedule?start_date=2026-11-24&end_date=2026-12-07&include[]=busy_intervals&include[]=off_day_type")
	case "getOnlineSettings":
		return owner.get("/company/4564/settings/online")
	case "getTimeslotSettings":
		return owner.get("/company/4564/settings/timeslots")
	case "sendSmsByClientIds", "sendSmsByFilter":
		return owner.post("/sms/clients/by_"+map[string]string{"sendSmsByClientIds": "id", "sendSmsByFilter": "filter"}[id]+"/4564",
			obj{"client_ids": []int64{1}, "text": "x"})
	case "sendEmailByClientIds", "sendEmailByFilter":
		return owner.post("/email/clients/by_"+map[string]string{"sendEmailByClientIds": "id", "sendEmailByFilter": "filter"}[id]+"/4564",
			obj{"client_ids": []int64{1}, "subject": "x", "text": "x"})
	case "getHooksSettings":
		return owner.get("/hooks_settings/4564")
	case "setHooksSettings":
		return owner.post("/hooks_settings/4564", obj{"urls": []string{"https://app.example/hook"}, "active": 1, "record": 1})
	}
	c.t.Fatalf("no call for %s", id)
	return reply{}
}

// lenience has what differs from the printed samples on purpose.
var lenience = map[string][]string{
	// Not in this sample: seen in production, or printed in the sample of
	// another operation with the same entity.
	"+": {
		"listBookStaff data[].avatar_big",
		"listCompanies meta.total_count",
		"getCompany data.phone", "getCompany data.phones", "getCompany data.timezone", "getCompany data.schedule",
		"getCompany data.currency_short_title",
		"getCompany data.groups.1200", // keys are ids
		"getBooking company.timezone_name", "getUserRecords data[].company.timezone_name",
		"listServices data[].duration", "listServicesDeprecated data[].duration", "listServices data[].staff[].price",
		"listStaff data[].api_id", "listStaff data[].comments_count", "listStaff data[].image_group",
		"listStaff data[].information", "listStaff data[].rating", "listStaff data[].votes_count", "listStaff data[].weight",
		"listStaffDeprecated data[].api_id",
		"listBookDates data.booking_days", "listBookDates data.working_days", // keys are months
		"getHooksSettings data.loyalty_card", "getHooksSettings data.schedule", "getHooksSettings data.self_sending",
		"setHooksSettings data.loyalty_card", "setHooksSettings data.schedule", "setHooksSettings data.self_sending",
		"listRecords data[].payment_status", "listRecords data[].staff.api_id", "getRecord data.staff.api_id",
		"getRecord data.online",
		"rescheduleBooking data",                   // the sample is short; ours is the record of getBooking
		"createRecord data[]", "updateRecord data", // ours is the record of getRecord
	},
	// In the sample, left out here.
	"-": {
		"rescheduleBooking data.staff.spec", // specialization everywhere else
		"getCompany data.groups",
		"listBookDates data.booking_days", "listBookDates data.working_days",
	},
	// Of another kind than in the sample.
	"~": {
		"rescheduleBooking data", // the short sample has numbers as strings
	},
}

func lenient(kind, place string) bool {
	return slices.ContainsFunc(lenience[kind], func(p string) bool {
		return place == p || strings.HasPrefix(place, p+".") || strings.HasPrefix(place, p+"[]")
	})
}

// differences compares an answer with a sample by keys and JSON kinds. A null
// on either side says nothing, and [] stands for an empty object.
func differences(place string, got, want any) []string {
	gotList, gotIsList := got.([]any)
	switch w := want.(type) {
	case obj:
		if g, ok := got.(obj); ok {
			return differentKeys(place, g, w)
		}
		if gotIsList && len(gotList) == 0 {
			return nil
		}
	case []any:
		if len(w) == 0 && kindOf(got) == "object" {
			return nil
		}
		if gotIsList && len(w) > 0 {
			var out []string
			for _, g := range gotList {
				out = append(out, differences(place+"[]", g, merged(w))...)
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
	}
	if got == nil || want == nil || kindOf(got) == kindOf(want) || lenient("~", place) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s, want %s", place, kindOf(got), kindOf(want))}
}

// optional is the key under which merged keeps the names that not every
// element of a sample has.
const optional = "\x00optional"

func differentKeys(place string, got, want obj) []string {
	var out []string
	may, _ := want[optional].(obj)
	for k, v := range want {
		at := strings.Replace(place+"."+k, " .", " ", 1)
		switch value, there := got[k]; {
		case k == optional:
		case there:
			out = append(out, differences(at, value, v)...)
		case may[k] == nil && !lenient("-", at):
			out = append(out, "missing: "+at)
		}
	}
	for k := range got {
		at := strings.Replace(place+"."+k, " .", " ", 1)
		if _, ok := want[k]; !ok && !lenient("+", at) {
			out = append(out, "not in the sample: "+at)
		}
	}
	return out
}

// merged is one element with the keys of all elements.
func merged(list []any) any {
	all, may := obj{}, obj{}
	for _, v := range list {
		o, ok := v.(obj)
		if !ok {
			return v
		}
		for k, value := range o {
			if old, _ := all[k].([]any); all[k] == nil || old != nil && len(old) == 0 {
				all[k] = value
			}
		}
	}
	for _, v := range list {
		for k := range all {
			if _, ok := v.(obj)[k]; !ok {
				may[k] = true
			}
		}
	}
	all[optional] = may
	return all
}

func kindOf(v any) string {
	switch v.(type) {
	case obj:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func TestShapesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	for id, m := range models {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			op, ok := contract.Lookup(id)
			if !ok {
				t.Fatalf("%s is not an operation of the contract", id)
			}
			if m.level == simplified && m.note == "" {
				t.Error("simplified, but the note does not say what")
			}
			r := prepareShapes(t).callFor(id)
			if !slices.Contains(op.Statuses, r.status) {
				t.Fatalf("status %d, want one of %v: %s", r.status, op.Statuses, r.raw)
			}
			sample, ok := op.Success().Sample()
			if !ok {
				return // nothing is documented but the status
			}
			var got, want any
			if err := json.Unmarshal(sample.JSON, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(r.raw, &got); err != nil {
				t.Fatalf("%v: %s", err, r.raw)
			}
			// The sign-ins are printed bare and seen enveloped.
			if w := want.(obj); op.Envelope == contract.Either && w["success"] == nil && got.(obj)["success"] != nil {
				got = got.(obj)["data"]
			}
			// data is null where the site dropped the key.
			if g, w := got.(obj), want.(obj); w["success"] != nil {
				for _, key := range []string{"data", "meta"} {
					if _, printed := w[key]; !printed {
						delete(g, key)
					}
				}
			}
			for _, d := range differences(id+" ", got, want) {
				t.Error(d)
			}
		})
	}
}
