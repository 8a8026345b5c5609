package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// TestLoyaltyCard: issued in one branch, seen by phone, client and owner; money goes on
// and off, by hand and by a visit.
func TestLoyaltyCard(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	const phone = "79001112233"
	at := a.offered(moscow, anna, haircut)
	made := a.post("/book_record/4564", booking(phone, at, anna, haircut)).want(201).list()[0].(obj)
	rec := a.get(fmt.Sprintf("/record/4564/%.0f", made["record_id"])).want(200).data()
	visit := obj{"record_id": rec["id"], "visit_id": rec["visit_id"], "amount": 40}
	types := func() int {
		r := a.get("/loyalty/card_types/client/4564/" + phone).want(200).likeTheSample("listIssuableCardTypes")
		return list(t, r)
	}
	before := types()
	card := obj{"loyalty_card_number": 9090909, "loyalty_card_type_id": "8230", "phone": phone}
	issued := a.post("/loyalty/cards/4564", card).want(200).likeTheSample("issueLoyaltyCard").body
	id := fmt.Sprintf("%.0f", issued["id"])
	a.post("/loyalty/cards/4565", card).want(422)
	if after := types(); after != before-1 {
		t.Errorf("%d types can be issued, before %d", after, before)
	}
	a.post("/company/4564/loyalty/cards/"+id+"/manual_transaction", obj{"amount": 100.5, "title": "Подарок"}).want(200).likeTheSample("createCompanyCardTransaction")
	a.post("/chain/1200/loyalty/cards/"+id+"/manual_transaction", obj{"amount": -0.5}).want(200)
	a.post("/chain/1200/loyalty/cards/"+id+"/manual_transaction", obj{"amount": -1000}).want(422)
	a.post("/visit/loyalty/apply_card_withdrawal/4564/"+id, visit).want(200).likeTheSample("applyVisitCardWithdrawal")
	balances := func(want float64) {
		t.Helper()
		for _, path := range []string{
			"/loyalty/cards/" + phone + "/1200/4564", fmt.Sprintf("/loyalty/client_cards/%.0f", rec["client"].(obj)["id"]),
		} {
			if got := a.get(path).want(200).body; got["balance"] != want || got["number"] != any(9090909.0) && got["number"] != "9090909" {
				t.Errorf("%s: %v, want a balance of %v", path, got, want)
			}
		}
	}
	balances(60)
	moves := func() int {
		return len(a.get("/chain/1200/loyalty/transactions?created_after=2026-11-24&created_before=2026-11-24&loyalty_card_id=" + id).want(200).likeTheSample("listChainLoyaltyTransactions").list())
	}
	ofVisit := func() int {
		return list(t, a.get(fmt.Sprintf("/visit/loyalty/transactions/%v", rec["visit_id"])).want(200))
	}
	if moves() != 3 || ofVisit() != 1 {
		t.Errorf("%d transactions, %d of the visit; want 3 and 1", moves(), ofVisit())
	}
	delete(visit, "amount")
	a.post("/visit/loyalty/cancel_card_withdrawal/4564/"+id, visit).want(200)
	balances(100)
	if ofVisit() != 0 {
		t.Error("the cancelled withdrawal is still there")
	}
	visit["amount"], visit["visit_id"] = 1, 1
	a.post("/visit/loyalty/apply_card_withdrawal/4564/"+id, visit).want(404)
	a.remove("/loyalty/cards/4565/" + id).want(204)
	a.remove("/loyalty/cards/4565/" + id).want(404)
	if n := list(t, a.get("/loyalty/cards/"+phone+"/1200/4564").want(200)); n != 0 {
		t.Errorf("%d cards are left", n)
	}
	a.post("/loyalty/cards/4564", obj{"loyalty_card_type_id": "1", "phone": phone}).want(422)
	a.as(NoRightsUserToken).post("/loyalty/cards/4564", card).want(403)
}

// list counts the elements of an answer that is a bare list.
func list(t *testing.T, r reply) int {
	t.Helper()
	return len(bare(t, r))
}

func TestMemberships(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	const phone = "79001112244"
	kind := obj{
		"title": "Пять стрижек", "salon_group_id": groupID, "cost": 500, "period": 2, "period_unit_id": 3, "allow_freeze": true, "is_united_balance": true,
		"united_balance_services_count": 5, "service_categories": []int{1},
	}
	typeID := activityID(a.post("/chain/1200/loyalty/abonement_types", kind).want(201).likeTheSample("createAbonementType"))
	types := func() int {
		return len(a.get("/company/4564/loyalty/abonement_types/search?title=стрижек").want(200).list())
	}
	var n int64
	if _, err := fmt.Sscan(typeID, &n); err != nil {
		t.Fatal(err)
	}
	sold, err := a.sb.GivePass(phone, n)
	if err != nil {
		t.Fatal(err)
	}
	one := func() obj {
		l := a.get("/loyalty/abonements/?company_id=4564&phone=" + phone).want(200).likeTheSample("listClientAbonements").list()
		if len(l) != 1 {
			t.Fatalf("%d memberships", len(l))
		}
		return l[0].(obj)
	}
	if p := one(); p["united_balance_services_count"] == 0.0 || p["balance_string"] != "Услуги (x5)" || p["is_frozen"] != false {
		t.Errorf("sold: %v", p)
	}
	path := fmt.Sprintf("/chain/1200/loyalty/abonements/%d", sold)
	a.post(path+"/freeze", obj{"freeze_till": "2026-11-20"}).want(400)
	a.post(path+"/freeze", obj{"freeze_till": "2026-12-20"}).want(200).likeTheSample("freezeAbonement")
	a.post(path+"/freeze", obj{"freeze_till": "2026-12-20"}).want(400)
	if one()["is_frozen"] != true {
		t.Error("not frozen")
	}
	a.post(path+"/unfreeze", nil).want(200)
	a.post(path+"/set_balance", obj{"united_balance_services_count": 3, "services_balance_count": []obj{}}).want(200)
	a.post(path+"/set_balance", obj{"united_balance_services_count": -3, "services_balance_count": []obj{}}).want(400)
	a.post(path+"/set_period", obj{"period": 7, "period_unit_id": 1}).want(200)
	if p := one(); p["balance_string"] != "Услуги (x3)" || p["period"] != 7.0 || p["is_frozen"] != false {
		t.Errorf("after the changes: %v", p)
	}
	boxed := bare(t, a.get(fmt.Sprintf("/chain/1200/loyalty/abonements?abonements_ids[]=%d", sold)).want(200).likeTheSample("listChainAbonements"))
	if l := boxed[0].(obj)["data"].([]any); len(l) != 1 {
		t.Errorf("the chain lists %d", len(l))
	}
	own := "/chain/1200/loyalty/abonement_types/" + typeID
	a.post(own+"/clone", nil).want(201)
	if types() != 2 {
		t.Errorf("%d types after cloning", types())
	}
	a.call(http.MethodPatch, "/api/v1"+own, obj{"is_archived": true}).want(204)
	if types() != 1 {
		t.Errorf("%d types after archiving", types())
	}
	a.call(http.MethodPatch, "/api/v1"+own, obj{"is_archived": false}).want(204)
	a.remove(own).want(204)
	a.remove(own).want(404)
	a.post(own, obj{"restore_in_title": true}).want(204)
	if types() != 2 {
		t.Errorf("%d types after restoring", types())
	}
	a.post("/chain/1200/loyalty/abonements/1/unfreeze", nil).want(404)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	types := a.get("/company/4564/loyalty/certificate_types/search?title=3000").want(200).likeTheSample("searchCertificateTypes").list()
	if len(types) != 1 {
		t.Fatalf("%d types", len(types))
	}
	if _, err := a.sb.GiveCertificate("79001112255", int64(types[0].(obj)["id"].(float64))); err != nil {
		t.Fatal(err)
	}
	got := a.get("/loyalty/certificates/?company_id=4564&phone=79001112255").want(200).likeTheSample("listClientCertificates").list()
	if len(got) != 1 || got[0].(obj)["balance"] != 3000.0 {
		t.Errorf("sold: %v", got)
	}
	if _, err := a.sb.GiveCertificate("x", 2701); err == nil {
		t.Error("sold to nobody")
	}
	a.post("/book_code/4564", obj{"phone": RegularPhone}).want(201)
	token := a.post("/user/auth", obj{"phone": RegularPhone, "code": a.sb.SMS()[0].Code}).want(201).data()["user_token"].(string)
	own := a.as(token)
	if l := own.get("/user/loyalty/certificates/?company_id=4564").want(200).list(); len(l) != 1 {
		t.Errorf("the client sees %d certificates", len(l))
	}
	if l := own.get("/user/loyalty/abonements/?company_id=4564").want(200).list(); len(l) != 1 {
		t.Errorf("the client sees %d memberships", len(l))
	}
	if card := own.get("/user/loyalty_cards/1200").want(200).likeTheSample("listOwnLoyaltyCards").body; card["balance"] != 250.0 {
		t.Errorf("the client sees the card %v", card)
	}
}

// bare is an answer that is a list without an envelope.
func bare(t *testing.T, r reply) []any {
	t.Helper()
	var l []any
	if err := json.Unmarshal(r.raw, &l); err != nil {
		t.Fatalf("%v: %s", err, r.raw)
	}
	return l
}
