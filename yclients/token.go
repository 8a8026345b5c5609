package yclients

import (
	"errors"
	"fmt"
	"log/slog"
)

// Token is a secret of the API: the API key of a partner, which the
// documentation calls partner token, or the token of a user. However it is
// printed, it prints redacted; convert it to a string to have its text.
type Token string

// Secret is a token by another name, for passwords and SMS codes in requests.
// Only a request that goes to the API has its text.
type Secret = Token

const redacted = "[redacted]"

const redactedJSON = `"` + redacted + `"`

// String returns a placeholder.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// GoString returns a placeholder.
func (t Token) GoString() string { return fmt.Sprintf("%q", t.String()) }

// Format prints a placeholder for every verb.
func (t Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// LogValue returns a placeholder.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes a placeholder.
func (t Token) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", t.String()), nil }

// MarshalText writes a placeholder.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

func (t *Token) fit(b []byte) bool {
	s, ok := text(b)
	*t = Token(s)
	return ok
}

// UnmarshalJSON reads the text of a token.
func (t *Token) UnmarshalJSON(b []byte) error {
	if !t.fit(trim(b)) {
		return errors.New("yclients: a token must be a string")
	}
	return nil
}

// Check reports the first character that cannot be part of a token, by its
// place: quotes, spaces, line breaks and look-alike letters get into tokens
// when they are pasted, and the API then answers as if nothing had been sent.
func (t Token) Check() error {
	if t == "" {
		return errors.New("the token is empty")
	}
	n := 0
	for _, r := range string(t) {
		n++
		if r <= ' ' || r > '~' || r == '"' || r == '\'' || r == ',' {
			return fmt.Errorf("character %d of the token is %U, which no token contains: copy the token again, without quotes, spaces and line breaks", n, r)
		}
	}
	return nil
}
