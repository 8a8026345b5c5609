package sandbox

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
)

// Services, their categories, and who does them, for how long and how much, as the back office sets them. Online booking
// offers what these say.

func serviceModels() map[string]*model {
	return map[string]*model{
		"createService":           {run: createService, level: simplified, note: "prices are whole roubles; staff that is sent is linked"},
		"updateService":           {run: updateService, level: simplified, note: "seance_search_* and the technical break are followed by free times; limits by date, prepayment and taxes are kept, not followed"},
		"updateServiceDeprecated": {run: updateServiceDeprecated, level: simplified, note: "what is not sent stays as it is, which is a guess; staff that is sent replaces the links"},
		"deleteService":           {run: deleteService, level: simplified, note: "records keep the deleted service"},
		"updateServiceLinks":      {run: updateServiceLinks, level: simplified, note: "replaces all links; technological cards and translations are not kept; the answer is not documented: 200 without a body"},
		"linkServiceStaff":        {run: linkServiceStaff, level: simplified, note: "no technological cards; a link that is there is replaced, which is a guess"},
		"updateServiceStaffLink":  {run: linkServiceStaff, level: simplified, note: "no technological cards"},
		"unlinkServiceStaff":      {run: unlinkServiceStaff, level: exact},

		"createServiceCategory":           {run: createServiceCategory, level: simplified, note: "staff is not kept: those of a category are who does its services"},
		"getServiceCategory":              {run: getServiceCategory, level: exact},
		"updateServiceCategory":           {run: updateServiceCategory, level: simplified, note: "as createServiceCategory"},
		"deleteServiceCategory":           {run: deleteServiceCategory, level: simplified, note: "its services go with it, which is a guess"},
		"listServiceCategoriesDeprecated": {run: listServiceCategoriesDeprecated, level: exact},
		"listChainServiceCategories":      {run: listChainServiceCategories, level: simplified, note: "the categories of all branches one after another"},
	}
}

func jsonInt(n int64) json.Number { return json.Number(itoa(n)) }

// Bounds of the length of a service, in seconds.
const shortest, longest = 60, 24 * hour

// asRoubles reads a price that is not negative.
func asRoubles(v any) (int, bool) {
	f, ok := asFloat(v)
	if !ok || f < 0 || f > 1e9 {
		return 0, false
	}
	return int(math.Round(f)), true
}

// serviceDraft is a service with what was sent, and its links when those were sent.
type serviceDraft struct {
	service
	links map[int64]skill // by master; nil: they stay
}

// readService puts what was sent into a copy of a service; every wrong part is named.
func (c *call) readService(old service) (serviceDraft, []string) {
	d := serviceDraft{service: old}
	var bad []string
	wrong := func(key string, ok bool) {
		if !ok {
			bad = append(bad, key)
		}
	}
	for key, into := range map[string]*string{"title": &d.title, "comment": &d.comment, "api_id": &d.apiID} {
		if v, ok := asText(c.body[key]); ok {
			*into = clip(v)
		}
	}
	wrong("title", d.title != "")
	if id, given := asInt(c.body["category_id"]); given || d.category == nil {
		d.category = c.company.category(id)
		wrong("category_id", d.category != nil)
	}
	for key, into := range map[string]*int{"price_min": &d.priceMin, "price_max": &d.priceMax} {
		if v, there := c.body[key]; there {
			var ok bool
			*into, ok = asRoubles(v)
			wrong(key, ok)
		}
	}
	wrong("price_max", d.priceMax == 0 || d.priceMax >= d.priceMin)
	for key, into := range map[string]*int{
		"duration": &d.length, "weight": &d.weight, "seance_search_start": &d.searchFrom, "seance_search_finish": &d.searchTo, "seance_search_step": &d.searchStep,
	} {
		if v, there := c.body[key]; there {
			n, ok := asInt(v)
			*into = int(n)
			wrong(key, ok && n >= 0 && n <= longest)
		}
	}
	wrong("duration", d.length == 0 || d.length >= shortest)
	if v, there := c.body["technical_break_duration"]; there {
		d.pause = nil
		if n, ok := asInt(v); ok {
			pause := int(n)
			d.pause = &pause
			wrong("technical_break_duration", n >= 0 && n <= longest)
		}
	}
	if v, there := c.body["active"]; there {
		d.online = asFlag(v)
	}
	var ok bool
	d.links, ok = c.readLinks(&d.service)
	wrong("staff", ok)
	d.more = copyOf(old.more)
	for key, v := range c.sent() {
		d.more[key] = v
	}
	return d, bad
}

// readLinks reads the staff of a service; nil when none was sent.
func (c *call) readLinks(s *service) (map[int64]skill, bool) {
	list, sent := c.body["staff"].([]any)
	if !sent {
		return nil, c.body["staff"] == nil
	}
	links := map[int64]skill{}
	for _, v := range list {
		o, _ := v.(obj)
		m := c.company.master(number(o, "id"))
		if m == nil {
			return nil, false
		}
		k := skill{length: s.length, price: s.priceMin, priceMax: s.priceMax}
		if n, given := asInt(o["seance_length"]); given {
			k.length = int(n)
		}
		if k.length == 0 {
			k.length = unfitted
		}
		if k.length < shortest || k.length > longest {
			return nil, false
		}
		links[m.id] = k
	}
	return links, true
}

// settle puts a draft into a service. A master who took the price of the service takes the new one.
func (c *call) settle(s *service, d serviceDraft) {
	old := *s
	*s = d.service
	for _, m := range c.company.staff {
		k, does := m.does[s.id]
		if d.links != nil {
			if k, does = d.links[m.id]; !does {
				delete(m.does, s.id)
			}
		} else if does && k.price == old.priceMin && k.priceMax == old.priceMax {
			k.price, k.priceMax = s.priceMin, s.priceMax
		}
		if does {
			m.does[s.id] = k
		}
	}
	c.applied = true
}

// serviceDoc is a service with every key that these operations spell.
func (c *call) serviceDoc(s *service) obj {
	o := copyOf(s.more)
	staff := []any{}
	for _, m := range c.company.staff {
		if k, does := m.does[s.id]; does {
			staff = append(staff, obj{"id": m.id, "seance_length": k.length})
		}
	}
	for key, v := range map[string]any{
		"id": s.id, "salon_service_id": s.id, "title": s.title, "category_id": s.category.id, "price_min": s.priceMin,
		"price_max": s.priceMax, "duration": s.length, "comment": s.comment, "weight": s.weight, "active": flag(s.online),
		"api_id": s.apiID, "staff": staff, "is_online": s.online, "seance_search_start": s.searchFrom,
		"seance_search_finish": s.searchTo, "seance_search_step": s.searchStep, "prepaid": "forbidden",
	} {
		o[key] = v
	}
	return o
}

func (c *call) serviceByPath() (*service, answer, bool) {
	id, _ := asInt(c.params["service_id"])
	if s := c.company.service(id); s != nil {
		return s, answer{}, true
	}
	return nil, failed(http.StatusNotFound, "Услуга не найдена."), false
}

func createService(c *call) answer {
	d, bad := c.readService(service{online: true})
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	d.id = c.state.newID()
	s := &service{}
	c.company.services = append(c.company.services, s)
	c.settle(s, d)
	c.notify(c.company, "service", s.id, created, c.serviceDoc(s))
	return c.rendered([]obj{c.serviceDoc(s)}, false, 1)
}

// updateService is the newer change; its links have technological cards.
func updateService(c *call) answer {
	return c.changeService(func(doc obj) {
		for _, v := range doc["staff"].([]any) {
			v.(obj)["technological_card_id"] = 0
		}
	})
}

func updateServiceDeprecated(c *call) answer { return c.changeService(func(obj) {}) }

func (c *call) changeService(adorn func(doc obj)) answer {
	s, a, ok := c.serviceByPath()
	if !ok {
		return a
	}
	d, bad := c.readService(*s)
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	c.settle(s, d)
	doc := c.serviceDoc(s)
	c.notify(c.company, "service", s.id, updated, copyOf(doc))
	adorn(doc)
	return c.rendered([]obj{doc}, false, 1)
}

func deleteService(c *call) answer {
	s, a, ok := c.serviceByPath()
	if !ok {
		return a
	}
	c.dropService(s)
	return answer{status: http.StatusNoContent}
}

func (c *call) dropService(s *service) {
	data := c.serviceDoc(s)
	data["deleted"] = true
	c.company.services = slices.DeleteFunc(c.company.services, func(other *service) bool { return other == s })
	for _, m := range c.company.staff {
		delete(m.does, s.id)
	}
	c.applied = true
	c.notify(c.company, "service", s.id, deleted, data)
}

// linkServiceStaff makes or changes a link; the one that changes has the master in its path and must find it.
func linkServiceStaff(c *call) answer {
	s, a, ok := c.serviceByPath()
	if !ok {
		return a
	}
	id, inPath := asInt(c.params["master_id"])
	if !inPath {
		id = number(c.body, "master_id")
	}
	m := c.company.master(id)
	if m == nil {
		return failed(http.StatusNotFound, "Сотрудник не найден.")
	}
	k, does := m.does[s.id]
	if inPath && !does {
		return failed(http.StatusNotFound, "Сотрудник не оказывает услугу")
	}
	length, _ := asInt(c.body["seance_length"])
	if length < shortest || length > longest {
		return invalid("seance_length")
	}
	if !does {
		k.price, k.priceMax = s.priceMin, s.priceMax
	}
	k.length = int(length)
	m.does[s.id] = k
	c.applied = true
	c.notify(c.company, "service", s.id, updated, c.serviceDoc(s))
	return c.rendered([]obj{{
		"service_id": s.id, "master_id": m.id, "length": k.length, "technological_card_id": c.body["technological_card_id"],
	}}, false, 1)
}

func unlinkServiceStaff(c *call) answer {
	s, a, ok := c.serviceByPath()
	if !ok {
		return a
	}
	m, a, ok := c.staffByPath("master_id")
	if !ok {
		return a
	}
	if _, does := m.does[s.id]; !does {
		return failed(http.StatusNotFound, "Сотрудник не оказывает услугу")
	}
	delete(m.does, s.id)
	c.applied = true
	c.notify(c.company, "service", s.id, updated, c.serviceDoc(s))
	return answer{status: http.StatusNoContent}
}

// updateServiceLinks replaces who does a service, for how long and how much, and the resources that it needs.
func updateServiceLinks(c *call) answer {
	s := c.company.service(number(c.body, "service_id"))
	if s == nil {
		return failed(http.StatusNotFound, "Услуга не найдена.")
	}
	resources, ok := ids(c.body["resource_ids"])
	for _, id := range resources {
		ok = ok && slices.ContainsFunc(c.company.resources, func(r *resource) bool { return r.id == id })
	}
	if !ok {
		return invalid("resource_ids")
	}
	list, _ := c.body["master_settings"].([]any)
	links := map[int64]skill{}
	for _, v := range list {
		o, _ := v.(obj)
		m := c.company.master(number(o, "master_id"))
		k := skill{length: int(number(o, "hours")*hour + number(o, "minutes")*60), price: s.priceMin, priceMax: s.priceMax}
		if price, given := o["price"].(obj); given {
			k.price, ok = asRoubles(price["min"])
			if k.priceMax = 0; ok && price["max"] != nil {
				k.priceMax, ok = asRoubles(price["max"])
			}
		}
		if m == nil || !ok || k.length < shortest || k.length > longest {
			return invalid("master_settings")
		}
		links[m.id] = k
	}
	next := *s
	next.resources = resources
	c.settle(s, serviceDraft{next, links})
	c.notify(c.company, "service", s.id, updated, c.serviceDoc(s))
	return answer{status: http.StatusOK}
}

func (c *company) category(id int64) *category {
	i := slices.IndexFunc(c.categories, func(cat *category) bool { return cat.id == id })
	if i < 0 {
		return nil
	}
	return c.categories[i]
}

// doers are the masters who do any service of a category.
func (c *company) doers(cat *category) []any {
	staff := []any{}
	for _, m := range c.staff {
		in := func(s *service) bool { _, does := m.does[s.id]; return does && s.category == cat }
		if !m.fired && slices.ContainsFunc(c.services, in) {
			staff = append(staff, m.id)
		}
	}
	return staff
}

func (c *call) categoryDoc(cat *category) obj {
	return obj{
		"id": cat.id, "salon_service_id": cat.id, "title": cat.title, "api_id": cat.apiID, "weight": cat.weight, "staff": c.company.doers(cat),
	}
}

func (c *call) categoryByPath() (*category, answer, bool) {
	id, _ := asInt(c.params["id"])
	if cat := c.company.category(id); cat != nil {
		return cat, answer{}, true
	}
	return nil, failed(http.StatusNotFound, "Категория услуг не существует."), false
}

// readCategory puts what was sent into a category, which must have a title then.
func (c *call) readCategory(cat *category) bool {
	next := *cat
	if v, ok := asText(c.body["title"]); ok {
		next.title = clip(v)
	}
	if v, ok := asText(c.body["api_id"]); ok {
		next.apiID = clip(v)
	}
	if n, ok := asInt(c.body["weight"]); ok {
		next.weight = int(n)
	}
	if next.title == "" {
		return false
	}
	*cat = next
	c.applied = true
	return true
}

func createServiceCategory(c *call) answer {
	cat := &category{id: c.state.newID()}
	if !c.readCategory(cat) {
		return invalid("title")
	}
	c.company.categories = append(c.company.categories, cat)
	c.notify(c.company, "service_category", cat.id, created, c.categoryDoc(cat))
	return c.rendered([]obj{c.categoryDoc(cat)}, false, 1)
}

func getServiceCategory(c *call) answer {
	cat, a, ok := c.categoryByPath()
	if !ok {
		return a
	}
	return c.rendered([]obj{c.categoryDoc(cat)}, false, 1)
}

func updateServiceCategory(c *call) answer {
	cat, a, ok := c.categoryByPath()
	if !ok {
		return a
	}
	if !c.readCategory(cat) {
		return invalid("title")
	}
	c.notify(c.company, "service_category", cat.id, updated, c.categoryDoc(cat))
	return c.rendered([]obj{c.categoryDoc(cat)}, false, 1)
}

func deleteServiceCategory(c *call) answer {
	cat, a, ok := c.categoryByPath()
	if !ok {
		return a
	}
	data := c.categoryDoc(cat)
	data["deleted"] = true
	for _, s := range slices.Clone(c.company.services) {
		if s.category == cat {
			c.dropService(s)
		}
	}
	c.company.categories = slices.DeleteFunc(c.company.categories, func(other *category) bool { return other == cat })
	c.applied = true
	c.notify(c.company, "service_category", cat.id, deleted, data)
	return answer{status: http.StatusNoContent}
}

func listServiceCategoriesDeprecated(c *call) answer {
	docs := []obj{}
	for _, cat := range c.company.categories {
		if v := c.params["id"]; v == "" || v == "0" || v == itoa(cat.id) {
			docs = append(docs, c.categoryDoc(cat))
		}
	}
	if c.params["id"] != "" && len(docs) == 0 {
		return failed(http.StatusNotFound, "Категория услуг не существует.")
	}
	return c.rendered(docs, true, len(docs))
}

func listChainServiceCategories(c *call) answer {
	group, _ := asInt(c.params["chain_id"])
	list := []any{}
	for _, company := range c.state.companies {
		if company.groupID != group {
			continue
		}
		for _, cat := range company.categories {
			services := []any{}
			for _, s := range company.services {
				if s.category == cat && c.query.Get("include") == "services" {
					services = append(services, obj{"id": s.id, "title": s.title})
				}
			}
			list = append(list, obj{"id": cat.id, "title": cat.title, "services": services})
		}
	}
	return answer{status: http.StatusOK, body: list}
}
