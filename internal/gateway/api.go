// Package gateway is the mobile API over HTTP: routes, validation, documents, and the translation of
// failures into problem documents. What the answers mean is decided below it, behind three small
// interfaces, so that the API can be described, tested and replaced without YCLIENTS.
package gateway

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"zapis/internal/salon"
)

// Catalogue answers what can be booked, and when. Answers may be from memory and say how old they are.
// A failure to ask is an error, never an empty list.
type Catalogue interface {
	Branches(ctx context.Context) ([]salon.Branch, salon.Freshness, error)
	Branch(ctx context.Context, branch salon.BranchID) (salon.Branch, error)
	Consent(ctx context.Context, branch salon.BranchID) (salon.ConsentText, error)
	Services(ctx context.Context, branch salon.BranchID, staff int64) (salon.Catalogue, error)
	Staff(ctx context.Context, branch salon.BranchID, services []int64) (salon.StaffList, error)
	Days(ctx context.Context, ask salon.Ask) (salon.Days, error)
	Slots(ctx context.Context, ask salon.Ask, date string) (salon.Slots, error)
	Nearest(ctx context.Context, ask salon.Ask) (salon.Slots, error)
}

// Bookings makes, reads, moves and cancels. It checks the owner; the gateway only says who is calling.
type Bookings interface {
	Create(ctx context.Context, who salon.Caller, key string, wish salon.NewBooking) (salon.Answer, error)
	Get(ctx context.Context, who salon.Caller, ref salon.Ref) (salon.Booking, error)
	Mine(ctx context.Context, who salon.Caller, when salon.When) (salon.Bookings, error)
	Move(ctx context.Context, who salon.Caller, ref salon.Ref, move salon.Move) (salon.Answer, error)
	Cancel(ctx context.Context, who salon.Caller, ref salon.Ref) (salon.Answer, error)
	Calendar(ctx context.Context, who salon.Caller, ref salon.Ref) ([]byte, error)
}

// Sessions signs people in by phone and knows them by their tokens.
type Sessions interface {
	SendCode(ctx context.Context, who salon.Caller, branch salon.BranchID, phone string) error
	SignIn(ctx context.Context, who salon.Caller, branch salon.BranchID, phone, code string) (salon.Tokens, error)
	Refresh(ctx context.Context, refresh string) (salon.Tokens, error)
	SignOut(ctx context.Context, access string) error
	Person(ctx context.Context, access string) (person string, err error)
	Profile(ctx context.Context, person string) (salon.Profile, error)
	ChangeProfile(ctx context.Context, person string, change salon.ProfileChange) (salon.Profile, error)
	Erase(ctx context.Context, person string) error
}

const (
	tagCatalogue = "Catalogue"
	tagAuth      = "Sign-in"
	tagBookings  = "Bookings"
	tagProfile   = "Profile"
	tagService   = "Service"
)

// operation describes a route in one line; tweak sets what is special.
func operation(id, method, path, tag, summary string, failures []int, tweak ...func(*huma.Operation)) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary,
		Errors: failures, MaxBodyBytes: maxBody,
	}
	if method == http.MethodGet && (tag == tagCatalogue || tag == tagService) {
		op.Responses = map[string]*huma.Response{"304": {Description: "The answer with the ETag of If-None-Match is still the answer"}}
	}
	for _, f := range tweak {
		f(&op)
	}
	return op
}

func bySession(op *huma.Operation) { op.Security = []map[string][]string{{"session": {}}} }

func bySessionOrSecret(op *huma.Operation) {
	op.Security = []map[string][]string{{"session": {}}, {"bookingSecret": {}}}
}

func bySessionOrGuest(op *huma.Operation) { op.Security = []map[string][]string{{"session": {}}, {}} }

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func says(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = text }
}

// Failures that whole groups of routes share.
var (
	whileReading = []int{400, 404, 422, 429, 503}
	whileSigning = []int{400, 401, 403, 404, 413, 415, 422, 429, 503}
	whileBooking = []int{400, 401, 403, 404, 409, 413, 415, 422, 429, 503}
)

// register puts every route of the mobile API on api. The routes, their inputs and their outputs are the
// promise to apps; docs/openapi.json is made from here and compared in a test.
func (g *Gateway) register(api huma.API) {
	g.registerCatalogue(api)
	g.registerAuth(api)
	g.registerBookings(api)
}

func (g *Gateway) registerCatalogue(api huma.API) {
	huma.Register(api, operation("getApp", http.MethodGet, "/v1/app", tagService,
		"Whether the app can be used now, and how people sign in", []int{422, 429}), g.getApp)
	huma.Register(api, operation("listBranches", http.MethodGet, "/v1/branches", tagCatalogue,
		"The branches of the chain", whileReading), g.listBranches)
	huma.Register(api, operation("getBranch", http.MethodGet, "/v1/branches/{branch}", tagCatalogue,
		"One branch: address, zone, phones, rules", whileReading), g.getBranch)
	huma.Register(api, operation("getConsent", http.MethodGet, "/v1/branches/{branch}/consent", tagCatalogue,
		"The text of the consent to the processing of personal data", whileReading), g.getConsent)
	huma.Register(api, operation("listServices", http.MethodGet, "/v1/branches/{branch}/services", tagCatalogue,
		"Categories and services, with the prices and lengths of one master if asked", whileReading), g.listServices)
	huma.Register(api, operation("listStaff", http.MethodGet, "/v1/branches/{branch}/staff", tagCatalogue,
		"Masters who do all the services asked for; id 0 is any", whileReading), g.listStaff)
	huma.Register(api, operation("listDates", http.MethodGet, "/v1/branches/{branch}/dates", tagCatalogue,
		"Days with a free start", whileReading), g.listDates)
	huma.Register(api, operation("listSlots", http.MethodGet, "/v1/branches/{branch}/slots", tagCatalogue,
		"Free starts of a day", whileReading,
		says("An empty list means that nothing is free. When the salon's system cannot be asked the answer is 503 with the salon's phone and widget.")), g.listSlots)
	huma.Register(api, operation("listNearestSlots", http.MethodGet, "/v1/branches/{branch}/nearest-slots", tagCatalogue,
		"The soonest free starts", whileReading), g.listNearestSlots)
}

func (g *Gateway) registerAuth(api huma.API) {
	huma.Register(api, operation("sendCode", http.MethodPost, "/v1/auth/codes", tagAuth,
		"Send an SMS code", whileSigning, status(http.StatusAccepted),
		says("The same answer whether the phone is known or not. The code serves signing in, or one guest booking.")), g.sendCode)
	huma.Register(api, operation("openSession", http.MethodPost, "/v1/auth/sessions", tagAuth,
		"Sign in with the code", whileSigning, status(http.StatusCreated)), g.openSession)
	huma.Register(api, operation("refreshSession", http.MethodPost, "/v1/auth/refresh", tagAuth,
		"Exchange the refresh token for fresh tokens", whileSigning,
		says("In a browser the body is empty and the refresh token is read from its cookie.")), g.refreshSession)
	huma.Register(api, operation("closeSession", http.MethodDelete, "/v1/auth/sessions/current", tagAuth,
		"Sign out", []int{401, 403, 422, 429, 503}, bySession, status(http.StatusNoContent)), g.closeSession)
	huma.Register(api, operation("getMe", http.MethodGet, "/v1/me", tagProfile,
		"My profile", []int{401, 422, 429, 503}, bySession), g.getMe)
	huma.Register(api, operation("changeMe", http.MethodPatch, "/v1/me", tagProfile,
		"Change my profile", []int{400, 401, 413, 415, 422, 429, 503}, bySession), g.changeMe)
	huma.Register(api, operation("eraseMe", http.MethodDelete, "/v1/me", tagProfile,
		"Erase my data here", []int{401, 422, 429, 503}, bySession, status(http.StatusNoContent),
		says("Erases what this server keeps. The salon's own client card stays with the salon.")), g.eraseMe)
}

func (g *Gateway) registerBookings(api huma.API) {
	huma.Register(api, operation("createBooking", http.MethodPost, "/v1/bookings", tagBookings,
		"Book, signed in or as a guest", whileBooking, bySessionOrGuest, status(http.StatusCreated), alsoAccepted,
		says("201 when the outcome is known, 202 while it is being established: read the booking until it is no longer pending. Repeat with the same Idempotency-Key as often as needed; there will be one booking.")), g.createBooking)
	huma.Register(api, operation("listMyBookings", http.MethodGet, "/v1/me/bookings", tagBookings,
		"My bookings at the branches of this app", []int{401, 422, 429, 503}, bySession), g.listMyBookings)
	huma.Register(api, operation("getBooking", http.MethodGet, "/v1/bookings/{id}", tagBookings,
		"Read a booking", []int{401, 404, 429, 503}, bySessionOrSecret), g.getBooking)
	huma.Register(api, operation("moveBooking", http.MethodPatch, "/v1/bookings/{id}", tagBookings,
		"Move a booking to another start", whileBooking, bySessionOrSecret, alsoAccepted), g.moveBooking)
	huma.Register(api, operation("cancelBooking", http.MethodDelete, "/v1/bookings/{id}", tagBookings,
		"Cancel a booking", []int{401, 403, 404, 409, 429, 503}, bySessionOrSecret, alsoAccepted), g.cancelBooking)
	huma.Register(api, operation("getCalendar", http.MethodGet, "/v1/bookings/{id}/calendar.ics", tagBookings,
		"The booking as a calendar file", []int{401, 404, 429, 503}, bySessionOrSecret, answersCalendar), g.getCalendar)
}

// alsoAccepted documents 202 beside the default status, with the same body.
func alsoAccepted(op *huma.Operation) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["202"] = &huma.Response{
		Description: "The outcome is being established; read the booking until it is no longer pending",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/Booking"}},
		},
	}
}

func answersCalendar(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "An iCalendar file with a stable UID and a rising SEQUENCE",
		Content:     map[string]*huma.MediaType{"text/calendar": {Schema: &huma.Schema{Type: "string"}}},
	}}
}
