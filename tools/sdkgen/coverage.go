package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"zapis/contract"
)

// covered is a row of coverage.json: what the package has for an operation.
type covered struct {
	Operation  string `json:"operation"`
	Service    string `json:"service"`
	Method     string `json:"method"`
	Iterator   string `json:"iterator,omitempty"`
	Options    string `json:"options,omitempty"`
	Body       string `json:"body,omitempty"`
	Result     string `json:"result"` // none: the operation answers no data
	Deprecated string `json:"deprecated,omitempty"`
	// RoundTrip and RequestRoundTrip are "equal" where a documented sample is
	// decoded and encoded to an equal document, which the tests of the package
	// hold, "no sample" where there is none, "no data" where the sample has an
	// envelope only, and "no body".
	RoundTrip        string `json:"round_trip"`
	RequestRoundTrip string `json:"request_round_trip"`
}

func (m *model) coverageFile() ([]byte, error) {
	var rows []covered
	for _, sel := range m.list.ops {
		op, _ := contract.Lookup(sel.id)
		row := covered{Operation: sel.id, Service: sel.service, Method: sel.method, Result: resultType(sel.result), RoundTrip: "no sample", RequestRoundTrip: "no body"}
		var params []contract.Param
		if !sel.bare {
			params = queryParams(op)
		}
		if len(params) > 0 {
			row.Options = goName(singular(sel.service)) + sel.method + "Options"
		}
		if _, ok := pagingOf(op, params); ok && !sel.bare && strings.HasPrefix(sel.result, "[]") {
			row.Iterator = walkName(sel.method)
		}
		if sel.body != "" && sel.body != "query" {
			row.Body, row.RequestRoundTrip = bodyType(sel.body), "no sample"
			if _, ok := op.Request.Sample(); ok {
				row.RequestRoundTrip = "equal"
			}
		}
		if sel.use != "" {
			row.Deprecated = fmt.Sprintf("use %s.%s", sel.service, sel.use)
		}
		if _, ok := successSample(op); ok {
			row.RoundTrip = "equal"
			if sel.result == "-" {
				row.RoundTrip = "no data"
			}
		}
		rows = append(rows, row)
	}
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		b.Write(line)
		if i < len(rows)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	return b.Bytes(), nil
}

// successSample is the documented sample of the answer, if there is one.
func successSample(op *contract.Operation) (contract.Sample, bool) {
	if r := op.Success(); r != nil {
		return r.Sample()
	}
	return contract.Sample{}, false
}
