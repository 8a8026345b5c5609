package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

func (g *Gateway) getApp(ctx context.Context, _ *struct{}) (*answered[salon.App], error) {
	state := g.state()
	app := salon.App{Status: state, Login: []salon.Login{salon.LoginGuest, salon.LoginSMS}, Version: g.version}
	if code, ok := notices[state]; ok {
		app.Notice = problem.Of(code).Message.In(callerFrom(ctx).Lang)
	}
	requestFrom(ctx).header.Add("Vary", "Accept-Language") // for the notice
	return &answered[salon.App]{CacheControl: forAll, Body: app}, nil
}

// notices are what the customer is told of a state of the whole server.
var notices = map[string]problem.Code{
	StateNotConfigured: problem.NotConfigured, StateDisabled: problem.Disabled,
	StateReadonly: problem.ReadOnly, StatePilot: problem.PilotOnly,
}

// give answers with what the catalogue said, and how old that is.
func give[T any](g *Gateway, body T, fresh salon.Freshness, err error) (*answered[T], error) {
	if err != nil {
		return nil, err
	}
	return &answered[T]{CacheControl: forAll, Age: g.age(fresh), Body: body}, nil
}

func (g *Gateway) listBranches(ctx context.Context, _ *struct{}) (*answered[branchList], error) {
	branches, fresh, err := g.catalogue.Branches(ctx)
	return give(g, branchList{branches, fresh}, fresh, err)
}

func (g *Gateway) getBranch(ctx context.Context, in *BranchPath) (*answered[salon.Branch], error) {
	branch, err := g.catalogue.Branch(ctx, in.Branch)
	return give(g, branch, salon.Freshness{}, err)
}

func (g *Gateway) getConsent(ctx context.Context, in *BranchPath) (*answered[salon.ConsentText], error) {
	text, err := g.catalogue.Consent(ctx, in.Branch)
	return give(g, text, salon.Freshness{}, err)
}

func (g *Gateway) listServices(ctx context.Context, in *servicesInput) (*answered[salon.Catalogue], error) {
	list, err := g.catalogue.Services(ctx, in.Branch, in.Staff)
	if err == nil {
		g.learnServices(ctx, in.Branch, in.Staff)
	}
	return give(g, list, list.Freshness, err)
}

func (g *Gateway) listStaff(ctx context.Context, in *staffInput) (*answered[salon.StaffList], error) {
	if err := positive("query.services", in.Services); err != nil {
		return nil, err
	}
	list, err := g.catalogue.Staff(ctx, in.Branch, in.Services)
	return give(g, list, list.Freshness, err)
}

func (g *Gateway) listDates(ctx context.Context, in *Asking) (*answered[salon.Days], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	days, err := g.catalogue.Days(ctx, ask)
	return give(g, days, days.Freshness, err)
}

func (g *Gateway) listSlots(ctx context.Context, in *slotsInput) (*answered[salon.Slots], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	slots, err := g.catalogue.Slots(ctx, ask, in.Date)
	if err == nil {
		g.learnSlots(ctx, ask, in.Date)
	}
	return give(g, slots, slots.Freshness, err)
}

func (g *Gateway) listNearestSlots(ctx context.Context, in *Asking) (*answered[salon.Slots], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	slots, err := g.catalogue.Nearest(ctx, ask)
	return give(g, slots, slots.Freshness, err)
}

// positive refuses ids that no service can have.
func positive(location string, ids []int64) error {
	for i, id := range ids {
		if id <= 0 {
			return problem.New(problem.InvalidRequest).At(fmt.Sprintf("%s[%d]", location, i), "an id is positive")
		}
	}
	return nil
}

// ask reads services and staff, or items. Free time is always asked for concrete services: without them
// YCLIENTS offers starts into which the visit does not fit.
func (in *Asking) ask() (salon.Ask, error) {
	ask := salon.Ask{Branch: in.Branch}
	if len(in.Items) == 0 {
		if len(in.Services) == 0 {
			return ask, problem.New(problem.InvalidRequest).At("query.services", "name at least one service")
		}
		if err := positive("query.services", in.Services); err != nil {
			return ask, err
		}
		if err := once("query.services", in.Services); err != nil {
			return ask, err
		}
		ask.Items = []salon.AskItem{{Services: in.Services, Staff: in.Staff}}
		return ask, nil
	}
	if len(in.Services) > 0 || in.Staff != 0 {
		return ask, problem.New(problem.InvalidRequest).At("query.items", "either items, or services and staff")
	}
	for i, item := range in.Items {
		service, staff, _ := strings.Cut(item, ":")
		s, err1 := strconv.ParseInt(service, 10, 64)
		m, err2 := strconv.ParseInt(staff, 10, 64)
		if err1 != nil || err2 != nil || s <= 0 || m < 0 {
			return ask, problem.New(problem.InvalidRequest).At(fmt.Sprintf("query.items[%d]", i), "write service:staff, for example 331:6544")
		}
		ask.Items = append(ask.Items, salon.AskItem{Services: []int64{s}, Staff: m})
	}
	return ask, nil
}

func (g *Gateway) sendCode(ctx context.Context, in *codeInput) (*accepted, error) {
	concerns(ctx, in.Body.Branch)
	if err := g.sessions.SendCode(ctx, callerFrom(ctx), in.Body.Branch, in.Body.Phone); err != nil {
		return nil, err
	}
	out := &accepted{}
	out.Body.Sent = true
	return out, nil
}

func (g *Gateway) openSession(ctx context.Context, in *sessionInput) (*opened, error) {
	concerns(ctx, in.Body.Branch)
	tokens, err := g.sessions.SignIn(ctx, callerFrom(ctx), in.Body.Branch, in.Body.Phone, in.Body.Code)
	return g.open(ctx, tokens, err)
}

func (g *Gateway) refreshSession(ctx context.Context, in *refreshInput) (*opened, error) {
	token := requestFrom(ctx).cookie
	if in.Body != nil && in.Body.Refresh != "" {
		token = in.Body.Refresh
	}
	tokens, err := g.sessions.Refresh(ctx, token)
	return g.open(ctx, tokens, err)
}

func (g *Gateway) open(ctx context.Context, tokens salon.Tokens, err error) (*opened, error) {
	if err != nil {
		return nil, err
	}
	cookie := requestFrom(ctx).keep(&tokens, g.now())
	return &opened{CacheControl: forOneOnly, SetCookie: cookie, Body: tokens}, nil
}

func (g *Gateway) closeSession(ctx context.Context, _ *struct{}) (*struct{}, error) {
	req := requestFrom(ctx)
	if req.cookie != "" {
		req.forgetCookie()
	}
	if _, err := person(ctx); err != nil {
		return nil, err
	}
	return nil, g.sessions.SignOut(ctx, req.access)
}

func (g *Gateway) getMe(ctx context.Context, _ *struct{}) (*private[salon.Profile], error) {
	who, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return personal(g.sessions.Profile(ctx, who.Person))
}

func (g *Gateway) changeMe(ctx context.Context, in *profileInput) (*private[salon.Profile], error) {
	who, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return personal(g.sessions.ChangeProfile(ctx, who.Person, in.Body))
}

func (g *Gateway) eraseMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	who, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return nil, g.sessions.Erase(ctx, who.Person)
}

func personal[T any](body T, err error) (*private[T], error) {
	if err != nil {
		return nil, err
	}
	return &private[T]{CacheControl: forOneOnly, Body: body}, nil
}

// once refuses a service named twice in one visit: the length would be that of one, the salon would see two. The
// document cannot say it: huma's uniqueItems panics on items that are no scalars.
func once(location string, services []int64) error {
	for i, id := range services {
		if slices.Contains(services[:i], id) {
			return problem.New(problem.InvalidRequest).At(location, "name each service once")
		}
	}
	return nil
}

func (g *Gateway) createBooking(ctx context.Context, in *bookingInput) (*decided, error) {
	concerns(ctx, in.Body.Branch)
	for i, a := range in.Body.Appointments {
		if err := once(fmt.Sprintf("body.appointments[%d].services", i), a.Services); err != nil {
			return nil, err
		}
	}
	a, err := g.bookings.Create(ctx, callerFrom(ctx), in.Key, in.Body)
	return decide(a, http.StatusCreated, err)
}

func (g *Gateway) listMyBookings(ctx context.Context, in *mineInput) (*private[salon.Bookings], error) {
	who, err := person(ctx)
	if err != nil {
		return nil, err
	}
	return personal(g.bookings.Mine(ctx, who, in.When))
}

// owned is the booking a request names and who asks for it.
func (in *BookingPath) owned(ctx context.Context) (salon.Caller, salon.Ref, error) {
	who := callerFrom(ctx)
	who.Secret = in.Secret
	ref, ok := salon.ParseRef(in.ID)
	if !ok {
		return who, ref, problem.New(problem.BookingUnknown)
	}
	if ref.Booking == "" {
		concerns(ctx, ref.Branch)
	}
	return who, ref, nil
}

func (g *Gateway) getBooking(ctx context.Context, in *BookingPath) (*private[salon.Booking], error) {
	who, ref, err := in.owned(ctx)
	if err != nil {
		return nil, err
	}
	return personal(g.bookings.Get(ctx, who, ref))
}

func (g *Gateway) moveBooking(ctx context.Context, in *moveInput) (*decided, error) {
	who, ref, err := in.owned(ctx)
	if err != nil {
		return nil, err
	}
	a, err := g.bookings.Move(ctx, who, ref, in.Body)
	return decide(a, http.StatusOK, err)
}

func (g *Gateway) cancelBooking(ctx context.Context, in *BookingPath) (*decided, error) {
	who, ref, err := in.owned(ctx)
	if err != nil {
		return nil, err
	}
	a, err := g.bookings.Cancel(ctx, who, ref)
	return decide(a, http.StatusOK, err)
}

// decide answers with a booking: 202 while the outcome is being established, else the route's own status.
func decide(a salon.Answer, settled int, err error) (*decided, error) {
	if err != nil {
		return nil, err
	}
	if a.Status == http.StatusAccepted {
		settled = a.Status
	}
	return &decided{
		Status: settled, CacheControl: forOneOnly, Location: "/v1/bookings/" + a.Booking.ID, Body: a.Booking,
	}, nil
}

func (g *Gateway) getCalendar(ctx context.Context, in *BookingPath) (*calendarFile, error) {
	who, ref, err := in.owned(ctx)
	if err != nil {
		return nil, err
	}
	file, err := g.bookings.Calendar(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	return &calendarFile{ContentType: "text/calendar; charset=utf-8", CacheControl: forOneOnly, Body: file}, nil
}
