package yclients

import (
	"bytes"
	"encoding/json"
)

// The functions of this file walk JSON that json.Valid has already accepted.
// They only find where values begin and end, without recursion, so that depth
// costs nothing.

// member is one key of an object with the bytes of its value.
type member struct {
	key   string
	value []byte
}

// members calls yield for each member of an object, in order, duplicates
// included.
func members(object []byte, yield func(member)) {
	spelt(object, func(quoted, value []byte) { yield(member{unquote(quoted), value}) })
}

// spelt is members with the keys as they are spelt, in quotes, so that a key
// that is only looked up costs no memory.
func spelt(object []byte, yield func(quoted, value []byte)) {
	i := skipSpace(object, 0) + 1
	for {
		i = skipSpace(object, i)
		if object[i] == '}' {
			return
		}
		if object[i] == ',' {
			i = skipSpace(object, i+1)
		}
		end := skipString(object, i)
		quoted := object[i:end]
		i = skipSpace(object, end) + 1 // the colon
		i = skipSpace(object, i)
		end = skipValue(object, i)
		yield(quoted, object[i:end:end])
		i = end
	}
}

// spells reports whether a quoted text is this one.
func spells(quoted []byte, text string) bool {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return unquote(quoted) == text
	}
	return string(quoted[1:len(quoted)-1]) == text
}

// elements calls yield for each element of an array.
func elements(array []byte, yield func([]byte)) {
	i := skipSpace(array, 0) + 1
	for {
		i = skipSpace(array, i)
		if array[i] == ']' {
			return
		}
		if array[i] == ',' {
			i = skipSpace(array, i+1)
		}
		end := skipValue(array, i)
		yield(array[i:end:end])
		i = end
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the index after the value that begins at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for depth := 0; ; {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	n := bytes.IndexAny(b[i:], ",]} \n\t\r")
	if n < 0 {
		return len(b)
	}
	return i + n
}

func unquote(quoted []byte) string {
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	// The input is a valid JSON string: the error cannot happen.
	_ = json.Unmarshal(quoted, &s)
	return s
}

// trim returns the value without white space around it.
func trim(b []byte) []byte { return bytes.TrimSpace(b) }

// isNothing reports whether a value is one of the ways in which PHP says that
// there is no object.
func isNothing(b []byte) bool {
	switch string(b) {
	case "null", "[]", "{}", `""`, "false":
		return true
	}
	return len(b) > 1 && b[0] == '[' && skipSpace(b, 1) == len(b)-1
}
