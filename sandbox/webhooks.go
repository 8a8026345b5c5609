package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Delivery of webhooks, as the vendor's repositories describe it: queued 5 s after the
// change, 10 s for an answer, network failures, 429 and 5xx repeated twice 1.5 s apart,
// other answers final. Every address of the company gets every event.
const (
	webhookDelay    = 5 * time.Second
	webhookTimeout  = 10 * time.Second
	webhookPause    = 1500 * time.Millisecond
	webhookAttempts = 3
	webhooksKept    = 1000 // of the list for people and tests
	webhooksAtOnce  = 1000 // on their way; beyond that events are lost
)

// States of a [Webhook].
const (
	WebhookWaiting   = "waiting"
	WebhookSending   = "sending"
	WebhookDelivered = "delivered"
	WebhookFailed    = "failed"
	WebhookLost      = "lost" // by a fault, or when the sandbox was closed or reset
)

// Webhook is one message on its way to one address.
type Webhook struct {
	ID        int64            `json:"id"`
	At        time.Time        `json:"at"` // of the change
	Due       time.Time        `json:"due"`
	CompanyID int64            `json:"company_id"`
	URL       string           `json:"url"`
	Resource  string           `json:"resource"` // record, client, ...; marketplace
	Status    string           `json:"status"`   // create, update, delete; of marketplace the event
	Body      json.RawMessage  `json:"body"`
	State     string           `json:"state"`
	Attempts  []WebhookAttempt `json:"attempts"`
}

// WebhookAttempt is one try to deliver.
type WebhookAttempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0: no answer
	Error  string    `json:"error,omitempty"`
}

// webhooks is guarded by Sandbox.mu.
type webhooks struct {
	list   []*Webhook // oldest first
	lastID int64
	onWay  int
	moved  chan struct{} // closed at every change of state
}

// Statuses of an entity event.
const (
	created = "create"
	updated = "update"
	deleted = "delete"
)

// hookFlag is the flag of hooks_settings that lets a resource through.
func hookFlag(resource string) string {
	switch resource {
	case "company":
		return "salon"
	case "staff":
		return "master"
	}
	return resource
}

// notify tells the addresses of a company that a call of the API has changed an entity:
// resource is company, service_category, service, staff, client, record, schedule,
// good, loyalty_card, goods_operations_sale (receipt, consumable, stolen, move) or
// finances_operation; status is created, updated or deleted; data is the entity as the API
// spells it.
func (c *call) notify(company *company, resource string, id int64, status string, data any) {
	c.Sandbox.notify(company, c.operationID(), true, resource, id, status, data)
}

// notify queues an event. own tells that it was caused through the API by this
// partner, who hears of it only when self_sending is set.
func (s *Sandbox) notify(c *company, operation string, own bool, resource string, id int64, status string, data any) {
	urls, _ := c.hooks["urls"].([]any)
	on := func(name string) bool { n, _ := c.hooks[name].(int); return n == 1 }
	if len(urls) == 0 || !on("active") || !on(hookFlag(resource)) ||
		own && s.switches.OwnChanges == OwnByFlag && !on("self_sending") {
		return
	}
	body, err := json.Marshal(struct {
		CompanyID  int64  `json:"company_id"`
		Resource   string `json:"resource"`
		ResourceID int64  `json:"resource_id"`
		Status     string `json:"status"`
		Data       any    `json:"data"`
	}{c.id, resource, id, status, data})
	if err != nil {
		s.log.Error("sandbox: webhook not sent", "resource", resource, "error", err)
		return
	}
	for _, u := range urls {
		if url, ok := asText(u); ok {
			s.post(operation, Webhook{CompanyID: c.id, URL: url, Resource: resource, Status: status, Body: body})
		}
	}
}

// MarketplaceEvent tells the callback address of an application that it was
// uninstalled, frozen or paid for. The address is [Sandbox.SetCallback]'s.
func (s *Sandbox) MarketplaceEvent(salonID, applicationID int64, event string) error {
	if !slices.Contains([]string{"uninstall", "freeze", "payment"}, event) {
		return fmt.Errorf("sandbox: marketplace event is %q, must be uninstall, freeze or payment", event)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.callback == "" {
		return fmt.Errorf("sandbox: no callback address is set for marketplace events: set callback_url first")
	}
	s.state.marketChange(salonID, applicationID, event, "marketplace", s.now())
	s.marketplaceEvent("", salonID, applicationID, event)
	return nil
}

// marketplaceEvent queues a lifecycle event when a callback address is set.
// It is called with mu held.
func (s *Sandbox) marketplaceEvent(operation string, salonID, applicationID int64, event string) {
	if s.callback == "" {
		return
	}
	body, err := json.Marshal(obj{
		"salon_id": salonID, "application_id": applicationID, "event": event, "partner_token": PartnerToken,
	})
	if err != nil { // numbers and text
		panic(err)
	}
	s.post(operation, Webhook{CompanyID: salonID, URL: s.callback, Resource: "marketplace", Status: event, Body: body})
}

// SetCallback sets the address of marketplace events, which the developer's account
// holds in real life. Empty: none.
func (s *Sandbox) SetCallback(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callback = url
}

// post sends a message on its way, as often and as late as the faults want. It
// is called with mu held.
func (s *Sandbox) post(operation string, w Webhook) {
	w.At = s.now()
	w.Due = w.At.Add(webhookDelay)
	copies := 1
	lost := s.webhooks.onWay >= webhooksAtOnce || s.life.Err() != nil
	for _, f := range s.rules.hit(s, operation, w.CompanyID, hookLose, hookDuplicate, hookLate, hookReorder) {
		switch f.Kind {
		case hookLose:
			lost = true
		case hookDuplicate:
			copies = 1 + max(f.Times, 1)
		case hookLate:
			w.Due = w.Due.Add(f.delay(time.Minute))
		case hookReorder: // what is queued within the next seconds comes first
			w.Due = w.Due.Add(f.delay(2 * webhookDelay))
		}
	}
	for range copies {
		s.webhooks.lastID++
		m := w
		m.ID, m.State = s.webhooks.lastID, WebhookWaiting
		if lost {
			m.State = WebhookLost
		}
		s.webhooks.list = append(s.webhooks.list, &m)
		if lost {
			continue
		}
		s.webhooks.onWay++
		s.couriers.Go(func() { s.carry(&m) })
	}
	if over := len(s.webhooks.list) - webhooksKept; over > 0 {
		s.webhooks.list = slices.Delete(s.webhooks.list, 0, over)
	}
	s.moved()
}

// moved wakes those who wait for deliveries. It is called with mu held.
func (s *Sandbox) moved() {
	if s.webhooks.moved != nil {
		close(s.webhooks.moved)
		s.webhooks.moved = nil
	}
}

// carry brings one message to its address.
func (s *Sandbox) carry(w *Webhook) {
	due := w.Due
	for n := 1; ; n++ {
		arrived := s.clock.reach(s.life, s.closed, due)
		if !s.change(w, func() bool {
			if !arrived {
				w.State = WebhookLost
			}
			if w.State == WebhookLost { // by the line above or a reset
				return false
			}
			w.State = WebhookSending
			return true
		}) {
			return
		}
		status, err := s.send(s.life, w)
		// A clock that stands may have been moved far ahead: what comes next was due then.
		next := s.now().Add(webhookPause)
		if s.clock.isStanding() {
			next = due.Add(webhookPause)
		}
		if !s.change(w, func() bool { return w.tried(due, status, err, n, next) }) {
			return
		}
		due = next
	}
}

// change changes a message under the lock and wakes who waits; false ends it.
func (s *Sandbox) change(w *Webhook, f func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	goesOn := f()
	if !goesOn {
		s.webhooks.onWay--
	}
	s.moved()
	s.emit("webhook", obj{"id": w.ID, "company_id": w.CompanyID, "resource": w.Resource, "status": w.Status, "state": w.State})
	return goesOn
}

// tried notes an attempt and tells whether there will be another.
func (w *Webhook) tried(at time.Time, status int, err error, n int, next time.Time) bool {
	a := WebhookAttempt{At: at, Status: status}
	if err != nil {
		a.Error = err.Error()
	}
	w.Attempts = append(w.Attempts, a)
	again := err != nil || status == http.StatusTooManyRequests || status >= 500
	switch {
	case !again && status < 300:
		w.State = WebhookDelivered
		return false
	case !again || n == webhookAttempts:
		w.State = WebhookFailed
		return false
	}
	w.State, w.Due = WebhookWaiting, next
	return true
}

func (s *Sandbox) send(ctx context.Context, w *Webhook) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.postman.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be kept
	return resp.StatusCode, nil
}

// Webhooks lists the messages of late, the oldest first.
func (s *Sandbox) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Webhook, 0, len(s.webhooks.list))
	for _, w := range s.webhooks.list {
		c := *w
		c.Attempts = slices.Clone(w.Attempts)
		if c.Attempts == nil {
			c.Attempts = []WebhookAttempt{}
		}
		list = append(list, c)
	}
	return list
}

// forgetWebhooks drops what is on its way. It is called with mu held.
func (s *Sandbox) forgetWebhooks() {
	for _, w := range s.webhooks.list {
		if w.State == WebhookWaiting {
			w.State = WebhookLost
		}
	}
	s.webhooks.list = nil
	s.moved()
}

// settle waits until nothing is being sent or due.
func (s *Sandbox) settle(ctx context.Context) error {
	for {
		s.mu.Lock()
		now := s.now()
		busy := slices.ContainsFunc(s.webhooks.list, func(w *Webhook) bool {
			return w.State == WebhookSending || w.State == WebhookWaiting && !w.Due.After(now)
		})
		if busy && s.webhooks.moved == nil {
			s.webhooks.moved = make(chan struct{})
		}
		moved := s.webhooks.moved
		s.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-moved:
		case <-s.closed:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
