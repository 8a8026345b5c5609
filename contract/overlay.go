package contract

import (
	"encoding/json"
	"slices"
	"sync"
)

// Contradiction is one place where the documentation disagrees with itself or
// with what was seen, and the side that we take.
type Contradiction struct {
	Operation  string `json:"operation"` // "*" for all
	About      string `json:"about"`
	Documented string `json:"documented"`
	Other      string `json:"other"`
	Taken      string `json:"taken"`
	Why        string `json:"why"`

	Patch *Patch `json:"patch"`
}

// Patch is the part of a decision that a machine can apply.
type Patch struct {
	Paths            []string           `json:"paths"`
	Statuses         []int              `json:"statuses"`
	Envelope         Envelope           `json:"envelope"`
	UserToken        Need               `json:"user_token"`
	SameAs           string             `json:"same_as"`
	RequestFields    []Field            `json:"request_fields"` // replaces
	AddRequestFields []Field            `json:"add_request_fields"`
	RequestSample    json.RawMessage    `json:"request_sample"`
	RequestKind      string             `json:"request_kind"` // array: the body is a list of what is described
	Optional         []string           `json:"optional"`     // request fields that a caller may leave out
	AlwaysSent       []string           `json:"always_sent"`  // request fields written even when empty
	FieldTypes       map[string]string  `json:"field_types"`
	ParamTypes       map[string]string  `json:"param_types"`
	ParamFormats     map[string]string  `json:"param_formats"`
	ParamMax         map[string]float64 `json:"param_max"`
	AddParams        []Param            `json:"add_params"`
}

type overlay struct {
	Operations     []Operation                  `json:"operations"`
	Samples        map[string]map[string]Sample `json:"samples"`
	TagsRU         map[string]string            `json:"tags_ru"` // sections by their slug
	Reads          []string                     `json:"reads"`   // change nothing, whatever the method says
	Writes         []string                     `json:"writes"`  // change something although they are a GET
	Dangers        map[Danger][]string          `json:"dangers"`
	Contradictions []Contradiction              `json:"contradictions"`
}

// Danger is why a person should think before making a call. The empty one is
// none that is known.
type Danger string

// Dangers of operations.
const (
	Messages  Danger = "messages"  // sends SMS, mail or invitations to people, at somebody's cost
	Deletion  Danger = "deletion"  // removes what may not come back
	Money     Danger = "money"     // moves money, bonuses, memberships or stock
	Access    Danger = "access"    // changes rights, passwords or sign-in data
	Overwrite Danger = "overwrite" // replaces what others have set
)

// mark gives the operations what the overlay says of many at once.
func (o *overlay) mark(byID map[string]*Operation) {
	for _, id := range o.Reads {
		byID[id].Writes = false
	}
	for _, id := range o.Writes {
		byID[id].Writes = true
	}
	for danger, ids := range o.Dangers {
		for _, id := range ids {
			byID[id].Danger = danger
		}
	}
}

var loadOverlay = sync.OnceValue(func() overlay {
	var o overlay
	mustParse("overlay.json", overlayJSON, &o)
	return o
})

// Overlay returns every known contradiction with the side we take. The slice
// is shared; do not change it.
func Overlay() []Contradiction { return loadOverlay().Contradictions }

func (p *Patch) apply(op *Operation) {
	if p.Paths != nil {
		op.Paths = p.Paths
	}
	if p.Statuses != nil {
		op.Statuses = p.Statuses
	}
	if p.Envelope != "" {
		op.Envelope = p.Envelope
	}
	if p.UserToken != "" {
		op.User = p.UserToken
	}
	if p.SameAs != "" {
		op.SameAs = p.SameAs
	}
	for i := range op.Params {
		param := &op.Params[i]
		if t, ok := p.ParamTypes[param.Name]; ok {
			param.Type = t
		}
		if f, ok := p.ParamFormats[param.Name]; ok {
			param.Format = f
		}
		if most, ok := p.ParamMax[param.Name]; ok {
			param.Max = &most
		}
	}
	op.Params = append(op.Params, p.AddParams...)
	if op.Request != nil {
		p.applyBody(op.Request)
	}
}

func (p *Patch) applyBody(b *Body) {
	if p.RequestFields != nil {
		b.Fields = p.RequestFields
	}
	if p.RequestKind != "" {
		b.Kind = p.RequestKind
	}
	b.Fields = append(b.Fields, p.AddRequestFields...)
	b.AlwaysSent = append(b.AlwaysSent, p.AlwaysSent...)
	for i := range b.Fields {
		f := &b.Fields[i]
		if slices.Contains(p.Optional, f.Name) {
			f.Required = new(bool)
		}
		if t, ok := p.FieldTypes[f.Name]; ok {
			f.Type = t
		}
	}
}
