package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	huma.ValidateStrictCasing = true  // "Phone" beside "phone" would be a doubled key
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return document(failure(status, msg, errs), "ru", "")
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		e := failure(status, msg, errs)
		req := requestFrom(ctx.Context())
		if req == nil {
			return document(e, "ru", "")
		}
		return req.explain(ctx.Context(), e)
	}
}

// explain makes the document of a failure, sets the headers that go with it, and notes it for the log.
func (req *request) explain(ctx context.Context, e *problem.Error) *Problem {
	req.code, req.cause = e.Code, e.Cause
	p := document(e, req.caller.Lang, "/log/"+req.instance)
	if p.Status >= http.StatusInternalServerError {
		req.offerSalon(ctx, p)
	}
	if p.RetryAfter > 0 {
		req.header.Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	if e.Code == problem.RefreshInvalid && req.cookie != "" {
		req.forgetCookie()
	}
	req.header.Set("Cache-Control", forOneOnly)
	req.header.Set("Content-Language", languageName(req.caller.Lang))
	req.header.Add("Vary", "Accept-Language")
	return p
}

// offerSalon adds the branch's phone and widget to a problem that has none: who cannot book here can call. The
// branch is asked from memory; a card that is not there at once is not waited for.
func (req *request) offerSalon(ctx context.Context, p *Problem) {
	if req.branch <= 0 || p.Phone != "" || p.WidgetURL != "" || req.g.catalogue == nil || p.Code == string(problem.Internal) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cardTime)
	defer cancel()
	b, err := req.g.catalogue.Branch(ctx, req.branch)
	if err != nil {
		return
	}
	if len(b.Phones) > 0 {
		p.Phone = b.Phones[0]
	}
	p.WidgetURL = b.WidgetURL
}

const cardTime = 150 * time.Millisecond

func languageName(lang string) string {
	if lang == "en" {
		return "en"
	}
	return "ru"
}

// fail answers a request that never came to huma.
func (g *Gateway) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := requestFrom(r.Context()).explain(r.Context(), tabled(err))
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = strictJSON.Marshal(w, p) // the caller may have gone; there is nobody else to tell
}

// tabled finds the row of the table. A budget that ran out is not an error of ours: the salon's system was too slow.
func tabled(err error) *problem.Error {
	if _, ok := errors.AsType[*problem.Error](err); !ok && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return problem.Because(problem.UpstreamUnavailable, err)
	}
	return problem.From(err)
}

// failure finds the row of the table for what huma reports.
func failure(status int, msg string, errs []error) *problem.Error {
	if status == http.StatusInternalServerError && len(errs) == 1 && msg == "unexpected error occurred" {
		return tabled(errs[0]) // what a handler of ours returned
	}
	e := problem.New(codeOf(status, msg))
	for i, err := range errs {
		d, ok := err.(huma.ErrorDetailer)
		if !ok || i >= maxFields {
			continue
		}
		// Never the value: it may be a phone or a code. For the same reason the cause is not kept for the log.
		detail := d.ErrorDetail()
		e.At(shown(detail.Location), bodyMessage(detail.Message))
	}
	return e
}

// maxFields is how many faults one answer lists.
const maxFields = 20

// bodyMessage replaces the words of the JSON decoder, which may quote the body.
func bodyMessage(text string) string {
	if safe, ok := strings.CutPrefix(text, strictPrefix); ok {
		return safe
	}
	if strings.HasPrefix(text, "json: ") || strings.Contains(text, "invalid character") || strings.HasPrefix(text, "unexpected end") {
		return "a value does not fit its type"
	}
	if strings.HasPrefix(text, huma.ErrUnknownContentType.Error()) {
		return "only application/json"
	}
	return shown(text)
}

func codeOf(status int, msg string) problem.Code {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge
	case status == http.StatusUnsupportedMediaType:
		return problem.UnsupportedMedia
	case status == http.StatusNotAcceptable:
		return problem.NotAcceptable
	case status == http.StatusBadRequest, status == http.StatusRequestTimeout, msg == "cannot read request body":
		return problem.MalformedJSON // also a body that broke off or never came
	case status >= 400 && status < 500:
		return problem.InvalidRequest
	}
	return problem.Internal
}
