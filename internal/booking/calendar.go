package booking

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// Calendar is a booking as an iCalendar file: one event for each appointment, with a UID that stays and a SEQUENCE
// that rises with every change, so that a file loaded again moves or cancels what the calendar has.
func (s *Service) Calendar(ctx context.Context, who salon.Caller, ref salon.Ref) ([]byte, error) {
	b, err := s.Get(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	if b.Status == salon.Rejected {
		return nil, problem.New(problem.BookingFinished)
	}
	var sequence int64
	stamp := s.now()
	if ref.Booking != "" {
		if own, err := s.store.Booking(ctx, ref.Booking); err == nil {
			sequence, stamp = own.Sequence, own.UpdatedAt
		}
	}
	branch, err := s.mirror.Branch(ctx, b.Branch)
	if err != nil {
		branch = salon.Branch{ID: b.Branch} // the times are what matters; a place is better than none, none better than no file
	}
	return []byte(calendar(b, branch, sequence, stamp)), nil
}

func calendar(b salon.Booking, branch salon.Branch, sequence int64, stamp time.Time) string {
	cal := ics.NewCalendar()
	cal.SetProductId("-//Zapis//Zapis//RU")
	cal.SetMethod(ics.MethodPublish)
	for i, a := range b.Appointments {
		e := cal.AddEvent(fmt.Sprintf("%s-%d@zapis", b.ID, i))
		e.SetSequence(int(sequence))
		e.SetDtStampTime(stamp)
		e.SetStartAt(a.Time)
		if a.Duration != nil {
			e.SetEndAt(a.Time.Add(time.Duration(*a.Duration) * time.Second))
		}
		e.SetSummary(summary(a, branch))
		if place := strings.Join(nonEmpty(branch.Title, branch.City, branch.Address), ", "); place != "" {
			e.SetLocation(place)
		}
		if a.Staff.Name != "" {
			e.SetDescription(strings.Join(nonEmpty(a.Staff.Name, phoneOf(branch)), "\n"))
		}
		e.SetStatus(eventStatus(b.Status))
	}
	return cal.Serialize(ics.WithNewLineWindows) // RFC 5545: CR LF, on every system
}

func eventStatus(s salon.Status) ics.ObjectStatus {
	switch s {
	case salon.Confirmed:
		return ics.ObjectStatusConfirmed
	case salon.Cancelled:
		return ics.ObjectStatusCancelled
	}
	return ics.ObjectStatusTentative
}

func summary(a salon.Appointment, branch salon.Branch) string {
	var titles []string
	for _, one := range a.Services {
		titles = append(titles, nonEmpty(one.Title)...)
	}
	if len(titles) == 0 {
		titles = nonEmpty(branch.Title)
	}
	return strings.Join(titles, ", ")
}

func phoneOf(branch salon.Branch) string {
	if len(branch.Phones) == 0 {
		return ""
	}
	return branch.Phones[0]
}

func nonEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }
