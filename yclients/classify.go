package yclients

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fail makes the error of a call and decides whether repeating it is safe.
func (a *answer) fail(kind Kind, cause error) *Error {
	return &Error{
		Operation:    a.operation,
		HTTPStatus:   a.status,
		Kind:         kind,
		Message:      a.mask(a.envelope.message()),
		SafeToRepeat: kind != KindOutcomeUnknown,
		Err:          cause,
	}
}

func (a *answer) notSent(cause error) *Error { return a.fail(KindNotSent, cause) }

// lost is a call whose answer did not arrive. The request may have been read.
func (a *answer) lost(cause error) *Error {
	a.status = 0
	if a.writes {
		return a.fail(KindOutcomeUnknown, cause)
	}
	return a.fail(KindUnavailable, cause)
}

// unreadable is an answer that says success, or may, but cannot be understood.
func (a *answer) unreadable(cause error) *Error {
	kind := KindMalformed
	if a.writes {
		kind = KindOutcomeUnknown
	}
	e := a.fail(kind, cause)
	e.Excerpt = a.excerpt()
	return e
}

// failure is the error of an answer that says no.
func (a *answer) failure() *Error {
	e := a.fail(KindUnexpected, nil)
	e.Code, e.AppointmentID = a.envelope.code()
	e.FieldErrors = a.fieldErrors()
	e.RetryAfter = retryAfter(a.header.Get("Retry-After"), a.client.now())
	if a.envelope.top == nil {
		e.Excerpt = a.excerpt()
	}
	e.Kind = a.kindOf(e)
	if e.Kind == KindUnauthenticated {
		e.Missing = a.missing(e.Message)
	}
	e.SafeToRepeat = e.Kind != KindOutcomeUnknown
	return e
}

var kindOfCode = map[int]Kind{
	431: KindInvalid, // phone has a wrong format
	432: KindWrongCode,
	433: KindSlotTaken,
	434: KindBlacklisted,
	435: KindInvalid,   // no client name
	436: KindSlotTaken, // nobody is free for "any staff member"
	437: KindInvalid,   // overlaps another appointment of the request
	438: KindInvalid,   // the services cannot be booked any more
}

// kindOf reads the meaning of a refusal. A status of the 5xx means that
// something broke on the way, so that a write may have been applied whatever
// the body says. Below, the rate refusal comes first because it hides behind
// any status, then the code, then the words, then the status.
func (a *answer) kindOf(e *Error) Kind {
	message := strings.ToLower(e.Message)
	_, known := kindOfCode[e.Code]
	switch {
	case a.status == http.StatusTooManyRequests, a.status < 500 && slices.ContainsFunc(a.envelope.messages(), saysLimit):
		if a.status < 300 {
			return KindRateLimitedInside
		}
		return KindRateLimited
	case a.status >= 500 || a.status == http.StatusRequestTimeout || a.status >= 300 && a.status < 400:
		if a.writes {
			return KindOutcomeUnknown
		}
		if a.status < 400 {
			return KindMalformed
		}
		return KindUnavailable
	case known:
		return kindOfCode[e.Code]
	case a.status == http.StatusPaymentRequired, strings.Contains(message, "продлить лицензию"):
		return KindLicense
	case a.refusesCode(message):
		return KindWrongCode
	case a.books() && (a.status == http.StatusConflict || saysTaken(message)):
		return KindSlotTaken
	case strings.Contains(message, "черном списке"), strings.Contains(message, "чёрном списке"):
		return KindBlacklisted
	}
	switch a.status {
	case http.StatusUnauthorized:
		return KindUnauthenticated
	case http.StatusForbidden:
		return KindForbidden
	case http.StatusNotFound, http.StatusGone:
		return KindNotFound
	}
	switch a.status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return KindInvalid
	}
	if a.status < 300 { // success:false with words that mean nothing known
		return KindInvalid
	}
	return KindUnexpected
}

// saysLimit knows the texts of a limit on requests, by their plural: a single
// request may be too long as well. «Превышен лимит записей» is a rule of the
// salon. internal/upstream has the same rule, because neither imports the
// other, and the two must agree.
func saysLimit(message string) bool {
	message = strings.ToLower(message)
	if strings.Contains(message, "запросов") || strings.Contains(message, "запросы") {
		return strings.Contains(message, "лимит") || strings.Contains(message, "слишком") || strings.Contains(message, "превыш")
	}
	return strings.Contains(message, "too many requests") || strings.Contains(message, "rate limit") || strings.Contains(message, "request limit")
}

// books reports whether the operation puts somebody into a free time.
func (a *answer) books() bool {
	return slices.Contains([]string{"checkBooking", "createBooking", "rescheduleBooking", "createRecord", "updateRecord", "bookActivity"}, a.operation)
}

func saysTaken(message string) bool {
	return strings.Contains(message, "врем") &&
		(strings.Contains(message, "недоступн") || strings.Contains(message, "занят"))
}

// refusesCode reports whether a sign-in or a booking was refused for its SMS
// code. No body of such a refusal is documented for the sign-in, so whatever
// is not about the tokens of this client is taken for it.
func (a *answer) refusesCode(message string) bool {
	if credentialOf(message) != CredentialUnknown || strings.Contains(message, "авторизац") {
		return false
	}
	switch a.operation {
	case "authUserByPhoneCode":
		return a.status < 300 || slices.Contains([]int{400, 401, 422}, a.status)
	case "createBooking", "updateBookingUser":
		return a.status < 500 && (strings.HasPrefix(message, "код") || strings.Contains(message, " код"))
	}
	return false
}

// credentialOf reads the three texts of a 401.
func credentialOf(message string) Credential {
	switch {
	case strings.Contains(message, "не указаны авторизационные данные"):
		return CredentialHeader
	case strings.Contains(message, "идентификатор партнера"), strings.Contains(message, "идентификатор партнёра"):
		return CredentialPartner
	case strings.Contains(message, "идентификатор пользователя"):
		return CredentialUser
	}
	return CredentialUnknown
}

func (a *answer) missing(message string) Credential {
	c := credentialOf(strings.ToLower(message))
	if c == CredentialUnknown && strings.HasPrefix(a.operation, "auth") && message != "Необходима авторизация" {
		return CredentialLogin
	}
	return c
}

// message returns the words of the API, wherever they stand.
func (e envelope) message() string {
	if all := e.messages(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// messages returns all that stands where words of the API have been seen, the
// most telling first.
func (e envelope) messages() []string {
	var all []string
	for _, at := range [][]byte{find(e.metaRaw, "message"), find(e.errors, "message"), find(e.top, "message"), find(e.top, "error"), e.metaRaw, e.errors} {
		if len(at) > 0 && at[0] == '"' {
			if s := unquote(at); s != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

// code returns the code of the body and the number of the appointment that it
// speaks of. No sample shows where they stand, so all likely places are
// looked at; errors.code is often just the HTTP status again.
func (e envelope) code() (code int, appointment int64) {
	for _, at := range [][]byte{e.metaRaw, e.errors, e.top} {
		n, ok := integer(orNull(find(at, "code")))
		if !ok || n == 0 {
			continue
		}
		if _, booking := kindOfCode[int(n)]; !booking && code != 0 {
			continue
		} else if _, had := kindOfCode[code]; had {
			continue
		}
		code = int(n)
	}
	if _, booking := kindOfCode[code]; !booking {
		return code, 0
	}
	for _, at := range [][]byte{e.metaRaw, e.errors, e.data, e.top} {
		for _, key := range []string{"id", "appointment_id"} {
			if n, ok := integer(orNull(find(at, key))); ok && n != 0 {
				return code, n
			}
		}
	}
	return code, 0
}

// fieldErrors reads {field: [message]} of meta.errors or errors.
func (a *answer) fieldErrors() map[string][]string {
	out := map[string][]string{}
	for _, at := range [][]byte{find(a.envelope.metaRaw, "errors"), a.envelope.errors} {
		if len(at) == 0 || at[0] != '{' {
			continue
		}
		members(at, func(m member) {
			field := a.mask(m.key)
			switch {
			case m.value[0] == '[':
				elements(m.value, func(e []byte) {
					if s, ok := text(e); ok && s != "" {
						out[field] = append(out[field], a.mask(s))
					}
				})
			case m.value[0] == '"' && m.key != "message" && m.key != "code":
				out[field] = append(out[field], a.mask(unquote(m.value)))
			}
		})
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

const maxRetryAfter = time.Hour

// retryAfter reads the header: seconds or a date. Garbage is no advice.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		switch {
		case !(seconds > 0): // not a number either
			return 0
		case seconds > maxRetryAfter.Seconds():
			return maxRetryAfter
		}
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

var (
	datePattern   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	phonePattern  = regexp.MustCompile(`\+?\d(?:[\d ()\-]|%2[089bB]){8,}\d`) // as written, or in a query
	secretPattern = regexp.MustCompile(`[0-9A-Za-z_\-+/=%]{14,}`)            // as written, in base64 or in a query
	namePattern   = regexp.MustCompile(`^([A-Z_]+|[a-z_]+)$`)
	mailPattern   = regexp.MustCompile(`[^\s@"<>]+@[^\s@"<>]+`)
	digitPattern  = regexp.MustCompile(`\d`)
)

// mask takes tokens, long codes, mail addresses and phone numbers out of words
// of the API.
func (a *answer) mask(s string) string {
	for _, t := range []Token{a.client.partner, a.client.user} {
		if len(t) >= 4 {
			s = strings.ReplaceAll(s, string(t), redacted)
		}
	}
	s = secretPattern.ReplaceAllStringFunc(s, func(word string) string {
		if len(word) < 24 && namePattern.MatchString(word) {
			return word // as in VALIDATION_ERROR
		}
		if strings.Trim(word, "0123456789-+") == "" {
			return word // phones are below
		}
		return redacted
	})
	s = mailPattern.ReplaceAllString(s, redacted)
	return phonePattern.ReplaceAllStringFunc(s, func(number string) string {
		if datePattern.MatchString(number) {
			return number
		}
		return Phone(number).String()
	})
}

const excerptLength = 200

// excerpt is the beginning of a body for the eyes of an operator.
func (a *answer) excerpt() string {
	body := a.body
	// Far more than is shown, so that no secret is cut to a shape that is not
	// recognised.
	if len(body) > 16*excerptLength {
		body = body[:16*excerptLength]
	}
	s := digitPattern.ReplaceAllString(a.mask(strings.ToValidUTF8(string(body), "?")), "*")
	if r := []rune(s); len(r) > excerptLength {
		s = string(r[:excerptLength])
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// IsCanceled reports whether a call failed because its own context ended,
// rather than through the API's fault.
func IsCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
