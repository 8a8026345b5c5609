package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

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
		"active": "1", "phone": company.phone, "country_id": 1, "schedule": company.schedule, "country": "Россия",
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

// getOwnPermissions answers every documented right, granted by the role.
func getOwnPermissions(c *call) answer {
	role := c.user.role(c.company.id)
	if role == roleStranger {
		return failed(http.StatusForbidden, noRights)
	}
	var sample struct {
		Data map[string]map[string]any `json:"data"`
	}
	if err := json.Unmarshal(permissionSample(), &sample); err != nil {
		return failed(http.StatusInternalServerError, "Внутренняя ошибка сервера")
	}
	for section, rights := range sample.Data {
		granted := role == roleOwner || role == roleApp && appRights[section]
		for name, value := range rights {
			switch value.(type) {
			case bool:
				rights[name] = granted && name != "auth_enable_check_ip" && name != "limited_users_access"
			case float64:
				rights[name] = 0
				if granted && name != "master_id" && name != "position_id" {
					rights[name] = value
				}
			}
		}
	}
	return enveloped(http.StatusOK, sample.Data, nil)
}

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
