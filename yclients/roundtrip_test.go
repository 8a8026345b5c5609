package yclients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// roundTripLone is roundTrip for a list whose sample is one object: the same
// document with brackets comes back.
func roundTripLone[T any](data []byte) (any, []byte, error) {
	result, encoded, err := roundTrip[T](call{lone: true}.shaped(data))
	if data[0] == '{' && len(encoded) > 1 {
		encoded = encoded[1 : len(encoded)-1]
	}
	return result, encoded, err
}

// roundTripOnly is roundTrip for an object that comes in a list.
func roundTripOnly[T any](data []byte) (any, []byte, error) {
	result, encoded, err := roundTrip[T](call{only: true}.shaped(data))
	if data[0] == '[' && err == nil {
		encoded = fmt.Appendf(nil, "[%s]", encoded)
	}
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
			got, want := string(encoded), redactSample(string(data))
			if _, isMap := result.(map[string]json.RawMessage); isMap && difference(encoded, data) == "" {
				want = got // a map has no order
			}
			if got != want {
				t.Errorf("after decoding and encoding:\n got %s\nwant %s", got, want)
			}
			eachKept(reflect.ValueOf(result), id, func(path string, k kept) {
				for name := range k.Misfits() {
					if knownMisfits[id+"."+name] != "" {
						return
					}
				}
				if len(k.Extra()) > 0 || len(k.Misfits()) > 0 {
					t.Errorf("%s: extra %s, misfits %s", path, k.Extra(), k.Misfits())
				}
			})
		})
	}
}

// knownMisfits are values of samples that no type should take, and why. They
// are kept like everything else.
var knownMisfits = map[string]string{
	"listChainDepositsByPhone.deposit_type_id": `"1," is no number`,
	"listClientCertificates.expiration_date":   "30 February is no date",
	"listOwnCertificates.expiration_date":      "30 February is no date",
}

// redactSample does by hand what encoding does to secrets.
func redactSample(s string) string {
	s = strings.ReplaceAll(s, `"user-token-example"`, redactedJSON)
	for n := range 10 {
		s = strings.ReplaceAll(s, fmt.Sprintf(`hash":"%032d"`, n), `hash":`+redactedJSON)
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
	for _, id := range slices.Sorted(maps.Keys(requests)) {
		op, _ := contract.Lookup(id)
		sample, ok := op.Request.Sample()
		if !ok {
			continue // coverage.json says so
		}
		t.Run(id, func(t *testing.T) {
			request := requests[id]()
			if slice := reflect.ValueOf(request).Elem(); slice.Kind() == reflect.Slice {
				elements(trim(sample.JSON), func(e []byte) {
					item := reflect.New(slice.Type().Elem().Elem())
					fill(t, e, item.Elem())
					slice.Set(reflect.Append(slice, item))
				})
				request = slice.Interface()
			} else {
				fill(t, sample.JSON, slice)
			}
			got, err := encodeRequest(request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := difference(got, sample.JSON); diff != "" {
				t.Errorf("%s\n got %s\nwant %s", diff, got, sample.JSON)
			}
		})
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
		case string(m.value) == "null":
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			fill(t, m.value, f.Elem())
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Pointer:
			elements(m.value, func(e []byte) {
				p := reflect.New(f.Type().Elem().Elem())
				fill(t, e, p.Elem())
				f.Set(reflect.Append(f, p))
			})
		case f.Kind() == reflect.Map, holdsAny(f.Type()):
			if err := json.Unmarshal(m.value, f.Addr().Interface()); err != nil {
				t.Error(err)
			}
		case !decodeValue(m.value, f):
			t.Errorf("%s.%s does not take %s", v.Type(), m.key, m.value)
		}
	})
}

func holdsAny(t reflect.Type) bool {
	return t.Kind() == reflect.Interface || t.Kind() == reflect.Slice && holdsAny(t.Elem())
}

// difference compares two documents by meaning: 1 is "1" and true, and a
// member that is null or empty is one that is not there.
func difference(a, b []byte) string {
	x, err := meaning(a)
	if err != nil {
		return err.Error()
	}
	y, err := meaning(b)
	if err != nil {
		return err.Error()
	}
	return cmp.Diff(y, x)
}

func meaning(document []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return oneSpelling(v), err
}

func oneSpelling(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if v[k] = oneSpelling(e); v[k] == "" || v[k] == nil {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = oneSpelling(v[i])
		}
	case bool:
		if v {
			return "1"
		}
		return "0"
	case json.Number:
		return oneNumber(v.String())
	case string:
		return oneNumber(v)
	}
	return v
}

func oneNumber(s string) string {
	if r, ok := new(big.Rat).SetString(s); ok && decimal.MatchString(s) {
		return r.RatString()
	}
	return s
}
