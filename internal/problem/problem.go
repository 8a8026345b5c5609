// Package problem is the one table of failures. Every failure that a person can meet, in the mobile API,
// the console, the terminal or the doctor, is a row here: what it is called, which HTTP status and exit
// code it has, whether trying again can help, what it means to the customer, and what to do about it.
package problem

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Code names a failure for good. Apps switch on it, so a code never changes its meaning.
type Code string

// Text is one sentence in both languages of the product.
type Text struct{ RU, EN string }

// In picks the language; anything but "en" is Russian, the language of the salons.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.RU
}

// Meaning is a row of the table.
type Meaning struct {
	Code     Code
	Status   int  // HTTP status
	Exit     int  // exit code of a command that ends with it
	MayRetry bool // the same request can succeed later, unchanged
	Title    Text // what it is, for a developer
	Message  Text // what the customer is told
	Fix      Text // what to do, for a developer or operator
}

// Error is a failure of the table, with what is known of this one.
type Error struct {
	Code       Code
	Detail     string         // more for the developer; never a secret, a phone or the words of a library
	RetryAfter time.Duration  // 0: not known
	Fields     []Field        // which parts of the request are meant
	With       map[string]any // members added to the problem document, by name
	Cause      error          // for the log; never shown
}

// Field points at one part of a request.
type Field struct {
	Location string `json:"location" doc:"Where: body.client.phone, query.date, header.Idempotency-Key."`
	Message  string `json:"message"`
}

// New makes an error of the table.
func New(code Code) *Error { return &Error{Code: code} }

// Because makes an error of the table that keeps its cause for the log.
func Because(code Code, cause error) *Error { return &Error{Code: code, Cause: cause} }

// Detailf adds words for the developer.
func (e *Error) Detailf(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// After adds when to come back.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// At adds the part of the request that is meant.
func (e *Error) At(location, message string) *Error {
	e.Fields = append(e.Fields, Field{location, message})
	return e
}

// Adding adds a member to the problem document, for example the alternatives of a taken slot.
func (e *Error) Adding(name string, value any) *Error {
	if e.With == nil {
		e.With = map[string]any{}
	}
	e.With[name] = value
	return e
}

// Error is for logs: the code, the detail and the cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, problem.New(code)) compare codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Meaning is the row of this error.
func (e *Error) Meaning() Meaning { return Of(e.Code) }

// ExitCode is the exit code of a command that ends with this error.
func (e *Error) ExitCode() int { return e.Meaning().Exit }

// From finds the failure of the table in an error. What is not in the table is internal.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Because(Internal, err)
}

// Has tells whether err is the failure named.
func Has(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Of gives the row of a code. An unknown code reads as internal.
func Of(code Code) Meaning {
	if m, ok := byCode[code]; ok {
		return m
	}
	return byCode[Internal]
}

// All is the whole table, in its order.
func All() []Meaning { return slices.Clone(table) }

var byCode = func() map[Code]Meaning {
	m := make(map[Code]Meaning, len(table))
	for _, row := range table {
		m[row.Code] = row
	}
	return m
}()
