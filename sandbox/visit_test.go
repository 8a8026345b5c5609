package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// TestVisitIsTheRecord changes a visit and sees the record, the client and the webhooks follow.
func TestVisitIsTheRecord(t *testing.T) {
	t.Parallel()
	a := setup(t).as(UserToken)
	a.post("/hooks_settings/4564", obj{"urls": []string{"https://app.example/hook"}, "active": 1, "record": 1, "finances_operation": 1, "self_sending": 1}).want(201)
	label := a.post("/labels/4564?title="+url.QueryEscape("Важный")+"&color=%2300ff00&entity=2&icon=star", nil).want(200).data()["id"]
	body := backOffice(anna, a.offered(moscow, anna, haircut), true)
	body["attendance"], body["record_labels"] = 0, []any{label, "999"}
	rec := a.post("/records/4564", body).want(201).list()[0].(obj)
	id, visit := numberOf(rec["id"]), rec["visit_id"].(string)
	labels := rec["record_labels"].([]any)
	if len(labels) != 1 || labels[0].(obj)["title"] != "Важный" {
		t.Errorf("labels of the record: %v", labels)
	}
	one := fmt.Sprintf("/visits/%s", visit)
	got := a.get(one).want(200).data()
	if got["attendance"] != 0.0 || len(got["records"].([]any)) != 1 || got["records"].([]any)[0].(obj)["id"] != rec["id"] {
		t.Errorf("the visit: %v", got)
	}
	details := fmt.Sprintf("/visit/details/4564/%d/%s", id, visit)
	before := a.get(details).want(200).data()
	if items := before["items"].([]any); len(items) != 1 || items[0].(obj)["service_id"] != float64(haircut) || len(before["payment_transactions"].([]any)) != 0 {
		t.Errorf("details: %v", before)
	}
	change := fmt.Sprintf("/api/v1%s/%d", one, id)
	a.call(http.MethodPut, change, obj{"attendance": 1, "comment": "Пришла", "fast_payment": 2}).want(200)
	a.call(http.MethodPut, change, obj{"attendance": 1, "comment": "Пришла", "fast_payment": 1}).want(200) // paid already

	rec = a.get(fmt.Sprintf("/record/4564/%d", id)).want(200).data()
	paid := rec["finance_transactions"].([]any)
	if rec["attendance"] != 1.0 || rec["comment"] != "Пришла" || rec["paid_full"] != 1.0 || len(paid) != 1 {
		t.Fatalf("the record: %v", rec)
	}
	cost := rec["services"].([]any)[0].(obj)["cost"]
	after := a.get(details).want(200).data()["payment_transactions"].([]any)
	if len(after) != 1 || after[0].(obj)["id"] != paid[0].(obj)["id"] || after[0].(obj)["amount"] != cost {
		t.Errorf("payments: %v, want %v", after, cost)
	}
	k := rec["client"].(obj)
	if k["success_visits_count"] != 1.0 {
		t.Errorf("the client of the record: %v", k)
	}
	card := a.get(fmt.Sprintf("/client/4564/%d", numberOf(k["id"]))).want(200).data()
	if card["visits"] != 1.0 || card["spent"] != cost {
		t.Errorf("the client: %v", card)
	}
	history := a.post("/company/4564/clients/visits/search", obj{
		"client_id": k["id"], "client_phone": nil, "from": nil, "to": nil, "payment_statuses": []string{"paid_full"}, "attendance": 1,
	}).want(200).data()["records"].([]any)
	if len(history) != 1 || history[0].(obj)["services"].([]any)[0].(obj)["paid_sum"] != cost {
		t.Errorf("the history: %v", history)
	}
	if got := a.statuses("record"); fmt.Sprint(got) != "[create update update]" {
		t.Errorf("webhooks of the record: %v", got)
	}
	if got := a.statuses("finances_operation"); fmt.Sprint(got) != "[create]" {
		t.Errorf("webhooks of the payment: %v", got)
	}

	body["services"] = []any{}
	a.call(http.MethodPut, fmt.Sprintf("/api/v1/record/4564/%d", id), body).want(201)
	if left := a.get(details).want(200).data()["payment_transactions"].([]any); len(left) != 1 {
		t.Errorf("payments of a record without services: %v", left)
	}
	a.call(http.MethodPut, change, obj{"attendance": 7, "comment": ""}).want(422)
	a.call(http.MethodPut, change, obj{"attendance": 1, "comment": "", "fast_payment": 3}).want(422)
	a.call(http.MethodPut, fmt.Sprintf("/api/v1%s/1", one), obj{"attendance": 1, "comment": ""}).want(404)
	a.as(StrangerUserToken).get(one).want(403)
	a.as(NoRightsUserToken).call(http.MethodPut, change, obj{"attendance": 1, "comment": ""}).want(403)
	a.get("/visits/1").want(404)
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/record/4564/%d", id), nil).want(204)
	a.call(http.MethodPut, change, obj{"attendance": 1, "comment": ""}).want(404)
	a.call(http.MethodDelete, fmt.Sprintf("/api/v1/labels/4564/%v", label), nil).want(200)
	if left := a.get(fmt.Sprintf("/record/4564/%d", id)).want(200).data()["record_labels"].([]any); len(left) != 0 {
		t.Errorf("a removed label is still there: %v", left)
	}
}
