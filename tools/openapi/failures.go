package main

import (
	"net/http"
	"strconv"
	"strings"

	"zapis/contract"
)

// failureName names the shared answer of a status.
func failureName(status int) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(status))
}

// failures are the refusals that every operation shares, one for each status
// that is documented anywhere, and 429, which is documented nowhere.
func (b *builder) failures() *object {
	schema := b.failureSchema()
	statuses := map[int]bool{http.StatusUnauthorized: true, http.StatusTooManyRequests: true}
	for _, op := range contract.Operations() {
		for _, r := range op.Responses {
			if r.Status >= 400 {
				statuses[r.Status] = true
			}
		}
	}
	out := obj()
	for status := 400; status < 600; status++ {
		if statuses[status] {
			out.put(failureName(status), obj("description", meaningOf(status),
				"content", obj("application/json", obj("schema", schema))))
		}
	}
	return out
}

func meaningOf(status int) string {
	if status == http.StatusTooManyRequests {
		return "too many calls from this address; not documented, seen in production, Retry-After may be missing"
	}
	for _, fact := range contract.Errors().Statuses {
		if fact.Status == status && fact.Meaning != "" {
			return fact.Meaning
		}
	}
	return strings.ToLower(http.StatusText(status))
}

// failureSchema is wide enough for every spelling of a failure that is known.
func (b *builder) failureSchema() *object {
	var codes []string
	for _, c := range contract.Errors().BookingCodes {
		codes = append(codes, strconv.Itoa(c.Code)+" "+c.Meaning)
	}
	code := obj("description", "code of a refused booking: "+strings.Join(codes, "; "))
	message := obj("type", "string", "description", "the words of the API, in the language of the account")
	return b.components.add("Failure", obj(
		"type", "object",
		"description", "a refusal; where code and errors stand differs from one operation to the next",
		"properties", obj(
			"success", obj("type", "boolean"),
			"data", obj("description", "null"),
			"code", code,
			"meta", obj("description", "{message}, sometimes with errors by field; [] for nothing"),
			"errors", obj("type", "object", "properties", obj("code", code, "message", message), "additionalProperties", obj()),
		),
	))
}

// entityEvent is the webhook that a company sends when something changes. It
// stands in an older edition of the documentation only.
func (b *builder) entityEvent() *object {
	event := b.components.add("EntityEvent", obj(
		"type", "object",
		"required", []any{"company_id", "resource", "resource_id", "status"},
		"properties", obj(
			"company_id", obj("type", "integer", "format", "int64"),
			"resource", obj("type", "string", "description", "company, service_category, service, staff, client, record, and others that can be switched on"),
			"resource_id", obj("type", "integer", "format", "int64"),
			"status", obj("type", "string", "enum", []any{"create", "update", "delete"}),
			"data", obj("description", "the entity as the API answers it; [] for a schedule"),
		),
	))
	return obj("operationId", "entityEvent", "tags", []any{"Webhooks"}, "summary", "Something changed in a company",
		"description", "Sent to every address of the webhook settings. It carries no signature: put a secret into the address, answer 2xx at once and read the entity again. One edit may send several equal events.",
		"requestBody", obj("required", true, "content", obj("application/json", obj("schema", event))),
		"responses", obj("200", obj("description", "any 2xx: received. 429, 5xx and network errors are tried again twice")),
	)
}
