package verdict

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"zapis/internal/problem"
	"zapis/internal/upstream"
	"zapis/yclients"
)

func TestOf(t *testing.T) {
	call := func(kind yclients.Kind, more ...func(*yclients.Error)) error {
		e := &yclients.Error{Operation: "createBooking", Kind: kind}
		for _, f := range more {
			f(e)
		}
		return e
	}
	code := func(n int) func(*yclients.Error) { return func(e *yclients.Error) { e.Code = n } }
	missing := func(c yclients.Credential) func(*yclients.Error) {
		return func(e *yclients.Error) { e.Missing = c }
	}
	tests := []struct {
		name string
		err  error
		want problem.Code
	}{
		{"431", call(yclients.KindInvalid, code(431)), problem.PhoneInvalid},
		{"432", call(yclients.KindWrongCode, code(432)), problem.CodeWrong},
		{"433", call(yclients.KindSlotTaken, code(433)), problem.SlotTaken},
		{"434", call(yclients.KindBlacklisted, code(434)), problem.ClientBlocked},
		{"435", call(yclients.KindInvalid, code(435)), problem.NameRequired},
		{"436", call(yclients.KindSlotTaken, code(436)), problem.NoStaffFree},
		{"437", call(yclients.KindInvalid, code(437)), problem.SlotsOverlap},
		{"438", call(yclients.KindInvalid, code(438)), problem.ServicesUnavailable},
		{"taken without a code", call(yclients.KindSlotTaken), problem.SlotTaken},
		{"wrong code without a code", call(yclients.KindWrongCode), problem.CodeWrong},
		{"blocked without a code", call(yclients.KindBlacklisted), problem.ClientBlocked},
		{"refused for its content", call(yclients.KindInvalid), problem.BookingRefused},
		{"phone by field", call(yclients.KindInvalid, func(e *yclients.Error) {
			e.FieldErrors = map[string][]string{"phone": {"bad"}}
		}), problem.PhoneInvalid},
		{"read refused for its content", call(yclients.KindInvalid, func(e *yclients.Error) { e.Operation = "listBookTimes" }), problem.UpstreamMalformed},
		{"staff and service do not match", call(yclients.KindNotFound, func(e *yclients.Error) {
			e.HTTPStatus, e.Message = 404, "Сотрудник недоступен для записи на выбранную услугу"
		}), problem.StaffService},
		{"not found", call(yclients.KindNotFound), problem.UpstreamCompany},
		{"limited", call(yclients.KindRateLimited), problem.UpstreamLimited},
		{"key", call(yclients.KindUnauthenticated, missing(yclients.CredentialPartner)), problem.UpstreamKey},
		{"header", call(yclients.KindUnauthenticated, missing(yclients.CredentialHeader)), problem.UpstreamKey},
		{"token", call(yclients.KindUnauthenticated, missing(yclients.CredentialUser)), problem.UpstreamToken},
		{"some credential", call(yclients.KindUnauthenticated), problem.UpstreamToken},
		{"login", call(yclients.KindUnauthenticated, missing(yclients.CredentialLogin)), problem.UpstreamLogin},
		{"rights", call(yclients.KindForbidden), problem.UpstreamForbidden},
		{"licence", call(yclients.KindLicense), problem.UpstreamForbidden},
		{"second factor", call(yclients.KindSecondFactor), problem.SecondFactor},
		{"malformed", call(yclients.KindMalformed), problem.UpstreamMalformed},
		{"unexpected", call(yclients.KindUnexpected), problem.UpstreamMalformed},
		{"unavailable", call(yclients.KindUnavailable), problem.UpstreamUnavailable},
		{"lost", call(yclients.KindOutcomeUnknown), problem.UpstreamUnavailable},
		{"not sent", call(yclients.KindNotSent), problem.UpstreamUnavailable},
		{"queue full", call(yclients.KindNotSent, func(e *yclients.Error) { e.Err = &upstream.Busy{RetryAfter: time.Second} }), problem.UpstreamBusy},
		{"paused", call(yclients.KindNotSent, func(e *yclients.Error) { e.Err = &upstream.Busy{Paused: true} }), problem.UpstreamLimited},
		{"breaker", call(yclients.KindNotSent, func(e *yclients.Error) { e.Err = &upstream.Unavailable{} }), problem.UpstreamUnavailable},
		{"deadline", context.DeadlineExceeded, problem.UpstreamUnavailable},
		{"cancelled", context.Canceled, problem.UpstreamUnavailable},
		{"of the table", fmt.Errorf("x: %w", problem.New(problem.ReadOnly)), problem.ReadOnly},
		{"something else", errors.New("boom"), problem.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Of(tt.err)
			if got.Code != tt.want {
				t.Errorf("Of(%v) = %q, want %q", tt.err, got.Code, tt.want)
			}
			if tt.want != problem.ReadOnly && !errors.Is(got, tt.err) {
				t.Errorf("Of(%v) lost its cause", tt.err)
			}
		})
	}
	if got := Of(nil); got != nil {
		t.Errorf("Of(nil) = %v, want nil", got)
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	busy := &yclients.Error{Kind: yclients.KindNotSent, Err: &upstream.Busy{RetryAfter: 3 * time.Second}}
	if got := Of(busy).RetryAfter; got != 3*time.Second {
		t.Errorf("RetryAfter of a full queue = %s, want 3s", got)
	}
	limited := &yclients.Error{Kind: yclients.KindRateLimited, RetryAfter: time.Minute}
	if got := Of(limited).RetryAfter; got != time.Minute {
		t.Errorf("RetryAfter of a refusal = %s, want 1m", got)
	}
}

// Every kind of failure of a write is exactly one of: never sent, refused, unknown. A new kind of the SDK that
// nobody thought of is unknown, which is the safe side.
func TestEveryFailureOfAWriteHasOneOutcome(t *testing.T) {
	want := map[yclients.Kind]string{
		yclients.KindNotSent: "not sent", yclients.KindOutcomeUnknown: "unknown", yclients.KindUnavailable: "unknown",
		yclients.KindMalformed: "unknown", yclients.KindUnexpected: "unknown",
	}
	for kind := range yclients.Kind(64) {
		outcome := want[kind]
		if outcome == "" && kind <= yclients.KindBlacklisted {
			outcome = "refused"
		} else if outcome == "" {
			outcome = "unknown"
		}
		if kind > yclients.KindBlacklisted {
			continue // errors.Is of the SDK is not defined for kinds that do not exist
		}
		err := error(&yclients.Error{Operation: "createBooking", Kind: kind})
		got := map[bool]string{true: "not sent"}[NotSent(err)] + map[bool]string{true: "refused"}[Refused(err)] + map[bool]string{true: "unknown"}[Unknown(err)]
		if got != outcome {
			t.Errorf("%v is %q, want %q", kind, got, outcome)
		}
	}
	if !Unknown(context.DeadlineExceeded) || !Unknown(errors.New("?")) || Unknown(nil) {
		t.Error("an error that proves nothing must be unknown, and none must not")
	}
}
