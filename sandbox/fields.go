package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"strconv"
	"strings"
	"time"
)

// obj is a JSON object.
type obj = map[string]any

// maxBody is the largest request body that is read, in bytes.
const maxBody = 1 << 20

// decodeBody reads a JSON object, a JSON array (which stands under [rootList])
// or a multipart form. An empty body is an empty object.
func decodeBody(r io.Reader) (obj, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBody {
		return nil, fmt.Errorf("тело запроса больше %d байт", maxBody)
	}
	switch data = bytes.TrimSpace(data); {
	case len(data) == 0:
		return obj{}, nil
	case bytes.HasPrefix(data, []byte("--")):
		return decodeForm(data)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var body any
	if err := dec.Decode(&body); err != nil {
		return nil, err
	}
	if !dec.More() {
		switch body := body.(type) {
		case obj:
			return body, nil
		case []any:
			return obj{rootList: body}, nil
		}
	}
	return nil, fmt.Errorf("тело запроса должно быть объектом JSON")
}

// decodeForm reads the fields of a multipart form; of a file its name is kept.
// The boundary is read off the first line.
func decodeForm(data []byte) (obj, error) {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	boundary := strings.TrimSpace(strings.TrimPrefix(string(line), "--"))
	body := obj{}
	form := multipart.NewReader(bytes.NewReader(data), boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		body[part.FormName()] = string(value)
		if name := part.FileName(); name != "" {
			body[part.FormName()] = name
		}
	}
}

// The readers below are as lenient about types as PHP: a number may come as a
// string, a flag as 0, "1" or true. They return false for what they cannot read.

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case json.Number:
		return asInt(v.String())
	case string:
		s := strings.TrimSpace(v)
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, true
		}
		f, err := strconv.ParseFloat(s, 64)
		if err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), true
		}
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func asFlag(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != "" && v != "0" && !strings.EqualFold(v, "false")
	case json.Number:
		return v.String() != "0"
	}
	return false
}

// text reads an optional string field; anything else counts as absent.
func text(o obj, key string) string {
	s, _ := asText(o[key])
	return s
}

// number reads an optional number field.
func number(o obj, key string) int64 {
	n, _ := asInt(o[key])
	return n
}

// ids reads a list of ids.
func ids(v any) ([]int64, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	var out []int64
	for _, x := range list {
		n, ok := asInt(x)
		if !ok {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// Spellings of a moment, as the API mixes them.
const (
	withColon    = "2006-01-02T15:04:05-07:00"
	withoutColon = "2006-01-02T15:04:05-0700"
	salonTime    = "2006-01-02 15:04:05"
)

// asMoment reads a moment in any spelling that is sent to the API. Without an
// offset it is the local time of the company; a number is Unix seconds.
func asMoment(v any, zone *time.Location) (time.Time, bool) {
	s, ok := asText(v)
	if !ok {
		return time.Time{}, false
	}
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0).In(zone), n > 946684800 && n < 4102444800 // 2000 to 2100
	}
	for _, layout := range []string{withColon, time.RFC3339, withoutColon, salonTime, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.In(zone), t.Year() >= 2000 && t.Year() <= 2100
		}
	}
	return time.Time{}, false
}

// asPhone reads a phone as requests must carry it: digits only.
func asPhone(v any) (string, bool) {
	s, _ := asText(v)
	if len(s) < 10 || len(s) > 15 || s[0] == '0' {
		return s, false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return s, false
		}
	}
	return s, true
}

// maskPhone keeps what tells two phones apart in a log: 7900•••0001.
func maskPhone(s string) string {
	if len(s) < 8 {
		return "•••"
	}
	return s[:4] + "•••" + s[len(s)-4:]
}
