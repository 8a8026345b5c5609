package booking

import (
	"slices"
	"time"

	"zapis/internal/salon"
	"zapis/yclients"
)

// sighting is a record of YCLIENTS as it was seen, in any of the three shapes in which it is told.
type sighting struct {
	record   int64
	branch   salon.BranchID
	apiID    string
	start    time.Time // in the branch's zone
	created  time.Time
	length   time.Duration
	staff    salon.BookedStaff
	services []seenService
	phone    salon.Phone
	name     string
	comment  string
	deleted  bool
	over     bool   // the client came or did not
	rules    *rules // when the answer tells the branch's rules
}

type seenService struct {
	id       int64
	title    string
	price    yclients.Money
	priceMax yclients.Money
}

// rules are a branch's conditions of moving and cancelling. YCLIENTS tells them with a client's record only.
type rules struct {
	move, cancel           bool
	moveDelay, cancelDelay time.Duration // before the start
}

// does reports that the record holds exactly these services.
func (r sighting) does(services []int64) bool {
	var have []int64
	for _, s := range r.services {
		have = append(have, s.id)
	}
	want := slices.Clone(services)
	slices.Sort(have)
	slices.Sort(want)
	return slices.Equal(slices.Compact(have), slices.Compact(want))
}

// moment reads the clock of a record: date is the salon's own clock and the truth; datetime has been seen with a
// wrong daylight-saving offset, so that of it too only the clock reading counts.
func moment(date, datetime yclients.Time, zone *time.Location) time.Time {
	for _, t := range []yclients.Time{date, datetime} {
		if t.IsZero() {
			continue
		}
		if t.Local {
			return t.In(zone)
		}
		if start, err := (salon.Start{Datetime: t.Raw}).Time(zone); err == nil {
			return start
		}
		return t.In(zone)
	}
	return time.Time{}
}

// mark reads api_id; "0" stands for none.
func mark(apiID string) string {
	if apiID == "0" {
		return ""
	}
	return apiID
}

// sightingOf reads a record of the salon's journal.
func sightingOf(r *yclients.Record, zone *time.Location) sighting {
	seen := sighting{
		record: r.ID, branch: r.CompanyID, apiID: mark(r.APIID), start: moment(r.Date, r.Datetime, zone), created: r.CreateDate.In(zone),
		length: max(r.SeanceLength, r.Length), comment: r.Comment, deleted: r.Deleted, over: r.Attendance == 1 || r.Attendance == -1,
		staff: salon.BookedStaff{ID: r.StaffID},
	}
	if r.Staff != nil {
		seen.staff.Name, seen.staff.Avatar, seen.staff.Position = r.Staff.Name, r.Staff.Avatar, r.Staff.Specialization
		if seen.staff.ID == 0 {
			seen.staff.ID = r.Staff.ID
		}
		if r.Staff.Position != nil && r.Staff.Position.Title != "" {
			seen.staff.Position = r.Staff.Position.Title
		}
	}
	if r.Client != nil {
		seen.name = r.Client.Name
		seen.phone, _ = salon.ParsePhone(string(r.Client.Phone))
	}
	for _, s := range r.Services {
		if s != nil {
			seen.services = append(seen.services, seenService{id: s.ID, title: s.Title, price: s.Cost, priceMax: s.Cost})
		}
	}
	return seen
}

// sightingOfOwn reads a record as its client is told it.
func sightingOfOwn(b *yclients.Booking, zone *time.Location) sighting {
	seen := sighting{
		record: b.ID, apiID: mark(b.APIID), start: moment(b.Date, b.Datetime, zone), created: b.CreateDate.In(zone), length: b.Length,
		comment: b.Comment, deleted: b.Deleted, over: b.Attendance == 1 || b.Attendance == -1 || b.VisitAttendance == 1 || b.VisitAttendance == -1,
	}
	if b.Staff != nil {
		seen.staff = salon.BookedStaff{ID: b.Staff.ID, Name: b.Staff.Name, Avatar: b.Staff.Avatar, Position: b.Staff.Specialization}
		if b.Staff.Position != nil && b.Staff.Position.Title != "" {
			seen.staff.Position = b.Staff.Position.Title
		}
	}
	if c := b.Company; c != nil {
		seen.branch = c.ID
		if c.Has("allow_change_record") || c.Has("allow_delete_record") {
			seen.rules = &rules{
				move: c.AllowChangeRecord, cancel: c.AllowDeleteRecord,
				moveDelay: c.AllowChangeRecordDelayStep, cancelDelay: c.AllowDeleteRecordDelayStep,
			}
		}
	}
	for _, s := range b.Services {
		if s == nil {
			continue
		}
		one := seenService{id: s.ID, title: s.Title, price: s.PriceMin, priceMax: s.PriceMax}
		if _, ok := s.Cost.Minor(); ok && s.Cost != "0" {
			one.price, one.priceMax = s.Cost, s.Cost
		}
		seen.services = append(seen.services, one)
	}
	return seen
}

func (seen sighting) bookedServices(currency string) []salon.BookedService {
	list := []salon.BookedService{}
	for _, s := range seen.services {
		one := salon.BookedService{ID: s.id, Title: s.title}
		low, okLow := s.price.Minor()
		high, okHigh := s.priceMax.Minor()
		if okLow && low > 0 {
			one.Price = &salon.Price{Min: salon.Money{Amount: low, Currency: currency}}
			if okHigh && high >= low {
				one.Price.Max = &salon.Money{Amount: high, Currency: currency}
			}
		}
		list = append(list, one)
	}
	return list
}
