package yclients

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var marshalerType = reflect.TypeFor[json.Marshaler]()

// encodeRequest writes a request body. It is not left to encoding/json because
// secrets are revealed here and nowhere else, durations are seconds, and the
// Extra members of every part go along.
func encodeRequest(body any) ([]byte, error) {
	v := reflect.ValueOf(body)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("its body is nil, which is not sent as an empty one")
	}
	return appendRequest(nil, v)
}

func appendRequest(b []byte, v reflect.Value) ([]byte, error) {
	switch {
	case v.Type() == tokenType:
		return appendJSON(b, v.String())
	case v.Type() == durationType:
		return strconv.AppendInt(b, v.Int()/int64(time.Second), 10), nil
	case v.Type() != reflect.PointerTo(tokenType) && v.Type().Implements(marshalerType):
		return appendJSON(b, v.Interface())
	case (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil():
		return appendRequest(b, v.Elem())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		return appendRequests(b, v)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String && !v.IsNil():
		return appendRequestMap(b, v)
	case v.Kind() == reflect.Struct && v.FieldByName("Extra").IsValid():
		return appendRequestObject(b, v)
	}
	return appendJSON(b, v.Interface())
}

// appendRequests writes nil as an empty list: PHP minds null.
func appendRequests(b []byte, list reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendRequest(b, list.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendRequestMap looks into the values: a secret may be among them.
func appendRequestMap(b []byte, m reflect.Value) ([]byte, error) {
	b = append(b, '{')
	keys := m.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	for _, key := range keys {
		var err error
		if b, err = appendRequest(appendKey(b, key.String()), m.MapIndex(key)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendRequestObject(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	var err error
	extra := v.FieldByName("Extra").Interface().(map[string]any)
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if _, instead := extra[name]; instead {
			continue
		}
		// An empty list that is not nil was meant to be sent: it is not zero.
		if name == "" || name == "-" || strings.HasPrefix(option, "omitempty") && v.Field(i).IsZero() {
			continue
		}
		if b, err = appendMember(appendKey(b, name), v.Field(i), option); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if extra[name] == nil {
			b = append(appendKey(b, name), "null"...)
			continue
		}
		if b, err = appendRequest(appendKey(b, name), reflect.ValueOf(extra[name])); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendMember writes a field as its tag says.
func appendMember(b []byte, v reflect.Value, option string) ([]byte, error) {
	switch {
	case strings.Contains(option, "null") && v.IsZero():
		return append(b, "null"...), nil
	case strings.Contains(option, "01"):
		return appendSwitch(b, v), nil
	case strings.Contains(option, "digits"):
		return appendDigits(b, v), nil
	case strings.Contains(option, "bare"):
		return appendJSON(b, Phone(v.String()).bare())
	}
	return appendRequest(b, v)
}

// appendSwitch writes a bool that the API wants as a number.
func appendSwitch(b []byte, v reflect.Value) []byte {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.IsValid() && v.Bool() {
		return append(b, '1')
	}
	return append(b, '0')
}

// appendDigits writes a phone that the API wants as a number.
func appendDigits(b []byte, v reflect.Value) []byte {
	digits := Phone(v.String()).Digits()
	if digits == "" {
		return append(b, "null"...)
	}
	return append(b, digits...)
}

// bodyOf repeats a query as a body, for a GET that is documented with both.
func bodyOf(query url.Values) map[string]any {
	body := map[string]any{}
	for name, values := range query {
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil {
			body[name] = n
		} else {
			body[name] = values[0]
		}
	}
	return body
}

// anyBody is a body whose members the documentation does not tell. A nil one
// is not sent.
func anyBody(members map[string]any) any {
	if members == nil {
		return nil
	}
	return members
}
