package sandbox

import (
	"net/http"
	"time"
)

// Visits. One record is one visit here, also when a booking had several appointments.

func visitModels() map[string]*model {
	return map[string]*model{
		"getVisit":        {run: getVisit, level: simplified, note: "a visit has one record; its comment is the number that is printed, the text is in the record"},
		"getVisitDetails": {run: getVisitDetails, level: simplified, note: "no loyalty, no fiscal receipts; a payment is there once updateVisit has made it"},
		"updateVisit":     {run: updateVisit, level: simplified, note: "attendance, comment and fast_payment, which pays the whole visit once; services and goods are not changed"},
	}
}

// payment is money that was taken for a visit.
type payment struct {
	id      int64
	at      time.Time
	amount  float64
	account int64 // accountCash or accountCard
	user    int64
}

// The accounts of fast payments, as the seed of every branch has them.
const (
	accountCash = 90001
	accountCard = 90002
)

// fastPayments are the accounts by the values of fast_payment; those from 129 print a receipt as well.
var fastPayments = map[int64]int64{1: accountCash, 2: accountCard, 129: accountCash, 130: accountCard}

var accountTitles = map[int64]string{accountCash: "Основная касса", accountCard: "Расчётный счёт"}

// visit finds the record of a visit among the companies in which the caller has rights.
func (c *call) visit() (*record, answer, bool) {
	id, _ := asInt(c.params["visit_id"])
	for _, company := range c.state.companies {
		for _, r := range company.records {
			if r.visitID != id || c.company != nil && c.company != company {
				continue
			}
			if c.user.role(company.id) < roleApp {
				return nil, failed(http.StatusForbidden, noRights), false
			}
			if v, given := c.params["record_id"]; given && v != itoa(r.id) {
				return nil, failed(http.StatusNotFound, "Запись не найдена"), false
			}
			c.company = company
			return r, answer{}, true
		}
	}
	return nil, failed(http.StatusNotFound, "Визит не найден"), false
}

func getVisit(c *call) answer {
	r, a, ok := c.visit()
	if !ok {
		return a
	}
	rec := c.backRecord(r)
	rec["deleted"] = flag(r.deleted)
	rec["datetime"] = c.datetime(r, withoutColon)
	return c.shaped(obj{
		"attendance": r.attendance, "datetime": c.datetime(r, withoutColon), "comment": 0, "records": []any{rec},
	}, 1)
}

func getVisitDetails(c *call) answer {
	r, a, ok := c.visit()
	if !ok {
		return a
	}
	items := []any{}
	for _, s := range r.services {
		price := r.price(s)
		items = append(items, obj{
			"id": 0, "item_id": s.id, "item_type_id": 1, "record_id": r.id, "item_title": s.title, "amount": 1, "first_cost": price,
			"manual_cost": price, "discount": 0, "cost": price, "master_id": r.staff.id, "good_id": 0, "service_id": s.id,
			"event_id": 0, "is_service": true, "is_event": false, "is_good": false,
		})
	}
	return c.shaped(obj{
		"payment_transactions": r.payments(), "loyalty_transactions": []any{}, "items": items,
		"kkm_transaction_details_container": obj{"last_operation_type": 0, "transactions": []any{}},
	}, len(items))
}

// payments are the finance transactions of a visit.
func (r *record) payments() []any {
	p := r.payment
	if p == nil {
		return []any{}
	}
	o := obj{
		"id": p.id, "document_id": r.documentID(), "date": p.at.In(r.company.zone).Format(salonTime), "type_id": 5, "expense_id": 5,
		"account_id": p.account, "amount": p.amount, "client_id": 0, "master_id": 0, "supplier_id": 0, "comment": "",
		"item_id": 0, "target_type_id": 1, "record_id": r.id, "goods_transaction_id": 0,
		"expense": obj{"id": 5, "title": "Оказание услуг"}, "account": obj{"id": p.account, "title": accountTitles[p.account]},
		"client": []any{}, "master": []any{}, "supplier": []any{},
	}
	if len(r.services) > 0 { // an updated record may have none
		o["item_id"] = r.services[0].id
	}
	if r.client != nil {
		o["client_id"], o["client"] = r.client.id, obj{"id": r.client.id, "name": r.client.name, "phone": r.client.phone}
	}
	return []any{o}
}

// documentID is the id of the document that a visit is sold by.
func (r *record) documentID() int64 { return r.visitID + 1 }

// updateVisit answers 200 without a body: none is documented.
func updateVisit(c *call) answer {
	r, a, ok := c.visit()
	if !ok {
		return a
	}
	if r.deleted {
		return failed(http.StatusNotFound, "Запись не найдена")
	}
	attendance, ok := asInt(c.body["attendance"])
	if !ok || attendance < -1 || attendance > 2 {
		return invalid("attendance")
	}
	method, _ := asInt(c.body["fast_payment"])
	account, known := fastPayments[method]
	if method != 0 && !known {
		return invalid("fast_payment")
	}
	r.attendance, r.comment, r.changed = int(attendance), clip(text(c.body, "comment")), c.now
	if cost := r.cost(); known && r.payment == nil && cost > 0 && len(r.services) > 0 {
		r.payment = &payment{c.state.newID(), c.now, cost, account, c.user.id}
		c.notify(c.company, "finances_operation", r.payment.id, created, r.payments()[0])
	}
	c.changed(r)
	c.emitRecord("record_moved", r)
	return answer{status: http.StatusOK}
}

// paid is what was paid for a visit, in roubles.
func (r *record) paid() float64 {
	if r.payment == nil {
		return 0
	}
	return r.payment.amount
}
