package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"zapis/contract"
)

// An operation without a model of its own still checks the request against the
// contract and answers the documented sample, made coherent with the request:
// the ids of the path, the values that were sent, dates around the present.

var loadOffice = sync.OnceValue(officeModels)

// modelOf is how an operation is played.
func modelOf(op *contract.Operation) *model {
	if m := models[op.ID]; m != nil {
		return m
	}
	if m := loadOffice()[op.ID]; m != nil {
		return m
	}
	return &model{
		run: checked(playSample), access: accessOf(op), level: sampleOnly,
		note: "the request is checked against the contract; nothing is kept",
	}
}

// accessOf is what the contract asks of the caller.
func accessOf(op *contract.Operation) access {
	switch {
	case op.User != contract.Required:
		return openToPartner
	case ownOperation(op):
		return anyUser
	}
	for _, segment := range segments(op.Path) {
		if slices.Contains(companyNames, strings.Trim(segment, "{}")) || companyShape[op.ID] {
			return memberOnly
		}
	}
	return anyUser
}

// companyNames are the parameters that name a company.
var companyNames = []string{"company_id", "salon_id", "salonId"}

func playSample(c *call) answer {
	status, body := documented(c.route.op)
	if body == nil {
		return c.unsampled(status)
	}
	shiftDates(body, weeksTo(c.now, body))
	data := body
	if o, ok := body.(obj); ok && o["data"] != nil {
		data = o["data"]
	}
	c.echo(data)
	c.identify(body)
	if c.route.op.Method != http.MethodGet {
		c.applied = true
	}
	return answer{status: status, body: body}
}

// documented is the status of success of an operation and a fresh copy of its
// sample; nil when there is none.
func documented(op *contract.Operation) (int, any) {
	status := http.StatusOK
	if len(op.Statuses) > 0 {
		status = op.Statuses[0]
	} else if len(op.Responses) > 0 && op.Responses[0].Status < 400 {
		status = op.Responses[0].Status
	}
	resp := op.Success()
	if resp == nil || status == http.StatusNoContent {
		return status, nil
	}
	sample, ok := resp.Sample()
	if !ok {
		return status, nil
	}
	return status, decodeSample(sample.JSON)
}

// decodeSample makes a copy that its caller may change.
func decodeSample(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil // no sample of the contract fails to parse: its tests see to it
	}
	return v
}

// unsampled answers where the documents show no body.
func (c *call) unsampled(status int) answer {
	if c.route.op.Method != http.MethodGet {
		c.applied = true
	}
	switch status {
	case http.StatusNoContent:
		return answer{status: status}
	case http.StatusMovedPermanently:
		return answer{status: status, header: http.Header{"Location": {c.base + "/"}}}
	}
	resp := c.route.op.Success()
	if resp == nil || len(resp.Fields) == 0 {
		return answer{status: status}
	}
	return enveloped(status, nil, nil)
}

// identify puts the ids of the path into every place of the sample that is
// named like them, as number or string as it was.
func (c *call) identify(body any) {
	walk(body, func(o obj, key string, old any) {
		for name, value := range c.params {
			if key == name || key == alias[name] {
				o[key] = likewise(old, value)
			}
		}
	})
	o, ok := body.(obj)
	if !ok {
		return
	}
	data, _ := o["data"].(obj)
	if data == nil && o["success"] == nil {
		data = o
	}
	last := segments(c.route.op.Path)
	name := strings.Trim(last[len(last)-1], "{}")
	if value, there := c.params[name]; there && data["id"] != nil && !slices.Contains(companyNames, name) {
		data["id"] = likewise(data["id"], value)
	}
}

// alias has the other names of ids.
var alias = map[string]string{
	"company_id": "salon_id", "salon_id": "company_id", "salonId": "salon_id", "staff_id": "master_id", "master_id": "staff_id",
	"chain_id": "salon_group_id", "group_id": "salon_group_id",
}

// likewise spells a value as the old one was spelled.
func likewise(old any, value string) any {
	switch old.(type) {
	case json.Number:
		if n, ok := asInt(value); ok {
			return n
		}
	case string:
		return value
	}
	return old
}

// echo puts what was sent into the top level of the sample, where it has the
// same key and kind.
func (c *call) echo(data any) {
	o, ok := data.(obj)
	if !ok {
		return
	}
	for key, sent := range c.body {
		old, there := o[key]
		if !there || key == "id" {
			continue
		}
		switch sent := sent.(type) {
		case string:
			if _, same := old.(string); same {
				o[key] = clip(sent)
			}
		case json.Number:
			if _, same := old.(json.Number); same {
				o[key] = sent
			}
		case bool:
			if _, same := old.(bool); same {
				o[key] = sent
			}
		}
	}
}

// walk visits every scalar of a JSON value.
func walk(v any, visit func(o obj, key string, old any)) {
	switch v := v.(type) {
	case obj:
		for key, x := range v {
			switch x.(type) {
			case obj, []any:
				walk(x, visit)
			default:
				visit(v, key, x)
			}
		}
	case []any:
		for _, x := range v {
			walk(x, visit)
		}
	}
}

// weeksTo is how many whole weeks the newest date of a sample lies back. Whole
// weeks keep the days of the week.
func weeksTo(now time.Time, sample any) int {
	newest := 0
	walk(sample, func(_ obj, key string, old any) {
		if d, ok := dateIn(key, old); ok {
			newest = max(newest, d.number())
		}
	})
	if newest == 0 {
		return 0
	}
	return (dayOf(now, time.UTC).number() - newest) / 7
}

func shiftDates(sample any, weeks int) {
	walk(sample, func(o obj, key string, old any) {
		if d, ok := dateIn(key, old); ok {
			o[key] = d.add(7*weeks).String() + old.(string)[10:]
		}
	})
}

// dateIn reads the date that a text begins with. Birthdays stay.
func dateIn(key string, v any) (day, bool) {
	s, ok := v.(string)
	if !ok || len(s) < 10 || strings.Contains(key, "birth") {
		return day{}, false
	}
	t, err := time.Parse(time.DateOnly, s[:10])
	return dayOf(t, time.UTC), err == nil && t.Year() >= 2010 && t.Year() < 2040
}
