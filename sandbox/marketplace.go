package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The marketplace: applications of the partner and the salons that have them.

// States of an installation.
const (
	marketPending     = "pending"
	marketActive      = "active"
	marketFreezed     = "freezed" // as the service spells it
	marketUninstalled = "uninstalled"
)

// SeedApplication is the application that the first salon of the seed has.
const SeedApplication = 1

// installation is an application in a salon.
type installation struct {
	salon, application int64
	status             string
	since              time.Time
	logs               []marketLog
	payments           []*marketPayment
	channels           map[string]bool
	shortNames         []any
	discount           float64 // percent
}

type marketLog struct {
	at               time.Time
	from, to, source string
}

type marketPayment struct {
	id                   int64
	sum                  float64
	currency             string
	paid, begin, expires string
	refunded             bool
}

func (i *installation) become(status, source string, now time.Time) {
	i.logs = append(i.logs, marketLog{now, i.status, status, source})
	i.status = status
}

// installed finds the application in a salon; nil: it never had it.
func (s *state) installed(salon, application int64) *installation {
	i := slices.IndexFunc(s.market, func(i *installation) bool { return i.salon == salon && i.application == application })
	if i < 0 {
		return nil
	}
	return s.market[i]
}

// installFirst gives the first salon of the seed an application that was paid for.
func (s *state) installFirst(now time.Time) {
	salon := s.companies[0]
	at := now.AddDate(0, 0, -20)
	i := &installation{salon: salon.id, application: SeedApplication, status: marketUninstalled, since: at, channels: map[string]bool{}}
	i.become(marketPending, "marketplace", at)
	i.become(marketActive, "partner_api", at.Add(2*time.Minute))
	local := at.In(salon.zone)
	i.payments = []*marketPayment{{
		id: 1, sum: 990, currency: "RUB", paid: local.Format(salonTime), begin: local.Format(salonTime), expires: local.AddDate(0, 1, 0).Format(salonTime),
	}}
	s.market = append(s.market, i)
}

// marketChange is what a lifecycle event means for an installation.
func (s *state) marketChange(salon, application int64, event, source string, now time.Time) {
	i := s.installed(salon, application)
	if i == nil {
		return
	}
	switch event {
	case "uninstall":
		i.become(marketUninstalled, source, now)
	case "freeze":
		i.become(marketFreezed, source, now)
	case "payment":
		if i.status == marketFreezed {
			i.become(marketActive, source, now)
		}
	}
}

const notConnected = "Приложение не подключено в филиале"

// onInstallation plays an operation on an application that the salon of the call has.
// absent is the status when it has not.
func onInstallation(absent int, run func(*call, *installation) answer) func(*call) answer {
	return func(c *call) answer {
		i := c.state.installed(c.company.id, c.application())
		if i == nil || i.status == marketUninstalled && c.route.op.Method != http.MethodGet {
			return failed(absent, notConnected)
		}
		return run(c, i)
	}
}

// application is the id of the application, wherever it was sent.
func (c *call) application() int64 {
	for _, v := range []any{c.params["application_id"], c.body["application_id"], c.query.Get("application_id")} {
		if id, ok := asInt(v); ok {
			return id
		}
	}
	return 0
}

// install connects an application; a salon that has it already is refused.
func (c *call) install() (no answer, ok bool) {
	id := c.application()
	if id <= 0 {
		return c.invalid([]string{"application_id"}), false
	}
	i := c.state.installed(c.company.id, id)
	if i == nil {
		i = &installation{salon: c.company.id, application: id, status: marketUninstalled, channels: map[string]bool{}}
		c.state.market = append(c.state.market, i)
	}
	if i.status == marketActive || i.status == marketFreezed {
		return failed(http.StatusUnprocessableEntity, "Приложение уже подключено"), false
	}
	i.become(marketPending, "marketplace", c.now)
	i.become(marketActive, "partner_api", c.now)
	i.since, i.channels = c.now, map[string]bool{}
	channels, _ := c.body["channels"].([]any)
	for _, v := range channels {
		if name, isText := asText(v); isText {
			i.channels[clip(name)] = true
		}
	}
	if urls, _ := c.body["webhook_urls"].([]any); len(urls) > 0 {
		old, _ := c.company.hooks["urls"].([]any)
		c.company.hooks["urls"], c.company.hooks["active"] = slices.Concat(old, urls[:min(len(urls), 10)]), 1
	}
	c.applied = true
	return answer{}, true
}

func marketplaceInstall(c *call) answer {
	if no, ok := c.install(); !ok {
		return no
	}
	return enveloped(http.StatusCreated, nil, obj{})
}

func marketplaceRedirect(c *call) answer {
	if no, ok := c.install(); !ok {
		return no
	}
	return answer{status: http.StatusMovedPermanently, header: http.Header{"Location": {c.base + "/"}}}
}

func uninstallApplication(c *call, i *installation) answer {
	i.become(marketUninstalled, "partner_api", c.now)
	c.marketplaceEvent(c.operationID(), i.salon, i.application, "uninstall")
	return c.shaped(nil, 0)
}

func getInstallation(c *call, i *installation) answer {
	zone := c.company.zone
	logs, payments := []any{}, []any{}
	for _, l := range i.logs {
		logs = append(logs, obj{"changed_at": l.at.In(zone).Format(salonTime), "status_from": l.from, "status_to": l.to, "source": l.source})
	}
	for _, p := range i.payments {
		payments = append(payments, obj{
			"id": p.id, "payment_sum": p.sum, "currency_iso": p.currency, "payment_date": p.paid, "is_refunded": p.refunded,
			"period_from": p.begin, "period_to": p.expires,
		})
	}
	return c.shaped(obj{
		"logs": logs, "payments": payments,
		"connection_status": obj{"status": i.status, "created_at": i.since.In(zone).Format(salonTime)},
	}, 0)
}

// listMarketplaceSalons lists the salons that have an application now.
func listMarketplaceSalons(c *call) answer {
	var found []*company
	for _, i := range c.state.market {
		if company := c.state.company(i.salon); company != nil && i.application == c.application() && i.status != marketUninstalled {
			found = append(found, company)
		}
	}
	list := []any{}
	for _, company := range paged(c, found) {
		list = append(list, c.companyItem(company))
	}
	return c.shaped(list, len(found))
}

func reportPayment(c *call, i *installation) answer {
	sum, _ := asFloat(c.body["payment_sum"])
	var dates [3]string
	var bad []string
	for n, key := range []string{"payment_date", "period_from", "period_to"} {
		dates[n] = clip(text(c.body, key))
		if _, ok := asMoment(dates[n], c.company.zone); !ok {
			bad = append(bad, key)
		}
	}
	if sum <= 0 {
		bad = append(bad, "payment_sum")
	}
	if len(bad) > 0 {
		return c.invalid(bad)
	}
	p := &marketPayment{id: c.state.newID(), sum: sum, currency: clip(text(c.body, "currency_iso")), paid: dates[0], begin: dates[1], expires: dates[2]}
	i.payments = append(i.payments, p)
	if i.status == marketFreezed {
		i.become(marketActive, "payment", c.now)
	}
	c.marketplaceEvent(c.operationID(), i.salon, i.application, "payment")
	return c.shaped(obj{"id": p.id}, 0)
}

func reportRefund(c *call) answer {
	id, _ := asInt(c.params["payment_id"])
	for _, i := range c.state.market {
		for _, p := range i.payments {
			if p.id != id {
				continue
			}
			if p.refunded {
				return failed(http.StatusUnprocessableEntity, "Платёж уже возвращён")
			}
			p.refunded = true
			return c.shaped(nil, 0)
		}
	}
	return failed(http.StatusUnprocessableEntity, "Платёж не найден")
}

func setShortNames(c *call, i *installation) answer {
	i.shortNames, _ = c.body["short_names"].([]any)
	return c.shaped(nil, 0)
}

func updateChannel(c *call, i *installation) answer {
	i.channels[text(c.body, "channel_slug")] = asFlag(c.body["is_available"])
	return c.shaped(nil, 0)
}

// addDiscount gives a discount to all salons or to none.
func addDiscount(c *call) answer {
	salons, ok := ids(c.body["salon_ids"])
	discount, _ := asFloat(c.body["discount"])
	switch {
	case !ok || len(salons) == 0:
		return c.invalid([]string{"salon_ids"})
	case discount < 0 || discount > 100:
		return c.invalid([]string{"discount"})
	}
	var found []*installation
	for _, id := range salons {
		i := c.state.installed(id, c.application())
		if i == nil || i.status == marketUninstalled {
			return failed(http.StatusNotFound, notConnected)
		}
		found = append(found, i)
	}
	for _, i := range found {
		i.discount = discount
	}
	return c.shaped(nil, 0)
}

// paymentLink leads to a page of the sandbox; the discount is that of the query or of the salon.
func paymentLink(c *call, i *installation) answer {
	discount := i.discount
	if f, ok := asFloat(c.query.Get("discount")); ok {
		discount = f
	}
	return c.shaped(obj{
		"url": c.base + "/_sandbox/payment?salon_id=" + itoa(i.salon) + "&application_id=" + itoa(i.application) +
			"&discount=" + strconv.FormatFloat(discount, 'f', -1, 64) + "&sign=" + c.state.hex(16),
	}, 0)
}

func listTariffs(c *call) answer { return c.shaped(sampleData("listMarketplaceTariffs"), 0) }

func marketplaceModels() map[string]*model {
	const note = "a salon that has the application is refused with 422; the body of success is a guess where none is printed"
	on := func(absent int, run func(*call, *installation) answer, note string) *model {
		return &model{run: onInstallation(absent, run), level: simplified, note: note}
	}
	const kept = "kept; nothing is sent by it"
	return map[string]*model{
		"marketplaceInstall":              {run: marketplaceInstall, level: simplified, note: note + "; webhook_urls are added to those of the salon and switched on"},
		"marketplaceCallbackRedirect":     {run: marketplaceRedirect, level: simplified, note: note},
		"uninstallMarketplaceApplication": on(http.StatusNotFound, uninstallApplication, "the event uninstall is sent to the callback address, which is a guess"),
		"getMarketplaceInstallation":      on(http.StatusNotFound, getInstallation, "states and payments of what was done here; an installation is never left pending"),
		"listMarketplaceSalons":           {run: listMarketplaceSalons, level: simplified, note: "salons as listCompanies spells them"},
		"marketplaceReportPayment":        on(http.StatusUnprocessableEntity, reportPayment, "a freezed application becomes active; the event payment is sent, which is a guess"),
		"marketplaceReportRefund":         {run: reportRefund, level: simplified, note: "once for each payment"},
		"marketplaceSetShortNames":        on(http.StatusUnprocessableEntity, setShortNames, kept),
		"updateMarketplaceChannel":        on(http.StatusUnprocessableEntity, updateChannel, kept),
		"addMarketplaceDiscount":          {run: addDiscount, level: simplified, note: "seen in the link of a payment only"},
		"getMarketplacePaymentLink":       on(http.StatusNotFound, paymentLink, "the link leads nowhere, and nothing checks its sign"),
		"listMarketplaceTariffs":          {run: listTariffs, level: simplified, note: "the documented tariffs for every application"},
	}
}
