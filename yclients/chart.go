package yclients

import (
	"encoding/json"
	"fmt"
	"time"
)

// ChartPoint is the value of one day of a chart.
type ChartPoint struct {
	Day   time.Time // the beginning of the day, UTC; milliseconds in the answer
	Value float64
}

func (p *ChartPoint) fit(b []byte) bool {
	*p = ChartPoint{}
	if b[0] != '[' {
		return false
	}
	var parts [][]byte
	elements(b, func(e []byte) { parts = append(parts, e) })
	if len(parts) != 2 {
		return false
	}
	ms, ok := integer(parts[0])
	value, fits := float(parts[1])
	if !ok || !fits {
		return false
	}
	*p = ChartPoint{Day: time.UnixMilli(ms).UTC(), Value: value}
	return true
}

// UnmarshalJSON reads [milliseconds, value].
func (p *ChartPoint) UnmarshalJSON(b []byte) error {
	if b = trim(b); !json.Valid(b) || !p.fit(b) {
		return fmt.Errorf("yclients: not a point of a chart")
	}
	return nil
}

// MarshalJSON writes [milliseconds, value].
func (p ChartPoint) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.Day.UnixMilli(), p.Value})
}

// TypeName is a type of something, with its id or by its title alone: the API
// writes both.
type TypeName struct {
	ID    int64
	Title string
}

func (n *TypeName) fit(b []byte) bool {
	*n = TypeName{}
	if b[0] != '{' {
		title, ok := text(b)
		n.Title = title
		return ok || isNothing(b)
	}
	ok := true
	members(b, func(m member) {
		fits := true
		switch m.key {
		case "id":
			n.ID, fits = integer(m.value)
		case "title":
			n.Title, fits = text(m.value)
		}
		ok = ok && fits
	})
	return ok
}

// UnmarshalJSON reads {id, title}, or a title.
func (n *TypeName) UnmarshalJSON(b []byte) error {
	if b = trim(b); !json.Valid(b) || !n.fit(b) {
		return fmt.Errorf("yclients: not the name of a type")
	}
	return nil
}

// MarshalJSON writes {id, title}, or the title when there is no id.
func (n TypeName) MarshalJSON() ([]byte, error) {
	if n.ID == 0 {
		return json.Marshal(n.Title)
	}
	return json.Marshal(struct {
		ID    int64  `json:"id"`
		Title string `json:"title"`
	}{n.ID, n.Title})
}
