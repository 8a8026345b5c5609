package gateway

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// Problem is the RFC 9457 document of a failure.
type Problem struct {
	Type         string          `json:"type" doc:"Stable address of the explanation: /docs/problems#{code}." example:"/docs/problems#slot_taken"`
	Title        string          `json:"title" doc:"What it is, for a developer."`
	Status       int             `json:"status"`
	Code         string          `json:"code" doc:"Stable name: switch on this." example:"slot_taken"`
	Message      string          `json:"message" doc:"What to show the customer, in the language of Accept-Language."`
	Fix          string          `json:"fix" doc:"What to do, for the developer or operator."`
	Detail       string          `json:"detail,omitempty" doc:"More about this occurrence."`
	Instance     string          `json:"instance" doc:"Finds this occurrence in the server's log."`
	MayRetry     bool            `json:"may_retry" doc:"The same request can succeed later."`
	RetryAfter   int64           `json:"retry_after_s,omitempty" doc:"When to come back, seconds; also the Retry-After header."`
	Errors       []problem.Field `json:"errors,omitempty" doc:"Which parts of the request are meant."`
	Phone        string          `json:"phone,omitempty" doc:"The salon's phone, when we cannot serve."`
	WidgetURL    string          `json:"widget_url,omitempty" doc:"The salon's web widget, when we cannot serve."`
	Alternatives *salon.Slots    `json:"alternatives,omitempty" doc:"Fresh starts of the same day, when the chosen one was taken."`
}

// Error and GetStatus make a Problem what huma calls a status error.
func (p *Problem) Error() string { return p.Code }

// GetStatus is the HTTP status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType names the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// document words a failure in a language.
func document(e *problem.Error, lang, instance string) *Problem {
	m := e.Meaning()
	p := &Problem{
		Type: "/docs/problems#" + string(m.Code), Title: m.Title.In(lang), Status: m.Status, Code: string(m.Code),
		Message: m.Message.In(lang), Fix: m.Fix.In(lang), Detail: e.Detail, Instance: instance,
		MayRetry: m.MayRetry, Errors: e.Fields,
	}
	if e.RetryAfter > 0 {
		p.RetryAfter = max(1, int64(e.RetryAfter.Seconds()+0.999))
	}
	p.add(e.With)
	return p
}

// add sets the members that the rooms below attached by name; others than these are not for customers.
func (p *Problem) add(with map[string]any) {
	p.Phone, _ = with["phone"].(string)
	p.WidgetURL, _ = with["widget_url"].(string)
	if slots, ok := with["alternatives"].(salon.Slots); ok {
		p.Alternatives = &slots
	}
}

// Huma makes its own failures (validation, media types, body size) through these two hooks; both give our
// document, so that every failure of the API has one form. They are the library's package variables: set once, here.
func init() {
	huma.DefaultArrayNullable = false // a list of ours is never null
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return document(failure(status, msg, errs), "ru", "")
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return document(failure(status, msg, errs), callerFrom(ctx.Context()).Lang, instanceFrom(ctx.Context()))
	}
}

// failure finds the row of the table for what huma reports.
func failure(status int, msg string, errs []error) *problem.Error {
	if e, ok := errors.AsType[*problem.Error](errors.Join(errs...)); ok {
		return e
	}
	e := problem.Because(codeOf(status, msg), errors.Join(errs...))
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			// Never the value: it may be a phone or a code.
			e.At(d.ErrorDetail().Location, d.ErrorDetail().Message)
		}
	}
	return e
}

func codeOf(status int, msg string) problem.Code {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge
	case status == http.StatusUnsupportedMediaType:
		return problem.UnsupportedMedia
	case status == http.StatusNotAcceptable:
		return problem.NotAcceptable
	case status == http.StatusBadRequest, msg == "unable to read body":
		return problem.MalformedJSON
	case status >= 400 && status < 500:
		return problem.InvalidRequest
	}
	return problem.Internal
}
