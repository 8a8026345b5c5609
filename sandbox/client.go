package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Client cards of the back office. A card is the same thing whether a booking made it or an employee: one that was
// booked online is found here, one that was entered here takes the bookings of its phone.

func clientModels() map[string]*model {
	return map[string]*model{
		"createClient":          {run: createClient, level: simplified, note: "a phone that another card of the branch has is refused with 422, which is a guess; labels that are not there are dropped"},
		"createClientsBulk":     {run: createClientsBulk, level: simplified, note: "as createClient, card by card: the others are made all the same"},
		"getClient":             {run: getClient, level: simplified, note: "spent and visits count records with attendance 1; an unset birthday is empty"},
		"updateClient":          {run: updateClient, level: simplified, note: "what is not sent stays as it is, which is a guess"},
		"deleteClient":          {run: deleteClient, level: simplified, note: "records keep the deleted card; a later booking with its phone makes a new one"},
		"listClientsDeprecated": {run: listClientsDeprecated, level: simplified, note: "a count above 300 silently becomes 25; fullname, phone and email match a part"},
		"searchClients":         {run: searchClients, level: simplified, note: "no passteam cards, goods, memberships or certificates: their filters find nobody"},
		"searchClientVisits":    {run: searchClientVisits, level: simplified, note: "no goods, no tips; a page ends with the day of its 25th visit"},
		"getChainClientByPhone": {run: getChainClientByPhone, level: exact},
	}
}

// clientFields are the keys of a card that are kept as they were sent.
var clientFields = []string{
	"surname", "patronymic", "sex_id", "importance_id", "discount", "card", "birth_date", "comment", "spent", "balance",
	"sms_check", "sms_not", "custom_fields",
}

var (
	sexes       = []string{"Неизвестно", "Мужской", "Женский"}
	importances = []string{"Без класса важности", "Бронза", "Серебро", "Золото"}
)

func (c *company) client(id int64) *client {
	i := slices.IndexFunc(c.clients, func(k *client) bool { return k.id == id })
	if i < 0 {
		return nil
	}
	return c.clients[i]
}

func (c *company) clientByPhone(phone string) *client {
	i := slices.IndexFunc(c.clients, func(k *client) bool { return k.phone == phone })
	if i < 0 {
		return nil
	}
	return c.clients[i]
}

// history is what the records of a client add up to. Visits are records with attendance 1.
type history struct {
	records     []*record // not deleted, in the order of their making
	visits      int
	missed      int
	sold        float64
	first, last time.Time // of the visits
}

// histories adds up the records of all clients in one pass.
func (c *company) histories() map[*client]*history {
	all := make(map[*client]*history, len(c.clients))
	for _, r := range c.records {
		if r.client == nil || r.deleted {
			continue
		}
		h := all[r.client]
		if h == nil {
			h = &history{}
			all[r.client] = h
		}
		h.add(r)
	}
	return all
}

func (c *company) history(k *client) *history {
	h := &history{}
	for _, r := range c.records {
		if r.client == k && !r.deleted {
			h.add(r)
		}
	}
	return h
}

func (h *history) add(r *record) {
	h.records = append(h.records, r)
	switch r.attendance {
	case -1:
		h.missed++
	case 1:
		h.visits++
		h.sold += r.cost()
		if h.first.IsZero() || r.start.Before(h.first) {
			h.first = r.start
		}
		if r.start.After(h.last) {
			h.last = r.start
		}
	}
}

// cost is what the services of a record cost at its master.
func (r *record) cost() float64 {
	sum := 0
	for _, s := range r.services {
		sum += r.price(s)
	}
	return float64(sum)
}

// price is what a service of a record costs.
func (r *record) price(s *service) int {
	if price := r.staff.does[s.id].price; price != 0 {
		return price
	}
	return s.priceMin
}

// labelsOf are the labels of a branch by their ids, in that order; those that are not there are left out.
func (c *call) labelsOf(company *company, wanted []string, also ...string) []any {
	list := []any{}
	if len(wanted) == 0 {
		return list
	}
	docs := labelKind.docsOf(company, labelKind.name, c.now)
	for _, id := range wanted {
		i := slices.IndexFunc(docs, func(o obj) bool { return spelledID(o["id"]) == id })
		if i < 0 {
			continue
		}
		label := obj{"id": number(docs[i], "id"), "title": text(docs[i], "title"), "color": text(docs[i], "color")}
		for _, key := range also {
			label[key] = text(docs[i], key)
		}
		list = append(list, label)
	}
	return list
}

// card is a client with every key that any of the operations spells.
func (c *call) card(company *company, k *client, h *history) obj {
	sex, importance := number(k.more, "sex_id"), number(k.more, "importance_id")
	o := obj{
		"id": k.id, "name": k.name, "phone": "+" + k.phone, "email": k.email, "categories": c.labelsOf(company, k.labels),
		"sex_id": sex, "sex": sexes[sex], "importance_id": importance, "importance": importances[importance],
		"visits": h.visits, "last_change_date": k.changed.In(company.zone).Format(withoutColon), "custom_fields": []any{},
		"spent": amount(k.more, "spent") + h.sold, "paid": amount(k.more, "spent") + h.sold, "sms_bot": 0,
	}
	for _, key := range []string{"surname", "patronymic", "card", "birth_date", "comment"} {
		o[key] = text(k.more, key)
	}
	for _, key := range []string{"discount", "balance", "sms_check", "sms_not"} {
		o[key] = amount(k.more, key)
	}
	if custom, ok := k.more["custom_fields"].(obj); ok && len(custom) > 0 {
		o["custom_fields"] = custom
	}
	return o
}

func amount(o obj, key string) float64 {
	f, _ := asFloat(o[key])
	return f
}

// shown is a card with the keys that the operation prints.
func (c *call) shown(card obj) obj {
	_, body := documented(c.route.op)
	shapes := elements(body)
	if len(shapes) == 0 {
		return card
	}
	shape := shapes[0]
	if list, ok := shape["created"].([]any); ok && len(list) > 0 {
		shape, _ = list[0].(obj)
	}
	o := obj{}
	for key := range shape {
		o[key] = card[key]
	}
	return o
}

func (c *call) cardOf(k *client) obj {
	return c.shown(c.card(c.company, k, c.company.history(k)))
}

// told is a card as webhooks carry it.
func (c *call) told(company *company, k *client) obj {
	h := company.history(k)
	o := c.card(company, k, h)
	o["salon_id"], o["success_visits_count"], o["fail_visits_count"] = company.id, h.visits, h.missed
	return o
}

// clientDraft is a card as it was sent.
type clientDraft struct {
	name, phone, email string
	labels             []string
	setsLabels         bool
	more               obj
}

// The complaints are those that the sample of createClientsBulk prints.
const (
	noName   = "Не указано имя клиента"
	noPhone  = "Номер телефона клиента не может быть пустым"
	badPhone = "Телефон должен содержать от 9 до 15 цифр"
	samePast = "Клиент с таким номером телефона уже есть"
)

// readClient checks a card; field and complaint are of the first fault.
func readClient(o obj) (d clientDraft, field, complaint string) {
	d.name = clip(strings.TrimSpace(text(o, "name")))
	d.phone = digitsOf(text(o, "phone"))
	d.email = clip(text(o, "email"))
	switch {
	case text(o, "phone") == "":
		return d, "phone", noPhone
	case len(d.phone) < 9 || len(d.phone) > 15:
		return d, "phone", badPhone
	case d.name == "":
		return d, "name", noName
	}
	d.more = obj{}
	for _, key := range clientFields {
		if v, there := o[key]; there {
			d.more[key] = clipped(v)
		}
	}
	for key, most := range map[string]int{"sex_id": len(sexes), "importance_id": len(importances)} {
		if n := number(d.more, key); n < 0 || n >= int64(most) {
			return d, key, "Недопустимое значение"
		}
	}
	for _, key := range []string{"discount", "spent", "balance"} {
		if _, ok := asFloat(d.more[key]); d.more[key] != nil && !ok {
			return d, key, "Недопустимое значение"
		}
	}
	if birth := text(d.more, "birth_date"); birth != "" {
		if _, err := time.Parse(time.DateOnly, birth); err != nil {
			return d, "birth_date", "Недопустимая дата"
		}
	}
	for _, key := range []string{"categories", "labels"} {
		if v, there := o[key]; there {
			d.setsLabels, d.labels = true, labelIDs(v)
		}
	}
	return d, "", ""
}

// labelIDs reads ids from a list, or from an object in the order of its keys (the documents declare one and describe
// the other), whether they are bare or in objects of their own.
func labelIDs(v any) []string {
	items, _ := v.([]any)
	byPlace, _ := v.(obj)
	keys := make([]string, 0, len(byPlace))
	for key := range byPlace {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		if x != y {
			return x - y
		}
		return strings.Compare(a, b)
	})
	for _, key := range keys {
		items = append(items, byPlace[key])
	}
	var list []string
	for _, item := range items {
		if o, ok := item.(obj); ok {
			item = o["id"]
		}
		if id, ok := asInt(item); ok && !slices.Contains(list, itoa(id)) {
			list = append(list, itoa(id))
		}
	}
	return list
}

// digitsOf drops how people write phones; a text with anything else in it gives nothing.
func digitsOf(phone string) string {
	phone = strings.NewReplacer("+", "", " ", "", "-", "", "(", "", ")", "").Replace(phone)
	if strings.Trim(phone, "0123456789") != "" {
		return ""
	}
	return phone
}

func refusedField(field, complaint string) answer {
	return answer{status: http.StatusUnprocessableEntity, body: obj{
		"success": false, "data": nil, "meta": obj{"message": complaint, "errors": obj{field: []string{complaint}}},
	}}
}

// enroll makes a card; a phone that another card has is a complaint.
func (c *call) enroll(d clientDraft) (*client, string) {
	if c.company.clientByPhone(d.phone) != nil {
		return nil, samePast
	}
	k := &client{id: c.state.newID(), phone: d.phone}
	c.rewrite(k, d)
	c.company.clients = append(c.company.clients, k)
	c.notify(c.company, "client", k.id, created, c.told(c.company, k))
	return k, ""
}

// rewrite puts what was sent into a card.
func (c *call) rewrite(k *client, d clientDraft) {
	k.name, k.phone, k.changed = d.name, d.phone, c.now.Truncate(time.Second)
	if d.email != "" {
		k.email = d.email
	}
	if k.more == nil {
		k.more = obj{}
	}
	for key, v := range d.more {
		k.more[key] = v
	}
	if d.setsLabels {
		k.labels = d.labels
	}
	c.applied = true
}

func createClient(c *call) answer {
	d, field, complaint := readClient(c.body)
	if complaint != "" {
		return refusedField(field, complaint)
	}
	k, complaint := c.enroll(d)
	if complaint != "" {
		return refusedField("phone", complaint)
	}
	return enveloped(http.StatusCreated, c.cardOf(k), nil)
}

// maxBulk is how many cards one call may carry; the documents give no bound.
const maxBulk = 1000

// createClientsBulk makes the cards that can be made and names the others.
func createClientsBulk(c *call) answer {
	list, ok := c.body[rootList].([]any)
	if !ok || len(list) == 0 || len(list) > maxBulk {
		return invalid("body")
	}
	made, errs := []any{}, []any{}
	for _, v := range list {
		o, _ := v.(obj)
		d, _, complaint := readClient(o)
		var k *client
		if complaint == "" {
			k, complaint = c.enroll(d)
		}
		if complaint == "" {
			made = append(made, c.cardOf(k))
			continue
		}
		e := obj{"error": complaint}
		for _, key := range []string{"phone", "name"} {
			if v, there := o[key]; there {
				e[key] = clipped(v)
			}
		}
		errs = append(errs, e)
	}
	return enveloped(http.StatusOK, obj{"created": made, "errors": errs}, nil)
}

// clientByPath finds the card of the path.
func (c *call) clientByPath() (*client, answer, bool) {
	id, _ := asInt(c.params["id"])
	if k := c.company.client(id); k != nil {
		return k, answer{}, true
	}
	return nil, failed(http.StatusNotFound, "Клиент не найден"), false
}

func getClient(c *call) answer {
	k, a, ok := c.clientByPath()
	if !ok {
		return a
	}
	return enveloped(http.StatusOK, c.cardOf(k), nil)
}

func updateClient(c *call) answer {
	k, a, ok := c.clientByPath()
	if !ok {
		return a
	}
	d, field, complaint := readClient(c.body)
	if complaint != "" {
		return refusedField(field, complaint)
	}
	if other := c.company.clientByPhone(d.phone); other != nil && other != k {
		return refusedField("phone", samePast)
	}
	c.rewrite(k, d)
	c.notify(c.company, "client", k.id, updated, c.told(c.company, k))
	return enveloped(http.StatusOK, c.cardOf(k), nil)
}

func deleteClient(c *call) answer {
	k, a, ok := c.clientByPath()
	if !ok {
		return a
	}
	data := c.told(c.company, k)
	data["deleted"] = true
	c.company.clients = slices.DeleteFunc(c.company.clients, func(other *client) bool { return other == k })
	delete(c.company.docs, "client comment "+itoa(k.id))
	c.applied = true
	c.notify(c.company, "client", k.id, deleted, data)
	return answer{status: http.StatusNoContent}
}

// getChainClientByPhone names the cards of a phone in the branches of a chain.
func getChainClientByPhone(c *call) answer {
	phone := digitsOf(c.query.Get("phone"))
	group, _ := asInt(c.params["group_id"])
	found := []any{}
	for _, company := range c.state.companies {
		if company.groupID != group || c.user.role(company.id) < roleApp {
			continue
		}
		if k := company.clientByPhone(phone); k != nil && phone != "" {
			found = append(found, obj{"id": k.id, "company_id": company.id, "name": k.name, "email": k.email})
		}
	}
	return enveloped(http.StatusOK, obj{"salon_group_id": group, "phone": phone, "clients": found}, nil)
}

// contains tells whether a text has a part, whatever the case.
func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// fullName is as people write it.
func (k *client) fullName() string {
	return strings.Join(strings.Fields(k.name+" "+text(k.more, "patronymic")+" "+text(k.more, "surname")), " ")
}

// quick is the search of the back office: phone, name, card, e-mail.
func (k *client) quick(part string) bool {
	part = strings.TrimSpace(part)
	if utf8.RuneCountInString(part) == 0 {
		return true
	}
	if digits := digitsOf(part); digits != "" && strings.Contains(k.phone, digits) {
		return true
	}
	return contains(k.fullName(), part) || contains(text(k.more, "surname")+" "+k.name, part) || contains(text(k.more, "card"), part)
}
