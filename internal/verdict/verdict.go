// Package verdict says what a failed call to YCLIENTS means in the words of the table of failures. It is the one
// place where the two vocabularies meet: mirror, booking and session ask it, and none of them reads the texts or
// status codes of YCLIENTS itself.
package verdict

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"zapis/internal/problem"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// bookingCodes are the codes that YCLIENTS puts into the body of a refused booking.
var bookingCodes = map[int]problem.Code{
	431: problem.PhoneInvalid,
	432: problem.CodeWrong,
	433: problem.SlotTaken,
	434: problem.ClientBlocked,
	435: problem.NameRequired,
	436: problem.NoStaffFree,
	437: problem.SlotsOverlap,
	438: problem.ServicesUnavailable,
}

// Of gives the failure of the table behind an error of the SDK or of the road to YCLIENTS, nil for nil. The error
// stays inside as the cause, for the log. An error of the table passes through unchanged; what is none of these is
// internal.
//
// A write whose answer was lost reads as upstream_unavailable: whoever makes writes asks Unknown first.
func Of(err error) *problem.Error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*problem.Error](err); ok {
		return known
	}
	if busy, ok := errors.AsType[*upstream.Busy](err); ok {
		code := problem.UpstreamBusy
		if busy.Paused {
			code = problem.UpstreamLimited
		}
		return problem.Because(code, err).After(busy.RetryAfter)
	}
	if dead, ok := errors.AsType[*upstream.TokenDead](err); ok {
		if dead.Token == upstream.KeyToken {
			return problem.Because(problem.UpstreamKey, err)
		}
		return problem.Because(problem.UpstreamToken, err)
	}
	if closed, ok := errors.AsType[*upstream.Unavailable](err); ok {
		return problem.Because(problem.UpstreamUnavailable, err).After(closed.RetryAfter)
	}
	if failed, ok := errors.AsType[*yclients.Error](err); ok {
		return problem.Because(codeOf(failed), err).After(failed.RetryAfter)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return problem.Because(problem.UpstreamUnavailable, err)
	}
	return problem.Because(problem.Internal, err)
}

// Unknown reports that a write may or may not have been applied: the call was, or may have been, on the wire, and
// no answer says what became of it. Such a write is looked up and never repeated before. Everything that is not
// provably a refusal, or provably was never sent, is unknown.
func Unknown(err error) bool {
	return err != nil && !NotSent(err) && !Refused(err)
}

// NotSent reports that not one byte of the request left, so that even a write may be made again.
func NotSent(err error) bool { return errors.Is(err, yclients.ErrNotSent) }

// Refused reports that YCLIENTS took the write and said no: it is certain that nothing was changed.
func Refused(err error) bool {
	failed, ok := errors.AsType[*yclients.Error](err)
	if !ok {
		return false
	}
	switch failed.Kind {
	case yclients.KindUnauthenticated, yclients.KindForbidden, yclients.KindLicense, yclients.KindSecondFactor,
		yclients.KindNotFound, yclients.KindInvalid, yclients.KindSlotTaken, yclients.KindWrongCode,
		yclients.KindBlacklisted, yclients.KindRateLimited, yclients.KindRateLimitedInside:
		return true
	case yclients.KindNotSent, yclients.KindOutcomeUnknown, yclients.KindUnavailable, yclients.KindMalformed,
		yclients.KindUnexpected:
		// A 4xx that means nothing known is still a refusal; anything else is not.
		return failed.SafeToRepeat && failed.HTTPStatus >= 400 && failed.HTTPStatus < 500
	}
	return false
}

func codeOf(e *yclients.Error) problem.Code {
	if code, ok := bookingCodes[e.Code]; ok {
		return code
	}
	switch e.Kind {
	case yclients.KindSlotTaken:
		return problem.SlotTaken
	case yclients.KindWrongCode:
		return problem.CodeWrong
	case yclients.KindBlacklisted:
		return problem.ClientBlocked
	case yclients.KindRateLimited, yclients.KindRateLimitedInside:
		return problem.UpstreamLimited
	case yclients.KindUnauthenticated:
		return credential(e.Missing)
	case yclients.KindForbidden, yclients.KindLicense:
		return problem.UpstreamForbidden
	case yclients.KindSecondFactor:
		return problem.SecondFactor
	case yclients.KindNotFound:
		return notFound(e)
	case yclients.KindInvalid:
		return invalid(e)
	case yclients.KindMalformed, yclients.KindUnexpected:
		return problem.UpstreamMalformed
	case yclients.KindNotSent, yclients.KindOutcomeUnknown, yclients.KindUnavailable:
	}
	return problem.UpstreamUnavailable
}

func credential(missing yclients.Credential) problem.Code {
	switch missing {
	case yclients.CredentialPartner, yclients.CredentialHeader:
		return problem.UpstreamKey
	case yclients.CredentialLogin:
		return problem.UpstreamLogin
	case yclients.CredentialUser, yclients.CredentialUnknown:
	}
	return problem.UpstreamToken
}

// notFound tells a pair of master and service that does not exist from a branch that does not. YCLIENTS answers 404
// to both, and only its words differ: «Сотрудник недоступен для записи на выбранную услугу» (seen in production).
func notFound(e *yclients.Error) problem.Code {
	if e.HTTPStatus == http.StatusNotFound && strings.Contains(strings.ToLower(e.Message), "сотрудник недоступен") {
		return problem.StaffService
	}
	return problem.UpstreamCompany
}

// writes are the operations whose refusal for content is a refusal of a booking.
var writes = map[string]bool{
	"checkBooking": true, "createBooking": true, "rescheduleBooking": true, "updateRecord": true,
	"deleteRecord": true, "deleteUserRecord": true,
}

func invalid(e *yclients.Error) problem.Code {
	switch {
	case len(e.FieldErrors["phone"]) > 0:
		return problem.PhoneInvalid
	case len(e.FieldErrors["fullname"]) > 0:
		return problem.NameRequired
	case writes[e.Operation]:
		return problem.BookingRefused
	}
	return problem.UpstreamMalformed
}
