package yclients

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// kept is embedded in every type that is decoded from an answer. It remembers
// the object as it was received, because the API says more than its
// documentation, and says it in more than one type.
//
// Its state is behind a pointer so that printing a value with %v does not
// print what was received.
type kept struct{ k *keptObject }

type keptObject struct {
	raw     []byte // part of the answer's body, never changed
	extra   map[string]json.RawMessage
	misfits map[string]json.RawMessage
}

// Raw returns a copy of the object exactly as it was received, nil when the
// value was not decoded from an answer.
func (k kept) Raw() json.RawMessage {
	if k.k == nil {
		return nil
	}
	return bytes.Clone(k.k.raw)
}

// Extra returns the members that this version of the package has no field for.
func (k kept) Extra() map[string]json.RawMessage {
	if k.k == nil {
		return nil
	}
	return maps.Clone(k.k.extra)
}

// Misfits returns the members whose value did not fit their field. The field
// then has its zero value, or lacks the elements that did not fit.
func (k kept) Misfits() map[string]json.RawMessage {
	if k.k == nil {
		return nil
	}
	return maps.Clone(k.k.misfits)
}

// Has reports whether the API sent the member with a value other than null.
// It tells "0" from "not said".
func (k kept) Has(name string) bool {
	if k.k == nil {
		return false
	}
	found := false
	k.k.each(func(m member) {
		if m.key == name {
			found = string(m.value) != "null"
		}
	})
	return found
}

// LogValue keeps what was received out of logs.
func (k kept) LogValue() slog.Value {
	if k.k == nil {
		return slog.StringValue("not received")
	}
	return slog.StringValue("received, " + strconv.Itoa(len(k.k.raw)) + " bytes")
}

func (k *kept) keep(o *keptObject)  { k.k = o }
func (k *kept) object() *keptObject { return k.k }

type keeper interface {
	keep(*keptObject)
	object() *keptObject
}

// each walks the members that were received. The empty object may have come
// as an empty list.
func (o *keptObject) each(yield func(member)) {
	if o.raw[0] == '{' {
		members(o.raw, yield)
	}
}

// lenient is implemented by the hand-written types of fields.
type lenient interface {
	// fit reads a value and reports whether it could.
	fit(value []byte) bool
}

var errNotObject = errors.New("not a JSON object")

// unmarshalObject is the UnmarshalJSON of the generated types. It fails only
// when data is not an object or [], the empty object of PHP.
func unmarshalObject(data []byte, into any) error {
	if !json.Valid(data) {
		return errors.New("not JSON")
	}
	// encoding/json reuses its buffer, and we keep parts of ours.
	data = trim(bytes.Clone(data))
	if !decodeValue(data, reflect.ValueOf(into).Elem()) {
		return errNotObject
	}
	return nil
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
)

// decodeValue reads a valid JSON value and reports whether it fitted. It never
// fails as a whole because of a part.
func decodeValue(b []byte, v reflect.Value) bool {
	b = trim(b)
	switch v.Type() {
	case durationType:
		return decodeSeconds(b, v)
	case rawType:
		v.SetBytes(b)
		return true
	}
	if l, ok := v.Addr().Interface().(lenient); ok {
		return l.fit(b)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return decodePointer(b, v)
	case reflect.Struct:
		return decodeStruct(b, v)
	case reflect.Slice:
		return decodeSlice(b, v)
	case reflect.Map:
		return decodeMap(b, v)
	case reflect.String:
		s, ok := text(b)
		v.SetString(s)
		return ok
	case reflect.Bool:
		on, ok := boolean(b)
		v.SetBool(on)
		return ok
	case reflect.Int64, reflect.Int:
		n, ok := integer(b)
		v.SetInt(n)
		return ok
	case reflect.Float64:
		f, ok := float(b)
		v.SetFloat(f)
		return ok
	}
	panic("yclients: no decoder for " + v.Type().String())
}

func decodePointer(b []byte, v reflect.Value) bool {
	if string(b) == "null" || v.Type().Elem().Kind() == reflect.Struct && isNothing(b) {
		v.SetZero()
		return true
	}
	p := reflect.New(v.Type().Elem())
	if !decodeValue(b, p.Elem()) {
		return false
	}
	v.Set(p)
	return true
}

func decodeStruct(b []byte, v reflect.Value) bool {
	if b[0] != '{' {
		if isNothing(b) && b[0] == '[' {
			v.Addr().Interface().(keeper).keep(&keptObject{raw: b})
			return true
		}
		return false
	}
	object := &keptObject{raw: b}
	fields := fieldsOf(v.Type())
	spelt(b, func(quoted, value []byte) {
		i, known := fields[string(quoted[1:len(quoted)-1])]
		if !known && bytes.IndexByte(quoted, '\\') >= 0 {
			i, known = fields[unquote(quoted)]
		}
		if !known {
			note(&object.extra, member{unquote(quoted), value})
			return
		}
		field := v.Field(i)
		field.SetZero() // of two members with one name the last one counts
		if !decodeValue(value, field) {
			note(&object.misfits, member{unquote(quoted), value})
		}
	})
	v.Addr().Interface().(keeper).keep(object)
	return true
}

func note(into *map[string]json.RawMessage, m member) {
	if *into == nil {
		*into = map[string]json.RawMessage{}
	}
	(*into)[m.key] = m.value
}

// decodeSlice also reads an object whose keys are numbers: PHP writes a list
// with a hole in it that way.
func decodeSlice(b []byte, v reflect.Value) bool {
	var parts [][]byte
	switch b[0] {
	case '[':
		elements(b, func(e []byte) { parts = append(parts, e) })
	case '{':
		ok := true
		members(b, func(m member) {
			_, err := strconv.Atoi(m.key)
			ok = ok && err == nil
			parts = append(parts, m.value)
		})
		if !ok || len(parts) == 0 {
			return false
		}
	default:
		return string(b) == "null" || string(b) == `""`
	}
	fits := true
	out := reflect.MakeSlice(v.Type(), len(parts), len(parts))
	n := 0
	for _, part := range parts {
		element := out.Index(n)
		ok := decodeValue(part, element)
		fits = fits && ok
		// Whoever walks the list looks into each element: what is nothing must
		// not be there as nil.
		if element.IsZero() && (!ok || element.Kind() == reflect.Pointer) {
			continue
		}
		n++
	}
	v.Set(out.Slice3(0, n, n))
	return fits
}

func decodeMap(b []byte, v reflect.Value) bool {
	if b[0] != '{' {
		return isNothing(b)
	}
	fits := true
	out := reflect.MakeMap(v.Type())
	members(b, func(m member) {
		value := reflect.New(v.Type().Elem()).Elem()
		ok := decodeValue(m.value, value)
		fits = fits && ok
		if value.IsZero() && (!ok || value.Kind() == reflect.Pointer) {
			return // as in a list
		}
		out.SetMapIndex(reflect.ValueOf(m.key), value)
	})
	v.Set(out)
	return fits
}

func decodeSeconds(b []byte, v reflect.Value) bool {
	n, ok := integer(b)
	if !ok || n > math.MaxInt64/int64(time.Second) || n < math.MinInt64/int64(time.Second) {
		return false
	}
	v.SetInt(n * int64(time.Second))
	return true
}

// text reads a string, or a number as its literal. PHP's false for "no text"
// does not fit.
func text(b []byte) (string, bool) {
	switch {
	case b[0] == '"':
		return unquote(b), true
	case isNumber(b):
		return string(b), true
	}
	return "", string(b) == "null"
}

func isNumber(b []byte) bool { return b[0] == '-' || b[0] >= '0' && b[0] <= '9' }

// literal returns the literal of a number that may stand in a string. An empty
// string and null are an empty literal.
func literal(b []byte) (string, bool) {
	s, ok := text(b)
	return strings.TrimSpace(s), ok
}

func integer(b []byte) (int64, bool) {
	s, ok := literal(b)
	if !ok || s == "" {
		return 0, ok
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	// 1.0 and 1e3 are whole numbers too.
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func float(b []byte) (float64, bool) {
	s, ok := literal(b)
	if !ok || s == "" {
		return 0, ok
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func boolean(b []byte) (on, ok bool) {
	switch strings.ToLower(strings.Trim(string(b), `" `)) {
	case "true", "1":
		return true, true
	case "false", "0", "", "null":
		return false, true
	}
	return false, false
}

var fieldCache sync.Map // reflect.Type to map[string]int

// fieldsOf returns the index of each field by its JSON name.
func fieldsOf(t reflect.Type) map[string]int {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.(map[string]int)
	}
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	fieldCache.Store(t, fields)
	return fields
}

// marshalObject is the MarshalJSON of the generated types. A value that was
// received and not changed is written exactly as it came; changed fields are
// written anew in their place, and what has no field stays. A value made by
// hand has its fields that are not zero.
func marshalObject(value any) ([]byte, error) {
	v := reflect.ValueOf(value)
	// Fields are compared through their addresses below.
	addressable := reflect.New(v.Type()).Elem()
	addressable.Set(v)
	return appendObject(nil, addressable)
}

func appendObject(b []byte, v reflect.Value) ([]byte, error) {
	start := len(b)
	o := v.Addr().Interface().(keeper).object()
	if o != nil && !holdsSecret(v.Type()) && unchanged(o, v) {
		return append(b, o.raw...), nil
	}
	list, written := received(o, v.Type())
	b = append(b, '{')
	var err error
	for n, m := range list {
		b = append(append(comma(b), m.quoted...), ':') // as it was spelt
		switch {
		case m.known && written[m.field] == n:
			b, err = appendKnown(b, v.Field(m.field), m.value)
		case m.known && isSecret(v.Field(m.field)):
			b = append(b, redactedJSON...)
		default:
			b = append(b, m.value...)
		}
		if err != nil {
			return nil, err
		}
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if _, was := written[i]; name == "" || was || v.Field(i).IsZero() {
			continue
		}
		if b, err = appendValue(appendKey(b, name), v.Field(i)); err != nil {
			return nil, err
		}
	}
	b = append(b, '}')
	if o != nil && o.raw[0] == '[' && string(b[start:]) == "{}" {
		return append(b[:start], o.raw...), nil
	}
	return b, nil
}

// unchanged reports whether a value is what was received.
func unchanged(o *keptObject, v reflect.Value) bool {
	before := reflect.New(v.Type()).Elem()
	return decodeStruct(o.raw, before) && reflect.DeepEqual(before.Interface(), v.Interface())
}

// spelling is a member that was received, with its name as it was spelt and
// its field, if there is one.
type spelling struct {
	quoted, value []byte
	field         int
	known         bool
}

// received lists the members of an object and tells for each field which of
// them, the last one, it was read from.
func received(o *keptObject, t reflect.Type) (list []spelling, last map[int]int) {
	last = map[int]int{}
	if o == nil || o.raw[0] != '{' {
		return nil, last
	}
	fields := fieldsOf(t)
	spelt(o.raw, func(quoted, value []byte) {
		m := spelling{quoted: quoted, value: value}
		if m.field, m.known = fields[unquote(quoted)]; m.known {
			last[m.field] = len(list)
		}
		list = append(list, m)
	})
	return list, last
}

func comma(b []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return b
}

func appendKey(b []byte, key string) []byte {
	b, _ = appendJSON(comma(b), key) // a string always encodes
	return append(b, ':')
}

// appendKnown writes a field, as received when it still means the same.
func appendKnown(b []byte, field reflect.Value, received []byte) ([]byte, error) {
	if isSecret(field) {
		return append(b, redactedJSON...), nil
	}
	before := reflect.New(field.Type()).Elem()
	decodeValue(received, before)
	if reflect.DeepEqual(before.Interface(), field.Interface()) && !holdsSecret(field.Type()) {
		return append(b, received...), nil
	}
	return appendValue(b, field)
}

func appendValue(b []byte, v reflect.Value) ([]byte, error) {
	switch {
	case v.Type() == durationType:
		return strconv.AppendInt(b, v.Int()/int64(time.Second), 10), nil
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return appendValue(b, v.Elem())
	case v.Kind() == reflect.Struct && v.CanAddr():
		if _, ok := v.Addr().Interface().(keeper); ok {
			return appendObject(b, v)
		}
	case v.Kind() == reflect.Slice && v.Type() != rawType && !v.IsNil():
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendValue(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return appendJSON(b, v.Interface())
}

// appendJSON writes a value without escaping what HTML would mind.
func appendJSON(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes()[:buf.Len()-1], nil // without the encoder's newline
}

var tokenType = reflect.TypeFor[Token]()

func isSecret(v reflect.Value) bool { return v.Type() == tokenType }

var secretCache sync.Map // reflect.Type to bool

// holdsSecret reports whether a type has a token among its fields, at any
// depth: such a value is written field by field.
func holdsSecret(t reflect.Type) bool {
	if cached, ok := secretCache.Load(t); ok {
		return cached.(bool)
	}
	found := findSecret(t, map[reflect.Type]bool{})
	secretCache.Store(t, found)
	return found
}

// findSecret remembers where it was: a type may hold itself.
func findSecret(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == tokenType || seen[t] {
		return t == tokenType
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return findSecret(t.Elem(), seen)
	case reflect.Struct:
		for _, i := range fieldsOf(t) {
			if findSecret(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
