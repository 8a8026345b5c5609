package yclients

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Kind is the meaning of a failure.
type Kind int

// Kinds of failures. Each has an error value of the same meaning to be used
// with errors.Is.
const (
	KindUnexpected        Kind = iota // an answer that means nothing known
	KindNotSent                       // the request provably never left
	KindOutcomeUnknown                // a write that may or may not have been applied
	KindUnavailable                   // no answer to a read, or a 5xx
	KindMalformed                     // an answer to a read that cannot be understood
	KindRateLimited                   // too many calls from this address
	KindUnauthenticated               // a token is missing or unknown, see Error.Missing
	KindForbidden                     // the token's owner has no right to this
	KindLicense                       // the licence of the company has run out; also a KindForbidden
	KindSecondFactor                  // the sign-in wants a second factor
	KindNotFound                      // no such object, or no access to it
	KindInvalid                       // the request was refused for its content, see Error.FieldErrors
	KindSlotTaken                     // the time is busy, or no staff member is free then
	KindWrongCode                     // the SMS code is wrong
	KindBlacklisted                   // the client is on the black list
	KindRateLimitedInside             // too many calls, refused inside a 200 as if it were data; also a KindRateLimited
)

// Errors to compare with errors.Is. [Error] matches the one of its kind.
var (
	ErrUnexpected      = errors.New("unexpected answer")
	ErrNotSent         = errors.New("request not sent")
	ErrOutcomeUnknown  = errors.New("outcome unknown")
	ErrUnavailable     = errors.New("API unavailable")
	ErrMalformed       = errors.New("malformed answer")
	ErrRateLimited     = errors.New("too many requests")
	ErrUnauthenticated = errors.New("not authenticated")
	ErrForbidden       = errors.New("forbidden")
	ErrLicense         = errors.New("licence of the company has run out")
	ErrSecondFactor    = errors.New("second factor required")
	ErrNotFound        = errors.New("not found")
	ErrInvalid         = errors.New("invalid request")
	ErrSlotTaken       = errors.New("time is taken")
	ErrWrongCode       = errors.New("wrong confirmation code")
	ErrBlacklisted     = errors.New("client is on the black list")
	// ErrRateLimitedInside is also an [ErrRateLimited].
	ErrRateLimitedInside = errors.New("too many requests, said inside a 200")
)

var sentinels = [...]error{
	KindUnexpected: ErrUnexpected, KindNotSent: ErrNotSent, KindOutcomeUnknown: ErrOutcomeUnknown,
	KindUnavailable: ErrUnavailable, KindMalformed: ErrMalformed, KindRateLimited: ErrRateLimited,
	KindUnauthenticated: ErrUnauthenticated, KindForbidden: ErrForbidden, KindLicense: ErrLicense,
	KindSecondFactor: ErrSecondFactor, KindNotFound: ErrNotFound, KindInvalid: ErrInvalid,
	KindSlotTaken: ErrSlotTaken, KindWrongCode: ErrWrongCode, KindBlacklisted: ErrBlacklisted,
	KindRateLimitedInside: ErrRateLimitedInside,
}

// String returns the words of the kind.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(sentinels) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return sentinels[k].Error()
}

// Credential is a part of the authorization.
type Credential string

// What a 401 complains about. The API has three texts for it that are easily
// misread; the last one is often taken for an expired token.
const (
	CredentialUnknown Credential = ""        // it did not say; often a token that is no longer good
	CredentialHeader  Credential = "header"  // there was no Authorization header
	CredentialPartner Credential = "partner" // the partner token is unknown
	CredentialUser    Credential = "user"    // the User part is missing or unknown
	CredentialLogin   Credential = "login"   // login or password of a sign-in are wrong
)

// Error is the failure of one call. It never contains a token, a code, a
// record hash or a full phone number.
type Error struct {
	// Operation is the id of the API operation, as in "createBooking".
	Operation string
	// HTTPStatus is the status of the answer, 0 when there was none.
	HTTPStatus int
	Kind       Kind
	// Message is what the API said, with phone numbers masked, in the
	// language of the API.
	Message string
	// Code is the code in the body, 431 to 438 for bookings, 0 when there is none.
	Code int
	// AppointmentID is the caller's number of the appointment that failed,
	// when the API named it.
	AppointmentID int64
	// FieldErrors are messages by request field.
	FieldErrors map[string][]string
	// Missing tells what a KindUnauthenticated complains about.
	Missing Credential
	// RetryAfter is the pause that the API asked for, at most an hour, 0 when
	// it did not ask for one.
	RetryAfter time.Duration
	// SafeToRepeat: the call was a read, or was provably not applied, so that
	// sending it again cannot apply it twice. It says nothing about whether
	// that would help.
	SafeToRepeat bool
	// Excerpt is the beginning of an answer that was not understood, with
	// digits masked.
	Excerpt string
	// Err is the cause, when there is one.
	Err error
}

// Error says what failed, what it means and what the API said.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "yclients: %s: %s", e.Operation, e.Kind)
	if e.Missing != "" {
		fmt.Fprintf(&b, ": %s", missingAdvice[e.Missing])
	}
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.HTTPStatus)
		if e.Code != 0 {
			fmt.Fprintf(&b, ", code %d", e.Code)
		}
		b.WriteByte(')')
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": the API said %q", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

var missingAdvice = map[Credential]string{
	CredentialHeader:  "the Authorization header did not arrive",
	CredentialPartner: "the partner token is unknown",
	CredentialUser:    "the user token is missing or no longer good",
	CredentialLogin:   "login or password are wrong",
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error value of e's kind. A call that never
// left also counts as unavailable, a licence that has run out as forbidden, and
// a rate refusal inside a 200 as a rate refusal.
func (e *Error) Is(target error) bool {
	switch target {
	case sentinels[e.Kind]:
		return true
	case ErrUnavailable:
		return e.Kind == KindNotSent
	case ErrForbidden:
		return e.Kind == KindLicense
	case ErrRateLimited:
		return e.Kind == KindRateLimitedInside
	}
	return false
}

// LogValue gives the facts to a log, without the words of the API.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("operation", e.Operation),
		slog.String("kind", e.Kind.String()),
		slog.Int("status", e.HTTPStatus),
		slog.Int("code", e.Code),
		slog.Bool("safe_to_repeat", e.SafeToRepeat),
	)
}

// NotSender is implemented by errors of transports that refuse a request
// before its first byte leaves: a spent budget, an open breaker, a deadline
// that passed in a queue. An error with NotSent() == true anywhere in its chain
// becomes [ErrNotSent], and the caller may send the request again. A transport
// must not claim it for anything that may have been written.
//
// The interface needs no import of this package: the method is enough.
type NotSender interface {
	error
	NotSent() bool
}
