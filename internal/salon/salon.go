// Package salon holds the words of the domain as the mobile API speaks them: branch, service, staff,
// slot, booking. It knows nothing of YCLIENTS, HTTP or SQL; mirror and booking translate into it, and
// the gateway publishes it as it stands. Field names and JSON forms here are a promise to apps in
// customers' phones, so they only ever grow.
//
// What YCLIENTS did not say is absent, never invented: optional values are pointers or omitted.
package salon

import "time"

// BranchID is the id of a branch, which is a company of YCLIENTS.
type BranchID = int64

// AnyStaff stands for "any master" wherever a staff id is asked for.
const AnyStaff int64 = 0

// Branch is one salon of the chain.
type Branch struct {
	ID        BranchID  `json:"id" doc:"Branch id (company id of YCLIENTS)."`
	Title     string    `json:"title" doc:"Name customers know."`
	City      string    `json:"city,omitempty"`
	Address   string    `json:"address,omitempty"`
	Location  *Location `json:"location,omitempty" doc:"Point on the map, when the salon has set one."`
	Zone      string    `json:"zone" doc:"IANA time zone of the branch; every time of this branch carries its offset." example:"Europe/Moscow"`
	Currency  string    `json:"currency,omitempty" doc:"ISO 4217 code." example:"RUB"`
	Phones    []string  `json:"phones" doc:"The salon's own phone numbers, to call when booking is not possible."`
	Photos    []string  `json:"photos" doc:"Addresses of pictures."`
	Logo      string    `json:"logo,omitempty"`
	Hours     string    `json:"hours,omitempty" doc:"Opening hours as the salon words them."`
	WidgetURL string    `json:"widget_url,omitempty" doc:"The salon's web widget: the way to book when this API cannot."`
	Rules     Rules     `json:"rules"`
	Login     []Login   `json:"login" doc:"Ways to book here: as a guest, or with the phone confirmed by SMS."`
	Consent   Consent   `json:"consent"`
}

// Location is a point on the map, WGS 84 degrees.
type Location struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Login is a way to book at a branch.
type Login string

// The ways to book.
const (
	LoginGuest Login = "guest"
	LoginSMS   Login = "sms"
)

// Rules are the branch's conditions of booking.
type Rules struct {
	CodeRequired    bool   `json:"code_required" doc:"A guest's booking needs an SMS code (POST /v1/auth/codes first)."`
	CommentRequired bool   `json:"comment_required,omitempty"`
	AnyStaff        bool   `json:"any_staff" doc:"Booking with any master (staff 0) is offered."`
	LeadTime        *int64 `json:"lead_time_s,omitempty" doc:"Shortest time between now and a start, seconds."`
	MoveAllowed     *bool  `json:"move_allowed,omitempty" doc:"Whether customers may move a booking; absent when YCLIENTS does not say."`
	MoveDeadline    *int64 `json:"move_deadline_s,omitempty" doc:"Moving ends this many seconds before the start."`
	CancelAllowed   *bool  `json:"cancel_allowed,omitempty"`
	CancelDeadline  *int64 `json:"cancel_deadline_s,omitempty" doc:"Cancelling ends this many seconds before the start."`
}

// Consent says whether the branch asks for consent to the processing of personal data, and to which text.
type Consent struct {
	Required bool   `json:"required"`
	Version  string `json:"version,omitempty" doc:"Version of the text to be sent back with a booking."`
}

// ConsentText is what the customer agrees to.
type ConsentText struct {
	Branch   BranchID `json:"branch"`
	Required bool     `json:"required"`
	Version  string   `json:"version,omitempty" doc:"Identifies this exact text; it changes when the text does."`
	Text     string   `json:"text,omitempty" doc:"Plain text, no markup."`
}

// Money is exact: an amount in minor units (kopecks for RUB) and a currency.
type Money struct {
	Amount   int64  `json:"amount" doc:"Minor units: kopecks, cents." example:"150000"`
	Currency string `json:"currency" example:"RUB"`
}

// Price is a range. Without max it reads "from min".
type Price struct {
	Min Money  `json:"min"`
	Max *Money `json:"max,omitempty" doc:"Absent: the price is \"from min\"."`
}

// Catalogue is what can be booked at a branch.
type Catalogue struct {
	Branch     BranchID   `json:"branch"`
	Categories []Category `json:"categories"`
	Services   []Service  `json:"services"`
	Freshness
}

// Category groups services.
type Category struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// Service can be booked online.
type Service struct {
	ID          int64  `json:"id"`
	Category    int64  `json:"category,omitempty" doc:"Category id."`
	Title       string `json:"title"`
	Description string `json:"description,omitempty" doc:"Plain text, no markup."`
	Price       *Price `json:"price,omitempty" doc:"Absent when YCLIENTS did not say."`
	Duration    *int64 `json:"duration_s,omitempty" doc:"Seconds. Absent when it depends on the master: ask with staff=, or read it from the slot."`
	Photo       string `json:"photo,omitempty"`
	Prepaid     string `json:"prepaid,omitempty" doc:"forbidden, allowed or required; a required prepayment is made in the widget."`
}

// StaffList is the masters who can be booked.
type StaffList struct {
	Branch BranchID `json:"branch"`
	Staff  []Staff  `json:"staff"`
	Freshness
}

// Staff is a master. The one with id 0 means "any".
type Staff struct {
	ID          int64    `json:"id" doc:"0 means any master."`
	Name        string   `json:"name,omitempty" doc:"Absent for any master: word it in the user's language."`
	Position    string   `json:"position,omitempty"`
	Description string   `json:"description,omitempty" doc:"Plain text, no markup."`
	Avatar      string   `json:"avatar,omitempty"`
	Rating      *float64 `json:"rating,omitempty" doc:"0 to 5, when the salon shows ratings."`
	Votes       *int64   `json:"votes,omitempty"`
	NextDay     string   `json:"next_day,omitempty" format:"date" doc:"Soonest day with a free start, when known."`
}

// Days is the days with at least one free start.
type Days struct {
	Branch BranchID `json:"branch"`
	Zone   string   `json:"zone"`
	Dates  []string `json:"dates" doc:"Days of the branch's calendar, yyyy-mm-dd, rising."`
	Freshness
}

// Slots is the free starts of a day, or the soonest ones.
type Slots struct {
	Branch BranchID `json:"branch"`
	Zone   string   `json:"zone"`
	Date   string   `json:"date,omitempty" format:"date" doc:"The day asked for; absent for the soonest starts."`
	Slots  []Slot   `json:"slots"`
	Freshness
}

// Slot is one free start.
type Slot struct {
	Start    string    `json:"start" doc:"Pass it back unchanged when booking or moving. Its content is ours and may change."`
	Time     time.Time `json:"time" doc:"The start, RFC 3339 with the branch's offset."`
	Duration *int64    `json:"duration_s,omitempty" doc:"Length of the visit, seconds, when YCLIENTS said it."`
	Staff    *int64    `json:"staff,omitempty" doc:"The master this start was computed for; absent or 0: any."`
}

// Freshness tells how old an answer is. It is embedded in every answer that may come from memory.
type Freshness struct {
	AsOf  time.Time `json:"as_of" doc:"When YCLIENTS said this."`
	Stale bool      `json:"stale,omitempty" doc:"Older than promised, because YCLIENTS could not be asked just now."`
}

// Status is the state of a booking.
type Status string

// The states of a booking. Pending and needs_attention end in one of the others.
const (
	Pending        Status = "pending"         // sent, or about to be; the outcome is being established
	Confirmed      Status = "confirmed"       // the record exists in YCLIENTS
	Rejected       Status = "rejected"        // it does not exist and will not; Reason says why
	Cancelled      Status = "cancelled"       // it existed and was deleted
	NeedsAttention Status = "needs_attention" // nobody could establish the outcome in time; the salon decides and calls
)

// Booking is a visit as the customer sees it: one or more appointments made in one go.
type Booking struct {
	ID           string        `json:"id" doc:"Ours (b-...), or r-{branch}-{record} for a record made elsewhere." example:"b-01hzy3q8g4w7k2m9x5v0t6n1rd"`
	Status       Status        `json:"status" enum:"pending,confirmed,rejected,cancelled,needs_attention"`
	Reason       string        `json:"reason,omitempty" doc:"Problem code of a rejection, for example slot_taken."`
	Branch       BranchID      `json:"branch"`
	Zone         string        `json:"zone"`
	Appointments []Appointment `json:"appointments"`
	Client       *Client       `json:"client,omitempty"`
	Comment      string        `json:"comment,omitempty"`
	CanMove      bool          `json:"can_move"`
	CanCancel    bool          `json:"can_cancel"`
	MoveUntil    *time.Time    `json:"move_until,omitempty"`
	CancelUntil  *time.Time    `json:"cancel_until,omitempty"`
	Change       *Change       `json:"change,omitempty" doc:"A move or cancel whose outcome is being established."`
	CreatedAt    *time.Time    `json:"created_at,omitempty"`
	Secret       string        `json:"secret,omitempty" doc:"Given once, to a guest: the key to read, move and cancel. Send it in the header Zapis-Booking-Secret."`
}

// Change is a move or a cancellation under way.
type Change struct {
	Kind   string `json:"kind" enum:"move,cancel"`
	Status string `json:"status" enum:"pending,rejected,needs_attention"`
	Reason string `json:"reason,omitempty" doc:"Problem code."`
}

// Appointment is one record in the salon's journal.
type Appointment struct {
	Services []BookedService `json:"services"`
	Staff    BookedStaff     `json:"staff"`
	Start    string          `json:"start,omitempty" doc:"As it was passed when booking."`
	Time     time.Time       `json:"time" doc:"RFC 3339 with the branch's offset."`
	Duration *int64          `json:"duration_s,omitempty"`
}

// BookedService is a service of a booking.
type BookedService struct {
	ID    int64  `json:"id"`
	Title string `json:"title,omitempty"`
	Price *Price `json:"price,omitempty"`
}

// BookedStaff is the master of a booking; id 0 while "any" has not been resolved.
type BookedStaff struct {
	ID       int64  `json:"id"`
	Name     string `json:"name,omitempty"`
	Position string `json:"position,omitempty"`
	Avatar   string `json:"avatar,omitempty"`
}

// Client is the person a booking is for.
type Client struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty" doc:"Masked: +7 *** ***-**-01."`
	Email string `json:"email,omitempty"`
}
