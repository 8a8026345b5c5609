package salon

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Start is what the opaque text of a slot carries: the moment exactly as YCLIENTS wrote it, because
// booking must pass it back unchanged, and the length it promised for it.
type Start struct {
	Datetime string // as received from book_times
	Length   time.Duration
}

// ErrStart reports a text that no slot of ours ever carried.
var ErrStart = errors.New("start is not one that slots gave: pass it back unchanged")

const (
	startPrefix = "s1."
	startMax    = 256 // bytes; ours are about 70
)

type startWire struct {
	Datetime string `json:"d"`
	Length   int64  `json:"l,omitempty"` // seconds
}

// String encodes the start as slots show it.
func (s Start) String() string {
	b, err := json.Marshal(startWire{s.Datetime, int64(s.Length / time.Second)})
	if err != nil { // a string and an integer always marshal
		panic(err)
	}
	return startPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// ParseStart decodes a text that String produced. It returns ErrStart for anything else.
func ParseStart(text string) (Start, error) {
	body, ok := strings.CutPrefix(text, startPrefix)
	if !ok || len(text) > startMax {
		return Start{}, ErrStart
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return Start{}, ErrStart
	}
	var w startWire
	if err := json.Unmarshal(b, &w); err != nil {
		return Start{}, ErrStart
	}
	s := Start{w.Datetime, time.Duration(w.Length) * time.Second}
	if w.Length < 0 || w.Length > 7*24*3600 || s.String() != text {
		return Start{}, ErrStart // only the one canonical spelling: equal starts are equal texts
	}
	if _, err := s.Time(time.UTC); err != nil {
		return Start{}, ErrStart
	}
	return s, nil
}

// startLayouts are the spellings of a moment seen in YCLIENTS' answers.
var startLayouts = []string{
	"2006-01-02T15:04:05-07:00", "2006-01-02T15:04:05-0700", time.RFC3339,
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
}

// Time is the moment in the branch's zone. The wall clock of the text counts and not its offset:
// YCLIENTS has been seen to send a wrong daylight-saving offset with a right local time. Digits alone
// are Unix seconds, which YCLIENTS writes in some answers, and are the moment itself.
func (s Start) Time(zone *time.Location) (time.Time, error) {
	if n, ok := unixSeconds(s.Datetime); ok {
		return time.Unix(n, 0).In(zone), nil
	}
	for _, layout := range startLayouts {
		t, err := time.Parse(layout, s.Datetime)
		if err != nil {
			continue
		}
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone), nil
	}
	return time.Time{}, ErrStart
}

// unixSeconds reads 9 to 11 digits. Eight would be a date without its dashes, twelve a moment in
// other units.
func unixSeconds(text string) (int64, bool) {
	if len(text) < 9 || len(text) > 11 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
