package yclients

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
)

// Errors of requests that YCLIENTS sends. They never quote the request.
var (
	// ErrWebhookMalformed means that a body is not what YCLIENTS is known to send.
	ErrWebhookMalformed = errors.New("malformed webhook")
	// ErrWebhookForged means that a request does not prove that YCLIENTS sent it.
	ErrWebhookForged = errors.New("webhook of unknown origin")
)

// WebhookResource is what an entity event speaks of. The settings of a company
// call two of them by other names: salon arrives as company, master as staff.
type WebhookResource string

// Resources that are known. Goods and finance events can be switched on too;
// the names that they arrive under are not documented.
const (
	WebhookCompany         WebhookResource = "company"
	WebhookServiceCategory WebhookResource = "service_category"
	WebhookService         WebhookResource = "service"
	WebhookStaff           WebhookResource = "staff"
	WebhookClient          WebhookResource = "client"
	WebhookRecord          WebhookResource = "record"
	WebhookSchedule        WebhookResource = "schedule" // the id is the staff member's, the data is empty
	WebhookLoyaltyCard     WebhookResource = "loyalty_card"
)

// WebhookStatus is what happened to the resource.
type WebhookStatus string

// Statuses of an entity event.
const (
	WebhookCreated WebhookStatus = "create"
	WebhookUpdated WebhookStatus = "update"
	WebhookDeleted WebhookStatus = "delete"
)

// WebhookEvent is an entity event: something of a company was made, changed or
// deleted. YCLIENTS posts it to every address in the company's settings.
//
// It carries no signature, no id and no time. One edit may send up to four
// equal events (see [WebhookEvent.Key]), in any order, or none. Take it as a
// hint: read the entity back before acting on what the body says, and read
// what changed since the last look from time to time.
type WebhookEvent struct {
	CompanyID  int64
	Resource   WebhookResource
	ResourceID int64
	Status     WebhookStatus
	// Data is the entity in the spelling of the API, {} or [] when there is
	// none. See [WebhookEvent.Decode].
	Data json.RawMessage
	// Repaired: the body was not JSON. It held NaN, Infinity or control
	// characters, and was read with null and escapes in their place.
	Repaired bool

	raw  []byte // as received
	read []byte // repaired
}

// resourceName keeps what others may write out of logs and keys.
var resourceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// ParseWebhook reads the body of an entity event. It reads what YCLIENTS is
// known to send beyond JSON: NaN, NUL bytes, lone surrogates. Any other body
// is an error that wraps [ErrWebhookMalformed].
//
// It proves nothing about the sender; [NewWebhookHandler] does.
func ParseWebhook(body []byte) (*WebhookEvent, error) {
	object, repaired, err := webhookObject(body)
	if err != nil {
		return nil, err
	}
	e := &WebhookEvent{Repaired: repaired, raw: bytes.Clone(body), read: object, Data: json.RawMessage("{}")}
	known := true
	members(object, func(m member) {
		var ok bool
		switch m.key {
		case "company_id":
			e.CompanyID, ok = integer(m.value)
		case "resource":
			var s string
			s, ok = text(m.value)
			e.Resource = WebhookResource(s)
		case "resource_id":
			e.ResourceID, ok = integer(m.value)
		case "status":
			var s string
			s, ok = text(m.value)
			e.Status = WebhookStatus(s)
		case "data":
			if string(m.value) != "null" {
				e.Data = m.value
			}
			ok = true
		default:
			ok = true
		}
		known = known && ok
	})
	switch {
	case !known || e.CompanyID <= 0 || e.ResourceID < 0:
		return nil, fmt.Errorf("yclients: %w: an entity event has a company_id, a resource_id and texts beside them", ErrWebhookMalformed)
	case !resourceName.MatchString(string(e.Resource)):
		return nil, fmt.Errorf("yclients: %w: the resource is no name", ErrWebhookMalformed)
	case !slices.Contains([]WebhookStatus{WebhookCreated, WebhookUpdated, WebhookDeleted}, e.Status):
		return nil, fmt.Errorf("yclients: %w: the status is none of create, update, delete", ErrWebhookMalformed)
	}
	return e, nil
}

// Raw returns a copy of the body as received.
func (e *WebhookEvent) Raw() []byte { return bytes.Clone(e.raw) }

// Key recognises repeats: two events with one key tell the same change. It is
// company:resource:id:status:last_change_date, with a hash of the body, however
// its members are ordered, where the data has no such date. It contains
// nothing personal.
//
// The date has a resolution of a second. Note a key before you read the entity
// back, and the second change of one second is seen by that reading or has a
// later date.
func (e *WebhookEvent) Key() string {
	prefix := fmt.Sprintf("%d:%s:%d:%s:", e.CompanyID, e.Resource, e.ResourceID, e.Status)
	if changed := e.ChangedAt(); !changed.IsZero() {
		return prefix + changed.Raw
	}
	sum := sha256.Sum256(canonical(nil, e.read))
	return prefix + "sha256-" + hex.EncodeToString(sum[:])
}

// ChangedAt returns the data's last_change_date, zero when there is none.
// Events arrive in any order: the later date is the newer state.
func (e *WebhookEvent) ChangedAt() Time {
	var t Time
	if value := find(e.Data, "last_change_date"); value != nil && !t.fit(value) {
		return Time{}
	}
	return t
}

// Gone reports whether the entity was deleted: the event says so, or its data.
func (e *WebhookEvent) Gone() bool {
	deleted, _ := boolean(orNull(find(e.Data, "deleted")))
	return deleted || e.Status == WebhookDeleted
}

// Decode reads the data into a type of this package, as leniently as an
// answer of the API:
//
//	var record yclients.Record
//	err := event.Decode(&record)
//
// A deletion may carry the whole entity, its id alone, or nothing.
func (e *WebhookEvent) Decode(into any) error {
	if err := json.Unmarshal(e.Data, into); err != nil {
		return fmt.Errorf("yclients: %w: the data of %s %s does not fit %T", ErrWebhookMalformed, e.Resource, e.Status, into)
	}
	return nil
}

// Record returns the record of an event about one.
func (e *WebhookEvent) Record() (*Record, error) { return entity[Record](e, WebhookRecord) }

// Client returns the client of an event about one.
func (e *WebhookEvent) Client() (*CompanyClient, error) {
	return entity[CompanyClient](e, WebhookClient)
}

// ServiceCategory returns the service category of an event about one.
func (e *WebhookEvent) ServiceCategory() (*ServiceCategory, error) {
	return entity[ServiceCategory](e, WebhookServiceCategory)
}

// Staff returns the staff member of an event about one.
func (e *WebhookEvent) Staff() (*StaffMember, error) { return entity[StaffMember](e, WebhookStaff) }

// Service returns the service of an event about one.
func (e *WebhookEvent) Service() (*Service, error) { return entity[Service](e, WebhookService) }

// Company returns the company of an event about one.
func (e *WebhookEvent) Company() (*Company, error) { return entity[Company](e, WebhookCompany) }

func entity[T any](e *WebhookEvent, want WebhookResource) (*T, error) {
	if e.Resource != want {
		return nil, fmt.Errorf("yclients: the event is about a %s, not a %s", e.Resource, want)
	}
	into := new(T)
	return into, e.Decode(into)
}

// Format prints what the event is about, never its data.
func (e WebhookEvent) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s of %s %d in company %d", e.Status, e.Resource, e.ResourceID, e.CompanyID)
}

// LogValue gives the facts to a log, without the data.
func (e WebhookEvent) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("company_id", e.CompanyID),
		slog.String("resource", string(e.Resource)),
		slog.Int64("resource_id", e.ResourceID),
		slog.String("status", string(e.Status)),
	)
}

// webhookObject returns the body as a JSON object that can be walked.
func webhookObject(body []byte) (object []byte, repaired bool, err error) {
	object, repaired = bytes.Clone(trim(body)), false
	if !json.Valid(object) {
		object, repaired = trim(repairJSON(body)), true
	}
	switch {
	case len(object) == 0:
		return nil, false, fmt.Errorf("yclients: %w: the body is empty", ErrWebhookMalformed)
	case !json.Valid(object):
		return nil, false, fmt.Errorf("yclients: %w: the body is not JSON", ErrWebhookMalformed)
	case object[0] != '{':
		return nil, false, fmt.Errorf("yclients: %w: the body is no JSON object", ErrWebhookMalformed)
	}
	return object, repaired, nil
}
