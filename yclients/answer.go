package yclients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// envelope is an answer taken apart. Version 2 of the API wraps data as
// {success, data, meta}; some calls answer the data bare, and which ones do is
// not the same in the documentation and in production. So it is decided by
// looking: an object with a success member is an envelope.
type envelope struct {
	wrapped bool
	success bool
	data    []byte // the data, wrapped or bare; nil when absent
	metaRaw []byte
	errors  []byte
	top     []byte // the whole object
}

// parseEnvelope reads a valid JSON body.
func parseEnvelope(body []byte) envelope {
	body = trim(body)
	if body[0] == '[' {
		// Membership calls put the whole envelope into a list.
		var only [][]byte
		elements(body, func(e []byte) { only = append(only, e) })
		if len(only) == 1 && only[0][0] == '{' {
			if e := parseEnvelope(only[0]); e.wrapped {
				return e
			}
		}
		return envelope{data: body}
	}
	if body[0] != '{' {
		return envelope{data: body}
	}
	e := envelope{top: body}
	var data []byte
	spelt(body, func(quoted, value []byte) {
		switch {
		case spells(quoted, "success"):
			e.success, e.wrapped = boolean(value)
		case spells(quoted, "data"):
			data = value
		case spells(quoted, "meta"):
			e.metaRaw = value
		case spells(quoted, "errors"):
			e.errors = value
		}
	})
	switch {
	case e.wrapped:
		e.data = data
	case e.errors != nil && data == nil:
		e.wrapped = true // {errors, meta}: a failure without the word
	case data != nil && (e.metaRaw != nil || onlyMember(body)):
		e.wrapped, e.success, e.data = true, true, data
	default:
		e.data = body
	}
	return e
}

// onlyMember reports whether an object has one member. Version 2 of group
// events wraps its data in {data} and says nothing beside it.
func onlyMember(object []byte) bool {
	n := 0
	members(object, func(member) { n++ })
	return n == 1
}

func (e envelope) meta() Meta {
	m := Meta{Raw: bytes.Clone(e.metaRaw)}
	m.Message, _ = text(orNull(find(e.metaRaw, "message")))
	page, _ := integer(orNull(find(e.metaRaw, "page")))
	total, _ := integer(orNull(find(e.metaRaw, "total_count")))
	if count, ok := integer(orNull(find(e.metaRaw, "count"))); ok && total == 0 {
		total = count
	}
	m.Page, m.TotalCount = int(page), int(total)
	return m
}

func orNull(b []byte) []byte {
	if len(b) == 0 {
		return []byte("null")
	}
	return b
}

// find returns a member of an object, nil when there is none or no object.
func find(object []byte, key string) []byte {
	var value []byte
	if len(object) > 0 && object[0] == '{' {
		spelt(object, func(quoted, v []byte) {
			if spells(quoted, key) {
				value = v
			}
		})
	}
	return value
}

// decode reads the answer into v, or turns it into an error.
func (a *answer) decode(v reflect.Value, wantsNothing bool) error {
	body := trim(bytes.TrimPrefix(trim(a.body), byteOrderMark))
	full := bloated(body)
	valid := len(body) > 0 && !full && json.Valid(body)
	if valid {
		a.envelope = parseEnvelope(body)
	}
	switch {
	case a.status < 200 || a.status >= 300:
		return a.failure()
	case len(body) == 0:
		if wantsNothing && slices.Contains(a.statuses, a.status) {
			return nil
		}
		return a.unreadable(errors.New("the answer is empty"))
	case full:
		return a.unreadable(errors.New("the answer holds more than any list of the API: ask for smaller pages"))
	case !valid && a.isPage():
		return a.unreadable(errors.New("the answer is a web page, not JSON: is the base URL right?"))
	case !valid:
		return a.unreadable(errors.New("the answer is not JSON"))
	case a.envelope.wrapped && !a.envelope.success, a.hidesLimit():
		return a.failure()
	}
	if wantsNothing {
		// What such a call answers is hardly documented: the status decides,
		// or the word success.
		if !a.envelope.wrapped && (!slices.Contains(a.statuses, a.status) || body[0] != '{' && body[0] != '[') {
			return a.unreadable(errors.New("the answer does not say that it worked"))
		}
		return nil
	}
	if !a.envelope.wrapped && isNothing(body) {
		// Data without an envelope is taken when there is some. An empty
		// thing without an envelope could be anybody's answer.
		return a.unreadable(errors.New("the answer is empty"))
	}
	if a.challenges() {
		return a.fail(KindSecondFactor, nil)
	}
	if err := decodeResult(a.shaped(a.envelope.data), v); err != nil {
		return a.unreadable(err)
	}
	if err := checkResult(a.call, v.Interface()); err != nil {
		return a.unreadable(err)
	}
	return nil
}

// hidesLimit reports whether the success of a read has no data and speaks of a
// limit on requests: it must not pass for an empty list. A write that says
// success may have been applied.
func (a *answer) hidesLimit() bool {
	return !a.writes && a.envelope.wrapped && (a.envelope.data == nil || isNothing(a.envelope.data)) && slices.ContainsFunc(a.envelope.messages(), saysLimit)
}

// shaped puts the brackets of a list around data, or takes them off, where
// the documentation and production differ.
func (c call) shaped(data []byte) []byte {
	switch {
	case c.lone && len(data) > 0 && data[0] == '{':
		return append(append([]byte{'['}, data...), ']')
	case c.only && len(data) > 0 && data[0] == '[':
		var parts [][]byte
		elements(data, func(e []byte) { parts = append(parts, e) })
		if len(parts) == 1 {
			return parts[0]
		}
	}
	return data
}

// challenges reports whether a sign-in answered with the challenge of a second
// factor, a uuid, in place of a token.
func (a *answer) challenges() bool {
	return strings.HasPrefix(a.operation, "auth") &&
		find(a.envelope.data, "uuid") != nil && find(a.envelope.data, "user_token") == nil
}

// decodeResult reads the data of an answer. Inside it, what does not fit is
// kept and noted; as a whole it must be what was asked for, because a failed
// call must never look like an empty list.
func decodeResult(data []byte, v reflect.Value) error {
	if data == nil || string(data) == "null" {
		return errors.New("the answer has no data")
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	} else if data[0] != '[' && data[0] != '{' {
		return errors.New("the data is no list")
	}
	if !decodeValue(data, v) {
		return fmt.Errorf("the data is no %s", describe(v.Type()))
	}
	if v.Kind() == reflect.Slice && v.Len() == 0 && !isNothing(data) {
		return errors.New("the list holds nothing but nulls and empty objects")
	}
	first := v
	if v.Kind() == reflect.Slice && v.Len() > 0 && v.Index(0).Kind() == reflect.Pointer {
		first = v.Index(0).Elem() // never nil
	}
	if k, ok := first.Addr().Interface().(keeper); ok && k.object().foreign() {
		return errors.New("the data has none of the expected members")
	}
	return nil
}

// foreign reports whether an object has members and we know none of them.
func (o *keptObject) foreign() bool {
	known, all := 0, 0
	o.each(func(m member) {
		all++
		if _, extra := o.extra[m.key]; !extra {
			known++
		}
	})
	return all > 0 && known == 0
}

func describe(t reflect.Type) string {
	if t.Kind() == reflect.Slice {
		return "list of objects"
	}
	return "object"
}

// checkResult refuses an answer that lacks what the caller lives by: taking a
// booking without a record id for a booking would be worse than an error.
func checkResult(req call, result any) error {
	switch r := result.(type) {
	case *AuthUser:
		return checkToken(r.UserToken)
	case *PhoneSession:
		return checkToken(r.UserToken)
	case []*BookedAppointment:
		if body, ok := req.body.(*BookingRequest); ok && len(r) != len(body.Appointments) {
			return fmt.Errorf("%d appointments were sent and %d came back", len(body.Appointments), len(r))
		}
		for _, booked := range r {
			if booked == nil || booked.RecordID <= 0 {
				return errors.New("an appointment has no record id")
			}
		}
	case []*Record:
		if req.writes {
			return checkMade(r)
		}
	case *Record:
		return checkID(r.ID)
	case *Booking:
		return checkID(r.ID)
	case *Company:
		return checkID(r.ID)
	case *BookingUser:
		return checkID(r.ID)
	}
	return nil
}

// checkMade is for records that were asked to be made.
func checkMade(records []*Record) error {
	if len(records) == 0 {
		return errors.New("no record came back")
	}
	for _, r := range records {
		if err := checkID(r.ID); err != nil {
			return err
		}
	}
	return nil
}

func checkToken(t Token) error {
	if t == "" {
		return errors.New("the answer has no user token")
	}
	return nil
}

func checkID(id int64) error {
	if id <= 0 {
		return errors.New("the object has no id")
	}
	return nil
}
