package sandbox

import "fmt"

// Values of [Switches.RefusalShape].
const (
	RefusalAlternates = "alternate" // 429 and 200 in turns
	Refusal429        = "429"
	Refusal200        = "200" // success:false with status 200
)

// Values of [Switches.ErrorCodeAt].
const (
	CodeInMeta   = "meta.code"
	CodeInErrors = "errors.code"
	CodeOnTop    = "code"
	CodeNowhere  = "none" // only a message, as in the older documentation
)

// Values of [Switches.OwnChanges].
const (
	OwnByFlag = "self_sending"
	OwnAlways = "always"
)

// Switches choose between behaviours where the documents contradict each other
// or say nothing. The default is what has been observed and, where nothing
// has, the unkinder one.
type Switches struct {
	// SMSCodeUses is how often one SMS code serves: 1, or 2 so that the code
	// of a sign-in also confirms a booking. Default 1.
	SMSCodeUses int `json:"sms_code_uses"`
	// SMSCodeTries is the number of wrong tries that void a code; 0 is without
	// end, so that a guard against guessing must be the caller's. Default 0.
	SMSCodeTries int `json:"sms_code_tries"`
	// SMSCodeSeconds is how long an SMS code is good. Default 600.
	SMSCodeSeconds int `json:"sms_code_seconds"`
	// ClientTokenNeedsCode: createBooking asks for a code where the company
	// confirms phones, even with the client's own token. Default true.
	ClientTokenNeedsCode bool `json:"book_record_client_token_needs_code"`
	// MoveNeedsClientToken: rescheduleBooking answers only to the client's (or
	// an employee's) token. Default false.
	MoveNeedsClientToken bool `json:"move_needs_client_token"`
	// ForeignRecords403: updateRecord answers 403 for a record that was not
	// made with this partner token. Default true.
	ForeignRecords403 bool `json:"put_record_own_only"`
	// ErrorCodeAt is where codes 431..438 stand in the body. Default meta.code.
	ErrorCodeAt string `json:"error_code_at"`
	// AppointmentsAtomic: several appointments of a booking are all made or
	// none. Otherwise those before the refused one stay. Default true.
	AppointmentsAtomic bool `json:"appointments_atomic"`
	// RefusalShape is how a call beyond the limits is refused. Default alternate.
	RefusalShape string `json:"refusal_shape"`
	// EmailRequired: createBooking wants the key email, if only empty. Default true.
	EmailRequired bool `json:"email_required"`
	// AuthEnveloped: sign-ins answer with the envelope, as seen in production;
	// otherwise bare, as documented. Default true.
	AuthEnveloped bool `json:"auth_enveloped"`
	// BookingEnveloped: getBooking and getBookingUser answer with the envelope;
	// otherwise bare, as documented. Default false.
	BookingEnveloped bool `json:"booking_enveloped"`
	// WrongOffset: datetime of a record carries a wrong offset, as has been
	// seen; date is the truth. Default false.
	WrongOffset bool `json:"wrong_datetime_offset"`
	// DeleteBody400: a DELETE with a JSON body is refused. Default true.
	DeleteBody400 bool `json:"delete_body_400"`
	// OwnChanges: whether webhooks tell of changes that were made through the API by
	// the same partner: when the flag self_sending of the settings is set, or always.
	// Default self_sending.
	OwnChanges string `json:"webhooks_of_own_changes"`
	Rules
	// OffCuts: while off, connections are cut; otherwise 503. Default false.
	OffCuts bool `json:"off_cuts"`
	// Strict: what the service ignores in silence (unknown parameters and fields, a wrong
	// Content-Type, a body where none belongs) is refused with 400 and the remarks of the
	// verdict. Default false.
	Strict bool `json:"strict"`
}

// DefaultSwitches returns the defaults.
func DefaultSwitches() Switches {
	return Switches{
		SMSCodeUses:          1,
		SMSCodeSeconds:       int(codeLife.Seconds()),
		ClientTokenNeedsCode: true,
		ForeignRecords403:    true,
		ErrorCodeAt:          CodeInMeta,
		AppointmentsAtomic:   true,
		RefusalShape:         RefusalAlternates,
		EmailRequired:        true,
		AuthEnveloped:        true,
		DeleteBody400:        true,
		OwnChanges:           OwnByFlag,
		Rules:                defaultRules(),
	}
}

// Validate names the first switch with a value that it does not have.
func (s Switches) Validate() error {
	switch {
	case s.SMSCodeUses < 1 || s.SMSCodeUses > 2:
		return fmt.Errorf("sandbox: sms_code_uses is %d, must be 1 or 2", s.SMSCodeUses)
	case s.SMSCodeSeconds < 1 || s.SMSCodeSeconds > 24*hour:
		return fmt.Errorf("sandbox: sms_code_seconds is %d, must be 1 to 86400", s.SMSCodeSeconds)
	case s.SMSCodeTries < 0:
		return fmt.Errorf("sandbox: sms_code_tries is %d, must not be negative", s.SMSCodeTries)
	case s.ErrorCodeAt != CodeInMeta && s.ErrorCodeAt != CodeInErrors && s.ErrorCodeAt != CodeOnTop && s.ErrorCodeAt != CodeNowhere:
		return fmt.Errorf("sandbox: error_code_at is %q, must be meta.code, errors.code, code or none", s.ErrorCodeAt)
	case s.GridFrom != GridFromMidnight && s.GridFrom != GridFromInterval:
		return fmt.Errorf("sandbox: grid_from is %q, must be midnight or interval", s.GridFrom)
	case s.NightStarts != NightOfCalendar && s.NightStarts != NightOfShift:
		return fmt.Errorf("sandbox: night_starts is %q, must be calendar or shift", s.NightStarts)
	case s.AnyMaster != AnyByWeight && s.AnyMaster != AnyLeastBusy:
		return fmt.Errorf("sandbox: any_master is %q, must be weight or least_busy", s.AnyMaster)
	case s.PauseOfSeveral != PauseLongest && s.PauseOfSeveral != PauseSum:
		return fmt.Errorf("sandbox: pause_of_several is %q, must be longest or sum", s.PauseOfSeveral)
	case s.OwnChanges != OwnByFlag && s.OwnChanges != OwnAlways:
		return fmt.Errorf("sandbox: webhooks_of_own_changes is %q, must be self_sending or always", s.OwnChanges)
	case s.RefusalShape != RefusalAlternates && s.RefusalShape != Refusal429 && s.RefusalShape != Refusal200:
		return fmt.Errorf("sandbox: refusal_shape is %q, must be alternate, 429 or 200", s.RefusalShape)
	}
	return nil
}

// Faults are failures on demand. The counters go down as they are used up.
type Faults struct {
	// Off answers every API call with 503, or cuts it (see [Switches.OffCuts]).
	Off bool `json:"off"`
	// LoseNext booking writes are applied, and their answer is lost by closing
	// the connection. A write that is refused does not count.
	LoseNext int `json:"lose_next"`
	// CutNext booking writes are lost before anything is applied.
	CutNext int `json:"cut_next"`
	// RefuseNext calls get the rate refusal as 200 with success:false.
	RefuseNext int `json:"refuse_next"`
	// DelayMS is waited before every call, in milliseconds.
	DelayMS int `json:"delay_ms"`
	// HTMLNext calls get a proxy's HTML page with status 502.
	HTMLNext int `json:"html_next"`
	// ErrorNext calls get status 500 in the API's envelope.
	ErrorNext int `json:"error_next"`
}

const maxDelayMS = 120_000

// Validate refuses negative counters and delays above two minutes.
func (f Faults) Validate() error {
	if f.LoseNext < 0 || f.CutNext < 0 || f.RefuseNext < 0 || f.HTMLNext < 0 || f.ErrorNext < 0 {
		return fmt.Errorf("sandbox: a counter of the faults is negative")
	}
	if f.DelayMS < 0 || f.DelayMS > maxDelayMS {
		return fmt.Errorf("sandbox: delay_ms is %d, must be 0 to %d", f.DelayMS, maxDelayMS)
	}
	return nil
}
