package tape

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"zapis/contract"
)

// scrubber replaces what may be somebody's. It does not look for personal data, which cannot be recognised for
// certain: it keeps only what is known to be harmless, such as dates, small numbers and the values that the
// documentation lists, and replaces the rest. Equal values become equal ones, so that what belongs together still does.
type scrubber struct{ key []byte }

func newScrubber() scrubber {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return scrubber{key}
}

var (
	dateLike  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?([+-]\d{2}:?\d{2}|Z)?)?$`)
	clockLike = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)
	fewDigits = regexp.MustCompile(`^-?\d{1,6}(\.\d{1,4})?$`)
	digits    = regexp.MustCompile(`^\d+$`)
	currency  = regexp.MustCompile(`^([A-Z]{3}|[₽$€₸])$`)
	zoneName  = regexp.MustCompile(`^(Europe|Asia|America|Africa|Etc|Atlantic|Pacific|Indian)/[A-Za-z_+0-9-]{2,20}$`)
	plainKey  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,40}$`)
)

// always names keys whose values are replaced whatever they look like.
var always = []string{
	"phone", "email", "login", "password", "token", "hash", "secret", "code", "card", "birth", "name", "surname",
	"patronymic", "comment", "address", "lat", "lon", "ip", "inn", "passport", "number", "text", "coordinate",
}

// moments names keys whose large numbers are times.
var moments = []string{"timestamp", "time", "date", "_at", "datetime", "seance"}

// identity reports keys whose numbers name a thing of the salon.
func identity(key string) bool {
	key = strings.ToLower(key)
	return key == "id" || key == "ids" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_ids") || strings.HasSuffix(key, "ids")
}

func among(key string, words []string) bool {
	key = strings.ToLower(key)
	for _, w := range words {
		if key == w || strings.HasPrefix(key, w) || strings.HasSuffix(key, w) || strings.Contains(key, "_"+w) {
			return true
		}
	}
	return false
}

// listed are the values that the documentation enumerates.
var listed = sync.OnceValue(func() map[string]bool {
	values := map[string]bool{}
	add := func(list []any) {
		for _, v := range list {
			if text, ok := v.(string); ok {
				values[text] = true
			}
		}
	}
	var fields func([]contract.Field)
	fields = func(list []contract.Field) {
		for _, f := range list {
			add(f.Enum)
			add(f.ItemsEnum)
			fields(f.Fields)
		}
	}
	for i := range contract.Operations() {
		op := &contract.Operations()[i]
		for _, p := range op.Params {
			add(p.Enum)
			add(p.ItemsEnum)
		}
		if op.Request != nil {
			fields(op.Request.Fields)
		}
		for _, r := range op.Responses {
			fields(r.Fields)
		}
	}
	return values
})

// body scrubs a JSON document; ok is false when it is none, and then nothing of it is kept.
func (s scrubber) body(data []byte) (clean json.RawMessage, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	clean, err := json.Marshal(s.value("", v))
	return clean, err == nil
}

func (s scrubber) value(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		clean := make(map[string]any, len(v))
		for k, inner := range v {
			clean[s.name(k)] = s.value(k, inner)
		}
		return clean
	case []any:
		clean := make([]any, len(v))
		for i, inner := range v {
			clean[i] = s.value(key, inner)
		}
		return clean
	case string:
		return s.text(key, v)
	case json.Number:
		return s.number(key, v)
	}
	return v // a truth value or null
}

// name keeps the keys of the API and replaces keys that are data; dates and ids keep their look.
func (s scrubber) name(key string) string {
	switch {
	case plainKey.MatchString(key), dateLike.MatchString(key):
		return key
	case digits.MatchString(key):
		return s.id(key)
	}
	return "key-" + s.mark(key, 6)
}

func (s scrubber) text(key, v string) string {
	switch {
	case v == "":
		return v
	case identity(key) && digits.MatchString(v):
		return s.id(v)
	case strings.Contains(key, "currency") && currency.MatchString(v), strings.Contains(key, "timezone") && zoneName.MatchString(v):
		return v
	case among(key, always):
		return s.pseudonym(key, v)
	case dateLike.MatchString(v), clockLike.MatchString(v), fewDigits.MatchString(v), listed()[v]:
		return v
	}
	return s.pseudonym(key, v)
}

func (s scrubber) number(key string, v json.Number) any {
	text := v.String()
	switch {
	case text == "0":
		return v
	case identity(key) && digits.MatchString(text):
		return json.Number(s.id(text))
	case among(key, []string{"lat", "lon", "coordinate"}):
		return json.Number("0")
	case among(key, always) && len(text) > 2:
		return json.Number(s.id(text))
	case len(strings.TrimLeft(text, "-")) <= 7, among(key, moments) && len(text) <= 13:
		return v
	}
	return json.Number(s.id(text))
}

// pseudonym keeps the kind of a text: an app that parses an address or a phone still can.
func (s scrubber) pseudonym(key, v string) string {
	switch {
	case strings.Contains(key, "email") || strings.Contains(v, "@") && !strings.ContainsAny(v, " /"):
		return "user-" + s.mark(v, 4) + "@example.org"
	case strings.HasPrefix(v, "http://"), strings.HasPrefix(v, "https://"), strings.HasPrefix(v, "//"):
		return "https://example.org/" + s.mark(v, 6)
	case among(key, []string{"birth"}) && dateLike.MatchString(v):
		return "1990-01-01"
	case among(key, []string{"phone"}):
		return "7900000" + s.id(v)[:4]
	case digits.MatchString(v):
		return s.id(v)
	case isHex(v) && len(v) >= 16:
		return s.mark(v, len(v)/2)
	}
	return "text-" + s.mark(v, 4)
}

func isHex(v string) bool {
	_, err := hex.DecodeString(v)
	return err == nil
}

// mark is a word of 2n hex digits that stands for v in this recording only.
func (s scrubber) mark(v string, n int) string {
	var sum []byte
	for i := 0; len(sum) < n; i++ {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(strconv.Itoa(i) + ":" + v))
		sum = mac.Sum(sum)
	}
	return hex.EncodeToString(sum[:n])
}

// id is a number of seven digits that stands for v in this recording only.
func (s scrubber) id(v string) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("id:" + v))
	return strconv.FormatUint(1_000_000+binary.BigEndian.Uint64(mac.Sum(nil))%9_000_000, 10)
}
