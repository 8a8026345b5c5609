package salon

import "time"

// Ask names what free time is wanted for: a branch, and one or more visits in one go. One item with several
// services is one visit to one master; several items are several masters.
type Ask struct {
	Branch BranchID
	Items  []AskItem
}

// AskItem is the services of one visit and its master; staff 0 is any.
type AskItem struct {
	Services []int64
	Staff    int64
}

// NewBooking is what a customer asks for. The phone is the session's, or the guest's in Client.
type NewBooking struct {
	Branch       BranchID         `json:"branch" minimum:"1" doc:"Branch id."`
	Appointments []NewAppointment `json:"appointments" minItems:"1" maxItems:"10"`
	Client       NewClient        `json:"client"`
	Code         string           `json:"code,omitempty" maxLength:"12" doc:"The SMS code, where the branch asks a guest for one. Not compared between repeats with one Idempotency-Key."`
	Comment      string           `json:"comment,omitempty" maxLength:"1000" doc:"For the salon; plain text."`
	Consent      *GivenConsent    `json:"consent,omitempty" doc:"Needed where the branch says consent.required."`
}

// NewAppointment is one visit of a booking.
type NewAppointment struct {
	Services []int64 `json:"services" minItems:"1" maxItems:"20" doc:"Service ids of this one visit, each once."`
	Staff    int64   `json:"staff" minimum:"0" doc:"Staff id; 0 for any master."`
	Start    string  `json:"start" minLength:"1" maxLength:"256" doc:"From slots, unchanged."`
}

// NewClient is who the visit is for.
type NewClient struct {
	Name  string `json:"name" minLength:"1" maxLength:"100"`
	Phone string `json:"phone,omitempty" maxLength:"40" doc:"A guest's phone. With a session the session's phone counts and this must be absent."`
	Email string `json:"email,omitempty" maxLength:"200"`
}

// GivenConsent is the customer's yes to the text of a version.
type GivenConsent struct {
	Version string `json:"version" minLength:"1" maxLength:"100"`
}

// Move is what may be changed of a booking: when, and the comment.
type Move struct {
	Start       string `json:"start" minLength:"1" maxLength:"256" doc:"From slots of the same branch, services and master, unchanged."`
	Appointment int    `json:"appointment,omitempty" minimum:"0" maximum:"9" doc:"Which appointment of the booking, from 0."`
	Comment     string `json:"comment,omitempty" maxLength:"1000"`
}

// When chooses between the bookings to come and those that were.
type When string

// The two halves of "my bookings".
const (
	Upcoming When = "upcoming"
	Past     When = "past"
)

// Bookings is a person's bookings at the configured branches.
type Bookings struct {
	Bookings []Booking `json:"bookings"`
	Freshness
}

// Caller is who stands behind a request, as far as it was proved.
type Caller struct {
	Person string // id of the signed-in person; empty for a guest
	Secret string // the booking's secret, when one was sent
	Addr   string // address of the client, for caps; never stored in the clear
	Lang   string // ru or en
}

// Tokens open the API for a person, at all branches.
type Tokens struct {
	Access        string    `json:"access_token" doc:"Send as Authorization: Bearer. Opaque."`
	AccessExpires time.Time `json:"access_expires"`
	Refresh       string    `json:"refresh_token,omitempty" doc:"Exchange at POST /v1/auth/refresh. Absent in a browser: there it is an HttpOnly cookie."`
	RefreshEnds   time.Time `json:"refresh_expires"`
}

// Profile is what we know of a signed-in person.
type Profile struct {
	ID    string `json:"id"`
	Phone string `json:"phone" doc:"Masked: +7 *** ***-**-01."`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// ProfileChange changes a profile; what is absent stays.
type ProfileChange struct {
	Name  *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Email *string `json:"email,omitempty" maxLength:"200"`
}

// App tells an app whether it can be used right now.
type App struct {
	Status     string  `json:"status" enum:"ok,not_configured,disabled,readonly,pilot"`
	Notice     string  `json:"notice,omitempty" doc:"A sentence for the customer."`
	MinVersion string  `json:"min_app_version,omitempty"`
	Login      []Login `json:"login"`
	Version    string  `json:"version" doc:"Version of the server."`
}

// Answer is the outcome of asking for a booking.
type Answer struct {
	Status  int // 201 known, 202 the outcome is being established
	Booking Booking
}
