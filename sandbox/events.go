package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// event is a line of GET /_sandbox/events.
type event struct {
	kind string // record_created, record_moved, record_deleted, sms, email, call, fault, webhook
	data any
}

// eventBuffer is how far a listener may fall behind before it misses events.
const eventBuffer = 256

// emit tells the listeners. It is called with mu held and never waits.
func (s *Sandbox) emit(kind string, data any) {
	for ch := range s.listeners {
		select {
		case ch <- event{kind, data}:
		default: // a listener that does not read misses events
		}
	}
}

func (s *Sandbox) emitRecord(kind string, r *record) {
	if len(s.listeners) == 0 {
		return
	}
	s.emit(kind, obj{
		"company_id": r.company.id, "record_id": r.id, "staff_id": r.staff.id,
		"date": dayOf(r.start, r.company.zone).String(),
		"from": r.start.In(r.company.zone).Format("15:04"), "to": r.end().In(r.company.zone).Format("15:04"),
		"client": r.clientName(), "online": r.online, "api_id": r.apiID,
	})
}

// emitRecord tells the listeners and, as of a change made through the API, the
// webhooks of the company.
func (c *call) emitRecord(kind string, r *record) {
	c.Sandbox.emitRecord(kind, r)
	c.notify(r.company, "record", r.id, recordStatus[kind], c.backRecord(r))
}

// recordStatus is the status of a webhook for a kind of event.
var recordStatus = map[string]string{"record_created": created, "record_moved": updated, "record_deleted": deleted}

// tellOfClients sends the webhooks of the client cards that a call has made.
func (c *call) tellOfClients() {
	for _, n := range c.state.fresh {
		n.client.changed = c.now.Truncate(time.Second)
		c.notify(n.company, "client", n.client.id, created, c.told(n.company, n.client))
	}
	c.state.fresh = nil
}

// serveEvents streams events until the listener leaves or the sandbox closes.
func (s *Sandbox) serveEvents(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	ch := make(chan event, eventBuffer)
	s.mu.Lock()
	s.listeners[ch] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, ch)
		s.mu.Unlock()
	}()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	fmt.Fprint(w, ": sandbox\n\n")
	if rc.Flush() != nil {
		return
	}
	// A comment now and then finds out that the listener has gone.
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		case <-beat.C:
			fmt.Fprint(w, ": \n\n")
		case e := <-ch:
			data, err := json.Marshal(e.data)
			if err != nil {
				continue
			}
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.kind, data)
		}
		if rc.Flush() != nil {
			return
		}
	}
}
