package yclients

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Time is a moment or a date as the API writes it. Four spellings live side
// by side, one of them without an offset, and a start of a booking must be
// passed back exactly as it was received: use Raw for that.
type Time struct {
	// Time is the moment. When the text had no offset, it is that clock
	// reading in UTC and Local is true: see [Time.In].
	Time time.Time
	// Raw is the text as received, the digits when it was a number.
	Raw string
	// Local: the text was a clock reading of the company without an offset.
	Local bool
}

// Spellings seen, the local ones last.
var layouts = []struct {
	layout string
	local  bool
}{
	{time.RFC3339, false},
	{"2006-01-02T15:04:05-0700", false},
	{"2006-01-02 15:04:05-07:00", false},
	{"2006-01-02 15:04:05", true},
	{"2006-01-02T15:04:05", true},
	{"2006-01-02 15:04", true},
	{"2006-01-02", true},
	{"02.01.2006", true}, // of licences
}

// resembles reports whether a text may have a layout: the same separator after
// the day, and the same way to write an offset.
func resembles(s, layout string) bool {
	if len(s) < len(time.DateOnly) {
		return false
	}
	if len(s) == len(time.DateOnly) || len(layout) == len(time.DateOnly) {
		return len(s) == len(layout) && (s[4] == '-') == (layout[4] == '-')
	}
	return s[10] == layout[10] && offsetStyle(s) == offsetStyle(layout)
}

// offsetStyle is ':' for +03:00 and Z, '0' for +0300, 0 for none.
func offsetStyle(s string) byte {
	at := strings.LastIndexAny(s[10:], "+-Z")
	if at < 0 {
		return 0
	}
	if offset := s[10+at:]; len(offset) != 5 {
		return ':'
	}
	return '0'
}

// ParseTime reads one of the spellings of the API, Unix seconds included.
func ParseTime(s string) (Time, error) {
	for _, l := range layouts {
		if !resembles(s, l.layout) {
			continue // a failed parse costs more than a good one
		}
		if t, err := time.Parse(l.layout, s); err == nil {
			return Time{Time: t, Raw: s, Local: l.local}, nil
		}
	}
	// Eight digits and more: a year alone is not a moment.
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) >= 8 && n < 1<<40 {
		return Time{Time: time.Unix(n, 0).UTC(), Raw: s}, nil
	}
	return Time{Raw: s}, fmt.Errorf("yclients: %d characters that are no time the API is known to write", len(s))
}

// In returns the moment in a company's zone. A clock reading without an offset
// is taken as the clock of that zone.
func (t Time) In(zone *time.Location) time.Time {
	if !t.Local {
		return t.Time.In(zone)
	}
	c := t.Time
	return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), zone)
}

// IsZero reports whether there is no moment: absent, null, an empty text, or
// one that was not understood and stands in Raw only.
func (t Time) IsZero() bool { return t.Time.IsZero() }

// String returns the text as received.
func (t Time) String() string {
	if t.Raw == "" && !t.Time.IsZero() {
		return t.Time.Format(time.RFC3339)
	}
	return t.Raw
}

// MarshalJSON writes the text as received, RFC 3339 when there is none.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads any spelling of the API. Text that is no time is kept in
// Raw and is not an error.
func (t *Time) UnmarshalJSON(b []byte) error {
	t.fit(trim(b))
	return nil
}

func (t *Time) fit(b []byte) bool {
	s, ok := text(b)
	*t = Time{Raw: s}
	if !ok || s == "" || strings.HasPrefix(s, "0000-00-00") || s == "0" {
		return ok
	}
	parsed, err := ParseTime(s)
	*t = parsed
	return err == nil
}

// Money is an amount as the API writes it, a decimal text: "1500", "1000.00",
// "10.5". The currency is the company's and stands elsewhere. An empty Money
// means that the API named no amount.
type Money string

var decimal = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$`)

// Minor returns the amount in hundredths, kopecks for roubles. It is not ok
// when the amount is empty, is no number, or has a fraction of a hundredth.
func (m Money) Minor() (hundredths int64, ok bool) {
	if !decimal.MatchString(string(m)) {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(string(m))
	if !ok {
		return 0, false
	}
	r.Mul(r, big.NewRat(100, 1))
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// MoneyFromMinor returns the amount of so many hundredths.
func MoneyFromMinor(hundredths int64) Money {
	return Money(big.NewRat(hundredths, 100).FloatString(2))
}

// MarshalJSON writes a number, null when empty.
func (m Money) MarshalJSON() ([]byte, error) {
	switch {
	case m == "":
		return []byte("null"), nil
	case !decimal.MatchString(string(m)) || !json.Valid([]byte(m)):
		return json.Marshal(string(m))
	}
	return []byte(m), nil
}

// UnmarshalJSON reads a number or a text.
func (m *Money) UnmarshalJSON(b []byte) error {
	if !m.fit(trim(b)) {
		return fmt.Errorf("yclients: not an amount of money")
	}
	return nil
}

func (m *Money) fit(b []byte) bool {
	s, ok := literal(b)
	if !ok || s != "" && !decimal.MatchString(s) {
		*m = ""
		return false
	}
	*m = Money(s)
	return true
}

// Phone is a telephone number as the API writes it: "79000000001",
// "+79000000001", "+7 900 000-00-01", or a number. Requests that want digits
// only, as those of online booking, write them however the phone is spelt. It prints masked; convert
// it to a string to have it in full.
type Phone string

// Digits returns the digits alone.
func (p Phone) Digits() string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, string(p))
}

// E164 returns the number as +79000000001. A Russian number typed with 8 or
// without the country gets its +7. It is empty when there are too few digits.
func (p Phone) E164() string {
	d := p.Digits()
	international := strings.HasPrefix(strings.TrimSpace(string(p)), "+")
	switch {
	case !international && len(d) == 11 && d[0] == '8':
		d = "7" + d[1:]
	case !international && len(d) == 10 && d[0] == '9':
		d = "7" + d
	}
	if len(d) < 8 || len(d) > 15 {
		return ""
	}
	return "+" + d
}

// bare is the number as bookings want it: 79000000001. What is no number stays
// as it is, for the API to refuse.
func (p Phone) bare() string {
	if e164 := p.E164(); e164 != "" {
		return e164[1:]
	}
	return string(p)
}

// String returns the number with all but its last two digits hidden.
func (p Phone) String() string {
	d := p.Digits()
	if len(d) < 4 {
		return strings.Repeat("*", len(d))
	}
	return strings.Repeat("*", len(d)-2) + d[len(d)-2:]
}

// GoString is masked like String.
func (p Phone) GoString() string { return strconv.Quote(p.String()) }

// LogValue is masked like String.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// UnmarshalJSON reads a text or a number.
func (p *Phone) UnmarshalJSON(b []byte) error {
	p.fit(trim(b))
	return nil
}

func (p *Phone) fit(b []byte) bool {
	s, ok := text(b)
	*p = Phone(s)
	return ok
}
