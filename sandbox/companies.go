package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"zapis/contract"
)

// listCompanies without filters lists strangers too, as the service does.
func listCompanies(c *call) answer {
	q := c.query
	my := truthy(q.Get("my"))
	if my && c.user == nil {
		return c.fail(http.StatusUnauthorized, noUser)
	}
	id, _ := asInt(q.Get("id"))
	group, _ := asInt(q.Get("group_id"))
	var found []*company
	for _, company := range c.state.companies {
		if my && c.user.role(company.id) == roleStranger || q.Get("id") != "" && company.id != id ||
			q.Get("group_id") != "" && company.groupID != group {
			continue
		}
		found = append(found, company)
	}
	count, _ := asInt(q.Get("count"))
	page, _ := asInt(q.Get("page"))
	if count < 1 || count > 300 {
		count = 25
	}
	from := min((max(min(page, 1<<30), 1)-1)*count, int64(len(found)))
	list := []any{}
	for _, company := range found[from:min(from+count, int64(len(found)))] {
		list = append(list, c.companyItem(company))
	}
	return enveloped(http.StatusOK, list, obj{"total_count": len(found)})
}

// companyItem spells a company of the list: its id, flags and coordinates are
// strings there.
func (c *call) companyItem(company *company) obj {
	o := obj{
		"id": itoa(company.id), "title": company.title, "short_descr": company.short, "logo": c.base + "/_sandbox/avatar/" + itoa(company.id) + ".svg",
		"active": itoa(int64(flag(!company.licenceEnded(c.now)))), "phone": company.phone, "country_id": 1, "schedule": company.schedule, "country": "Россия",
		"city_id": company.cityID, "city": company.city, "timezone_name": company.zoneName, "address": company.address,
		"coordinate_lat": strconv.FormatFloat(company.lat, 'f', 6, 64), "coordinate_lon": strconv.FormatFloat(company.lon, 'f', 6, 64),
		"phone_confirmation": company.phoneConfirmation, "active_staff_count": company.activeStaff(),
		"app_ios": "", "app_android": "", "currency_short_title": "₽", "group_priority": 900,
	}
	if truthy(c.query.Get("forBooking")) {
		o["next_slot"] = c.nextSlot(company)
	}
	c.addForms(o, company)
	return o
}

func (c *company) activeStaff() int {
	n := 0
	for _, m := range c.staff {
		n += flag(!m.fired && !m.hidden)
	}
	return n
}

func (c *call) nextSlot(company *company) any {
	_, slots := company.nearest(company.bookable(0, nil), nil, c.now)
	if len(slots) == 0 {
		return nil
	}
	return slots[0].start.Format(withoutColon)
}

func (c *call) addForms(o obj, company *company) {
	if truthy(c.query.Get("showBookforms")) {
		o["bookforms"] = c.formsInShort(company)
	}
	if truthy(c.query.Get("show_groups")) && company.groupID != 0 {
		o["main_group_id"] = company.groupID
		o["main_group"] = obj{"id": company.groupID, "title": groupTitle}
		o["groups"] = obj{itoa(company.groupID): obj{"id": company.groupID, "title": groupTitle}}
	}
}

// formURL is where the booking form of a widget would be; the number is the form's. The real ones live at
// n<form>.yclients.com: an invented number there may be somebody's, so ours is a page of the sandbox.
func (c *call) formURL(form int64) string { return c.base + "/_sandbox/widget/" + itoa(form) }

func getCompany(c *call) answer {
	company := c.company
	o := obj{
		"id": company.id, "title": company.title, "country_id": 1, "country": "Россия", "city_id": company.cityID,
		"city": company.city, "phone": company.phone, "phones": []string{company.phone}, "timezone": utcOffset(company, c.now),
		"timezone_name": company.zoneName, "schedule": company.schedule, "address": company.address, "zip": 100000,
		"coordinate_lat": company.lat, "coordinate_lon": company.lon, "short_descr": company.short,
		"social": obj{"facebook": "", "vk": "", "instagram": "", "telegram": "", "whatsapp": "", "viber": ""},
		"site":   company.site, "business_type_id": 1, "description": "<p>" + company.title + ". Вымышленный салон песочницы.</p>",
		"phone_confirmation": company.phoneConfirmation, "active_staff_count": company.activeStaff(), "next_slot": c.nextSlot(company),
		"group_priority": 900, "push_notification_phone_confirm": 1, "currency_short_title": "₽",
		"main_group_id": company.groupID, "groups": []any{}, "main_group": []any{}, "online_sales_form_url": "", "access": []any{},
	}
	if company.groupID != 0 {
		o["main_group"] = obj{"id": company.groupID, "title": groupTitle}
		o["groups"] = obj{itoa(company.groupID): obj{"id": company.groupID, "title": groupTitle}}
	}
	if truthy(c.query.Get("my")) {
		o["access"] = obj{}
	}
	o["bookforms"] = c.formsInShort(company)
	maps.Copy(o, company.about)
	return answer{status: http.StatusOK, body: obj{"success": true, "data": o, "meta": obj{}}}
}

// permissionSample is the documented answer: the names of all rights.
var permissionSample = sync.OnceValue(func() []byte {
	op, ok := contract.Lookup("getOwnPermissions")
	if !ok || op.Success() == nil {
		return nil
	}
	sample, _ := op.Success().Sample()
	return sample.JSON
})

// appRights are the sections in which a mobile application has rights.
var appRights = map[string]bool{"timetable": true, "record_form": true, "clients": true, "loyalty": true, "settings": true}

func getPrivacyPolicy(c *call) answer {
	return enveloped(http.StatusOK, obj{"agreement": obj{"content": c.company.policy}}, nil)
}

// getBookform is found by the number of a form, not of a company.
func getBookform(c *call) answer {
	id, _ := asInt(c.params["id"])
	group, companyID, confirm, form := int64(0), int64(0), false, obj{}
	for _, company := range c.state.companies {
		if f := company.form(id); f != nil {
			companyID, confirm, form = company.id, company.phoneConfirmation, f
		}
	}
	if id == chainForm {
		group, companyID = groupID, c.state.companies[0].id
	}
	if companyID == 0 {
		return failed(http.StatusNotFound, "Не найдено")
	}
	return enveloped(http.StatusOK, obj{
		"steps": formSteps(form).list(),
		"style": obj{
			"show_header": true, "logo": "", "header_background": "", "menu_background": "", "main_color": "7b5ea7",
			"secondary_color": "999", "buttons_color": "FFF",
		},
		"group_id": group, "company_id": companyID, "phone_confirmation": confirm, "lang": "ru-RU",
		"langs": []any{
			obj{"id": 1, "code": "ru-RU", "title": "Русский"}, obj{"id": 3, "code": "en-US", "title": "English"},
		},
		"comment_required": false, "metrika_counter_id": "", "google_analytics_id": "", "facebook_pixel_id": "",
		"vkontakte_pixel_id": "", "app_metrika_id": "", "sms_enabled": true,
	}, nil)
}

// zoneOfNew is the time zone of companies that are made through the API.
const zoneOfNew = "Europe/Moscow"

// createCompany makes an empty company, which the caller owns.
func createCompany(c *call) answer {
	title := strings.TrimSpace(clip(text(c.body, "title")))
	if title == "" {
		return c.invalid([]string{"title"})
	}
	zone, err := time.LoadLocation(zoneOfNew)
	if err != nil {
		return failed(http.StatusInternalServerError, "Внутренняя ошибка сервера") // the zones are embedded
	}
	id := c.state.newID()
	company := &company{
		id: id, formID: c.state.newID(), zoneName: zoneOfNew, zone: zone, grid: 1800, lead: 60, horizon: 30, city: "Москва", cityID: 2,
		allowChange: true, allowDelete: true, policy: policyText,
	}
	c.state.furnish(company)
	company.rewrite(c)
	c.state.companies = append(c.state.companies, company)
	c.company = company
	if c.user.roles == nil {
		c.user.roles = map[int64]role{}
	}
	c.user.roles[id] = roleOwner
	return c.shaped(c.companyItem(company), 1)
}

// rewrite puts what was sent into a company.
func (c *company) rewrite(call *call) {
	put := func(key string, into *string) {
		if s, ok := asText(call.body[key]); ok {
			*into = clip(s)
		}
	}
	put("title", &c.title)
	put("short_descr", &c.short)
	put("address", &c.address)
	put("city", &c.city)
	put("site", &c.site)
	for key, into := range map[string]*float64{"coordinate_lat": &c.lat, "coordinate_lon": &c.lon, "coordinate_lot": &c.lon} {
		if f, ok := asFloat(call.body[key]); ok {
			*into = f
		}
	}
	if n, ok := asInt(call.body["city_id"]); ok {
		c.cityID = int(n)
	}
	if c.about == nil {
		c.about = obj{}
	}
	for _, key := range []string{"country_id", "business_type_id", "country", "zip", "description", "phones", "social"} {
		if v, there := call.body[key]; there && v != nil {
			c.about[key] = clipped(v)
		}
	}
	if phones, ok := c.about["phones"].([]any); ok && len(phones) > 0 {
		if s, isText := asText(phones[0]); isText {
			c.phone = clip(s)
		}
	}
}

// ownersOnly refuses who does not own the company of the call.
func (c *call) ownersOnly() (answer, bool) {
	if c.user.role(c.company.id) != roleOwner {
		return c.fail(http.StatusForbidden, noRights), false
	}
	return answer{}, true
}

func updateCompany(c *call) answer {
	if a, ok := c.ownersOnly(); !ok {
		return a
	}
	if v, there := c.body["title"]; there && strings.TrimSpace(text(obj{"v": v}, "v")) == "" {
		return c.invalid([]string{"title"})
	}
	c.company.rewrite(c)
	full, _ := getCompany(c).body.(obj)
	data, _ := full["data"].(obj)
	c.notify(c.company, "company", c.company.id, updated, data)
	return c.shaped(data, 1)
}

func deleteCompany(c *call) answer {
	if a, ok := c.ownersOnly(); !ok {
		return a
	}
	if c.company.groupID == groupID {
		others := slices.ContainsFunc(c.state.companies, func(o *company) bool { return o != c.company && o.groupID == groupID })
		if !others {
			return c.fail(http.StatusForbidden, "Последний филиал сети нельзя удалить")
		}
	}
	c.notify(c.company, "company", c.company.id, deleted, obj{"id": c.company.id, "title": c.company.title})
	c.state.companies = slices.DeleteFunc(c.state.companies, func(o *company) bool { return o == c.company })
	for _, u := range c.state.users {
		u.leave(c.company.id)
	}
	c.applied = true
	return answer{status: http.StatusAccepted, body: obj{"success": true, "data": nil, "meta": obj{"message": "Accepted"}}}
}
