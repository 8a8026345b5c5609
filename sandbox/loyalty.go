package sandbox

import (
	"math"
	"net/http"
	"slices"
	"time"
)

// Loyalty cards of the chain, and what is put on them and taken off.

// loyaltyCard belongs to a phone, in the whole chain.
type loyaltyCard struct {
	id, kind int64 // kind is the id of its type
	phone    string
	number   string
	balance  float64 // roubles
	company  int64   // that issued it
}

// loyaltyMove is a transaction of a card.
type loyaltyMove struct {
	id      int64
	card    int64
	company int64
	visit   int64 // 0: by hand
	amount  float64
	title   string
	at      time.Time
}

// cardTypes are the types of cards that every chain of the sandbox has.
var cardTypes = []struct {
	id    int64
	title string
}{{10992, "Кэшбэк"}, {8230, "Скидочная карта"}}

// loyalty is what the chain keeps about its clients' loyalty.
type loyalty struct {
	cards        []*loyaltyCard
	moves        []*loyaltyMove
	passTypes    []obj // of abonements
	passes       []*pass
	certificates []*certificate
}

func (s *state) card(id int64) *loyaltyCard {
	i := slices.IndexFunc(s.loyalty.cards, func(k *loyaltyCard) bool { return k.id == id })
	if i < 0 {
		return nil
	}
	return s.loyalty.cards[i]
}

// loyaltyCardOf is the card in the path. A company outside of the chain has none.
func (c *call) loyaltyCardOf() *loyaltyCard {
	if c.company != nil && c.company.groupID != groupID {
		return nil
	}
	id, _ := asInt(c.params["card_id"])
	return c.state.card(id)
}

const noCard = "Карта не найдена"

func groupDoc() obj { return obj{"id": groupID, "title": groupTitle} }

func typeTitle(id int64) string {
	for _, k := range cardTypes {
		if k.id == id {
			return k.title
		}
	}
	return ""
}

func (k *loyaltyCard) doc() obj {
	return obj{
		"id": k.id, "balance": k.balance, "points": 0, "paid_amount": 0, "sold_amount": 0, "visits_count": 0, "number": k.number,
		"type_id": k.kind, "salon_group_id": groupID, "type": obj{"id": k.kind, "title": typeTitle(k.kind), "salon_group_id": groupID},
		"salon_group": groupDoc(), "programs": []any{}, "max_discount_percent": 0, "max_discount_amount": 0,
	}
}

// cardsOf answers the cards of a phone: one as the object that the documents print, none or
// several as the list that their title promises.
func (c *call) cardsOf(phone string) answer {
	var found []any
	for _, k := range c.state.loyalty.cards {
		if phone != "" && k.phone == phone {
			found = append(found, k.doc())
		}
	}
	if len(found) == 1 {
		return c.shaped(found[0], 1)
	}
	_, shape := documented(c.route.op)
	list := []any{}
	for _, o := range found {
		list = append(list, molded(o, shape))
	}
	return answer{status: http.StatusOK, body: list}
}

func listCardsByPhone(c *call) answer { return c.cardsOf(c.params["phone"]) }
func listOwnCards(c *call) answer     { return c.cardsOf(c.user.phone) }

func listCardsOfClient(c *call) answer {
	id, _ := asInt(c.params["client_id"])
	for _, company := range c.state.companies {
		if c.user.role(company.id) < roleApp {
			continue
		}
		for _, k := range company.clients {
			if k.id == id {
				return c.cardsOf(k.phone)
			}
		}
	}
	return failed(http.StatusNotFound, "Клиент не найден")
}

// listCardTypes lists all types, or those of which a phone has no card yet.
func listCardTypes(c *call) answer {
	phone := c.params["phone"]
	list := []any{}
	for _, k := range cardTypes {
		has := slices.ContainsFunc(c.state.loyalty.cards, func(own *loyaltyCard) bool { return own.phone == phone && own.kind == k.id })
		if phone == "" || !has {
			list = append(list, obj{"id": k.id, "title": k.title, "salon_group_id": groupID, "salon_group": groupDoc()})
		}
	}
	return c.shaped(list, len(list))
}

func issueLoyaltyCard(c *call) answer {
	phone, ok := asPhone(c.body["phone"])
	if !ok {
		return c.invalid([]string{"phone"})
	}
	k := &loyaltyCard{phone: phone, number: clip(text(c.body, "loyalty_card_number")), kind: number(c.body, "loyalty_card_type_id"), company: c.company.id}
	if typeTitle(k.kind) == "" {
		return c.invalid([]string{"loyalty_card_type_id"})
	}
	for _, other := range c.state.loyalty.cards {
		if other.phone == k.phone && other.kind == k.kind || k.number != "" && other.number == k.number {
			return failed(http.StatusUnprocessableEntity, "У клиента уже есть карта этого типа, или номер карты занят")
		}
	}
	k.id = c.state.newID()
	if k.number == "" {
		k.number = itoa(k.id)
	}
	c.state.loyalty.cards = append(c.state.loyalty.cards, k)
	c.notify(c.company, "loyalty_card", k.id, created, k.doc())
	return c.shaped(k.doc(), 1)
}

func deleteLoyaltyCard(c *call) answer {
	k := c.loyaltyCardOf()
	if k == nil {
		return failed(http.StatusNotFound, noCard)
	}
	c.state.loyalty.cards = slices.DeleteFunc(c.state.loyalty.cards, func(x *loyaltyCard) bool { return x == k })
	c.notify(c.company, "loyalty_card", k.id, deleted, k.doc())
	c.applied = true
	return answer{status: http.StatusNoContent}
}

// moveMoney changes the balance of a card, which does not go below nothing.
func (c *call) moveMoney(k *loyaltyCard, amount float64, title string, visit int64) *answer {
	next := math.Round((k.balance+amount)*100) / 100
	if math.IsNaN(amount) || math.Abs(amount) > 1e9 || amount == 0 {
		a := c.invalid([]string{"amount"})
		return &a
	}
	if next < 0 {
		a := failed(http.StatusUnprocessableEntity, "На карте недостаточно средств")
		return &a
	}
	company := c.holder()
	k.balance = next
	c.state.loyalty.moves = append(c.state.loyalty.moves, &loyaltyMove{
		id: c.state.newID(), card: k.id, company: company.id, visit: visit, amount: amount, title: title, at: c.now,
	})
	c.notify(company, "loyalty_card", k.id, updated, k.doc())
	return nil
}

func createCardTransaction(c *call) answer {
	k := c.loyaltyCardOf()
	if k == nil {
		return failed(http.StatusNotFound, noCard)
	}
	amount, _ := asFloat(c.body["amount"])
	if no := c.moveMoney(k, amount, clip(text(c.body, "title")), 0); no != nil {
		return *no
	}
	return c.shaped(k.doc(), 1)
}

// Types of loyalty transactions that are made here.
const (
	moveByHand     = 10
	moveWithdrawal = 9
)

func (m *loyaltyMove) doc() obj {
	kind := obj{"id": moveByHand, "title": "Ручная операция"}
	if m.visit != 0 {
		kind = obj{"id": moveWithdrawal, "title": "Списание с карты лояльности"}
	}
	return obj{
		"id": m.id, "visit_id": m.visit, "status_id": 1, "amount": math.Abs(m.amount), "type_id": kind["id"], "card_id": m.card,
		"salon_group_id": groupID, "is_discount": m.visit != 0, "is_loyalty_withdraw": m.amount < 0, "type": kind,
	}
}

func listLoyaltyTransactions(c *call) answer {
	zone := c.zone()
	moment := func(name string) (time.Time, bool) {
		v := c.query.Get(name)
		if d, isDay := parseDay(v); isDay && len(v) == 10 {
			return d.at(0, zone), true
		}
		return asMoment(v, zone)
	}
	after, okAfter := moment("created_after")
	before, okBefore := moment("created_before")
	if !okAfter || !okBefore {
		return c.invalid([]string{"created_after", "created_before"})
	}
	if len(c.query.Get("created_before")) == 10 {
		before = before.AddDate(0, 0, 1) // the whole day
	}
	in := func(name string, id int64) bool {
		l := queryList(c.query, name)
		return len(l) == 0 || slices.Contains(l, itoa(id))
	}
	var found []*loyaltyMove
	for _, m := range c.state.loyalty.moves {
		kind, _ := m.doc()["type_id"].(int)
		if !m.at.Before(after) && m.at.Before(before) && in("company_ids", m.company) && in("visit_ids", m.visit) &&
			in("loyalty_card_id", m.card) && in("types", int64(kind)) {
			found = append(found, m)
		}
	}
	list := []any{}
	for _, m := range paged(c, found) {
		list = append(list, m.doc())
	}
	return c.shaped(list, len(found))
}

// ofVisit plays an operation on a card and a visit of the company.
func ofVisit(run func(*call, *loyaltyCard, *record) answer) func(*call) answer {
	return func(c *call) answer {
		k, r := c.loyaltyCardOf(), c.company.record(number(c.body, "record_id"))
		switch {
		case k == nil:
			return failed(http.StatusNotFound, noCard)
		case r == nil || r.deleted || r.visitID != number(c.body, "visit_id"):
			return failed(http.StatusNotFound, "Визит не найден")
		}
		return run(c, k, r)
	}
}

func withdrawFromCard(c *call, k *loyaltyCard, r *record) answer {
	amount, _ := asFloat(c.body["amount"])
	if amount <= 0 {
		return c.invalid([]string{"amount"})
	}
	if no := c.moveMoney(k, -amount, "", r.visitID); no != nil {
		return *no
	}
	return c.visitLoyalty(r)
}

// returnToCard gives back what the visit took from the card.
func returnToCard(c *call, k *loyaltyCard, r *record) answer {
	own := func(m *loyaltyMove) bool { return m.card == k.id && m.visit == r.visitID }
	for _, m := range c.state.loyalty.moves {
		if own(m) {
			k.balance -= m.amount
		}
	}
	c.state.loyalty.moves = slices.DeleteFunc(c.state.loyalty.moves, own)
	return c.visitLoyalty(r)
}

func (c *call) movesOf(visit int64) []any {
	list := []any{}
	for _, m := range c.state.loyalty.moves {
		if m.visit == visit {
			list = append(list, m.doc())
		}
	}
	return list
}

// visitLoyalty is a visit with its loyalty transactions.
func (c *call) visitLoyalty(r *record) answer {
	items := []any{}
	for _, v := range backServices(r) {
		s := v.(obj)
		items = append(items, obj{
			"id": s["id"], "item_id": s["id"], "item_type_id": 2, "record_id": r.id, "item_title": s["title"], "amount": 1,
			"first_cost": s["first_cost"], "manual_cost": s["manual_cost"], "discount": 0, "cost": s["cost"], "master_id": r.staff.id,
			"service_id": s["id"], "is_service": true, "is_event": false, "is_good": false,
		})
	}
	return c.shaped(obj{
		"payment_transactions": []any{}, "loyalty_transactions": c.movesOf(r.visitID), "items": items,
		"kkm_transaction_details_container": obj{"last_operation_type": 1, "transactions": []any{}},
	}, 1)
}

func listVisitLoyalty(c *call) answer {
	id, _ := asInt(c.params["visit_id"])
	list := c.movesOf(id)
	return c.shaped(list, len(list))
}

func loyaltyModels() map[string]*model {
	const cards = "cards of a phone in the whole chain, of two types; one card is the object that is printed, none or several a list; no program gives points"
	const money = "more than the card has is refused with 422, which is a guess"
	all := map[string]*model{
		"listCompanyCardTypes":         {run: listCardTypes, level: simplified, note: cards},
		"listChainCardTypes":           {run: listCardTypes, level: simplified, note: cards},
		"listIssuableCardTypes":        {run: listCardTypes, level: simplified, note: "one card of each type for a phone"},
		"listClientCardsByPhone":       {run: listCardsByPhone, level: simplified, note: cards},
		"listClientCards":              {run: listCardsOfClient, level: simplified, note: cards},
		"listOwnLoyaltyCards":          {run: listOwnCards, level: simplified, note: cards},
		"issueLoyaltyCard":             {run: issueLoyaltyCard, level: simplified, note: cards},
		"deleteLoyaltyCard":            {run: deleteLoyaltyCard, level: simplified, note: cards},
		"createChainCardTransaction":   {run: createCardTransaction, level: simplified, note: money},
		"createCompanyCardTransaction": {run: createCardTransaction, level: simplified, note: money},
		"listChainLoyaltyTransactions": {run: listLoyaltyTransactions, level: simplified, note: "transactions of cards that were made here; the numbers of their types are a guess"},
		"applyVisitCardWithdrawal":     {run: ofVisit(withdrawFromCard), level: simplified, note: money + "; the visit does not become cheaper"},
		"cancelVisitCardWithdrawal":    {run: ofVisit(returnToCard), level: simplified, note: "all that the visit took from the card comes back"},
		"listVisitLoyaltyTransactions": {run: listVisitLoyalty, level: simplified, note: "withdrawals from cards"},
	}
	return withPasses(all)
}
