package booking

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// keyLease is how long a request may hold its key before it has made a booking. It covers the checks before it.
const keyLease = time.Minute

// repeatPoll is how often a repeat looks whether the first request has come to its end.
const repeatPoll = 100 * time.Millisecond

// checkKey accepts 8 to 255 visible ASCII characters.
func checkKey(key string) error {
	if key == "" {
		return problem.New(problem.KeyMissing).At("header.Idempotency-Key", "send one with every booking, the same with its repeats")
	}
	if len(key) < 8 || len(key) > 255 {
		return problem.New(problem.KeyInvalid).At("header.Idempotency-Key", "8 to 255 characters")
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return problem.New(problem.KeyInvalid).At("header.Idempotency-Key", "visible ASCII characters only")
		}
	}
	return nil
}

// guestKey is how long a guest's key must be at least. Who sends it with the guest's phone gets the guest's booking and
// the secret to it, so that it must not be guessed; a person's key is guarded by the session.
const guestKey = 16

func checkGuestKey(key string) error {
	if len(key) < guestKey {
		return problem.New(problem.KeyInvalid).At("header.Idempotency-Key", "16 characters or more without a session; a UUID is good")
	}
	return nil
}

// answered is the answer to a create as it is kept for its repeats.
type answered struct {
	Status  int            `json:"status"`
	Booking *salon.Booking `json:"booking,omitempty"`
	Refusal *refusal       `json:"refusal,omitempty"`
}

// refusal is the part of a failure that a customer gets.
type refusal struct {
	Code         problem.Code    `json:"code"`
	Detail       string          `json:"detail,omitempty"`
	Fields       []problem.Field `json:"fields,omitempty"`
	Phone        string          `json:"phone,omitempty"`
	WidgetURL    string          `json:"widget_url,omitempty"`
	Alternatives *salon.Slots    `json:"alternatives,omitempty"`
}

func refusalOf(e *problem.Error) *refusal {
	r := &refusal{Code: e.Code, Detail: e.Detail, Fields: e.Fields}
	r.Phone, _ = e.With["phone"].(string)
	r.WidgetURL, _ = e.With["widget_url"].(string)
	if slots, ok := e.With["alternatives"].(salon.Slots); ok {
		r.Alternatives = &slots
	}
	return r
}

func (r *refusal) problem() *problem.Error {
	e := &problem.Error{Code: r.Code, Detail: r.Detail, Fields: r.Fields}
	if r.Phone != "" {
		e.Adding("phone", r.Phone)
	}
	if r.WidgetURL != "" {
		e.Adding("widget_url", r.WidgetURL)
	}
	if r.Alternatives != nil {
		e.Adding("alternatives", *r.Alternatives)
	}
	return e
}

func (a answered) give() (salon.Answer, error) {
	if a.Refusal != nil {
		return salon.Answer{}, a.Refusal.problem()
	}
	if a.Booking == nil {
		return salon.Answer{}, problem.New(problem.Internal).Detailf("a stored answer holds nothing")
	}
	return salon.Answer{Status: a.Status, Booking: *a.Booking}, nil
}

// repeat answers a request whose key is known: what was answered before, the present state of what it made, or
// once the first request has ended. done is false when the key turned out to be free again.
func (s *Service) repeat(ctx context.Context, found store.Idempotent, owner, key string) (answer salon.Answer, done bool, err error) {
	deadline := time.Now().Add(s.pace.wait)
	for {
		switch found.State {
		case store.IdempotencyMismatch:
			return answer, true, problem.New(problem.KeyReused)
		case store.IdempotencyDone:
			answer, err = readAnswer(found.Response)
			return answer, true, err
		case store.IdempotencyRunning:
			if found.BookingID != "" {
				answer, settled, err := s.present(ctx, found)
				if settled || err != nil {
					return answer, true, err
				}
			}
		}
		if time.Now().After(deadline) {
			return answer, true, problem.New(problem.KeyRunning).After(time.Second)
		}
		if !pause(ctx, repeatPoll) {
			return answer, true, problem.Because(problem.KeyRunning, ctx.Err()).After(time.Second)
		}
		found, err = s.store.Idempotent(ctx, owner, key)
		if errors.Is(err, store.ErrNotFound) {
			return answer, false, nil // refused for its code, or before anything was made
		}
		if err != nil {
			return answer, true, stored(err)
		}
	}
}

func readAnswer(response []byte) (salon.Answer, error) {
	var a answered
	if err := json.Unmarshal(response, &a); err != nil {
		return salon.Answer{}, problem.Because(problem.Internal, err)
	}
	return a.give()
}

// present is the state of a booking that a key is bound to, when there is something to tell: its outcome, or that it
// is unknown. While the first request is still sending, there is not.
func (s *Service) present(ctx context.Context, found store.Idempotent) (salon.Answer, bool, error) {
	it, err := s.store.Intent(ctx, found.IntentID)
	if err != nil {
		return salon.Answer{}, true, stored(err)
	}
	if it.State == store.Ready || it.State == store.Sent {
		return salon.Answer{}, false, nil
	}
	answer, err := s.answer(ctx, it, secret.Text(string(found.Ref.Keep)), nil)
	if it.State.Settled() {
		return s.finish(ctx, found.Ref, answer, err)
	}
	return answer, true, err
}

// finish keeps an answer for all repeats of its key; who comes second gives what the first kept.
func (s *Service) finish(ctx context.Context, ref store.IdempotencyRef, answer salon.Answer, failure error) (salon.Answer, bool, error) {
	kept := answered{Status: answer.Status}
	if failure != nil {
		e := problem.From(failure)
		if frees(e.Code) {
			return answer, true, failure // the key is free again
		}
		kept.Status, kept.Refusal = e.Meaning().Status, refusalOf(e)
	} else {
		kept.Booking = &answer.Booking
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return salon.Answer{}, true, problem.Because(problem.Internal, err)
	}
	err = s.store.FinishIdempotent(ctx, ref, kept.Status, b)
	if errors.Is(err, store.ErrConflict) {
		if found, readErr := s.store.Idempotent(ctx, ref.OwnerKey, ref.Key); readErr == nil && found.State == store.IdempotencyDone {
			answer, err = readAnswer(found.Response)
			return answer, true, err
		}
	}
	if err != nil && !errors.Is(err, store.ErrConflict) {
		// The booking itself is written down; a repeat will compute the same answer from it.
		s.log.WarnContext(ctx, "an answer was not kept for its repeats", "error", err)
	}
	return answer, true, failure
}

// frees tells the refusals after which the same key may try again: for a code, which is not compared, and where it
// is certain that nothing was made and the fault is not the wish's.
func frees(code problem.Code) bool {
	switch code {
	case problem.CodeRequired, problem.CodeWrong:
		return true
	}
	return problem.Of(code).Status >= http.StatusInternalServerError
}
