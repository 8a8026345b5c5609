package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Settings of a company: what is set here is what booking and free times look at.

func (c *call) onlineSettings() answer {
	o := c.company
	return c.shaped(obj{
		"confirm_number": o.phoneConfirmation, "any_master": !o.online.nobody, "seance_delay_step": o.lead,
		"activity_online_record_clients_count_max": max(o.online.seats, 1),
	}, 1)
}

func getOnlineSettings(c *call) answer { return c.onlineSettings() }

// maxLead is the longest time before a start that online booking can be closed, in minutes.
const maxLead = 60 * 24 * 60

func updateOnlineSettings(c *call) answer {
	lead, seats := number(c.body, "seance_delay_step"), number(c.body, "activity_online_record_clients_count_max")
	switch {
	case lead < 0 || lead > maxLead:
		return c.invalid([]string{"seance_delay_step"})
	case seats < 1 || seats > maxCapacity:
		return c.invalid([]string{"activity_online_record_clients_count_max"})
	}
	c.company.phoneConfirmation, c.company.lead = asFlag(c.body["confirm_number"]), int(lead)
	c.company.online.nobody, c.company.online.seats = !asFlag(c.body["any_master"]), int(seats)
	return c.onlineSettings()
}

func (c *call) timetableSettings() answer {
	return c.shaped(obj{
		"record_type": c.company.online.journal, "activity_record_clients_count_max": c.company.seatsOfRecord(),
	}, 1)
}

func getTimetableSettings(c *call) answer { return c.timetableSettings() }

func updateTimetableSettings(c *call) answer {
	kind, seats := number(c.body, "record_type"), number(c.body, "activity_record_clients_count_max")
	switch {
	case kind < 0 || kind > 2:
		return c.invalid([]string{"record_type"})
	case seats < 1 || seats > maxCapacity:
		return c.invalid([]string{"activity_record_clients_count_max"})
	}
	c.company.online.journal, c.company.online.backSeats = int(kind), int(seats)
	return c.timetableSettings()
}

// seatsOfRecord is how many seats of a group event one record of the back office may take.
func (c *company) seatsOfRecord() int {
	if c.online.backSeats == 0 {
		return 10
	}
	return c.online.backSeats
}

func getTimeslotSettings(c *call) answer {
	o := c.company
	setting := obj{
		"grid_first_timeslot": 0, "grid_last_timeslot": 85800, "grid_display_step": o.grid,
		"grid_nearest_timeslot_delay": o.lead * 60, "grid_base_type": "predefined", "is_grid_flexible": o.rule().GridFlexible,
	}
	weekdays := []any{}
	for n := 1; n <= 7; n++ {
		timeslots := o.timeslots[time.Weekday(n%7)]
		if o.timeslots == nil {
			for sec := 9 * hour; sec < 21*hour; sec += o.grid {
				timeslots = append(timeslots, sec)
			}
		}
		weekdays = append(weekdays, obj{"weekday": n, "timeslots": slices.Concat([]int{}, timeslots), "setting": setting})
	}
	return enveloped(http.StatusOK, obj{
		"is_enabled": true, "weekdays_settings": weekdays,
		"dates_settings": obj{"date": dayOf(c.now, o.zone).String(), "timeslots": []int{}, "setting": setting},
	}, obj{})
}

// forms are the booking forms of a company; the first is there from the start.
func (c *company) bookingForms() []obj {
	if c.forms == nil {
		c.forms = []obj{{
			"id": c.formID, "title": "Виджет «" + c.title + "»", "is_default": true, "description": "",
			"without_menu": false, "service_step_default": 0, "service_step_hide": false, "master_step_default": 0,
			"master_step_hide": false, "service_step_num": 1, "master_step_num": 2, "datetime_step_num": 3, "show_button": true,
			"button_position": "bottom right", "form_position": "right", "button_color": "#7b5ea7", "button_animation": true,
			"html_code": "", "ab_test_enabled": false,
		}}
	}
	return c.forms
}

// form finds a booking form of a company by its number; nil: it has none of that number.
func (c *company) form(id int64) obj {
	for _, f := range c.bookingForms() {
		if idOf(f) == id {
			return f
		}
	}
	return nil
}

// idOf is the id of a document, however it is spelled.
func idOf(o obj) int64 {
	n, _ := asInt(spelledID(o["id"]))
	return n
}

func listBookingForms(c *call) answer {
	list := []any{}
	for _, f := range c.company.bookingForms() {
		list = append(list, f)
	}
	return c.shaped(list, len(list))
}

// withForm plays an operation on the form of the path.
func withForm(run func(*call, obj) answer) func(*call) answer {
	return func(c *call) answer {
		id, _ := asInt(c.params["form_id"])
		f := c.company.form(id)
		if f == nil {
			return failed(http.StatusNotFound, "Форма не найдена")
		}
		return run(c, f)
	}
}

func createBookingForm(c *call) answer {
	f := obj{
		"id": c.state.newID(), "button_position": "bottom right", "form_position": "right", "show_button": true,
		"service_step_num": 1, "master_step_num": 2, "datetime_step_num": 3,
	}
	c.company.forms = append(c.company.bookingForms(), f)
	return c.writeForm(f)
}

// writeForm puts what was sent into a form. There is one default form.
func (c *call) writeForm(f obj) answer {
	for key, v := range c.sent() {
		if key != "id" {
			f[key] = v
		}
	}
	if asFlag(f["is_default"]) || idOf(f) == c.company.formID { // another must take its place
		for _, other := range c.company.bookingForms() {
			other["is_default"] = idOf(other) == idOf(f)
		}
		c.company.formID = idOf(f)
	}
	return c.shaped(f, 1)
}

func deleteBookingForm(c *call, f obj) answer {
	if asFlag(f["is_default"]) {
		return failed(http.StatusForbidden, "Форму по умолчанию нельзя удалить: назначьте другую")
	}
	c.company.forms = slices.DeleteFunc(c.company.forms, func(o obj) bool { return idOf(o) == idOf(f) })
	c.applied = true
	return answer{status: http.StatusNoContent}
}

// formsInShort are the forms as companies list them.
func (c *call) formsInShort(company *company) []any {
	list := []any{}
	for _, f := range company.bookingForms() {
		list = append(list, obj{
			"id": idOf(f), "title": f["title"], "is_default": flag(asFlag(f["is_default"])), "url": c.formURL(idOf(f)),
		})
	}
	return list
}

// steps are those of a form, in its order.
func (f formSteps) list() []any {
	steps := []any{}
	for _, s := range []struct {
		key, name, title string
		usual            int64
	}{{"service", "service", "Выберите услугу", 1}, {"master", "master", "Выберите мастера", 2}, {"datetime", "datetime", "Выберите время", 3}} {
		num, ok := asInt(spelledID(f[s.key+"_step_num"]))
		if !ok || num == 0 {
			num = s.usual
		}
		chosen, ok := asInt(spelledID(f[s.key+"_step_default"]))
		if !ok || chosen == 0 {
			chosen = -1
		}
		steps = append(steps, obj{
			"step": s.name, "title": s.title, "num": num, "hidden": itoa(int64(flag(asFlag(f[s.key+"_step_hide"])))), "default": chosen,
		})
	}
	slices.SortStableFunc(steps, func(a, b any) int { return int(a.(obj)["num"].(int64) - b.(obj)["num"].(int64)) })
	return steps
}

// formSteps is a form seen for its steps.
type formSteps obj

// Notifications of users.

// notificationTypes are the documented types with the channels that are on by default.
func notificationTypes() []any {
	sample := sampleData("listNotificationTypes")
	list, _ := sample.([]any)
	return list
}

func listNotificationTypes(c *call) answer {
	list := notificationTypes()
	return c.shaped(list, len(list))
}

// notifications are the settings of a user in a company, by type: whether push is on.
func (c *call) notifications() (mode string, list []any, ok bool) {
	id, _ := asInt(c.params["user_id"])
	u := c.state.userByID(id)
	if u == nil || u.role(c.company.id) == roleStranger {
		return "", nil, false
	}
	mode = "admin"
	if u.role(c.company.id) < roleOwner {
		mode = "staff"
	}
	for _, v := range notificationTypes() {
		o, _ := v.(obj)
		kind := text(o, "type")
		if strings.HasSuffix(kind, "_staff") && mode == "admin" || strings.HasSuffix(kind, "_admin") && mode == "staff" {
			continue
		}
		if push, set := c.company.push[pushKey{id, kind}]; set {
			channels, _ := o["channels"].(obj)
			channels["push"] = flag(push)
		}
		list = append(list, o)
	}
	return mode, list, true
}

type pushKey struct {
	user int64
	kind string
}

const noUserHere = "Пользователь не найден"

func getUserNotificationSettings(c *call) answer {
	mode, list, ok := c.notifications()
	if !ok {
		return failed(http.StatusNotFound, noUserHere)
	}
	return c.shaped(obj{"mode": mode, "notification_types": list}, 1)
}

// updateUserNotificationSettings sets push only, as the documents show it. A type of the
// other mode has no effect.
func updateUserNotificationSettings(c *call) answer {
	if _, _, ok := c.notifications(); !ok {
		return failed(http.StatusNotFound, noUserHere)
	}
	id, _ := asInt(c.params["user_id"])
	known := map[string]bool{}
	for _, v := range notificationTypes() {
		known[text(v.(obj), "type")] = true
	}
	sent, _ := c.body["notification_types"].([]any)
	for _, v := range sent {
		o, _ := v.(obj)
		if !known[text(o, "type")] {
			return c.invalid([]string{"notification_types"})
		}
	}
	for _, v := range sent {
		o := v.(obj)
		if channels, _ := o["channels"].(obj); channels["push"] != nil {
			if c.company.push == nil {
				c.company.push = map[pushKey]bool{}
			}
			c.company.push[pushKey{id, text(o, "type")}] = asFlag(channels["push"])
		}
	}
	return getUserNotificationSettings(c)
}

func settingsModels() map[string]*model {
	const forms = "the default form cannot be deleted, which is a guess; looks are kept and change nothing"
	const journal = "record_type is kept and changes nothing"
	const notify = "kept; nothing is pushed; as documented only push can be set"
	form := func(run func(*call, obj) answer) *model {
		return &model{run: withForm(run), level: simplified, note: forms}
	}
	return map[string]*model{
		"updateOnlineSettings":           {run: updateOnlineSettings, level: simplified, note: "without any_master a booking that names no master is refused with 436, which is a guess"},
		"getTimetableSettings":           {run: getTimetableSettings, level: simplified, note: journal},
		"updateTimetableSettings":        {run: updateTimetableSettings, level: simplified, note: journal},
		"createBookingForm":              {run: createBookingForm, level: simplified, note: forms},
		"getBookingForm":                 form(func(c *call, f obj) answer { return c.shaped(f, 1) }),
		"updateBookingForm":              form((*call).writeForm),
		"deleteBookingForm":              form(deleteBookingForm),
		"listNotificationTypes":          {run: listNotificationTypes, level: exact},
		"getUserNotificationSettings":    {run: getUserNotificationSettings, level: simplified, note: notify},
		"updateUserNotificationSettings": {run: updateUserNotificationSettings, level: simplified, note: notify},
		"listResources":                  {run: listResources, level: simplified, note: "no operation makes or changes resources; those of the seed hold for massage"},
	}
}
