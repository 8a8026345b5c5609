package gateway

import (
	"context"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

type contextKey int

const (
	callerKey contextKey = iota
	instanceKey
)

// callerFrom is who stands behind the request, as the middleware established it.
func callerFrom(ctx context.Context) salon.Caller {
	who, _ := ctx.Value(callerKey).(salon.Caller)
	return who
}

// instanceFrom is the id under which the request stands in the log.
func instanceFrom(ctx context.Context) string {
	id, _ := ctx.Value(instanceKey).(string)
	return id
}

// person is the caller, who must be signed in.
func person(ctx context.Context) (salon.Caller, error) {
	who := callerFrom(ctx)
	if who.Person == "" {
		return who, problem.New(problem.SessionRequired)
	}
	return who, nil
}
