package gateway

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

const (
	forOneOnly = "private, no-store"
	forAll     = "public, no-cache" // kept, but asked about each time: the ETag answers cheaply
)

func (g *Gateway) getApp(context.Context, *struct{}) (*answered[salon.App], error) {
	out := remembered(salon.App{
		Status: "ok", Login: []salon.Login{salon.LoginGuest, salon.LoginSMS}, Version: g.version,
	})
	return out, nil
}

func remembered[T any](body T) *answered[T] {
	return &answered[T]{CacheControl: forAll, Body: body}
}

func give[T any](body T, err error) (*answered[T], error) {
	if err != nil {
		return nil, err
	}
	return remembered(body), nil
}

func (g *Gateway) listBranches(ctx context.Context, _ *struct{}) (*answered[branchList], error) {
	branches, fresh, err := g.catalogue.Branches(ctx)
	return give(branchList{branches, fresh}, err)
}

func (g *Gateway) getBranch(ctx context.Context, in *BranchPath) (*answered[salon.Branch], error) {
	return give(g.catalogue.Branch(ctx, in.Branch))
}

func (g *Gateway) getConsent(ctx context.Context, in *BranchPath) (*answered[salon.ConsentText], error) {
	return give(g.catalogue.Consent(ctx, in.Branch))
}

func (g *Gateway) listServices(ctx context.Context, in *servicesInput) (*answered[salon.Catalogue], error) {
	return give(g.catalogue.Services(ctx, in.Branch, in.Staff))
}

func (g *Gateway) listStaff(ctx context.Context, in *staffInput) (*answered[salon.StaffList], error) {
	return give(g.catalogue.Staff(ctx, in.Branch, in.Services))
}

func (g *Gateway) listDates(ctx context.Context, in *Asking) (*answered[salon.Days], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	return give(g.catalogue.Days(ctx, ask))
}

func (g *Gateway) listSlots(ctx context.Context, in *slotsInput) (*answered[salon.Slots], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	return give(g.catalogue.Slots(ctx, ask, in.Date))
}

func (g *Gateway) listNearestSlots(ctx context.Context, in *Asking) (*answered[salon.Slots], error) {
	ask, err := in.ask()
	if err != nil {
		return nil, err
	}
	return give(g.catalogue.Nearest(ctx, ask))
}

// ask reads services and staff, or items. Free time is always asked for concrete services: without them
// YCLIENTS offers starts into which the visit does not fit.
func (in *Asking) ask() (salon.Ask, error) {
	ask := salon.Ask{Branch: in.Branch}
	if len(in.Items) == 0 {
		if len(in.Services) == 0 {
			return ask, problem.New(problem.InvalidRequest).At("query.services", "name at least one service")
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
	if err := g.sessions.SendCode(ctx, callerFrom(ctx), in.Body.Branch, in.Body.Phone); err != nil {
		return nil, err
	}
	out := &accepted{}
	out.Body.Sent = true
	return out, nil
}

func (g *Gateway) openSession(ctx context.Context, in *sessionInput) (*opened, error) {
	tokens, err := g.sessions.SignIn(ctx, callerFrom(ctx), in.Body.Branch, in.Body.Phone, in.Body.Code)
	return open(tokens, err)
}

func (g *Gateway) refreshSession(ctx context.Context, in *refreshInput) (*opened, error) {
	token := ""
	if in.Body != nil {
		token = in.Body.Refresh
	}
	tokens, err := g.sessions.Refresh(ctx, token)
	return open(tokens, err)
}

func open(tokens salon.Tokens, err error) (*opened, error) {
	if err != nil {
		return nil, err
	}
	return &opened{CacheControl: forOneOnly, Body: tokens}, nil
}

func (g *Gateway) closeSession(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, g.sessions.SignOut(ctx, "")
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

func (g *Gateway) createBooking(ctx context.Context, in *bookingInput) (*decided, error) {
	return decide(g.bookings.Create(ctx, callerFrom(ctx), in.Key, in.Body))
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
	return decide(g.bookings.Move(ctx, who, ref, in.Body))
}

func (g *Gateway) cancelBooking(ctx context.Context, in *BookingPath) (*decided, error) {
	who, ref, err := in.owned(ctx)
	if err != nil {
		return nil, err
	}
	return decide(g.bookings.Cancel(ctx, who, ref))
}

func decide(a salon.Answer, err error) (*decided, error) {
	if err != nil {
		return nil, err
	}
	return &decided{
		Status: a.Status, CacheControl: forOneOnly, Location: "/v1/bookings/" + a.Booking.ID, Body: a.Booking,
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
