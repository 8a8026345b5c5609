package gateway

import "zapis/internal/salon"

// The inputs and outputs of the routes, as huma reads them. Cookies and tokens are taken by the middleware. What is embedded is exported, or huma would not see it.

// BranchPath names a branch.
type BranchPath struct {
	Branch salon.BranchID `path:"branch" minimum:"1" doc:"Branch id."`
}

type servicesInput struct {
	BranchPath
	Staff int64 `query:"staff" minimum:"0" doc:"Give the prices and lengths of this master; leave out those it does not do."`
}

type staffInput struct {
	BranchPath
	Services []int64 `query:"services" maxItems:"20" doc:"Service ids, by comma: only masters who do them all."`
}

// Asking is how free time is asked for: one visit, or several with items.
type Asking struct {
	BranchPath
	Services []int64  `query:"services" maxItems:"20" doc:"Service ids of one visit, by comma."`
	Staff    int64    `query:"staff" minimum:"0" doc:"Staff id; 0 or absent: any."`
	Items    []string `query:"items" maxItems:"10" doc:"Several masters: service:staff pairs by comma, instead of services and staff." example:"[\"331:6544\",\"99055:0\"]"`
}

type slotsInput struct {
	Asking
	Date string `query:"date" required:"true" format:"date" doc:"Day of the branch's calendar, yyyy-mm-dd."`
}

type codeInput struct {
	Body struct {
		Branch salon.BranchID `json:"branch" minimum:"1" doc:"The SMS is sent in this branch's name."`
		Phone  string         `json:"phone" minLength:"1" maxLength:"40" example:"+79000000001"`
	}
}

type sessionInput struct {
	Body struct {
		Branch salon.BranchID `json:"branch" minimum:"1" doc:"The branch that sent the code."`
		Phone  string         `json:"phone" minLength:"1" maxLength:"40" example:"+79000000001"`
		Code   string         `json:"code" minLength:"1" maxLength:"12" example:"12345"`
	}
}

type refreshInput struct {
	Body *struct {
		Refresh string `json:"refresh_token,omitempty" maxLength:"100"`
	}
}

type profileInput struct {
	Body salon.ProfileChange
}

type bookingInput struct {
	Key  string `header:"Idempotency-Key" doc:"One for each intention (a UUID); the same with every repeat. 8 to 255 visible ASCII characters, without a session at least 16: it must not be guessed." example:"1f0c7a52-5b0f-4b7e-9a62-6f0a4f3c2d11"`
	Body salon.NewBooking
}

// BookingPath names a booking, and may carry the key to it.
type BookingPath struct {
	ID     string `path:"id" maxLength:"80" doc:"Booking id."`
	Secret string `header:"Zapis-Booking-Secret" doc:"A guest's key to this booking, given when it was made."`
}

type moveInput struct {
	BookingPath
	Body salon.Move
}

type mineInput struct {
	When salon.When `query:"when" enum:"upcoming,past" default:"upcoming"`
}

// answered is a body that may come from memory.
type answered[T any] struct {
	Age          string `header:"Age" doc:"Seconds since YCLIENTS said this."`
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// private is a body for one person only.
type private[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// decided is a booking with the status that says whether its outcome is known.
type decided struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Location     string `header:"Location" doc:"Address of the booking."`
	Body         salon.Booking
}

// opened is a fresh pair of tokens; a browser gets the refresh token as a cookie.
type opened struct {
	CacheControl string `header:"Cache-Control"`
	SetCookie    string `header:"Set-Cookie"`
	Body         salon.Tokens
}

type calendarFile struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

type branchList struct {
	Branches []salon.Branch `json:"branches"`
	salon.Freshness
}

type accepted struct {
	Body struct {
		Sent bool `json:"sent" doc:"Always true; it does not tell whether the phone is known."`
	}
}
