package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Memberships (the service calls them abonements) and certificates. No operation sells
// them: the seed has one of each, and [Sandbox.GivePass] and [Sandbox.GiveCertificate] give more.

// pass is a membership of a client.
type pass struct {
	id          int64
	phone       string
	number      string
	kind        obj // its type
	left        int // visits
	period      int64
	unit        int64 // of the period: 1 days, 2 weeks, 3 months, 4 years
	made        time.Time
	frozen      bool
	frozenSince time.Time
	frozenTill  time.Time
}

type certificate struct {
	id      int64
	phone   string
	number  string
	kind    obj
	balance float64
	made    time.Time
}

// certificateTypes are of every chain of the sandbox.
func certificateTypes() []obj {
	one := func(id int64, sum int) obj {
		return obj{
			"id": id, "title": fmt.Sprintf("Сертификат на %d ₽", sum), "balance": sum, "is_multi": true, "company_group_id": groupID,
			"item_type_id": 0, "expiration_type_id": 2, "expiration_date": nil, "expiration_timeout": 365, "expiration_timeout_unit_id": 1,
			"is_allow_empty_code": false, "item_type": obj{"id": 0, "title": "Без ограничений"},
		}
	}
	return []obj{one(2701, 3000), one(2702, 5000)}
}

// seedLoyalty gives the regular client a card, a membership and a certificate.
func (s *state) seedLoyalty(now time.Time) {
	services := s.companies[0].categories
	s.loyalty = loyalty{
		cards: []*loyaltyCard{{id: 9101, kind: cardTypes[0].id, phone: RegularPhone, number: "10000000000001", balance: 250, company: s.companies[0].id}},
		passTypes: []obj{{
			"id": int64(8801), "salon_group_id": groupID, "title": "Абонемент на 10 посещений", "period": 12, "period_unit_id": 3, "allow_freeze": true,
			"freeze_limit": 30, "freeze_limit_unit_id": 1, "is_allow_empty_code": false, "is_united_balance": true, "united_balance_services_count": 10,
			"cost": 15000,
		}},
	}
	if len(services) > 0 {
		s.loyalty.passTypes[0]["service_categories"] = []any{services[0].id}
	}
	s.givePass(9201, RegularPhone, s.loyalty.passTypes[0], now.AddDate(0, 0, -30))
	s.giveCertificate(9301, RegularPhone, certificateTypes()[1], now.AddDate(0, 0, -30))
}

func (s *state) givePass(id int64, phone string, kind obj, now time.Time) *pass {
	n, _ := asInt(spelledID(kind["united_balance_services_count"]))
	period, _ := asInt(spelledID(kind["period"]))
	unit, _ := asInt(spelledID(kind["period_unit_id"]))
	p := &pass{id: id, phone: phone, number: itoa(id), kind: kind, left: int(n), period: period, unit: unit, made: now}
	s.loyalty.passes = append(s.loyalty.passes, p)
	return p
}

func (s *state) giveCertificate(id int64, phone string, kind obj, now time.Time) *certificate {
	sum, _ := asInt(spelledID(kind["balance"]))
	g := &certificate{id: id, phone: phone, number: itoa(id), kind: kind, balance: float64(sum), made: now}
	s.loyalty.certificates = append(s.loyalty.certificates, g)
	return g
}

// GivePass sells a membership of a type to a phone (digits) and returns its id.
func (s *Sandbox) GivePass(phone string, typeID int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range s.state.loyalty.passTypes {
		if _, ok := asPhone(phone); ok && idOf(kind) == typeID {
			return s.state.givePass(s.state.newID(), phone, kind, s.now()).id, nil
		}
	}
	return 0, fmt.Errorf("sandbox: sell a membership: no type %d, or the phone is not of 10 to 15 digits", typeID)
}

// GiveCertificate sells a certificate of a type (2701 or 2702) to a phone (digits) and returns its id.
func (s *Sandbox) GiveCertificate(phone string, typeID int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range certificateTypes() {
		if _, ok := asPhone(phone); ok && idOf(kind) == typeID {
			return s.state.giveCertificate(s.state.newID(), phone, kind, s.now()).id, nil
		}
	}
	return 0, fmt.Errorf("sandbox: sell a certificate: no type %d, or the phone is not of 10 to 15 digits", typeID)
}

func (c *call) passDoc(p *pass) obj {
	status := obj{"id": 2, "title": "Активирован", "extended_title": "Активирован"}
	if p.frozen {
		status = obj{"id": 4, "title": "Заморожен", "extended_title": "Заморожен до " + p.frozenTill.In(c.zone()).Format(time.DateOnly)}
	}
	links := []any{obj{"count": p.left, "category": obj{"id": 0, "category_id": 1, "title": "Услуги"}}}
	kind := copyOf(p.kind)
	kind["balance_container"] = obj{"links": []any{obj{"count": p.kind["united_balance_services_count"], "category": obj{"id": 0, "category_id": 1, "title": "Услуги"}}}}
	frozenDays := 0
	if p.frozen {
		frozenDays = int(p.frozenTill.Sub(p.frozenSince).Hours() / 24)
	}
	made := p.made.In(c.zone()).Format(salonTime)
	return obj{
		"id": p.id, "number": p.number, "balance_string": fmt.Sprintf("Услуги (x%d)", p.left), "created_date": made, "activated_date": made,
		"is_frozen": p.frozen, "freeze_period": frozenDays, "period": p.period, "period_unit_id": p.unit, "status": status,
		"is_united_balance": true, "united_balance_services_count": p.left, "balance_container": obj{"links": links}, "type": kind,
	}
}

// boxed answers memberships as the documents print them for a chain: an envelope within a
// list, with success as a text.
func (c *call) boxed(passes []*pass, total int) answer {
	_, body := documented(c.route.op)
	if c.route.op.Method != http.MethodGet {
		c.applied = true
	}
	data := []any{}
	shape := obj{}
	if l, ok := body.([]any); ok && len(l) > 0 {
		if envelope, isObject := l[0].(obj); isObject {
			if samples, isList := envelope["data"].([]any); isList && len(samples) > 0 {
				shape, _ = samples[0].(obj)
			}
		}
	}
	for _, p := range passes {
		data = append(data, molded(c.passDoc(p), shape))
	}
	return answer{status: http.StatusOK, body: []any{obj{"success": "true", "data": data, "meta": obj{"count": total}}}}
}

func refusedPass(message string) answer {
	return answer{status: http.StatusBadRequest, body: []any{obj{"success": false, "meta": obj{"message": message}}}}
}

// onPass plays an operation on the membership of the path.
func onPass(run func(*call, *pass) answer) func(*call) answer {
	return func(c *call) answer {
		id, _ := asInt(c.params["abonementId"])
		i := slices.IndexFunc(c.state.loyalty.passes, func(p *pass) bool { return p.id == id })
		if i < 0 {
			return failed(http.StatusNotFound, "Абонемент не найден")
		}
		return run(c, c.state.loyalty.passes[i])
	}
}

func freezePass(c *call, p *pass) answer {
	till, ok := parseDay(text(c.body, "freeze_till"))
	switch {
	case !ok || !dayOf(c.now, c.zone()).before(till):
		return refusedPass("Дата окончания заморозки должна быть в будущем")
	case !asFlagAny(p.kind["allow_freeze"]):
		return refusedPass("Абонемент нельзя заморозить")
	case p.frozen:
		return refusedPass("Абонемент уже заморожен")
	}
	p.frozen, p.frozenSince, p.frozenTill = true, c.now, till.at(0, c.zone())
	return c.boxed([]*pass{p}, 1)
}

func asFlagAny(v any) bool { return v == true || asFlag(v) }

func unfreezePass(c *call, p *pass) answer {
	if !p.frozen {
		return refusedPass("Абонемент не заморожен")
	}
	p.frozen = false
	return c.boxed([]*pass{p}, 1)
}

func setPassPeriod(c *call, p *pass) answer {
	period, unit := number(c.body, "period"), number(c.body, "period_unit_id")
	if period < 0 || period > 9999 || unit < 1 || unit > 4 {
		return refusedPass("Нельзя изменить срок действия")
	}
	p.period, p.unit = period, unit
	return c.boxed([]*pass{p}, 1)
}

func setPassBalance(c *call, p *pass) answer {
	n := number(c.body, "united_balance_services_count")
	if n < 0 || n > 9999 {
		return refusedPass("Нельзя изменить баланс")
	}
	p.left = int(n)
	return c.boxed([]*pass{p}, 1)
}

func listChainPasses(c *call) answer {
	wanted := queryList(c.query, "abonements_ids")
	var found []*pass
	for _, p := range c.state.loyalty.passes {
		after, hasAfter := asMoment(c.query.Get("created_after"), c.zone())
		before, hasBefore := asMoment(c.query.Get("created_before"), c.zone())
		if len(wanted) > 0 && !slices.Contains(wanted, itoa(p.id)) || hasAfter && p.made.Before(after) || hasBefore && p.made.After(before) {
			continue
		}
		found = append(found, p)
	}
	return c.boxed(paged(c, found), len(found))
}

// passesOf answers the memberships of a phone; certificatesOf the certificates.
func (c *call) passesOf(phone string) answer {
	list := []any{}
	for _, p := range c.state.loyalty.passes {
		if p.phone == phone {
			list = append(list, c.passDoc(p))
		}
	}
	return c.shaped(list, len(list))
}

func (c *call) certificatesOf(phone string) answer {
	list := []any{}
	for _, g := range c.state.loyalty.certificates {
		if g.phone != phone {
			continue
		}
		list = append(list, obj{
			"id": g.id, "number": g.number, "balance": g.balance, "default_balance": g.kind["balance"], "type_id": g.kind["id"], "status_id": 2,
			"created_date": g.made.In(c.zone()).Format(withColon), "expiration_date": g.made.AddDate(1, 0, 0).In(c.zone()).Format(withColon),
			"type": g.kind, "status": obj{"id": 2, "title": "Активирован"},
		})
	}
	return c.shaped(list, len(list))
}

// foundTypes lists the types that have the title of the query and one of its ids.
func (c *call) foundTypes(types []obj) answer {
	title, wanted := strings.ToLower(c.query.Get("title")), queryList(c.query, "ids")
	list := []any{}
	for _, o := range types {
		name, _ := asText(o["title"])
		if strings.Contains(strings.ToLower(name), title) && (len(wanted) == 0 || slices.Contains(wanted, spelledID(o["id"]))) && !asFlagAny(o["is_archived"]) && !asFlagAny(o["gone"]) {
			list = append(list, o)
		}
	}
	return c.shaped(list, len(list))
}

// onPassType plays an operation on the type of the path; gone ones can be restored only.
func onPassType(run func(*call, obj) answer) func(*call) answer {
	return func(c *call) answer {
		id, _ := asInt(c.params["loyalty_abonement_type_id"])
		for _, o := range c.state.loyalty.passTypes {
			if idOf(o) == id && asFlagAny(o["gone"]) == (c.operationID() == "restoreAbonementType") {
				return run(c, o)
			}
		}
		return failed(http.StatusNotFound, "Тип абонемента не найден")
	}
}

func (c *call) writePassType(o obj) answer {
	id := o["id"]
	for key, v := range c.sent() {
		o[key] = v
	}
	o["id"], o["salon_group_id"] = id, groupID
	o["attached_salon_ids"] = o["salon_ids"]
	return c.shaped(o, 1)
}

func newPassType(c *call, from obj) answer {
	o := copyOf(from)
	o["id"] = c.state.newID()
	c.state.loyalty.passTypes = append(c.state.loyalty.passTypes, o)
	return c.writePassType(o)
}

// marked sets a mark of a type and answers nothing.
func marked(key string, value func(*call) bool) func(*call) answer {
	return onPassType(func(c *call, o obj) answer {
		o[key] = value(c)
		c.applied = true
		return answer{status: http.StatusNoContent}
	})
}

// withPasses adds the operations of memberships and certificates.
func withPasses(all map[string]*model) map[string]*model {
	const passes = "one balance of visits for all services; no visit takes from it; sold by the seed and from Go only"
	const types = "kept; only the count of visits, the period and whether it can be frozen mean something"
	const gifts = "sold by the seed and from Go only; no visit takes from them"
	put := func(id, note string, run func(*call) answer) {
		all[id] = &model{run: run, level: simplified, note: note}
	}
	yes, no := func(*call) bool { return true }, func(*call) bool { return false }
	put("freezeAbonement", passes, onPass(freezePass))
	put("unfreezeAbonement", passes, onPass(unfreezePass))
	put("setAbonementPeriod", passes, onPass(setPassPeriod))
	put("setAbonementBalance", passes, onPass(setPassBalance))
	put("listChainAbonements", passes, listChainPasses)
	put("listClientAbonements", passes, func(c *call) answer { return c.passesOf(c.query.Get("phone")) })
	put("listOwnAbonements", passes, func(c *call) answer { return c.passesOf(c.user.phone) })
	put("listClientCertificates", gifts, func(c *call) answer { return c.certificatesOf(c.query.Get("phone")) })
	put("listOwnCertificates", gifts, func(c *call) answer { return c.certificatesOf(c.user.phone) })
	for _, id := range []string{"searchAbonementTypes", "fetchAbonementTypes"} {
		put(id, types, func(c *call) answer { return c.foundTypes(c.state.loyalty.passTypes) })
	}
	for _, id := range []string{"searchCertificateTypes", "fetchCertificateTypes"} {
		put(id, "two types, which nothing changes", func(c *call) answer { return c.foundTypes(certificateTypes()) })
	}
	put("createAbonementType", types, func(c *call) answer { return newPassType(c, obj{}) })
	put("updateAbonementType", types, onPassType((*call).writePassType))
	put("cloneAbonementType", types, onPassType(newPassType))
	put("archiveAbonementType", types, marked("is_archived", func(c *call) bool { return asFlag(c.body["is_archived"]) }))
	put("deleteAbonementType", types, marked("gone", yes))
	put("restoreAbonementType", types, marked("gone", no))
	return all
}
