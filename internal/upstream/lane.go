package upstream

import "context"

// Lane is the queue a call waits in. The lower the number, the more a person
// depends on it.
type Lane int

const (
	// Booking is for writes of a booking, and for finding out what became of one.
	Booking Lane = iota
	// Person is for what somebody waits for with the phone in hand; the default.
	Person
	// Refresh renews what is served from memory before it gets old.
	Refresh
	// Sync is bulk work that nobody waits for.
	Sync

	laneCount = 4
)

func (l Lane) String() string {
	switch l {
	case Booking:
		return "booking"
	case Person:
		return "person"
	case Refresh:
		return "refresh"
	case Sync:
		return "sync"
	}
	return "unknown"
}

type laneKey struct{}

// WithLane says in which lane the calls made under ctx wait.
func WithLane(ctx context.Context, l Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, l)
}

// LaneFrom is the lane of ctx, Person if none was set.
func LaneFrom(ctx context.Context) Lane {
	if l, ok := ctx.Value(laneKey{}).(Lane); ok && l >= Booking && l < laneCount {
		return l
	}
	return Person
}

// share is how a lane gets its part when several wait: after a streak of
// bookings, the others divide what is left in these proportions.
var share = [laneCount]int{Booking: 0, Person: 6, Refresh: 2, Sync: 1}

// streak is how many bookings may pass in a row while others wait. Bookings are
// first, but a flood of them must not stop everything else.
const streak = 8

// ceiling is the part of the budget, in percent, up to which a lane fills a
// window while nobody more important waits. What is left is the reserve: a
// background job that may fill the minute to the brim would make the next person
// wait until its calls are a minute old.
var ceiling = [laneCount]struct{ minute, second int }{
	Booking: {100, 100},
	Person:  {90, 100},
	Refresh: {80, 80},
	Sync:    {70, 60},
}
