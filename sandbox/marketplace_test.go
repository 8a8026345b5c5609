package sandbox

import (
	"net/http"
	"strings"
	"testing"
)

func (a *api) market(method, path string, body any) reply {
	a.t.Helper()
	return a.call(method, "/marketplace"+path, body)
}

// TestApplicationLivesAndDies: connected, seen in the list of salons, paid, refunded,
// frozen by an event, disconnected.
func TestApplicationLivesAndDies(t *testing.T) {
	t.Parallel()
	a := setup(t)
	state := func() (string, obj) {
		d := a.market(http.MethodGet, "/salon/4565/application/7", nil).want(200).likeTheSample("getMarketplaceInstallation").data()
		return d["connection_status"].(obj)["status"].(string), d
	}
	salons := func() int {
		return len(a.market(http.MethodGet, "/application/7/salons?page=1&count=10", nil).want(200).list())
	}
	a.market(http.MethodGet, "/salon/4565/application/7", nil).want(404)
	install := obj{"salon_id": ural, "application_id": 7, "webhook_urls": []string{"https://app.example/hook"}, "channels": []string{"sms"}}
	a.market(http.MethodPost, "/partner/callback", install).want(201)
	a.market(http.MethodPost, "/partner/callback", install).want(422)
	if got, _ := state(); got != marketActive || salons() != 1 {
		t.Errorf("after the installation: %s, %d salons", got, salons())
	}
	if urls := a.as(UserToken).get("/hooks_settings/4565").want(200).data()["urls"].([]any); len(urls) != 1 {
		t.Errorf("webhook addresses: %v", urls)
	}

	payment := obj{
		"salon_id": ural, "application_id": 7, "payment_sum": 990.5, "currency_iso": "RUB", "payment_date": "2026-11-24 10:00:00",
		"period_from": "2026-11-24 10:00:00", "period_to": "2026-12-24 10:00:00",
	}
	id := activityID(a.market(http.MethodPost, "/partner/payment", payment).want(200))
	payment["application_id"] = 8
	a.market(http.MethodPost, "/partner/payment", payment).want(422)
	a.market(http.MethodPost, "/partner/payment/refund/"+id, nil).want(200)
	a.market(http.MethodPost, "/partner/payment/refund/"+id, nil).want(422)
	if _, d := state(); len(d["payments"].([]any)) != 1 || d["payments"].([]any)[0].(obj)["is_refunded"] != true {
		t.Errorf("payments: %v", d["payments"])
	}

	a.market(http.MethodPost, "/application/add_discount", obj{"salon_ids": []int64{ural}, "application_id": 7, "discount": 15}).want(200)
	link := a.market(http.MethodGet, "/application/payment_link?salon_id=4565&application_id=7", nil).want(200).data()["url"].(string)
	if !strings.Contains(link, "discount=15&") {
		t.Errorf("the link has no discount: %s", link)
	}
	a.market(http.MethodPost, "/application/add_discount", obj{"salon_ids": []int64{ural, moscow}, "application_id": 7, "discount": 15}).want(404)
	a.market(http.MethodPost, "/application/update_channel", obj{"salon_id": ural, "application_id": 7, "channel_slug": "pigeon", "is_available": true}).want(422)

	a.sb.SetCallback("https://app.example/callback")
	if err := a.sb.MarketplaceEvent(ural, 7, "freeze"); err != nil {
		t.Fatal(err)
	}
	if got, _ := state(); got != marketFreezed {
		t.Errorf("after freeze: %s", got)
	}
	payment["application_id"] = 7
	a.market(http.MethodPost, "/partner/payment", payment).want(200)
	if got, _ := state(); got != marketActive {
		t.Errorf("after the payment: %s", got)
	}
	a.market(http.MethodPost, "/salon/4565/application/7/uninstall", nil).want(200)
	a.market(http.MethodPost, "/salon/4565/application/7/uninstall", nil).want(404)
	got, d := state()
	if got != marketUninstalled || salons() != 0 || len(d["logs"].([]any)) != 5 {
		t.Errorf("at the end: %s, %d salons, %v", got, salons(), d["logs"])
	}
	events := []string{}
	for _, w := range a.sb.Webhooks() {
		events = append(events, w.Status)
	}
	if strings.Join(events, " ") != "freeze payment uninstall" {
		t.Errorf("events: %v", events)
	}
	a.market(http.MethodPost, "/partner/callback/redirect", obj{"salon_id": ural, "application_id": 7}).want(301)
	if got, _ := state(); got != marketActive {
		t.Errorf("connected again: %s", got)
	}
}
