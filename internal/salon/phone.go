package salon

import (
	"errors"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Phone is a telephone number in E.164 form (+79000000001): the one form inside Zapis.
// Its String is masked, so that a number never reaches a log by accident.
type Phone string

// ErrPhone reports a text that is no telephone number.
var ErrPhone = errors.New("not a phone number: write it with the country code, for example +7 900 000-00-01")

// ParsePhone reads a number as people type it (8 900..., +7 (900)..., 7900...). Without a country code it
// is taken as Russian. Only possible numbers pass: YCLIENTS decides whether it can reach them.
func ParsePhone(text string) (Phone, error) {
	text = strings.TrimSpace(text)
	if len(text) > 40 || strings.ContainsFunc(text, notOfPhone) {
		return "", ErrPhone
	}
	// 7900... without a plus is how YCLIENTS itself and most apps write Russian numbers.
	if digits := onlyDigits(text); len(digits) == 11 && digits[0] == '7' && !strings.HasPrefix(text, "+") {
		text = "+" + digits
	}
	n, err := phonenumbers.Parse(text, "RU")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", ErrPhone
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	// Some texts parse to a number whose own spelling does not (a trunk digit kept): no normal form, no phone.
	if again, err := phonenumbers.Parse(e164, ""); err != nil || !phonenumbers.IsPossibleNumber(again) ||
		phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", ErrPhone
	}
	return Phone(e164), nil
}

// Digits is the form of YCLIENTS' requests: 79000000001.
func (p Phone) Digits() string { return strings.TrimPrefix(string(p), "+") }

// E164 is the full number, for storing and sending only.
func (p Phone) E164() string { return string(p) }

// String is the masked number: +7 *** ***-**-01.
func (p Phone) String() string {
	if len(p) < 6 {
		return "***"
	}
	return string(p[:2]) + " *** ***-**-" + string(p[len(p)-2:])
}

// GoString is masked too.
func (p Phone) GoString() string { return p.String() }

func notOfPhone(r rune) bool {
	return !strings.ContainsRune("0123456789+-() .\u00a0\u2011\u2013", r)
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
