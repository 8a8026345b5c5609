package upstream

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// peekCap is how much of a JSON answer is kept to look for a refusal in it. The
// refusals seen are under 200 bytes; a list is longer, and is let go at once.
const peekCap = 4 << 10

// retryAfter reads how long YCLIENTS asks to wait, in seconds or as a date. 0
// means it said nothing usable (absent, garbage, in the past). What is longer than
// pauseCap is cut to it: a value of years must not switch a salon off.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if digits := strings.TrimLeft(v, "0123456789"); digits == "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n > int64(pauseCap/time.Second) {
			return pauseCap
		}
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil || !at.After(now) {
		return 0
	}
	return min(at.Sub(now), pauseCap)
}

// isRefusal tells whether a JSON answer is the rate refusal, be it in the clothes of
// a success: {"success":false,"meta":{"message":"Превышен лимит запросов"}}, or the
// other envelope, {"errors":{"message":...}}, or either within an array. A status
// that is no success needs no word that it failed.
func isRefusal(status int, body []byte) bool {
	// Most small answers are not refusals; the decoder is for those that might be.
	if !mayBeRefusal(string(body)) {
		return false
	}
	body = []byte(strings.TrimSpace(string(body)))
	if len(body) > 0 && body[0] == '[' {
		var many []json.RawMessage
		if json.Unmarshal(body, &many) != nil || len(many) != 1 {
			return false
		}
		body = many[0]
	}
	var a struct {
		Success json.RawMessage `json:"success"`
		Data    json.RawMessage `json:"data"`
		Message json.RawMessage `json:"message"`
		Error   json.RawMessage `json:"error"`
		Meta    json.RawMessage `json:"meta"`
		Errors  json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &a) != nil {
		return false
	}
	switch success := strings.ToLower(strings.Trim(string(a.Success), `" `)); {
	case status < 200 || status >= 300:
	case a.Success != nil && (success == "false" || success == "0" || success == "null" || success == ""):
	case a.Success == nil && a.Data == nil && a.Errors != nil:
	default:
		return false
	}
	return saysLimit(text(a.Message)) || saysLimit(text(a.Error)) || saysLimit(message(a.Meta)) || saysLimit(message(a.Errors))
}

func mayBeRefusal(s string) bool {
	// A JSON encoder may have written Cyrillic as \u escapes.
	return saysLimit(s) || strings.Contains(s, `\u04`)
}

// saysLimit knows the texts of a limit on requests, by their plural: a single request
// may be too long as well. «Превышен лимит записей» is a limit of the salon, not ours.
// package yclients has the same rule, because neither imports the other, and the two
// must agree.
func saysLimit(s string) bool {
	s = strings.ToLower(s)
	if strings.Contains(s, "запросов") || strings.Contains(s, "запросы") {
		return strings.Contains(s, "лимит") || strings.Contains(s, "слишком") || strings.Contains(s, "превыш")
	}
	return strings.Contains(s, "too many requests") || strings.Contains(s, "rate limit") || strings.Contains(s, "request limit")
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func message(raw json.RawMessage) string {
	var m struct {
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return text(raw)
	}
	return text(m.Message)
}

func isJSON(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

// watch looks for a refusal in what the caller reads anyway: nothing is read
// ahead, so an answer that trickles is delayed by nothing. verdict is called once,
// at the end of the body, when it is closed, or as soon as it is too long to be a
// refusal.
type watch struct {
	io.ReadCloser
	status  int
	verdict func(refused bool)

	mu   sync.Mutex
	kept []byte
	done bool
}

func (w *watch) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.kept = append(w.kept, p[:min(n, peekCap+1-len(w.kept))]...)
		if err != nil || len(w.kept) > peekCap {
			w.settle()
		}
	}
	return n, err
}

func (w *watch) Close() error {
	w.mu.Lock()
	if !w.done {
		w.settle()
	}
	w.mu.Unlock()
	return w.ReadCloser.Close()
}

func (w *watch) settle() {
	w.done = true
	refused := len(w.kept) <= peekCap && isRefusal(w.status, w.kept)
	w.kept = nil
	w.verdict(refused)
}

// endBody calls end once, when the body was read or closed, and gives an error in
// the middle of it the reason why the attempt was ended.
type endBody struct {
	io.ReadCloser
	once  sync.Once
	end   func()
	cause func() error
}

func (b *endBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if cause := b.cause(); !errors.Is(err, io.EOF) && cause != nil && !errors.Is(cause, errOver) {
			err = cause
		}
		b.once.Do(b.end)
	}
	return n, err
}

func (b *endBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(b.end)
	return err
}
