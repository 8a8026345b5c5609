package yclients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func decoded[T any](t *testing.T, document string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return v
}

// Each value of a field in the spellings that were seen, and in some that
// were not.
func TestLenientFields(t *testing.T) {
	type spelling struct {
		json string
		want any
		fits bool
	}
	for field, spellings := range map[string][]spelling{
		"id": {
			{`5`, int64(5), true}, {`"5"`, int64(5), true}, {`" 5 "`, int64(5), true}, {`5.0`, int64(5), true}, {`"1e3"`, int64(1000), true},
			{`null`, int64(0), true}, {`""`, int64(0), true}, {`9007199254740993`, int64(9007199254740993), true},
			{`1.5`, int64(0), false}, {`"five"`, int64(0), false}, {`true`, int64(0), false}, {`[]`, int64(0), false}, {`1e300`, int64(0), false}, {`99999999999999999999`, int64(0), false},
		},
		"deleted": {
			{`true`, true, true}, {`1`, true, true}, {`"1"`, true, true}, {`"true"`, true, true}, {`"True"`, true, true},
			{`false`, false, true}, {`0`, false, true}, {`"0"`, false, true}, {`""`, false, true}, {`null`, false, true},
			{`2`, false, false}, {`"yes"`, false, false}, {`{}`, false, false},
		},
		"comment": {
			{`"x"`, "x", true}, {`"\ud800"`, "\ufffd", true}, {`"\u0000"`, "\x00", true}, {`7`, "7", true}, {`null`, "", true},
			{`false`, "", false}, {`["x"]`, "", false},
		},
		"seance_length": {
			{`3600`, time.Hour, true}, {`"3600"`, time.Hour, true}, {`null`, time.Duration(0), true},
			{`"1 h"`, time.Duration(0), false}, {`10000000000`, time.Duration(0), false},
		},
		"client": {
			{`null`, (*RecordClient)(nil), true}, {`[]`, (*RecordClient)(nil), true}, {`[ ]`, (*RecordClient)(nil), true}, {`{}`, (*RecordClient)(nil), true},
			{`"x"`, (*RecordClient)(nil), false}, {`[1]`, (*RecordClient)(nil), false},
		},
		"custom_fields": {
			{`[]`, map[string]json.RawMessage(nil), true}, {`{"a":1}`, map[string]json.RawMessage{"a": json.RawMessage("1")}, true}, {`[{"id":1}]`, map[string]json.RawMessage(nil), false},
		},
		"goods_transactions": {
			{`null`, []json.RawMessage(nil), true}, {`""`, []json.RawMessage(nil), true}, {`{"3":1}`, []json.RawMessage{json.RawMessage("1")}, true},
			{`{"a":1}`, []json.RawMessage(nil), false}, {`7`, []json.RawMessage(nil), false},
		},
	} {
		for _, s := range spellings {
			document := fmt.Sprintf(`{"%s":%s}`, field, s.json)
			r := decoded[Record](t, document)
			got := reflect.ValueOf(r).Field(fieldsOf(reflect.TypeFor[Record]())[field]).Interface()
			if !reflect.DeepEqual(got, s.want) {
				t.Errorf("%s: got %#v, want %#v", document, got, s.want)
			}
			misfit, kept := r.Misfits()[field]
			if kept == s.fits || kept && string(misfit) != s.json {
				t.Errorf("%s: misfit %s", document, misfit)
			}
			if encoded, err := r.MarshalJSON(); err != nil || string(encoded) != document {
				t.Errorf("%s became %s, %v", document, encoded, err)
			}
		}
	}
	if rating := decoded[BookStaff](t, `{"rating":"4.84"}`).Rating; math.Abs(rating-4.84) > 1e-9 {
		t.Errorf("rating %v", rating)
	}
}

func TestWhatIsKept(t *testing.T) {
	document := `{"id":"7","novelty":{"a":[1,2]},"client":{"name":"Имя","phone":79000000001,"vip":true},"services":[{"id":1},null],"id":8,"comment":"<b>&amp;</b>","length":1800}`
	r := decoded[Record](t, document)
	if r.ID != 8 || r.Client.Name != "Имя" || r.Client.Phone != "79000000001" || len(r.Services) != 1 || r.Services[0].ID != 1 {
		t.Errorf("decoded %d %q %q %v", r.ID, r.Client.Name, string(r.Client.Phone), r.Services)
	}
	if string(r.Raw()) != document || string(r.Extra()["novelty"]) != `{"a":[1,2]}` || string(r.Client.Extra()["vip"]) != "true" {
		t.Errorf("raw %s, extra %s, %s", r.Raw(), r.Extra(), r.Client.Extra())
	}
	if !r.Has("length") || r.Has("attendance") || !decoded[Record](t, `{"attendance":0}`).Has("attendance") || decoded[Record](t, `{"attendance":null}`).Has("attendance") {
		t.Error("Has does not tell a zero from what was not sent")
	}
	r.Raw()[0] = 'x' // a copy
	// Changes appear in their place; the spelling of everything else stays.
	r.Comment = "новый"
	r.Client.Name = "Другое"
	r.Length = 2 * time.Hour
	r.APIID = "777"
	want := `{"id":"7","novelty":{"a":[1,2]},"client":{"name":"Другое","phone":79000000001,"vip":true},"services":[{"id":1},null],"id":8,"comment":"новый","length":7200,"api_id":"777"}`
	if encoded, err := r.MarshalJSON(); err != nil || string(encoded) != want {
		t.Errorf("got  %s, %v\nwant %s", encoded, err, want)
	}
	// Through encoding/json as well, pointer or not, up to its own escapes.
	again, err := json.Marshal(map[string]any{"r": r, "p": &r})
	if err != nil || difference(again, []byte(`{"r":`+want+`,"p":`+want+`}`)) != "" {
		t.Errorf("json.Marshal: %s, %v", again, err)
	}
}

func TestMadeByHand(t *testing.T) {
	r := Record{ID: 1, Client: &RecordClient{Phone: "79000000001"}, SeanceLength: time.Minute, Services: []*RecordService{{ID: 2, Cost: "10.50"}}}
	got, err := json.Marshal(r)
	if want := `{"id":1,"services":[{"id":2,"cost":10.50}],"client":{"phone":"79000000001"},"seance_length":60}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if r.Raw() != nil || r.Extra() != nil || r.Misfits() != nil || r.Has("id") {
		t.Error("a value made by hand claims to have been received")
	}
}

func TestNotAnObject(t *testing.T) {
	for _, document := range []string{`"x"`, `7`, `[1]`, `true`} {
		var r Record
		if err := json.Unmarshal([]byte(document), &r); err == nil {
			t.Errorf("%s is taken for a record", document)
		}
	}
	if r := decoded[Record](t, `[]`); string(r.Raw()) != "[]" {
		t.Errorf("the empty object of PHP: raw %s", r.Raw())
	}
	var r Record
	if err := r.UnmarshalJSON([]byte(`{"id":`)); err == nil {
		t.Error("half a document is taken for a record")
	}
}

func TestTime(t *testing.T) {
	moscow := time.FixedZone("", 3*3600)
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, moscow)
	for text, want := range map[string]time.Time{
		`"2026-12-01T12:00:00+03:00"`: noon,
		`"2026-12-01T12:00:00+0300"`:  noon,
		`"2026-12-01 12:00:00"`:       noon,
		`"2026-12-01T12:00:00"`:       noon,
		`"2026-12-01"`:                noon.Add(-12 * time.Hour),
		`1796115600`:                  noon,
		`"1796115600"`:                noon,
		`"2026-12-01T09:00:00Z"`:      noon,
	} {
		got := decoded[Time](t, text)
		if !got.In(moscow).Equal(want) {
			t.Errorf("%s: got %v, want %v", text, got.In(moscow), want)
		}
		if raw := strings.Trim(text, `"`); got.Raw != raw || got.String() != raw {
			t.Errorf("%s: raw %q, string %q", text, got.Raw, got.String())
		}
		if local := !strings.ContainsAny(text, "+Z") && strings.Contains(text, "-"); got.Local != local {
			t.Errorf("%s: local %t", text, got.Local)
		}
	}
	for _, text := range []string{`""`, `null`, `"0000-00-00 00:00:00"`, `0`, `"soon"`, `"2026"`} {
		if got := decoded[Time](t, text); !got.IsZero() {
			t.Errorf("%s: got %v", text, got.Time)
		}
	}
	if got := (Time{Time: noon}).String(); got != "2026-12-01T12:00:00+03:00" {
		t.Errorf("made by hand: %s", got)
	}
	if _, err := ParseTime("soon"); err == nil {
		t.Error("ParseTime takes anything")
	}
}

func TestMoney(t *testing.T) {
	for text, minor := range map[string]int64{`1500`: 150000, `"1000.00"`: 100000, `10.5`: 1050, `-3`: -300, `1e3`: 100000, `0`: 0, `"0.01"`: 1} {
		m := decoded[Money](t, text)
		if got, ok := m.Minor(); !ok || got != minor {
			t.Errorf("%s: got %d, %t, want %d", text, got, ok, minor)
		}
	}
	for _, m := range []Money{"", "0.001", "x", "1e99", "99999999999999999999", "1,5"} {
		if got, ok := m.Minor(); ok {
			t.Errorf("%q: got %d", string(m), got)
		}
	}
	for hundredths, want := range map[int64]Money{150000: "1500.00", 1: "0.01", -1050: "-10.50", math.MaxInt64: "92233720368547758.07"} {
		if got := MoneyFromMinor(hundredths); got != want {
			t.Errorf("%d: got %s", hundredths, string(got))
		} else if back, ok := got.Minor(); !ok || back != hundredths {
			t.Errorf("%s: back %d", string(got), back)
		}
	}
	for m, want := range map[Money]string{"": "null", "10.50": "10.50", "x": `"x"`, "01": `"01"`} {
		if got, err := json.Marshal(m); err != nil || string(got) != want {
			t.Errorf("%q is written %s, %v", string(m), got, err)
		}
	}
}

func TestPhone(t *testing.T) {
	for text, want := range map[string]string{
		`"79000000001"`: "+79000000001", `79000000001`: "+79000000001", `"+7 900 000-00-01"`: "+79000000001",
		`"8 (900) 000-00-01"`: "+79000000001", `"9000000001"`: "+79000000001", `"+37120000001"`: "+37120000001", `""`: "", `"12"`: "",
	} {
		p := decoded[Phone](t, text)
		if p.E164() != want {
			t.Errorf("%s: got %q, want %q", text, p.E164(), want)
		}
		if d := p.Digits(); len(d) > 4 && (strings.Contains(p.String(), d[:len(d)-2]) || fmt.Sprintf("%#v", p) != `"`+p.String()+`"`) {
			t.Errorf("%s prints %s", text, p)
		}
	}
}

func TestRecordRequest(t *testing.T) {
	r := decoded[Record](t, `{"id":2,"staff":{"id":9},"services":[{"id":1,"first_cost":100,"discount":5,"cost":95}],"client":{"phone":"+79000000001","name":"Имя"},
		"date":"2026-12-01 12:00:00","datetime":"2026-12-01T12:00:00+04:00","seance_length":3600,"visit_attendance":2,"api_id":"77","record_labels":[{"id":"5"}],"custom_fields":{"a":[1]}}`)
	got, err := encodeRequest(r.Request())
	want := `{"staff_id":9,"services":[{"id":1,"first_cost":100,"discount":5,"cost":95}],"client":{"phone":"+79000000001","name":"Имя"},"save_if_busy":false,
		"datetime":"2026-12-01 12:00:00","seance_length":3600,"send_sms":false,"attendance":2,"api_id":"77","record_labels":["5"],"custom_fields":{"a":[1]}}`
	if err != nil || difference(got, []byte(want)) != "" {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	// An amount that nobody named is not sent: half of the record must not
	// become zero because it was not shown.
	bare := decoded[Record](t, `{"id":2,"date":"2026-12-01 12:00:00","services":[{"id":1}]}`)
	if got, err := encodeRequest(bare.Request()); err != nil || bytes.Contains(got, []byte("remain_hours")) || bytes.Contains(got, []byte("discount")) || bytes.Contains(got, []byte("attendance")) {
		t.Errorf("got %s, %v", got, err)
	}
}

// Any JSON comes back as it was, decoded into any type, and never panics.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"id":"1","client":[],"date":"2026-12-01 12:00:00"}`, `[]`, `{"services":{"0":{"id":1},"2":null}}`, `{"a":{"b":[{"c":"\ud800"}]},"a":1}`,
		"{\"comment\":\"\xff\",\"seance_length\":1e400}", ` { "id" : 1 , "id" : "x" } `, `{"":{},"\u0069d":5}`, `{"custom_fields":{"x":[]},"prepaid":"2"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var r Record
		if err := r.UnmarshalJSON(document); err != nil {
			return
		}
		encoded, err := r.MarshalJSON()
		if err != nil {
			t.Fatalf("%q decodes but does not encode: %v", document, err)
		}
		var again Record
		if err := again.UnmarshalJSON(encoded); err != nil {
			t.Fatalf("%q became %q: %v", document, encoded, err)
		}
		var x, y any
		if json.Unmarshal(document, &x) == nil && json.Unmarshal(encoded, &y) == nil && !reflect.DeepEqual(x, y) {
			t.Errorf("%q became %q", document, encoded)
		}
	})
}

func BenchmarkDecodeRecords(b *testing.B) {
	one := `{"id":2,"company_id":4564,"staff_id":9,"services":[{"id":1,"title":"Наращивание волос","cost":100,"discount":0,"first_cost":100,"amount":1}],` +
		`"staff":{"id":9,"name":"Мастер Тест 23","position":{"id":1,"title":"Администратор"},"rating":0},"client":null,"date":"2019-01-16 16:00:00",` +
		`"datetime":"2019-01-16T16:00:00+09:00","create_date":"2019-01-16T20:35:11+0900","comment":"","attendance":0,"seance_length":3600,"api_id":"","deleted":false}`
	data := []byte("[" + strings.Repeat(one+",", 299) + one + "]")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		var records []*Record
		if err := decodeResult(data, reflect.ValueOf(&records).Elem()); err != nil {
			b.Fatal(err)
		}
	}
}
