package yclients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zapis/contract"
)

// roundTrip decodes data as the client does and writes the result again.
func roundTrip[T any](data []byte) (any, []byte, error) {
	var result T
	v := reflect.ValueOf(&result).Elem()
	if err := decodeResult(data, v); err != nil {
		return nil, nil, err
	}
	encoded, err := appendValue(nil, v)
	return result, encoded, err
}

// Samples are the only view of real answers that everybody has. Each must come
// back byte for byte, with every member in a field and every value fitting.
func TestSamplesLoseNothing(t *testing.T) {
	for _, id := range slices.Sorted(maps.Keys(roundTrips)) {
		t.Run(id, func(t *testing.T) {
			op, ok := contract.Lookup(id)
			if !ok {
				t.Fatalf("the contract has no %s", id)
			}
			sample, ok := op.Success().Sample()
			if !ok {
				t.Skip("the documentation has no sample")
			}
			var compact bytes.Buffer
			if err := json.Compact(&compact, sample.JSON); err != nil {
				t.Fatal(err)
			}
			data := parseEnvelope(compact.Bytes()).data
			result, encoded, err := roundTrips[id](data)
			if err != nil {
				t.Fatalf("decode: %v", err)
			}
			if got, want := string(encoded), redactSample(string(data)); got != want {
				t.Errorf("after decoding and encoding:\n got %s\nwant %s", got, want)
			}
			eachKept(reflect.ValueOf(result), id, func(path string, k kept) {
				if len(k.Extra()) > 0 || len(k.Misfits()) > 0 {
					t.Errorf("%s: extra %s, misfits %s", path, k.Extra(), k.Misfits())
				}
			})
		})
	}
}

// redactSample does by hand what encoding does to secrets.
func redactSample(s string) string {
	s = strings.ReplaceAll(s, `"user-token-example"`, redactedJSON)
	for n := range 10 {
		s = strings.ReplaceAll(s, fmt.Sprintf(`"record_hash":"%032d"`, n), `"record_hash":`+redactedJSON)
	}
	return s
}

// eachKept visits every decoded object inside v.
func eachKept(v reflect.Value, path string, visit func(string, kept)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachKept(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachKept(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			eachKept(v.MapIndex(key), path+"."+key.String(), visit)
		}
	case reflect.Struct:
		if !v.CanAddr() {
			return
		}
		o, ok := v.Addr().Interface().(keeper)
		if !ok {
			return
		}
		visit(path, kept{o.object()})
		for name, i := range fieldsOf(v.Type()) {
			eachKept(v.Field(i), path+"."+name, visit)
		}
	}
}

// Samples of requests go through the request types: what we would send for
// them is what the documentation sends.
func TestRequestSamples(t *testing.T) {
	for id, request := range map[string]any{
		"authUser":            &LoginRequest{},
		"authUserByPhoneCode": &PhoneLoginRequest{},
		"sendBookCode":        &CodeRequest{},
		"checkBooking":        &BookingCheckRequest{},
		"createBooking":       &BookingRequest{},
		"rescheduleBooking":   &RescheduleRequest{},
		"updateBookingUser":   &BookingUserRequest{},
		"updateRecord":        &RecordRequest{},
	} {
		op, _ := contract.Lookup(id)
		sample, ok := op.Request.Sample()
		if !ok {
			t.Errorf("%s has no sample", id)
			continue
		}
		fill(t, sample.JSON, reflect.ValueOf(request).Elem())
		got, err := encodeRequest(request)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if diff := difference(got, sample.JSON); diff != "" {
			t.Errorf("%s: %s\n got %s\nwant %s", id, diff, got, sample.JSON)
		}
	}
}

// fill decodes a sample into a request type and fails on members it lacks.
func fill(t *testing.T, b []byte, v reflect.Value) {
	t.Helper()
	fields := fieldsOf(v.Type())
	members(trim(b), func(m member) {
		i, ok := fields[m.key]
		if !ok {
			t.Errorf("%s has no field for %s", v.Type(), m.key)
			return
		}
		f := v.Field(i)
		switch {
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			fill(t, m.value, f.Elem())
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Pointer:
			elements(m.value, func(e []byte) {
				p := reflect.New(f.Type().Elem().Elem())
				fill(t, e, p.Elem())
				f.Set(reflect.Append(f, p))
			})
		case f.Kind() == reflect.Map:
			if err := json.Unmarshal(m.value, f.Addr().Interface()); err != nil {
				t.Error(err)
			}
		case !decodeValue(m.value, f):
			t.Errorf("%s.%s does not take %s", v.Type(), m.key, m.value)
		}
	})
}

// difference compares two documents by meaning.
func difference(a, b []byte) string {
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		return err.Error()
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return err.Error()
	}
	if !reflect.DeepEqual(withoutEmpty(x), withoutEmpty(y)) {
		return "the documents differ"
	}
	return ""
}

// withoutEmpty drops empty texts, which an optional member of a request does
// not send.
func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if v[k] = withoutEmpty(e); e == "" {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}
