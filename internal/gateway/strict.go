package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"zapis/internal/problem"
)

// strictJSON reads bodies. Two readers must not see two different things in one body, so what JSON libraries
// disagree about is refused: doubled keys, broken UTF-8, halves of surrogate pairs, NUL, absurd depth.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		// Huma decodes twice: into any for the validation, then into the type. The first look is enough.
		if _, first := v.(*any); first {
			if err := strict(data); err != nil {
				return err
			}
		}
		return json.Unmarshal(data, v)
	},
}

// strictError is safe to show: its text holds nothing of the body.
type strictError string

func (e strictError) Error() string { return strictPrefix + string(e) }

const strictPrefix = "not strict JSON: "

// strict reports why a body is not one unambiguous JSON document.
func strict(data []byte) error {
	if !utf8.Valid(data) {
		return strictError("the body is not UTF-8")
	}
	if err := strictEscapes(data); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var stack []frame
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return strictError(fmt.Sprintf("the body is not JSON near byte %d", dec.InputOffset()))
		}
		if top := len(stack) - 1; top >= 0 && stack[top].wantsKey(tok) {
			if !stack[top].key(tok) {
				return strictError("a key appears twice in one object")
			}
			continue
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, frame{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, frame{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
		if len(stack) > maxDepth {
			return strictError(fmt.Sprintf("nested deeper than %d", maxDepth))
		}
		if top := len(stack) - 1; top >= 0 && tok != json.Delim('{') && tok != json.Delim('[') {
			stack[top].inValue = false
		}
	}
}

// frame is an open object (with its keys so far) or array (without).
type frame struct {
	keys    map[string]bool
	inValue bool
}

func (f *frame) wantsKey(tok json.Token) bool {
	_, text := tok.(string)
	return f.keys != nil && !f.inValue && text
}

// key takes a key; false when the object had it already.
func (f *frame) key(tok json.Token) bool {
	k := tok.(string)
	if f.keys[k] {
		return false
	}
	f.keys[k], f.inValue = true, true
	return true
}

// strictEscapes looks at \u escapes, which the standard decoder repairs in silence.
func strictEscapes(data []byte) error {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if i >= len(data) || data[i] != 'u' {
			continue // an escaped backslash is passed over as a whole
		}
		unit, ok := hex4(data, i+1)
		if !ok {
			return strictError("a broken \\u escape")
		}
		i += 4
		switch {
		case unit == 0:
			return strictError("a NUL character")
		case unit >= 0xdc00 && unit <= 0xdfff:
			return strictError("half of a surrogate pair")
		case unit >= 0xd800 && unit <= 0xdbff:
			low, ok := hex4(data, i+3)
			if !ok || data[i+1] != '\\' || data[i+2] != 'u' || low < 0xdc00 || low > 0xdfff {
				return strictError("half of a surrogate pair")
			}
			i += 6
		}
	}
	return nil
}

func hex4(data []byte, at int) (n int, ok bool) {
	if at+4 > len(data) {
		return 0, false
	}
	for _, c := range data[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// strictQuery refuses a query that two readers could read differently.
func strictQuery(raw string) error {
	if raw == "" {
		return nil
	}
	bad := problem.New(problem.InvalidRequest)
	values, err := url.ParseQuery(raw)
	if err != nil {
		return bad.At("query", "broken percent-encoding or separators")
	}
	for name, all := range values {
		if len(all) > 1 {
			return bad.At("query."+shown(name), "given twice; lists are written with commas")
		}
		for _, text := range [2]string{name, all[0]} {
			if !utf8.ValidString(text) || bytes.ContainsFunc([]byte(text), isControl) {
				return bad.At("query."+shown(name), "not plain text in UTF-8")
			}
		}
	}
	return nil
}

// shown cuts what a caller invented to a length fit for an answer.
func shown(text string) string {
	const most = 100
	if len(text) > most {
		text = text[:most]
	}
	return string(bytes.ToValidUTF8([]byte(text), []byte("?")))
}
