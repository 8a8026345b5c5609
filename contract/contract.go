// Package contract is the YCLIENTS REST API as data: its operations with
// parameters, bodies, answers and samples, its errors, models and webhooks.
//
// The facts come from the public documentation; nothing here is an official
// specification. Where the documentation contradicts itself or what was seen
// in production, overlay.json names both sides, the one we take and why. The
// operations returned by this package have the overlay applied, and [Overlay]
// tells what it changed.
//
// Everything is embedded and parsed on first use. Samples are the largest
// part of it and are parsed separately, when the first one is asked for.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed operations.json
var operationsJSON []byte

//go:embed samples.json
var samplesJSON []byte

//go:embed overlay.json
var overlayJSON []byte

// Directions of an operation.
const (
	ToYClients   = "to_yclients"   // a call that we make
	FromYClients = "from_yclients" // a request that YCLIENTS makes to a partner
)

// Operation is one documented call.
type Operation struct {
	ID         string `json:"id"`
	Tag        string `json:"tag"` // section of the documentation, a slug
	TagTitle   string `json:"tag_title"`
	TagTitleRU string `json:"-"`
	Title      string `json:"title"`
	TitleRU    string `json:"title_ru"`
	Method     string `json:"method"`
	Path       string `json:"path"`     // as documented, relative to BaseURL
	DocPath    string `json:"doc_path"` // as printed, where a query string stood inside it
	BaseURL    string `json:"base_url"` // empty for requests that YCLIENTS makes
	BaseNote   string `json:"base_url_note"`
	Direction  string `json:"direction"`
	Deprecated bool   `json:"deprecated"`

	// Auth is what the documentation asks for: "bearer" is the partner
	// token, "user" the user token.
	Auth       []string `json:"auth"`
	AuthSource string   `json:"auth_source"`

	Params    []Param    `json:"params"` // path, query and unusual header parameters
	Request   *Body      `json:"request"`
	Responses []Response `json:"responses"`
	Notes     []string   `json:"notes"`

	// The rest is effective: documented facts with the overlay applied.

	Paths    []string `json:"-"` // routes of the operation, the preferred one first
	Statuses []int    `json:"-"` // statuses that mean success, the usual one first
	Envelope Envelope `json:"-"`
	User     Need     `json:"-"` // whether a user token is sent
	Writes   bool     `json:"-"` // changes something; not to be repeated blindly
	Danger   Danger   `json:"-"` // why a person should think first
	SameAs   string   `json:"-"` // id of the operation that has the same address
	Added    bool     `json:"-"` // not in the current documentation
}

// Envelope tells how a success answer wraps its data.
type Envelope string

// The three habits of the API.
const (
	Enveloped Envelope = "enveloped" // {success, data, meta}
	Bare      Envelope = "bare"      // the data itself
	Either    Envelope = "either"    // documents and production differ
)

// Need is how much an operation wants something.
type Need string

// Needs for a user token.
const (
	Never    Need = "never"
	Optional Need = "optional"
	Required Need = "required"
)

// Param is a parameter outside the body.
type Param struct {
	In          string          `json:"in"` // path, query, header
	Name        string          `json:"name"`
	DocName     string          `json:"doc_name"` // spelling of the table when the path has another
	Required    bool            `json:"required"`
	Type        string          `json:"type"`
	Items       string          `json:"items"`
	Style       string          `json:"style"` // of arrays: brackets (a[]=1&a[]=2) or repeat (a=1&a=2)
	Format      string          `json:"format"`
	Enum        []any           `json:"enum"`
	ItemsEnum   []any           `json:"items_enum"`
	Max         *float64        `json:"max"`
	Default     json.RawMessage `json:"default"`
	Example     json.RawMessage `json:"example"`
	Value       string          `json:"value"`
	Source      string          `json:"source"`
	Description string          `json:"description"`
}

// Body is a request body.
type Body struct {
	ContentType  string          `json:"content_type"`
	Kind         string          `json:"body"`
	Fields       []Field         `json:"fields"`
	SchemaLost   json.RawMessage `json:"schema_lost"`
	VariantsLost json.RawMessage `json:"variants_lost"`
	AlwaysSent   []string        `json:"-"` // fields to be written even when empty

	operation string
}

// Response is one documented answer.
type Response struct {
	Status      int     `json:"status"`
	Kind        string  `json:"body"` // object, array, none, binary, not documented
	ContentType string  `json:"content_type"`
	Fields      []Field `json:"fields"`
	SampleLost  bool    `json:"sample_lost"` // the documentation had a sample that we do not

	operation string
}

// Field is one key of a body. A table of the documentation and its sample may
// disagree: Type is the table's word, ExampleType the sample's.
type Field struct {
	Name          string          `json:"name"`
	Type          string          `json:"type"` // may be several, "string|number"
	Items         string          `json:"items"`
	Required      *bool           `json:"required"` // nil: not known
	Format        string          `json:"format"`
	ItemsFormat   string          `json:"items_format"`
	Nullable      bool            `json:"nullable"`
	Enum          []any           `json:"enum"`
	ItemsEnum     []any           `json:"items_enum"`
	Default       json.RawMessage `json:"default"`
	Const         json.RawMessage `json:"const"`
	Min           *float64        `json:"min"`
	Max           *float64        `json:"max"`
	RangeOf       string          `json:"range_of"` // Min and Max speak of the items
	MinItems      *int            `json:"min_items_or_length"`
	Unique        bool            `json:"unique"`
	Shape         string          `json:"shape"` // error_message, validation_error, empty_object, count
	Schema        string          `json:"schema"`
	Ref           string          `json:"ref"`    // name of a model
	Source        string          `json:"source"` // prose, example; empty: the schema table
	ProseType     string          `json:"prose_type"`
	ProseRequired *bool           `json:"prose_required"`
	ExampleType   string          `json:"example_type"`
	ExampleItems  string          `json:"example_items"`
	Map           bool            `json:"map"`    // keys are data, Values describes them
	Values        *Field          `json:"values"` // when Map
	Fields        []Field         `json:"fields"` // of an object or of the items of an array
	Description   string          `json:"description"`
}

// Sample is a body printed in the documentation.
type Sample struct {
	JSON json.RawMessage `json:"json"`
	// Restored lists the paths where the site had turned a date into Unix
	// seconds or a phone into a number, and which are strings again here.
	Restored []string `json:"restored"`
	// Verified: an older edition confirms the restored values literally.
	Verified bool `json:"verified"`
}

// Sample returns the documented sample of the request body.
func (b *Body) Sample() (Sample, bool) { return sampleOf(b.operation, "request") }

// Sample returns the documented sample of the answer.
func (r *Response) Sample() (Sample, bool) {
	if r == nil {
		return Sample{}, false
	}
	return sampleOf(r.operation, fmt.Sprint(r.Status))
}

// Success returns the first documented answer with a status below 300.
func (o *Operation) Success() *Response {
	for i := range o.Responses {
		if o.Responses[i].Status < 300 {
			return &o.Responses[i]
		}
	}
	return nil
}

// Callable reports whether we can make this call and no other operation of
// the list is the same call.
func (o *Operation) Callable() bool { return o.Direction == ToYClients && o.SameAs == "" }

// Operations returns all operations: the documented ones in the order of the
// documentation, then the added ones. The slice is shared; do not change it.
func Operations() []Operation { return load().list }

// Lookup finds an operation by its id.
func Lookup(id string) (*Operation, bool) {
	op, ok := load().byID[id]
	return op, ok
}

type operations struct {
	list []Operation
	byID map[string]*Operation
}

var load = sync.OnceValue(func() operations {
	var list []Operation
	mustParse("operations.json", operationsJSON, &list)
	over := loadOverlay()
	for _, op := range over.Operations {
		op.Added = true
		list = append(list, op)
	}
	byID := make(map[string]*Operation, len(list))
	for i := range list {
		op := &list[i]
		op.derive()
		op.TagTitleRU = over.TagsRU[op.Tag]
		byID[op.ID] = op
	}
	over.mark(byID)
	for i := range over.Contradictions {
		c := &over.Contradictions[i]
		if c.Operation != "*" && c.Patch != nil {
			c.Patch.apply(byID[c.Operation])
		}
	}
	return operations{list, byID}
})

// derive fills the effective part from the documented one.
func (o *Operation) derive() {
	o.Paths = []string{o.Path}
	o.User = Never
	o.Writes = o.Method != "GET"
	for i := range o.Params {
		if p := &o.Params[i]; p.In == "query" && p.Type == "array" && p.Style == "" {
			p.Style = "brackets"
		}
	}
	for _, a := range o.Auth {
		if a == "user" {
			o.User = Required
		}
	}
	if o.Request != nil {
		o.Request.operation = o.ID
	}
	for i := range o.Responses {
		r := &o.Responses[i]
		r.operation = o.ID
		if r.Status < 300 {
			o.Statuses = append(o.Statuses, r.Status)
		}
	}
	o.Envelope = Bare
	if r := o.Success(); r != nil {
		for _, f := range r.Fields {
			if f.Name == "success" || f.Name == "meta" {
				o.Envelope = Enveloped
			}
		}
	}
}

var loadSamples = sync.OnceValue(func() map[string]map[string]Sample {
	samples := map[string]map[string]Sample{}
	mustParse("samples.json", samplesJSON, &samples)
	over := loadOverlay()
	for id, s := range over.Samples {
		samples[id] = s
	}
	for _, c := range over.Contradictions {
		if c.Patch != nil && c.Patch.RequestSample != nil {
			samples[c.Operation]["request"] = Sample{JSON: c.Patch.RequestSample}
		}
	}
	return samples
})

func sampleOf(operation, key string) (Sample, bool) {
	s, ok := loadSamples()[operation][key]
	return s, ok
}

// mustParse reads an embedded file. A file that does not parse is a mistake
// of this package, caught by its tests, so there is no error to return.
func mustParse(name string, data []byte, into any) {
	if err := json.Unmarshal(data, into); err != nil {
		panic(fmt.Sprintf("contract: %s: %v", name, err))
	}
}
