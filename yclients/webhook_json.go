package yclients

import (
	"bytes"
	"slices"
	"strings"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// notNumbers are what PHP and JavaScript write for numbers that JSON does not
// have, the longest first.
var notNumbers = []string{"-Infinity", "Infinity", "-INF", "INF", "NaN", "NAN", "nan"}

// repairJSON makes JSON of what bodies of webhooks have been seen to hold: a
// number that is none becomes null, a control character in a text its escape,
// a NUL between values a space. What else is wrong stays wrong.
func repairJSON(body []byte) []byte {
	body = bytes.TrimPrefix(body, byteOrderMark)
	out := make([]byte, 0, len(body)+64)
	for i := 0; i < len(body); {
		switch c := body[i]; c {
		case '"':
			out, i = repairString(out, body, i)
		case 0:
			out = append(out, ' ')
			i++
		default:
			if n := notNumber(body[i:]); n > 0 {
				out = append(out, "null"...)
				i += n
				continue
			}
			out = append(out, c)
			i++
		}
	}
	return out
}

const hexDigits = "0123456789abcdef"

// repairString copies the text that begins at i and returns the index after it.
func repairString(out, body []byte, i int) ([]byte, int) {
	out = append(out, '"')
	for i++; i < len(body); i++ {
		c := body[i]
		switch {
		case c == '\\' && i+1 < len(body) && body[i+1] >= ' ':
			out = append(out, c, body[i+1])
			i++
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			out = append(out, c)
			if c == '"' {
				return out, i + 1
			}
		}
	}
	return out, i
}

// notNumber returns the length of such a word at the start of b, 0 for none.
func notNumber(b []byte) int {
	for _, word := range notNumbers {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return len(word)
		}
	}
	return 0
}

// canonical appends a valid JSON value without white space and with the
// members of its objects in the order of their names. Texts stay as they were
// spelt: decoding them would make all lone surrogates equal. What is nested
// deeper than any event stays as it is, because each level is walked again.
func canonical(out, value []byte) []byte { return canonicalAt(out, value, 0) }

func canonicalAt(out, value []byte, depth int) []byte {
	if depth > maxDepth {
		return append(out, value...)
	}
	switch value[0] {
	case '{':
		var list []member
		members(value, func(m member) {
			m.key = strings.ToValidUTF8(m.key, "\uFFFD") // as it is written, so that it sorts the same when read again
			list = append(list, m)
		})
		slices.SortStableFunc(list, func(a, b member) int { return strings.Compare(a.key, b.key) })
		out = append(out, '{')
		for i, m := range list {
			if i > 0 {
				out = append(out, ',')
			}
			out, _ = appendJSON(out, m.key) // a string always encodes
			out = canonicalAt(append(out, ':'), m.value, depth+1)
		}
		return append(out, '}')
	case '[':
		out = append(out, '[')
		n := 0
		elements(value, func(e []byte) {
			if n++; n > 1 {
				out = append(out, ',')
			}
			out = canonicalAt(out, e, depth+1)
		})
		return append(out, ']')
	}
	return append(out, value...)
}
