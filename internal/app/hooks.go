package app

import (
	"context"
	"net/http"
	"path"
	"slices"
	"time"

	"zapis/internal/salon"
	"zapis/yclients"
)

// hooksIn takes the events that YCLIENTS posts to the address of `zapis hooks install`; nil where the server has no
// public address. An event is a hint and no more: it makes the mirror ask again for what it may have changed, and
// nothing is believed that stands in it. So repeated, late and lost ones do no harm.
func (h *house) hooksIn() (http.Handler, error) {
	address := hookURL(h.cfg, h.key)
	if address.IsZero() {
		return nil, nil
	}
	return yclients.NewWebhookHandler(yclients.WebhookOptions{
		Secrets: []yclients.Secret{yclients.Secret(path.Base(address.Reveal()))},
		Logger:  h.log,
		OnEvent: func(_ context.Context, e *yclients.WebhookEvent) error {
			h.hint(e)
			return nil
		},
	})
}

// hint forgets the free times that an event may have changed. A moved record does not say where it was, so with an
// update the whole calendar of the branch is asked for again, by whoever looks at it.
func (h *house) hint(e *yclients.WebhookEvent) {
	branch := e.CompanyID
	if !slices.Contains(h.cfg.Account.Branches, branch) {
		return
	}
	h.metrics.hooks.WithLabelValues(resourceLabel(e.Resource)).Inc()
	switch e.Resource {
	case yclients.WebhookRecord:
		if r, err := e.Record(); err == nil && e.Status != yclients.WebhookUpdated && r.StaffID != 0 && !r.Date.IsZero() {
			h.mirror.Touch(branch, r.StaffID, r.Date.Time.Format(time.DateOnly))
			return
		}
		h.mirror.Touch(branch, salon.AnyStaff, "")
	case yclients.WebhookClient, yclients.WebhookLoyaltyCard: // nothing that is shown hangs on them
	default:
		h.mirror.Touch(branch, salon.AnyStaff, "")
	}
}

// resourceLabel keeps invented resources from becoming labels of their own.
func resourceLabel(r yclients.WebhookResource) string {
	switch r {
	case yclients.WebhookRecord, yclients.WebhookSchedule, yclients.WebhookStaff, yclients.WebhookService, yclients.WebhookServiceCategory,
		yclients.WebhookCompany, yclients.WebhookClient, yclients.WebhookLoyaltyCard:
		return string(r)
	}
	return "other"
}
