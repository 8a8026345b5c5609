// Package secret keeps what must not be seen: a text type that never prints itself, the key under which
// personal data is sealed in the database, and the makers of our random ids and tokens.
package secret

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[secret]"

// String is a text that does not print itself: through fmt, log/slog and encoding/json it shows as "[secret]",
// alone or deep inside another value. Reveal gives the text, and is the word to search for in a review.
// The zero value is the empty secret.
type String struct {
	// A pointer, because fmt cannot call methods on values in unexported fields of a struct: it then prints
	// what it finds, which here is an address and not the secret.
	text *string
}

// Text makes a String.
func Text(text string) String {
	if text == "" {
		return String{}
	}
	return String{text: &text}
}

// Reveal returns the secret itself, for the wire and for sealing only.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports an empty secret; `omitzero` in a JSON tag works with it.
func (s String) IsZero() bool { return s.text == nil || *s.text == "" }

// Equal compares in constant time for texts of equal length. go-cmp uses it too.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String implements fmt.Stringer.
func (s String) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s String) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb shows the text.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements json.Marshaler.
func (s String) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (s String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler: secrets are read from flags, environments and JSON bodies.
func (s *String) UnmarshalText(text []byte) error {
	*s = Text(string(text))
	return nil
}
