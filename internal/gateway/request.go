package gateway

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

// request is what the gateway knows of one request beside the request itself. It travels in the context.
type request struct {
	g        *Gateway
	header   http.Header // of the answer
	instance string
	started  time.Time
	caller   salon.Caller
	access   string         // the bearer token, as sent
	cookie   string         // the refresh token of a browser
	browser  bool           // fetched by a page: the refresh token belongs into a cookie
	host     string         // as the client calls us
	tls      bool           // over TLS, here or at a trusted proxy
	branch   salon.BranchID // the branch that is meant, for its phone when we cannot serve
	key      string         // under which a hot read may be remembered

	code  problem.Code // of the failure, for the log
	cause error
}

type contextKey struct{}

func requestFrom(ctx context.Context) *request {
	req, _ := ctx.Value(contextKey{}).(*request)
	return req
}

// newInstance makes the id under which a request stands in the log. It is no secret.
func newInstance() string { return strconv.FormatUint(rand.Uint64()|1<<63, 32) }

// callerFrom is who stands behind the request, as the middleware established it.
func callerFrom(ctx context.Context) salon.Caller {
	if req := requestFrom(ctx); req != nil {
		return req.caller
	}
	return salon.Caller{}
}

// person is the caller, who must be signed in.
func person(ctx context.Context) (salon.Caller, error) {
	who := callerFrom(ctx)
	if who.Person == "" {
		return who, problem.New(problem.SessionRequired)
	}
	return who, nil
}

// concerns notes the branch that a request is about.
func concerns(ctx context.Context, branch salon.BranchID) {
	if req := requestFrom(ctx); req != nil {
		req.branch = branch
	}
}
