package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
)

// SwitchInfo describes a switch. The first value is the default.
type SwitchInfo struct {
	Name   string `json:"name"`
	Values []any  `json:"values"`
	About  string `json:"about"`
	Known  string `json:"known"` // what stands behind the default: observed, documented, said by the vendor, assumed
}

const (
	isAssumed    = "assumed"
	isObserved   = "observed"
	isDocumented = "documented"
	isVendors    = "said by the vendor"
)

var onOff = []any{true, false}

var offOn = []any{false, true}

// switchTable is what GET /_sandbox/switches/about and docs/sandbox-switches.md say.
var switchTable = []SwitchInfo{
	{"sms_code_uses", []any{1, 2}, "how often one SMS code serves: with 2 the code of a sign-in also confirms a booking", isAssumed},
	{"sms_code_tries", []any{0, 3}, "wrong tries that void a code; 0 is without end; other numbers too", isAssumed},
	{"sms_code_seconds", []any{600, 60}, "how long a code is good; other numbers too", isAssumed},
	{"book_record_client_token_needs_code", onOff, "a booking with the client's own token still needs a code where the company confirms phones", isAssumed},
	{"move_needs_client_token", offOn, "moving a booking needs the token of its client or of an employee", isDocumented},
	{"put_record_own_only", onOff, "PUT /record answers 403 for a record made with another partner's token", isObserved},
	{"error_code_at", []any{CodeInMeta, CodeInErrors, CodeOnTop, CodeNowhere}, "where the codes 431 to 438 stand in the body", isAssumed},
	{"appointments_atomic", onOff, "several appointments of one request are all made or none; otherwise those before the refused one stay", isAssumed},
	{"refusal_shape", []any{RefusalAlternates, Refusal429, Refusal200}, "a call beyond the limits is refused as 429, as 200 with success:false, or in turns", isObserved},
	{"email_required", onOff, "book_record wants the key email, if only empty", isObserved},
	{"auth_enveloped", onOff, "sign-ins answer with the envelope; otherwise bare, as documented", isObserved},
	{"booking_enveloped", offOn, "the booking and the profile of a client come with the envelope", isDocumented},
	{"wrong_datetime_offset", offOn, "datetime of a record carries a wrong offset; date is right", isObserved},
	{"delete_body_400", onOff, "a DELETE with a JSON body is refused", isObserved},
	{"off_cuts", offOn, "while the fault off is set, connections are cut; otherwise 503", isAssumed},
	{"strict", offOn, "what the service ignores in silence (unknown parameters and fields, a wrong Content-Type, a needless body or token) is refused with 400 and words; missing and wrong values with 422", isObserved},
	{"webhooks_of_own_changes", []any{OwnByFlag, OwnAlways}, "webhooks tell of the partner's own changes when the settings say self_sending, or always", isVendors},

	{"grid_from", []any{GridFromMidnight, GridFromInterval}, "the grid of starts begins at midnight or with each working interval", isAssumed},
	{"grid_flexible", offOn, "a visit may also begin where another ends, beside the grid", isAssumed},
	{"booking_on_grid_only", onOff, "a start beside the grid is refused by bookings and moves; otherwise it is only not listed", isAssumed},
	{"night_starts", []any{NightOfCalendar, NightOfShift}, "a start after midnight is listed under its own date or under the day its shift began", isAssumed},
	{"touching_intervals_join", onOff, "a visit may span two working intervals without a gap between them", isAssumed},
	{"visit_may_overrun", offOn, "only the start must lie within working time", isAssumed},
	{"pause_within_work", offOn, "the technical break behind a visit must lie within working time too", isAssumed},
	{"pause_of_several", []any{PauseLongest, PauseSum}, "the technical break behind several services is the longest of theirs or the sum", isAssumed},
	{"pause_holds_resources", offOn, "the technical break keeps the resources too", isAssumed},
	{"resources_limit", onOff, "without a free instance of its resources a service cannot be booked online", isAssumed},
	{"activities_block", onOff, "a group event takes the time of its master and resources", isAssumed},
	{"no_show_frees_time", offOn, "the time of a client marked as not come can be booked again", isAssumed},
	{"any_master", []any{AnyByWeight, AnyLeastBusy}, "a visit for any master goes to the first by weight or to the one with the least taken that day", isAssumed},
}

// SwitchTable describes all switches.
func SwitchTable() []SwitchInfo { return switchTable }

// SwitchesPage is the table as a page of the documents.
func SwitchesPage() string {
	var b strings.Builder
	b.WriteString(`# What nobody knows about YCLIENTS, as switches of the sandbox

Where the documents of YCLIENTS contradict each other or say nothing, the sandbox has a switch. The default is what has been
seen in production and, where nothing has, the unkinder behaviour. Test your program with both values.

    curl -s http://127.0.0.1:8585/_sandbox/switches
    curl -s -X PUT -d '{"sms_code_uses": 2}' http://127.0.0.1:8585/_sandbox/switches
    curl -s http://127.0.0.1:8585/_sandbox/switches/about

Keys that are not sent stay as they are; ` + "`POST /_sandbox/reset`" + ` returns to the defaults. This page is made from the
table that the sandbox itself answers with.

| switch | values, the default first | meaning | default is |
| --- | --- | --- | --- |
`)
	for _, s := range switchTable {
		values := make([]string, 0, len(s.Values))
		for _, v := range s.Values {
			text, err := json.Marshal(v)
			if err != nil { // plain values
				panic(err)
			}
			values = append(values, "`"+string(text)+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, strings.Join(values, ", "), s.About, s.Known)
	}
	return b.String()
}
