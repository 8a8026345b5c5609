package contract

import (
	_ "embed"
	"encoding/json"
	"sync"
)

//go:embed errors.json
var errorsJSON []byte

//go:embed models.json
var modelsJSON []byte

//go:embed webhooks.json
var webhooksJSON []byte

// ErrorFacts is what is known about failures.
type ErrorFacts struct {
	BookingCodes  []Code                       `json:"booking_codes"` // 431..438, in the body
	OperatorCodes []Code                       `json:"operator_codes"`
	Statuses      []StatusFact                 `json:"http_statuses"`
	BodyShapes    map[string]BodyShape         `json:"body_shapes"`
	RateLimit     map[string]string            `json:"rate_limit"`
	Messages      []Message                    `json:"messages_seen"`
	PerOperation  map[string][]OperationStatus `json:"per_operation"`
}

// Code is a failure code of a body.
type Code struct {
	Code       int      `json:"code"`
	HTTPStatus int      `json:"http_status"`
	Name       string   `json:"name"`
	Meaning    string   `json:"meaning"`
	Extra      string   `json:"extra"`
	Operations []string `json:"operations"`
}

// StatusFact is a documented HTTP status and where it occurs.
type StatusFact struct {
	Status     int      `json:"status"`
	Meaning    string   `json:"meaning"`
	Operations []string `json:"operations"`
}

// BodyShape is a kind of failure body with the spellings seen.
type BodyShape struct {
	Description string `json:"description"`
	Variants    []struct {
		Body   json.RawMessage `json:"body"`
		SeenIn string          `json:"seen_in"`
	} `json:"variants"`
}

// Message is a text of meta.message seen in samples.
type Message struct {
	Status     int      `json:"status"`
	Message    string   `json:"message"`
	Operations []string `json:"operations"`
}

// OperationStatus is a documented failure of one operation.
type OperationStatus struct {
	Status    int    `json:"status"` // 0: any, see Codes
	Meaning   string `json:"meaning"`
	BodyShape string `json:"body_shape"`
	Codes     []int  `json:"codes"`
}

// Errors returns the known failures. The value is shared; do not change it.
func Errors() *ErrorFacts { return loadErrors() }

var loadErrors = sync.OnceValue(func() *ErrorFacts {
	var f ErrorFacts
	mustParse("errors.json", errorsJSON, &f)
	return &f
})

// ModelFacts are the field tables and value lists of the documentation.
type ModelFacts struct {
	Objects []Model `json:"objects"`
	Enums   []Enum  `json:"enums"`
}

// Model is one field table.
type Model struct {
	Name        string  `json:"name"`
	Tag         string  `json:"tag"`
	OperationID string  `json:"operation_id"`
	Fields      []Field `json:"fields"`
}

// Enum is a list of values with their meanings.
type Enum struct {
	Name   string            `json:"name"`
	Source string            `json:"source"`
	Values map[string]string `json:"values"`
}

// Models returns the documented models. The value is shared; do not change it.
func Models() *ModelFacts { return loadModels() }

var loadModels = sync.OnceValue(func() *ModelFacts {
	var f ModelFacts
	mustParse("models.json", modelsJSON, &f)
	return &f
})

// WebhookFacts is what is known about requests that YCLIENTS sends.
type WebhookFacts struct {
	Documented    []Webhook                  `json:"documented"`
	NotDocumented []string                   `json:"not_documented"`
	Outside       map[string]json.RawMessage `json:"outside_docs"`
}

// Webhook is one request that YCLIENTS sends.
type Webhook struct {
	ID           string            `json:"id"`
	OperationID  string            `json:"operation_id"`
	Trigger      string            `json:"trigger"`
	Method       string            `json:"method"`
	Target       string            `json:"target"`
	Fields       []Field           `json:"fields"`
	Examples     []json.RawMessage `json:"examples"`
	Authenticity string            `json:"authenticity"`
	Delivery     string            `json:"delivery"`
}

// Webhooks returns the known webhooks. The value is shared; do not change it.
func Webhooks() *WebhookFacts { return loadWebhooks() }

var loadWebhooks = sync.OnceValue(func() *WebhookFacts {
	var f WebhookFacts
	mustParse("webhooks.json", webhooksJSON, &f)
	return &f
})
