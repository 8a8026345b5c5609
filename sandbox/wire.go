package sandbox

import (
	"slices"
	"strings"
	"time"
)

// How records are spelled. Every record carries three clocks: date is the
// salon's local time, datetime has the offset, create_date has it without a
// colon. Records of a client and of the back office differ in many keys.

// datetime spells the start; with the switch, its offset is wrong as it has
// been seen to be.
func (c *call) datetime(r *record, layout string) string {
	t := r.start.In(r.company.zone)
	if c.switches.WrongOffset {
		_, offset := t.Zone()
		wall := time.FixedZone("", offset-3600)
		y, m, d := t.Date()
		t = time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, wall)
	}
	return t.Format(layout)
}

func (c *call) userRecord(r *record) obj {
	company := r.company
	services := []any{}
	for _, s := range r.services {
		k := r.staff.does[s.id]
		services = append(services, obj{
			"id": s.id, "title": s.title, "cost": k.price, "price_min": k.price, "price_max": k.priceMax,
			"discount": 0, "amount": 1, "seance_length": k.length,
		})
	}
	return obj{
		"id": r.id, "services": services,
		"company": obj{
			"id": company.id, "title": company.title, "country_id": 1, "country": "Россия", "city_id": company.cityID,
			"city": company.city, "phone": company.phone, "phones": []string{company.phone}, "timezone": utcOffset(company, r.start),
			"timezone_name": company.zoneName, "address": company.address, "coordinate_lat": company.lat, "coordinate_lon": company.lon,
			"allow_delete_record": company.allowDelete, "allow_change_record": company.allowChange, "site": company.site,
			"currency_short_title": "₽", "allow_change_record_delay_step": company.changeDelay,
			"allow_delete_record_delay_step": company.deleteDelay,
		},
		"staff": obj{
			"id": r.staff.id, "name": r.staff.name, "specialization": r.staff.specialty, "position": position(r.staff),
			"show_rating": 1, "rating": r.staff.rating, "votes_count": r.staff.votes, "avatar": c.avatar(r.staff),
			"comments_count": r.staff.comments,
		},
		"clients_count": max(r.seats, 1), "date": r.start.In(company.zone).Format(salonTime), "datetime": c.datetime(r, withoutColon),
		"create_date": r.created.In(company.zone).Format(withoutColon), "comment": r.comment, "deleted": r.deleted,
		"attendance": r.attendance, "length": r.length, "notify_by_sms": r.notifySMS, "notify_by_email": r.notifyEmail,
		"master_requested": false, "online": r.online, "api_id": r.apiID,
		"last_change_date": r.changed.In(company.zone).Format(withoutColon), "prepaid": false, "prepaid_confirmed": false,
		"activity_id": r.activityID(),
	}
}

// utcOffset is the zone of a company as a number, in hours.
func utcOffset(c *company, at time.Time) int {
	_, offset := at.In(c.zone).Zone()
	return offset / 3600
}

func (c *call) backRecord(r *record) obj {
	zone := r.company.zone
	local := r.start.In(zone).Format(salonTime)
	from := r.from
	if r.online && from == "" {
		from = "Виджет"
	}
	return obj{
		"id": r.id, "company_id": r.company.id, "staff_id": r.staff.id, "services": backServices(r),
		"goods_transactions": []any{}, "staff": c.backStaff(r.staff), "client": c.backClient(r), "comer": nil,
		"clients_count": max(r.seats, 1), "date": local, "datetime": c.datetime(r, withColon),
		"create_date": r.created.In(zone).Format(withoutColon), "comment": r.comment, "online": r.online,
		"visit_attendance": r.attendance, "attendance": r.attendance, "confirmed": 1, "seance_length": r.length,
		"length": r.length, "sms_before": r.notifySMS, "sms_now": 0, "sms_now_text": "", "email_now": 0, "notified": 0,
		"master_request": 0, "api_id": r.apiID, "from_url": "", "review_requested": 0, "visit_id": itoa(r.visitID),
		"created_user_id": r.author, "deleted": r.deleted, "paid_full": flag(r.payment != nil), "payment_status": 0, "prepaid": false,
		"prepaid_confirmed": false, "last_change_date": r.changed.In(zone).Format(withoutColon), "custom_color": r.color,
		"custom_font_color": "", "record_labels": c.recordLabels(r), "activity_id": r.activityID(), "custom_fields": customFields(r.custom),
		"documents": []any{obj{
			"id": r.documentID(), "type_id": 7, "storage_id": 0, "user_id": r.author, "company_id": r.company.id,
			"number": r.visitID % 10_000, "comment": "", "date_created": local, "category_id": 0, "visit_id": r.visitID,
			"record_id": r.id, "type_title": "Визит", "is_sale_bill_printed": false,
		}},
		"sms_remain_hours": r.notifySMS, "email_remain_hours": r.notifyEmail, "bookform_id": 0, "record_from": from,
		"is_mobile": flag(r.mobile), "is_sale_bill_printed": false, "consumables": []any{}, "finance_transactions": r.payments(),
	}
}

func backServices(r *record) []any {
	list := []any{}
	for _, s := range r.services {
		price := r.staff.does[s.id].price
		if price == 0 {
			price = s.priceMin
		}
		list = append(list, obj{
			"id": s.id, "title": s.title, "cost": price, "cost_to_pay": price, "manual_cost": price, "cost_per_unit": price,
			"discount": 0, "first_cost": price, "amount": 1,
		})
	}
	return list
}

func (c *call) backStaff(m *master) obj {
	return obj{
		"id": m.id, "api_id": nil, "name": m.name, "specialization": m.specialty, "position": position(m),
		"avatar": c.avatar(m), "avatar_big": c.avatar(m), "rating": m.rating, "votes_count": m.votes,
	}
}

// backClient is an object, or [] when the salon keeps the time for itself.
func (c *call) backClient(r *record) any {
	k := r.client
	if k == nil {
		return []any{}
	}
	came, missed := 0, 0
	for _, other := range r.company.byClient(k) {
		came += flag(other.attendance == 1)
		missed += flag(other.attendance == -1)
	}
	custom, _ := k.more["custom_fields"].(obj)
	return obj{
		"id": k.id, "name": k.name, "surname": text(k.more, "surname"), "patronymic": text(k.more, "patronymic"),
		"display_name": k.fullName(), "phone": "+" + k.phone, "card": text(k.more, "card"), "email": k.email,
		"success_visits_count": came, "fail_visits_count": missed, "discount": amount(k.more, "discount"),
		"is_new": came == 0, "custom_fields": customFields(custom),
	}
}

// recordLabels are the labels of a record that the branch has; their ids are strings.
func (c *call) recordLabels(r *record) []any {
	list := c.labelsOf(r.company, r.labels, "icon", "font_color")
	for _, v := range list {
		o := v.(obj)
		o["id"] = spelledID(o["id"])
	}
	return list
}

func customFields(o obj) any {
	if len(o) == 0 {
		return []any{}
	}
	return o
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// clientName is what the salon's day shows: the name given with the booking.
func (r *record) clientName() string {
	switch {
	case r.guest != "":
		return r.guest
	case r.client != nil:
		return r.client.name
	}
	return ""
}

func (r *record) serviceTitles() []string {
	titles := make([]string, 0, len(r.services))
	for _, s := range r.services {
		titles = append(titles, s.title)
	}
	return titles
}

// truthy is how PHP reads a flag of a query.
func truthy(s string) bool {
	return s != "" && !slices.Contains([]string{"0", "false", "no", "off"}, strings.ToLower(s))
}
