package yclients

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"zapis/contract"
)

// eventExamples are the bodies that the contract shows.
func eventExamples(t testing.TB) []json.RawMessage {
	t.Helper()
	var facts struct {
		Envelope []struct {
			Name string   `json:"name"`
			Enum []string `json:"enum"`
		} `json:"envelope"`
		Examples []json.RawMessage `json:"examples"`
	}
	if err := json.Unmarshal(contract.Webhooks().Outside["entity_events"], &facts); err != nil {
		t.Fatal(err)
	}
	if len(facts.Examples) < 3 {
		t.Fatalf("the contract shows %d events", len(facts.Examples))
	}
	for _, f := range facts.Envelope {
		for _, value := range f.Enum {
			body := `{"company_id":1,"resource_id":"2","resource":"record","status":"update","data":[]}`
			old := map[string]string{"resource": "record", "status": "update"}[f.Name]
			facts.Examples = append(facts.Examples, json.RawMessage(strings.Replace(body, old, value, 1)))
		}
	}
	return facts.Examples
}

func TestParseWebhookExamples(t *testing.T) {
	for _, body := range eventExamples(t) {
		e, err := ParseWebhook(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if e.Repaired || !bytes.Equal(e.Raw(), body) || e.CompanyID == 0 || e.ResourceID == 0 {
			t.Errorf("%s: got %+v", body, *e)
		}
	}
	e, err := ParseWebhook(eventExamples(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	record, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	if e.Resource != WebhookRecord || e.Status != WebhookCreated || record.ID != 2 || record.Staff.Name != "Мастер Тест 1" ||
		record.Client.Phone.E164() != "+79000000001" || record.SeanceLength.Hours() != 1 || e.Gone() {
		t.Errorf("got %v with %+v", e, record)
	}
	if _, err := e.Staff(); err == nil {
		t.Error("a record was taken for a staff member")
	}
	if changed, err := ParseWebhook(eventExamples(t)[2]); err != nil {
		t.Error(err)
	} else if client, err := changed.Client(); err != nil || client.Phone.E164() != "+79000000001" || client.ID != 66 {
		t.Errorf("client %+v, %v", client, err)
	}
	category, err := ParseWebhook([]byte(`{"company_id":1,"resource":"service_category","resource_id":3,"status":"create","data":{"id":3,"title":"Стрижки"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := category.ServiceCategory(); err != nil || c.Title != "Стрижки" {
		t.Errorf("category %+v, %v", c, err)
	}
	if gone, _ := ParseWebhook(eventExamples(t)[1]); !gone.Gone() || gone.Status != WebhookDeleted {
		t.Error("the deletion was not noticed")
	}
}

func TestParseWebhookBeyondJSON(t *testing.T) {
	for name, tt := range map[string]struct {
		body    string
		comment string
	}{
		"NaN":             {`{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":{"id":2,"prepaid_sum":NaN,"comment":"NaN"}}`, "NaN"},
		"infinities":      {`{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":{"id":2,"a":[Infinity,-Infinity,INF],"comment":"Infinity"}}`, "Infinity"},
		"NUL in a text":   {"{\"company_id\":1,\"resource\":\"record\",\"resource_id\":2,\"status\":\"update\",\"data\":{\"id\":2,\"comment\":\"a\x00b\"}}", "a\x00b"},
		"NUL around":      {"\x00{\"company_id\":1,\x00\"resource\":\"record\",\"resource_id\":2,\"status\":\"update\",\"data\":{\"id\":2,\"comment\":\"x\"}}\x00\x00", "x"},
		"line in a text":  {"{\"company_id\":1,\"resource\":\"record\",\"resource_id\":2,\"status\":\"update\",\"data\":{\"id\":2,\"comment\":\"a\nb\"}}", "a\nb"},
		"byte order mark": {"\xef\xbb\xbf{\"company_id\":1,\"resource\":\"record\",\"resource_id\":2,\"status\":\"update\",\"data\":{\"id\":2,\"comment\":\"x\"}}", "x"},
	} {
		e, err := ParseWebhook([]byte(tt.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		record, err := e.Record()
		if err != nil || record.Comment != tt.comment || record.ID != 2 || !e.Repaired {
			t.Errorf("%s: repaired %t, comment %q, %v", name, e.Repaired, record.Comment, err)
		}
	}
	// These are JSON, if unusual.
	surrogate := `{"company_id":"1","resource":"record","resource_id":"2","status":"update","data":{"id":"2","comment":"\ud83d x \u0000"}}`
	e, err := ParseWebhook([]byte(surrogate))
	if err != nil {
		t.Fatal(err)
	}
	record, err := e.Record()
	if err != nil || e.Repaired || !strings.HasSuffix(record.Comment, " x \x00") {
		t.Errorf("repaired %t, comment %q, %v", e.Repaired, record.Comment, err)
	}
}

func TestParseWebhookRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"empty":             ``,
		"text":              `hello`,
		"list":              `[{"company_id":1}]`,
		"null":              `null`,
		"no company":        `{"resource":"record","resource_id":2,"status":"update","data":{}}`,
		"company is a list": `{"company_id":[1],"resource":"record","resource_id":2,"status":"update"}`,
		"no resource":       `{"company_id":1,"resource_id":2,"status":"update"}`,
		"resource is prose": `{"company_id":1,"resource":"record 79000000001\n","resource_id":2,"status":"update"}`,
		"unknown status":    `{"company_id":1,"resource":"record","resource_id":2,"status":"moved"}`,
		"negative id":       `{"company_id":1,"resource":"record","resource_id":-2,"status":"update"}`,
		"cut":               `{"company_id":1,"resource":"record","resource_id":2,"status":"upd`,
		"cut escape":        `{"company_id":1,"resource":"record\`,
		"two":               `{"company_id":1,"resource":"record","resource_id":2,"status":"update"}{}`,
		"deep":              `{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
		"NaN as a key":      `{NaN:1}`,
	} {
		e, err := ParseWebhook([]byte(body))
		if !errors.Is(err, ErrWebhookMalformed) {
			t.Errorf("%s: got %v, %v", name, e, err)
		}
		if err != nil && strings.Contains(err.Error(), "79000000001") {
			t.Errorf("%s: the error quotes the body: %v", name, err)
		}
	}
}

// One edit sends up to four equal events, and two edits are two.
func TestWebhookKey(t *testing.T) {
	key := func(body string) string {
		t.Helper()
		e, err := ParseWebhook([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return e.Key()
	}
	dated := `{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":{"id":2,"last_change_date":"2026-12-01T12:00:00+0300","n":%d}}`
	if got := key(fmt.Sprintf(dated, 1)); got != "1:record:2:update:2026-12-01T12:00:00+0300" || got != key(fmt.Sprintf(dated, 2)) {
		t.Errorf("key %q", got)
	}
	bare := `{"company_id":1,"resource":"client","resource_id":66,"status":"update","data":{"id":66,"name":"Клиент \ud800"}}`
	same := "{ \"status\":\"update\",\"resource_id\":66,\n\"data\":{\"name\":\"Клиент \\ud800\",\"id\":66},\"resource\":\"client\",\"company_id\":1}"
	if key(bare) != key(same) {
		t.Error("the order of members makes another event")
	}
	different := []string{
		bare,
		strings.Replace(bare, "ud800", "ud801", 1),
		strings.Replace(bare, "update", "create", 1),
		strings.Replace(bare, "Клиент", "Гость", 1),
		strings.Replace(bare, `"company_id":1`, `"company_id":2`, 1),
		strings.Replace(dated, "%d", "1", 1),
		strings.Replace(strings.Replace(dated, "%d", "1", 1), "12:00:00", "12:00:01", 1),
	}
	keys := map[string]string{}
	for _, body := range different {
		if other, had := keys[key(body)]; had {
			t.Errorf("%s and %s have one key", body, other)
		}
		keys[key(body)] = body
		if strings.Contains(key(body), "Клиент") {
			t.Error("the key holds data")
		}
	}
}

// Events stand in any order: the later date wins.
func TestWebhookOrder(t *testing.T) {
	body := `{"company_id":1,"resource":"record","resource_id":2,"status":"update","data":{"last_change_date":"2026-12-01T12:00:0%d+0300"}}`
	var events []*WebhookEvent
	for _, second := range []int{2, 1, 3} {
		e, err := ParseWebhook(fmt.Appendf(nil, body, second))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	newest := slices.MaxFunc(events, func(a, b *WebhookEvent) int { return a.ChangedAt().Time.Compare(b.ChangedAt().Time) })
	if newest != events[2] {
		t.Errorf("newest %s", newest.ChangedAt())
	}
	empty, err := ParseWebhook([]byte(`{"company_id":1,"resource":"schedule","resource_id":9,"status":"update","data":[]}`))
	if err != nil || !empty.ChangedAt().IsZero() || empty.Gone() || string(empty.Data) != "[]" {
		t.Errorf("schedule: %v, %v", empty, err)
	}
}

func TestWebhookDoesNotPrintItsData(t *testing.T) {
	e, err := ParseWebhook(eventExamples(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "event", e, "value", *e)
	printed := fmt.Sprintf("%v %+v %#v %s", e, *e, e, e) + log.String()
	if strings.Contains(printed, "9000000001") || strings.Contains(printed, "Клиент") || !strings.Contains(printed, "create of record 2 in company 4564") {
		t.Errorf("printed %s", printed)
	}
}

func TestMarketplaceEvent(t *testing.T) {
	for _, hook := range contract.Webhooks().Documented {
		if hook.OperationID != "marketplaceWebhook" {
			continue
		}
		for _, body := range hook.Examples {
			e, err := ParseMarketplaceEvent(body, testPartner)
			if err != nil || e.SalonID != 123 || e.ApplicationID != 123 || e.Event != MarketplaceUninstall {
				t.Errorf("got %+v, %v", e, err)
			}
			again, err := json.Marshal(e)
			if err != nil || strings.Contains(string(again), testPartner) {
				t.Errorf("written as %s, %v", again, err)
			}
			for _, wrong := range []Token{"", "partner-token-exampl", "partner-token-example2", "Partner-token-example"} {
				if _, err := ParseMarketplaceEvent(body, wrong); !errors.Is(err, ErrWebhookForged) {
					t.Errorf("token %q: %v", string(wrong), err)
				}
			}
		}
	}
	for _, body := range []string{`{"salon_id":1,"event":"freeze"}`, `{"salon_id":1,"event":"freeze","partner_token":""}`, `{"salon_id":1,"event":"freeze","partner_token":null}`} {
		for _, ours := range []Token{"", testPartner} {
			if _, err := ParseMarketplaceEvent([]byte(body), ours); !errors.Is(err, ErrWebhookForged) {
				t.Errorf("%s: %v", body, err)
			}
		}
	}
	if _, err := ParseMarketplaceEvent([]byte(`{"event":"freeze","partner_token":"partner-token-example"}`), testPartner); !errors.Is(err, ErrWebhookMalformed) {
		t.Errorf("no salon: %v", err)
	}
	paid, err := ParseMarketplaceEvent([]byte(`{"salon_id":"1","event":"payment","sum":100,"partner_token":"partner-token-example"}`), testPartner)
	if err != nil || paid.SalonID != 1 || paid.Event != MarketplacePayment || string(paid.Extra()["sum"]) != "100" {
		t.Errorf("got %+v, %v", paid, err)
	}
}

func TestMarketplaceRegistration(t *testing.T) {
	user := `{"id":1,"name":"Имя Тест 1"}`
	mac := hmac.New(sha256.New, []byte(testPartner))
	mac.Write([]byte(user))
	sign := hex.EncodeToString(mac.Sum(nil))
	for name, data := range map[string]string{
		"padded":   base64.StdEncoding.EncodeToString([]byte(user)),
		"bare":     base64.RawStdEncoding.EncodeToString([]byte(user)),
		"url":      base64.URLEncoding.EncodeToString([]byte(user)),
		"as space": strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(user)), "+", " "),
	} {
		q := url.Values{"salon_id": {"123"}, "user_data": {data}, "user_data_sign": {sign}}
		r, err := ParseMarketplaceRegistration(q, testPartner)
		if err != nil || !slices.Equal(r.SalonIDs, []int64{123}) || string(r.User) != user {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
		for _, wrong := range []string{"", "zz", sign[:62], strings.Repeat("0", 64)} {
			q.Set("user_data_sign", wrong)
			if _, err := ParseMarketplaceRegistration(q, testPartner); !errors.Is(err, ErrWebhookForged) {
				t.Errorf("%s: signature %q: %v", name, wrong, err)
			}
		}
		q.Set("user_data_sign", sign)
		if _, err := ParseMarketplaceRegistration(q, "another-token-example"); !errors.Is(err, ErrWebhookForged) {
			t.Errorf("%s: another token: %v", name, err)
		}
	}
	r, err := ParseMarketplaceRegistration(url.Values{"salon_ids[0]": {"7"}}, testPartner)
	if err != nil || !slices.Equal(r.SalonIDs, []int64{7}) || r.User != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, q := range []url.Values{{"salon_id": {"x"}}, {"salon_id": {"1"}, "user_data": {"!"}}} {
		if _, err := ParseMarketplaceRegistration(q, testPartner); !errors.Is(err, ErrWebhookMalformed) {
			t.Errorf("%v: %v", q, err)
		}
	}
}

// The documented requests to partners go through their parsers without a rest.
func TestRequestsToPartners(t *testing.T) {
	sample, ok := fiscalSample(t)
	if !ok {
		t.Fatal("the contract has no fiscal document")
	}
	doc, err := ParseFiscalDocument(sample)
	if err != nil {
		t.Fatal(err)
	}
	if amount, ok := doc.Positions[0].Price.Minor(); !ok || amount != 1050 || doc.Payments[2].Sum != "0.5" || !doc.PrintReceipt ||
		doc.POS.SlipCount != 2 || doc.DocumentID != 239083104 || doc.Date.IsZero() {
		t.Errorf("got %+v", doc)
	}
	if rest := append(rests(doc.kept), append(rests(doc.Positions[0].kept), rests(doc.Cashier.kept)...)...); len(rest) > 0 {
		t.Errorf("not understood: %v", rest)
	}
	op, _ := contract.Lookup("sendOperatorSms")
	known := fieldNames(OperatorSMS{})
	for _, f := range op.Request.Fields {
		if !slices.Contains(known, f.Name) {
			t.Errorf("OperatorSMS has no %s", f.Name)
		}
	}
	sms, err := ParseOperatorSMS([]byte(`{"destination_params":{"phone":"79000000001"},"from":"x","text":"code 38829","channel":"sms","dispatch_type":"service","delivery_callback_url":"https://example.com/partner-token-example"}`))
	if err != nil || string(sms.Text) != "code 38829" || strings.Contains(fmt.Sprintf("%v %+v", sms, *sms), "38829") {
		t.Errorf("got %+v, %v", sms, err)
	}
	for _, body := range []string{`{}`, `{"text":"x"}`, `[]`, `{"destination_params":[],"text":"x"}`} {
		if _, err := ParseOperatorSMS([]byte(body)); !errors.Is(err, ErrWebhookMalformed) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := ParseFiscalDocument([]byte(`{}`)); !errors.Is(err, ErrWebhookMalformed) {
		t.Errorf("empty document: %v", err)
	}
}

func fiscalSample(t testing.TB) (json.RawMessage, bool) {
	t.Helper()
	for _, hook := range contract.Webhooks().Documented {
		if hook.OperationID == "fiscalizeDocument" && len(hook.Examples) > 0 {
			return hook.Examples[0], true
		}
	}
	return nil, false
}

func rests(k kept) (names []string) {
	for name := range k.Extra() {
		names = append(names, name)
	}
	for name := range k.Misfits() {
		names = append(names, name)
	}
	return names
}

func TestCheckBearer(t *testing.T) {
	for header, ok := range map[string]bool{
		"Bearer partner-token-example":         true,
		"bearer partner-token-example":         true,
		"Bearer partner-token-example, User x": true,
		"Bearer partner-token-example2":        false,
		"Bearer ":                              false,
		"":                                     false,
		"partner-token-example":                false,
		"Basic partner-token-example":          false,
	} {
		if err := CheckBearer(header, testPartner); (err == nil) != ok || err != nil && !errors.Is(err, ErrWebhookForged) {
			t.Errorf("%q: %v", header, err)
		}
	}
	if err := CheckBearer("Bearer ", ""); err == nil {
		t.Error("two empty tokens are equal")
	}
}

// Whatever is posted, it is read or refused with one of two errors, the key is
// stable, and canonical JSON is JSON.
func FuzzWebhook(f *testing.F) {
	for _, body := range eventExamples(f) {
		f.Add([]byte(body))
	}
	sample, _ := fiscalSample(f)
	f.Add([]byte(sample))
	for _, body := range []string{
		`{"salon_id":123,"application_id":123,"event":"uninstall","partner_token":"partner-token-example"}`,
		`{"destination_params":{"phone":7},"text":"x","from":NaN}`,
		"\x00{\"company_id\":1,\"resource\":\"record\",\"resource_id\":2,\"status\":\"update\",\"data\":{\"a\":\"\\ud800\x00\",\"b\":-Infinity}}",
		"\xef\xbb\xbf{\"a\":\"\\\x01\"}", `{"a":NaN`, `"`, `"\`, `{"data":[NaN,[nan,{"x":INF}]]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		e, err := ParseWebhook(body)
		if err == nil {
			again, err := ParseWebhook(canonical(nil, e.read))
			if err != nil || again.Key() != e.Key() || !json.Valid(e.Data) || len(e.Key()) > 512 && e.ChangedAt().IsZero() {
				t.Errorf("%q: key %q, again %v, %v", body, e.Key(), again, err)
			}
			e.Gone()
			_, _ = e.Record()
			_, _ = e.Client()
			_, _ = e.ServiceCategory()
			_, _ = e.Staff()
			_, _ = e.Service()
			_, _ = e.Company()
		} else if !errors.Is(err, ErrWebhookMalformed) {
			t.Errorf("%q: %v", body, err)
		}
		if m, err := ParseMarketplaceEvent(body, testPartner); err == nil && string(m.PartnerToken) != testPartner {
			t.Errorf("%q: a forged event was taken", body)
		}
		_, _ = ParseOperatorSMS(body)
		_, _ = ParseFiscalDocument(body)
		if !bytes.Equal(before, body) {
			t.Error("the body was changed")
		}
	})
}
