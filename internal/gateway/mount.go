package gateway

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"zapis/internal/problem"
)

// Every route states its budget: when it is spent, the answer is "the salon's system cannot be asked now".
const (
	atOnce       = 2 * time.Second  // from our own memory
	whileAsking  = 10 * time.Second // a read that may have to ask YCLIENTS
	whileCoding  = 25 * time.Second // a code is sent or checked
	whileWriting = 30 * time.Second // a booking: waiting for a running key takes 10 s, the call the rest
)

var budgets = map[string]time.Duration{
	"getApp": atOnce, "refreshSession": atOnce, "closeSession": atOnce, "getMe": atOnce, "changeMe": atOnce, "eraseMe": whileAsking,
	"listBranches": whileAsking, "getBranch": whileAsking, "getConsent": whileAsking, "listServices": whileAsking,
	"listStaff": whileAsking, "listDates": whileAsking, "listSlots": whileAsking, "listNearestSlots": whileAsking,
	"sendCode": whileCoding, "openSession": whileCoding,
	"createBooking": whileWriting, "moveBooking": whileWriting, "cancelBooking": whileWriting,
	"listMyBookings": whileAsking, "getBooking": whileAsking, "getCalendar": whileAsking,
}

// adapter puts huma's operations on the gateway's own mux, each behind what its description asks for.
type adapter struct{ g *Gateway }

// ServeHTTP serves the mux alone, for tools of huma.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.g.ServeHTTP(w, r) }

// Handle mounts an operation.
func (a adapter) Handle(op *huma.Operation, run func(huma.Context)) {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		run(humago.NewContext(op, r, w))
	})
	if op.Method == http.MethodGet && (op.Tags[0] == tagCatalogue || op.Tags[0] == tagService) {
		h = tagged(h)
	}
	a.g.operations = append(a.g.operations, op)
	a.g.mux.Handle(op.Method+" "+op.Path, a.g.mount(op, h))
}

// mount is what stands between the mux and an operation: the server's state, the query, the caller, the budget.
func (g *Gateway) mount(op *huma.Operation, next http.Handler) http.Handler {
	budget, ok := budgets[op.OperationID]
	if !ok {
		panic("gateway: " + op.OperationID + " states no budget")
	}
	bySession := slices.ContainsFunc(op.Security, func(s map[string][]string) bool { _, ok := s["session"]; return ok })
	byCookie := op.Tags[0] == tagAuth
	hot := hotRoutes[op.OperationID]
	open := op.OperationID == "getApp"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := requestFrom(r.Context())
		if err := g.serving(open); err != nil {
			g.fail(w, r, err)
			return
		}
		ctx := newBudget(r.Context(), req.started.Add(budget))
		defer ctx.end()
		req.branch, _ = strconv.ParseInt(r.PathValue("branch"), 10, 64)
		if hot && g.serveHot(ctx, w, r, req) {
			return
		}
		err := strictQuery(r.URL.RawQuery)
		if err == nil && byCookie {
			err = g.sameSite(r, req)
		}
		if err == nil && bySession {
			err = g.identify(ctx, r, req)
		}
		if err != nil {
			g.fail(w, r, err)
			return
		}
		// The same request with the deadline in it: the mux wrote pattern and path values into it.
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// serving refuses everything but GET /v1/app while the server cannot serve.
func (g *Gateway) serving(open bool) error {
	if open {
		return nil
	}
	switch g.state() {
	case StateNotConfigured:
		return problem.New(problem.NotConfigured)
	case StateDisabled:
		return problem.New(problem.Disabled)
	}
	return nil
}

// sameSite guards the routes that read or set the cookie, and takes the cookie.
func (g *Gateway) sameSite(r *http.Request, req *request) error {
	if err := g.cross.Check(r); err != nil {
		return problem.New(problem.CrossOrigin)
	}
	if req.browser {
		if c, err := r.Cookie(req.cookieName()); err == nil {
			req.cookie = c.Value
		}
	}
	return nil
}

// identify finds the person behind a bearer token. A token that is sent must be good: who believes to be signed in
// and is not shall learn it, and not act as a guest.
func (g *Gateway) identify(ctx context.Context, r *http.Request, req *request) error {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return nil
	}
	req.access = bearer(header)
	if req.access == "" {
		return problem.New(problem.SessionInvalid)
	}
	who, err := g.sessions.Person(ctx, req.access)
	if err != nil {
		return err
	}
	req.caller.Person = who
	return nil
}

// bearer takes the token out of an Authorization header; empty when it is anything else.
func bearer(header []string) string {
	if len(header) != 1 || len(header[0]) > 200 {
		return ""
	}
	scheme, token, ok := strings.Cut(header[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
