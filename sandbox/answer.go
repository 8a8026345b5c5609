package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// answer is what an operation says, before it is written.
type answer struct {
	status int
	body   any // nil: no body
	html   string
	header http.Header
}

// emptyMeta is the API's spelling of an empty object.
var emptyMeta = []any{}

func enveloped(status int, data, meta any) answer {
	if meta == nil {
		meta = emptyMeta
	}
	return answer{status: status, body: obj{"success": true, "data": data, "meta": meta}}
}

// accepted is a success that carries a word and no data.
func accepted(status int, word string) answer {
	return answer{status: status, body: obj{"success": true, "data": nil, "meta": obj{"message": word}}}
}

func failed(status int, message string) answer {
	return answer{status: status, body: obj{"success": false, "data": nil, "meta": obj{"message": message}}}
}

// failedErrors is the other failure shape, of the company operations.
func failedErrors(status int, message string) answer {
	return answer{status: status, body: obj{
		"errors": obj{"code": status, "message": message}, "meta": obj{"message": message},
	}}
}

// invalid is a 422 that names fields.
func invalid(fields ...string) answer {
	errs := obj{}
	for _, f := range fields {
		errs[f] = []string{"Поле заполнено неверно"}
	}
	return answer{status: http.StatusUnprocessableEntity, body: obj{
		"success": false, "data": nil, "meta": obj{"message": "Произошла ошибка валидации", "errors": errs},
	}}
}

// refusal is a booking that cannot be, with its code of the body.
type refusal struct {
	status  int
	code    int // 431..438
	message string
	id      any // the caller's id of the appointment, for 433 and 437
}

// refused spells a refusal with the code where the switch puts it.
func refused(r *refusal, place string) answer {
	withCode := func(o obj) obj {
		o["code"] = r.code
		if r.id != nil {
			o["id"] = r.id
		}
		return o
	}
	switch place {
	case CodeInErrors:
		return answer{status: r.status, body: obj{
			"errors": withCode(obj{"message": r.message}), "meta": obj{"message": r.message},
		}}
	case CodeOnTop:
		return answer{status: r.status, body: withCode(obj{
			"success": false, "data": nil, "meta": obj{"message": r.message},
		})}
	case CodeNowhere:
		return failed(r.status, r.message)
	}
	return answer{status: r.status, body: obj{
		"success": false, "data": nil, "meta": withCode(obj{"message": r.message}),
	}}
}

func (a answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.html != "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.html)) // the caller has gone away: nothing to do
		return
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	writeJSON(w, a.status, a.body)
}

// written is a body that is JSON already.
type written struct{ json.RawMessage }

// envelopedList is enveloped for a list that is JSON already.
func envelopedList(status int, list []byte) answer {
	data := slices.Concat([]byte(`{"data":`), list, []byte(`,"meta":[],"success":true}`))
	return answer{status: status, body: written{data}}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	var data []byte
	var err error
	if ready, ok := body.(written); ok {
		data = ready.RawMessage
	} else {
		data, err = json.Marshal(body)
	}
	if err != nil { // every body is made of maps, slices and plain values
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
