package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSwitchTableIsComplete(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(DefaultSwitches())
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]any{}
	if err := json.Unmarshal(data, &defaults); err != nil {
		t.Fatal(err)
	}
	for _, s := range SwitchTable() {
		have, ok := defaults[s.Name]
		if !ok {
			t.Errorf("%s is in the table and not a switch", s.Name)
		}
		if fmt.Sprint(have) != fmt.Sprint(s.Values[0]) {
			t.Errorf("%s is %v by default, the table says %v", s.Name, have, s.Values[0])
		}
		delete(defaults, s.Name)
		for _, v := range s.Values {
			if err := with(s.Name, v).Validate(); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		for _, v := range []any{"no such value", -1} {
			if reflect.TypeOf(v) == reflect.TypeOf(s.Values[0]) && with(s.Name, v).Validate() == nil {
				t.Errorf("%s takes %v", s.Name, v)
			}
		}
	}
	for name := range defaults {
		t.Errorf("%s is a switch and not in the table", name)
	}
}

// TestSwitchesPage holds docs/sandbox-switches.md to the table; ZAPIS_WRITE_DOCS=1 writes it.
func TestSwitchesPage(t *testing.T) {
	t.Parallel()
	const path = "../docs/sandbox-switches.md"
	if os.Getenv("ZAPIS_WRITE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(SwitchesPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(SwitchesPage(), string(got)); diff != "" {
		t.Errorf("ZAPIS_WRITE_DOCS=1 go test -run SwitchesPage ./sandbox\n%s", diff)
	}
	a := setup(t)
	var table []SwitchInfo
	if err := json.Unmarshal(a.control(http.MethodGet, "switches/about", nil).want(200).raw, &table); err != nil || len(table) != len(switchTable) {
		t.Errorf("the control API answers %d switches, %v", len(table), err)
	}
}

func with(name string, value any) Switches {
	sw := DefaultSwitches()
	data, err := json.Marshal(obj{name: value})
	if err == nil {
		err = json.Unmarshal(data, &sw)
	}
	if err != nil {
		panic(err)
	}
	return sw
}

// scene is a small salon for one question: a master of 10:00 to 12:00 and 12:00 to
// 14:00 in Moscow, a second beside him, and services of an hour.
type scene struct {
	*api
	c     *company
	first *master
	day   day
}

func newScene(t *testing.T, sw Switches) *scene {
	s := &scene{api: setup(t, WithSwitches(sw)), day: dayOf(noon, time.UTC).add(3)}
	s.c = s.sb.state.companies[0]
	s.first = s.c.master(anna)
	s.c.master(mariaID).does = map[int64]skill{}
	for _, m := range s.c.staff {
		m.does = map[int64]skill{}
	}
	for _, m := range []*master{s.first, s.c.master(igor)} {
		m.does = map[int64]skill{haircut: {length: hour}, haircut + 1: {length: hour}}
		for n := range 3 {
			m.setHours(s.day.add(n), []hours{{10 * hour, 12 * hour}, {12 * hour, 14 * hour}})
			delete(s.c.byDay, staffDay{m.id, s.day.add(n)})
		}
	}
	return s
}

// list spells the starts of the first master.
func (s *scene) list(services ...int64) string {
	if len(services) == 0 {
		services = []int64{haircut}
	}
	var out []string
	for _, at := range s.times(moscow, anna, s.day, services...) {
		out = append(out, at[11:16])
	}
	return strings.Join(out, " ")
}

func (s *scene) at(minutes int) time.Time { return s.day.at(minutes*60, s.c.zone) }

func (s *scene) try(minutes int) reply {
	return s.post("/book_record/4564", booking("79001112233", s.at(minutes).Format(withColon), anna, haircut))
}

func (s *scene) record(minutes, length int) *record {
	r := &record{
		id: s.sb.state.newID(), visitID: s.sb.state.newID(), company: s.c, staff: s.first, services: []*service{s.c.service(haircut)},
		start: s.at(minutes), length: length * 60,
	}
	s.c.put(r)
	return r
}

func (s *scene) room() {
	s.c.resources = []*resource{{id: 1, instances: []instance{{id: 11}}}}
	s.c.service(haircut).resources = []int64{1}
}

func (s *scene) pause(minutes int) { s.c.pause = minutes * 60 }

// observations ask each switch a question whose answer depends on it.
var observations = map[string]func(s *scene) string{
	"grid_from": func(s *scene) string {
		s.first.setHours(s.day, []hours{{10*hour + 600, 12 * hour}})
		return s.list()
	},
	"grid_flexible": func(s *scene) string {
		s.record(10*60, 25)
		return s.list()
	},
	"booking_on_grid_only": func(s *scene) string { return fmt.Sprint(s.try(10*60 + 7).status) },
	"night_starts": func(s *scene) string {
		s.first.setHours(s.day.add(-1), []hours{{22 * hour, 26 * hour}})
		return s.list()
	},
	"touching_intervals_join": func(s *scene) string { return s.list() },
	"visit_may_overrun":       func(s *scene) string { return s.list() },
	"pause_within_work": func(s *scene) string {
		s.pause(15)
		return s.list()
	},
	"pause_of_several": func(s *scene) string {
		s.pause(20)
		s.record(13*60, 60)
		return s.list(haircut, haircut+1)
	},
	"pause_holds_resources": func(s *scene) string {
		s.room()
		s.c.putBlock(&block{kind: blockActivity, id: 1, instances: []int64{11}, start: s.at(10 * 60), length: hour, pause: hour})
		return s.list()
	},
	"resources_limit": func(s *scene) string {
		s.room()
		s.c.putBlock(&block{kind: blockActivity, id: 1, instances: []int64{11}, start: s.at(10 * 60), length: 4 * hour})
		return s.list()
	},
	"activities_block": func(s *scene) string {
		s.c.putBlock(&block{kind: blockActivity, id: 1, staffID: anna, start: s.at(11 * 60), length: hour})
		return s.list()
	},
	"no_show_frees_time": func(s *scene) string {
		s.record(11*60, 60).attendance = -1
		return s.list()
	},
	"any_master": func(s *scene) string {
		s.record(13*60, 60)
		made := s.post("/book_record/4564", booking("79001112233", s.at(10*60).Format(withColon), 0, haircut)).want(201).list()[0].(obj)
		id, _ := asInt(fmt.Sprintf("%.0f", made["record_id"]))
		return fmt.Sprint(s.c.record(id).staff.id)
	},
	"strict": func(s *scene) string { return fmt.Sprint(s.get("/book_staff/4564?no_such_filter=1").status) },
	"email_required": func(s *scene) string {
		b := booking("79001112233", s.at(10*60).Format(withColon), anna, haircut)
		delete(b, "email")
		return fmt.Sprint(s.post("/book_record/4564", b).status)
	},
	"booking_enveloped": func(s *scene) string {
		return fmt.Sprint(s.as(UserToken).get("/booking/user/data").body["success"])
	},
	"auth_enveloped": func(s *scene) string {
		return fmt.Sprint(s.post("/auth", obj{"login": Login, "password": Password}).body["success"])
	},
	"delete_body_400": func(s *scene) string {
		made := s.try(10 * 60).want(201).list()[0].(obj)
		path := fmt.Sprintf("/api/v1/user/records/%.0f/%s", made["record_id"], made["record_hash"])
		return fmt.Sprint(s.call(http.MethodDelete, path, obj{"why": "ill"}).status)
	},
	"move_needs_client_token": func(s *scene) string {
		made := s.try(10 * 60).want(201).list()[0].(obj)
		path := fmt.Sprintf("/api/v1/book_record/4564/%.0f", made["record_id"])
		return fmt.Sprint(s.call(http.MethodPut, path, obj{"datetime": s.at(11 * 60).Format(withColon)}).status)
	},
	"put_record_own_only": func(s *scene) string {
		path := fmt.Sprintf("/api/v1/record/4564/%d", s.record(10*60, 60).id)
		return fmt.Sprint(s.as(UserToken).call(http.MethodPut, path, backOffice(anna, s.at(11*60).Format(withColon), true)).status)
	},
	"error_code_at": func(s *scene) string {
		s.record(10*60, 60)
		return string(s.try(10 * 60).want(422).raw)
	},
	"appointments_atomic": func(s *scene) string {
		s.record(12*60, 60)
		b := booking("79001112233", s.at(10*60).Format(withColon), anna, haircut)
		second := obj{"id": 2, "services": []int64{haircut}, "staff_id": anna, "datetime": s.at(12 * 60).Format(withColon)}
		b["appointments"] = append(b["appointments"].([]obj), second)
		s.post("/book_record/4564", b).want(422)
		return fmt.Sprint(len(s.c.byDay[staffDay{anna, s.day}]))
	},
	"wrong_datetime_offset": func(s *scene) string {
		path := fmt.Sprintf("/record/4564/%d", s.record(10*60, 60).id)
		return fmt.Sprint(s.as(UserToken).get(path).want(200).data()["datetime"])
	},
	"refusal_shape": func(s *scene) string {
		s.sb.limits = Real
		for range perSecond {
			s.get("/bookform/91001")
		}
		return fmt.Sprint(s.get("/bookform/91001").status, s.get("/bookform/91001").status)
	},
	"off_cuts": func(s *scene) string {
		faults(s.t.(*testing.T), s.api, Faults{Off: true})
		_, err := s.api.try(s.request(http.MethodGet, "/api/v1/bookform/91001", nil))
		return fmt.Sprint(err == nil)
	},
	"sms_code_uses": func(s *scene) string {
		return s.signIns(func(code string) []string { return []string{code, code} })
	},
	"sms_code_tries": func(s *scene) string {
		return s.signIns(func(code string) []string { return []string{"0", "0", "0", code} })
	},
	"sms_code_seconds": func(s *scene) string {
		return s.signIns(func(code string) []string {
			if err := s.sb.Advance(s.t.Context(), 2*time.Minute); err != nil {
				s.t.Fatal(err)
			}
			return []string{code}
		})
	},
	"book_record_client_token_needs_code": func(s *scene) string {
		s.c.phoneConfirmation = true
		s.post("/book_code/4564", obj{"phone": "79001112233"}).want(201)
		token := s.post("/user/auth", obj{"phone": "79001112233", "code": s.sb.SMS()[0].Code}).want(201).data()["user_token"].(string)
		return fmt.Sprint(s.as(token).post("/book_record/4564", booking("79001112233", s.at(10*60).Format(withColon), anna, haircut)).status)
	},
	"webhooks_of_own_changes": func(s *scene) string {
		s.sb.postman.Transport = &mailbox{}
		s.as(UserToken).post("/hooks_settings/4564", obj{"urls": []string{"http://app.example/"}, "active": 1, "record": 1}).want(201)
		s.try(10 * 60).want(201)
		return fmt.Sprint(len(s.sb.Webhooks()))
	},
}

func (s *scene) signIns(codes func(code string) []string) (statuses string) {
	s.post("/book_code/4564", obj{"phone": "79001112233"}).want(201)
	for _, code := range codes(s.sb.SMS()[0].Code) {
		statuses += fmt.Sprint(s.post("/user/auth", obj{"phone": "79001112233", "code": code}).status, " ")
	}
	return statuses
}

// TestEverySwitchMatters asks each switch its question under each of its values:
// no two answers are the same, and each is the expected one.
func TestEverySwitchMatters(t *testing.T) {
	t.Parallel()
	for _, info := range SwitchTable() {
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			observe := observations[info.Name]
			if observe == nil {
				t.Fatal("nothing observes this switch")
			}
			var seen []string
			for _, v := range info.Values {
				got := observe(newScene(t, with(info.Name, v)))
				if slices.Contains(seen, got) {
					t.Errorf("%v: the answer is that of another value: %s", v, got)
				}
				seen = append(seen, got)
			}
			if want, ok := expected[info.Name]; ok {
				if diff := cmp.Diff(want, seen); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// expected has the answers in the order of the values.
var expected = map[string][]string{
	"activities_block":                    {"10:00 12:00 12:30 13:00", "10:00 10:30 11:00 11:30 12:00 12:30 13:00"},
	"any_master":                          {"564501", "564503"},
	"appointments_atomic":                 {"1", "2"},
	"auth_enveloped":                      {"true", "<nil>"},
	"book_record_client_token_needs_code": {"422", "201"},
	"booking_enveloped":                   {"<nil>", "true"},
	"booking_on_grid_only":                {"422", "201"},
	"delete_body_400":                     {"400", "200"},
	"email_required":                      {"422", "201"},
	"grid_flexible":                       {"10:30 11:00 11:30 12:00 12:30 13:00", "10:25 10:30 11:00 11:30 12:00 12:30 13:00"},
	"grid_from":                           {"10:30 11:00", "10:10 10:40"},
	"move_needs_client_token":             {"200", "401"},
	"night_starts":                        {"00:00 00:30 01:00 10:00 10:30 11:00 11:30 12:00 12:30 13:00", "10:00 10:30 11:00 11:30 12:00 12:30 13:00"},
	"no_show_frees_time":                  {"10:00 12:00 12:30 13:00", "10:00 10:30 11:00 11:30 12:00 12:30 13:00"},
	"off_cuts":                            {"true", "false"},
	"pause_holds_resources":               {"11:00 11:30 12:00 12:30 13:00", "12:00 12:30 13:00"},
	"pause_of_several":                    {"10:00 10:30", "10:00"},
	"pause_within_work":                   {"10:00 10:30 11:00 11:30 12:00 12:30 13:00", "10:00 10:30 11:00 11:30 12:00 12:30"},
	"put_record_own_only":                 {"403", "201"},
	"refusal_shape":                       {"429 200", "429 429", "200 200"},
	"resources_limit":                     {"", "10:00 10:30 11:00 11:30 12:00 12:30 13:00"},
	"sms_code_seconds":                    {"201 ", "401 "},
	"sms_code_tries":                      {"401 401 401 201 ", "401 401 401 401 "},
	"sms_code_uses":                       {"201 401 ", "201 201 "},
	"strict":                              {"200", "400"},
	"touching_intervals_join":             {"10:00 10:30 11:00 11:30 12:00 12:30 13:00", "10:00 10:30 11:00 12:00 12:30 13:00"},
	"visit_may_overrun":                   {"10:00 10:30 11:00 11:30 12:00 12:30 13:00", "10:00 10:30 11:00 11:30 12:00 12:30 13:00 13:30"},
	"webhooks_of_own_changes":             {"0", "1"},
	"wrong_datetime_offset":               {"2026-11-27T10:00:00+03:00", "2026-11-27T10:00:00+02:00"},
}
