package yclients

import "time"

// Date is a day of a company's calendar as the API writes it, 2006-01-02. In
// options and requests it needs no zone; see [DateOf] for the day of a moment.
type Date string

// DateOf returns the day of a moment in the moment's own zone. Convert it to
// the company's zone first: DateOf(t.In(zone)).
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// In returns the beginning of the day in a zone.
func (d Date) In(zone *time.Location) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, string(d), zone)
}

// LocalText writes a moment as the clock of its own zone shows it, without an
// offset: 2006-01-02 15:04:05. Requests want the clock of the company:
// LocalText(t.In(zone)). A time that came from the API is better passed back
// as it was received, see [Time].
func LocalText(t time.Time) string { return t.Format(time.DateTime) }
