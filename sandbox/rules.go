package sandbox

// Values of [Rules].
const (
	GridFromMidnight = "midnight"
	GridFromInterval = "interval"

	NightOfCalendar = "calendar"
	NightOfShift    = "shift"

	AnyByWeight  = "weight"
	AnyLeastBusy = "least_busy"

	PauseLongest = "longest"
	PauseSum     = "sum"
)

// Rules are the assumptions about free times that no document confirms.
type Rules struct {
	// GridFrom is where the grid of starts begins: at midnight, or with each
	// working interval as the salon has entered it. Default midnight.
	GridFrom string `json:"grid_from"`
	// GridFlexible: a visit may also begin where another ends. Default false.
	GridFlexible bool `json:"grid_flexible"`
	// BookingOnGridOnly: a start beside the grid is refused by bookings and
	// moves, not only left out of the lists. Default true.
	BookingOnGridOnly bool `json:"booking_on_grid_only"`
	// NightStarts is the day that lists a start after the midnight of a night
	// shift: its own date (calendar) or the day the shift began. Default calendar.
	NightStarts string `json:"night_starts"`
	// TouchingIntervalsJoin: a visit may span two working intervals without a
	// gap between them. Default true.
	TouchingIntervalsJoin bool `json:"touching_intervals_join"`
	// VisitMayOverrun: only the start must lie within working time. Default false.
	VisitMayOverrun bool `json:"visit_may_overrun"`
	// PauseWithinWork: the technical break behind a visit must lie within
	// working time too. Default false.
	PauseWithinWork bool `json:"pause_within_work"`
	// PauseOfSeveral is the technical break behind a visit of several services:
	// the longest of theirs or the sum. Default longest.
	PauseOfSeveral string `json:"pause_of_several"`
	// PauseHoldsResources: the technical break keeps the resources too. Default false.
	PauseHoldsResources bool `json:"pause_holds_resources"`
	// ResourcesLimit: without a free instance of its resources a service cannot
	// be booked online. Default true.
	ResourcesLimit bool `json:"resources_limit"`
	// ActivitiesBlock: a group event takes the time of its master and resources. Default true.
	ActivitiesBlock bool `json:"activities_block"`
	// NoShowFreesTime: the time of a client marked as not come can be booked. Default false.
	NoShowFreesTime bool `json:"no_show_frees_time"`
	// AnyMaster is who takes a visit for any master: the first by weight or the
	// one with the least taken that day. Default weight.
	AnyMaster string `json:"any_master"`
}

func defaultRules() Rules {
	return Rules{
		GridFrom: GridFromMidnight, BookingOnGridOnly: true, NightStarts: NightOfCalendar, TouchingIntervalsJoin: true,
		PauseOfSeveral: PauseLongest, ResourcesLimit: true, ActivitiesBlock: true, AnyMaster: AnyByWeight,
	}
}

var rulesOfNobody = defaultRules()

// rule is what the switches say at the moment.
func (c *company) rule() *Rules {
	if c.rules == nil {
		return &rulesOfNobody
	}
	return c.rules
}
