package booking

import (
	"context"
	"encoding/json"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
)

// view words a booking of ours for its owner.
func (s *Service) view(ctx context.Context, b store.Booking) salon.Booking {
	out := salon.Booking{
		ID: b.ID, Status: b.Status, Reason: string(b.Reason), Branch: b.BranchID, Appointments: []salon.Appointment{},
		Comment: b.Client.Comment,
	}
	if b.Client.Name != "" || b.Client.Phone != "" {
		out.Client = &salon.Client{Name: b.Client.Name, Phone: masked(b.Client.Phone), Email: b.Client.Email}
	}
	zone := time.UTC
	for _, a := range b.Appointments {
		shown := shownOf(a)
		if z, err := time.LoadLocation(shown.Zone); err == nil && shown.Zone != "" {
			zone, out.Zone = z, shown.Zone
		}
		if a.Deleted && b.Status == salon.Confirmed {
			continue // one of several visits that the salon took out
		}
		one := salon.Appointment{Services: shown.Services, Staff: shown.Staff, Start: a.Start, Time: a.StartsAt.In(zone)}
		if a.StaffID != 0 && a.StaffID != one.Staff.ID {
			one.Staff = bookedStaff(s.mirror.StaffCard(ctx, b.BranchID, a.StaffID))
		}
		if a.Length > 0 {
			length := int64(a.Length / time.Second)
			one.Duration = &length
		}
		out.Appointments = append(out.Appointments, one)
	}
	created := b.CreatedAt.In(zone)
	out.CreatedAt, out.Change = &created, s.change(ctx, b)
	if b.Status == salon.Confirmed && (out.Change == nil || out.Change.Status == changeRejected) {
		s.addRights(&out, firstStart(b).In(zone), s.seen.rules(b.BranchID))
	}
	return out
}

func shownOf(a store.Appointment) (d display) {
	if json.Unmarshal(a.Display, &d) != nil || len(d.Services) == 0 {
		d.Services = []salon.BookedService{}
		for _, id := range a.ServiceIDs {
			d.Services = append(d.Services, salon.BookedService{ID: id})
		}
		d.Staff.ID = a.StaffID
	}
	return d
}

func masked(p salon.Phone) string {
	if p == "" {
		return ""
	}
	return p.String()
}

// addRights says until when the owner may move and cancel. Where YCLIENTS has not told the rules, both are offered
// while the visit lies ahead, and YCLIENTS decides.
func (s *Service) addRights(out *salon.Booking, start time.Time, r *rules) {
	now := s.now()
	if !start.After(now) { // nor is there one when all is deleted
		return
	}
	if r == nil {
		out.CanMove, out.CanCancel = true, true
		return
	}
	if r.move {
		until := start.Add(-r.moveDelay)
		out.MoveUntil, out.CanMove = &until, now.Before(until)
	}
	if r.cancel {
		until := start.Add(-r.cancelDelay)
		out.CancelUntil, out.CanCancel = &until, now.Before(until)
	}
}

// firstStart is the earliest start that is not deleted; zero when there is none.
func firstStart(b store.Booking) (first time.Time) {
	for _, a := range b.Appointments {
		if !a.Deleted && (first.IsZero() || a.StartsAt.Before(first)) {
			first = a.StartsAt
		}
	}
	return first
}

// over reports that the last visit has begun.
func over(b store.Booking, now time.Time) bool {
	for _, a := range b.Appointments {
		if !a.Deleted && a.StartsAt.After(now) {
			return false
		}
	}
	return true
}

// The states of a change.
const (
	changePending   = "pending"
	changeRejected  = "rejected"
	changeAttention = "needs_attention"
)

// change tells of a move or a cancellation whose outcome was or is being looked up. One that was answered at once
// was told to who asked for it.
func (s *Service) change(ctx context.Context, b store.Booking) *salon.Change {
	it, err := s.store.LastIntent(ctx, b.ID)
	if err != nil || it.Kind == store.Create {
		return nil
	}
	c := &salon.Change{Kind: string(it.Kind), Reason: string(it.Reason)}
	switch {
	case it.State.Open():
		c.Status = changePending
	case it.State == store.Attention:
		c.Status = changeAttention
	case it.State == store.Refused && it.Looks > 0:
		c.Status = changeRejected
	default:
		return nil
	}
	return c
}

// foreignView words a record that was not made through us, for its client.
func (s *Service) foreignView(branch salon.Branch, seen sighting) salon.Booking {
	created := seen.created
	out := salon.Booking{
		ID: salon.ForeignID(branch.ID, seen.record), Status: salon.Confirmed, Branch: branch.ID, Zone: branch.Zone, Comment: seen.comment,
		Appointments: []salon.Appointment{{Services: seen.bookedServices(branch.Currency), Staff: seen.staff, Time: seen.start}},
	}
	if !created.IsZero() {
		out.CreatedAt = &created
	}
	if seen.length > 0 {
		length := int64(seen.length / time.Second)
		out.Appointments[0].Duration = &length
	}
	if seen.deleted {
		out.Status = salon.Cancelled
		return out
	}
	if !seen.over {
		s.addRights(&out, seen.start, seen.rules)
	}
	return out
}

// unknownBooking is the one answer to a booking that is not there and to one that is somebody else's.
func unknownBooking() *problem.Error { return problem.New(problem.BookingUnknown) }
