package yclients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// WebhookOptions say what a [NewWebhookHandler] takes and who gets it.
type WebhookOptions struct {
	// Secrets are what a registered address ends with, as in
	// https://example.com/hooks/SECRET or https://example.com/hooks?secret=SECRET.
	// Entity events carry no signature, so this is all that tells YCLIENTS
	// from anybody: at least 16 characters, 32 random ones are good. Several
	// are accepted at once, so that one can be replaced by the next.
	Secrets []Secret
	// PartnerToken proves marketplace events and the requests to operators.
	PartnerToken Token

	// The callbacks get each request before it is answered: put it away where
	// a crash does not lose it, and return. Whatever takes time, such as
	// reading the entity back, belongs after that. ctx ends with the request
	// or after Timeout. An error answers 503, and YCLIENTS sends the request
	// again, or does not. What has no callback is answered 404.
	OnEvent       func(ctx context.Context, e *WebhookEvent) error
	OnMarketplace func(ctx context.Context, e *MarketplaceEvent) error
	OnOperatorSMS func(ctx context.Context, sms *OperatorSMS) ([]OperatorSMSReply, error)
	OnFiscal      func(ctx context.Context, doc *FiscalDocument) (*FiscalReply, error)

	// MaxBody is the longest body in bytes; 1 MB when 0.
	MaxBody int64
	// Timeout is for reading the body and for a callback each; 5 s when 0.
	// YCLIENTS gives up after 10.
	Timeout time.Duration
	// Logger gets a line for each refused request, without its content; none
	// when nil.
	Logger *slog.Logger
}

const (
	minSecret         = 16
	defaultHookBody   = 1 << 20
	defaultHookBudget = 5 * time.Second
)

type webhookHandler struct{ WebhookOptions }

// NewWebhookHandler returns a handler for the addresses that YCLIENTS posts to:
// entity events of companies, lifecycle events of an application, and the
// requests to SMS operators and fiscalization partners.
//
// It answers 404 to a wrong secret, as if there were no such address, 405 to
// another method than POST, 413 to a body that is too long, 415 to another
// type than JSON, 400 to what it cannot read, 401 to a wrong partner token,
// 503 when a callback fails, and 204 or the callback's reply otherwise.
func NewWebhookHandler(o WebhookOptions) (http.Handler, error) {
	if o.OnEvent != nil && len(o.Secrets) == 0 {
		return nil, errors.New("yclients: entity events carry no signature: set WebhookOptions.Secrets, or anybody could send them")
	}
	for _, s := range o.Secrets {
		if len(s) < minSecret {
			return nil, fmt.Errorf("yclients: a secret of a webhook address has at least %d characters", minSecret)
		}
	}
	if o.PartnerToken == "" && (o.OnMarketplace != nil || o.OnOperatorSMS != nil || o.OnFiscal != nil) {
		return nil, errors.New("yclients: only the partner token proves these requests: set WebhookOptions.PartnerToken")
	}
	if o.OnEvent == nil && o.OnMarketplace == nil && o.OnOperatorSMS == nil && o.OnFiscal == nil {
		return nil, errors.New("yclients: a webhook handler without a callback does nothing")
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultHookBody
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultHookBudget
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &webhookHandler{o}, nil
}

// refusal is an answer that is not a success.
type refusal struct {
	status int
	why    string
	err    error
}

// ServeHTTP answers one request.
func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, no := h.take(w, r)
	switch {
	case no != nil:
		level := slog.LevelWarn
		if no.status == http.StatusServiceUnavailable {
			level = slog.LevelError
		}
		h.Logger.Log(r.Context(), level, "yclients: webhook refused", "status", no.status, "why", no.why, "error", no.err)
		w.Header().Set("Cache-Control", "no-store")
		if no.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		w.WriteHeader(no.status)
	case reply != nil:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// take checks a request from the outside in and hands it over.
func (h *webhookHandler) take(w http.ResponseWriter, r *http.Request) (reply []byte, no *refusal) {
	if len(h.Secrets) > 0 && !h.knows(r) {
		return nil, &refusal{status: http.StatusNotFound, why: "wrong secret in the address"}
	}
	if r.Method != http.MethodPost {
		return nil, &refusal{status: http.StatusMethodNotAllowed, why: "method"}
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, why: "content type"}
	}
	// A writer that knows no deadlines, as in tests, has the server's.
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(h.Timeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	// Were it left, its passing would look as if the sender had gone.
	_ = conn.SetReadDeadline(time.Time{})
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, why: "body too long"}
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, why: "body broke off", err: err}
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	answer, err := h.dispatch(ctx, r.Header.Get("Authorization"), body)
	if err != nil {
		return nil, refuse(err)
	}
	if answer == nil {
		return nil, nil
	}
	if reply, err = json.Marshal(answer); err != nil {
		return nil, &refusal{status: http.StatusServiceUnavailable, why: "the reply cannot be written", err: err}
	}
	return reply, nil
}

var errNobodyListens = errors.New("no callback for this kind of request")

func refuse(err error) *refusal {
	switch {
	case errors.Is(err, ErrWebhookMalformed), errors.Is(err, errNotObject):
		return &refusal{http.StatusBadRequest, "malformed", err}
	case errors.Is(err, ErrWebhookForged):
		return &refusal{http.StatusUnauthorized, "unknown origin", err}
	case errors.Is(err, errNobodyListens):
		return &refusal{http.StatusNotFound, err.Error(), nil}
	}
	return &refusal{http.StatusServiceUnavailable, "the callback failed", err}
}

// knows reports whether the address carries one of the secrets. All of them are
// compared whatever the first ones say.
func (h *webhookHandler) knows(r *http.Request) bool {
	given := Token(r.URL.Query().Get("secret"))
	if given == "" {
		given = Token(path.Base(r.URL.Path))
	}
	known := false
	for _, s := range h.Secrets {
		known = s.equal(given) || known
	}
	return known
}

// isJSON takes a missing type for JSON: not everything on the way keeps it.
func isJSON(header string) bool {
	if header == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(header)
	return err == nil && (strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json") || kind == "text/plain")
}

// dispatch tells the kinds of requests by the members that only they have.
func (h *webhookHandler) dispatch(ctx context.Context, authorization string, body []byte) (answer any, err error) {
	object, _, err := webhookObject(body)
	if err != nil {
		return nil, err
	}
	switch {
	case find(object, "partner_token") != nil:
		return nil, hand(ctx, h.OnMarketplace, func() (*MarketplaceEvent, error) { return ParseMarketplaceEvent(body, h.PartnerToken) })
	case find(object, "destination_params") != nil:
		return ask(ctx, h.OnOperatorSMS, authorization, h.PartnerToken, body, ParseOperatorSMS)
	case find(object, "document_id") != nil:
		return ask(ctx, h.OnFiscal, authorization, h.PartnerToken, body, ParseFiscalDocument)
	}
	return nil, hand(ctx, h.OnEvent, func() (*WebhookEvent, error) { return ParseWebhook(body) })
}

func hand[T any](ctx context.Context, callback func(context.Context, *T) error, parse func() (*T, error)) error {
	if callback == nil {
		return errNobodyListens
	}
	v, err := parse()
	if err != nil {
		return err
	}
	return callback(ctx, v)
}

// ask is hand for requests that prove themselves by a header and want a reply.
func ask[T, R any](ctx context.Context, callback func(context.Context, *T) (R, error), authorization string, partner Token,
	body []byte, parse func([]byte) (*T, error),
) (any, error) {
	if callback == nil {
		return nil, errNobodyListens
	}
	if err := CheckBearer(authorization, partner); err != nil {
		return nil, err
	}
	v, err := parse(body)
	if err != nil {
		return nil, err
	}
	return callback(ctx, v)
}
