package sandbox

import (
	"slices"
	"strings"

	"zapis/contract"
)

// Levels of fidelity.
const (
	exact      = "exact"       // as documented and, where known, as observed
	simplified = "simplified"  // the note says what is missing
	sampleOnly = "sample only" // a checked request is answered with the documented sample
)

// models has the operations that are played, by their id in the contract.
var models = map[string]*model{
	"authUser":                  {run: authUser, level: exact},
	"authBookingUser":           {run: authBookingUser, level: exact},
	"authUserByPhoneCode":       {run: authUserByPhoneCode, level: simplified, note: "status of a wrong code (401) is a guess"},
	"sendBookCode":              {run: sendBookCode, level: simplified, note: "no limit of SMS; a code is 5 digits and lives 10 minutes, which is not documented"},
	"sendBookingUserPhoneCode":  {run: sendBookingUserPhoneCode, access: anyUser, level: simplified, note: "as sendBookCode"},
	"getBookingUser":            {run: getBookingUser, access: anyUser, level: exact},
	"updateBookingUser":         {run: updateBookingUser, access: anyUser, level: exact},
	"changeBookingUserPassword": {run: changeBookingUserPassword, access: anyUser, level: exact},

	"listCompanies":     {run: listCompanies, level: simplified, note: "filters my, id, group_id, page, count, forBooking, showBookforms, show_groups; others are ignored"},
	"getCompany":        {run: getCompany, access: memberOnly, level: simplified, note: "description, social links and groups are thin"},
	"getOwnPermissions": {run: getOwnPermissions, access: anyUser, level: simplified, note: "flags one by one; numbers and lists follow the role"},
	"getBookform":       {run: getBookform, level: simplified, note: "one style, three steps"},
	"listBookingForms":  {run: listBookingForms, access: memberOnly, level: simplified, note: "one form for each company"},
	"getPrivacyPolicy":  {run: getPrivacyPolicy, level: exact},

	"listBookServices":        {run: listBookServices, level: simplified, note: "no group events, no prices by client"},
	"listBookStaff":           {run: listBookStaff, level: simplified, note: "masters who do not do the services are left out"},
	"listBookDates":           {run: listBookDates, level: exact},
	"listNearestStaffSeances": {run: listNearestStaffSeances, level: simplified, note: "the answer when nothing is free is a guess"},
	"listBookTimes":           {run: listBookTimes, level: simplified, note: "computed by rules that the documents do not give: docs/sandbox-switches.md has each guess as a switch"},
	"checkBooking":            {run: checkBooking, level: exact},
	"createBooking":           {run: createBooking, write: true, level: simplified, note: "who takes a visit for any master is a switch; no prepayment, no group events"},
	"getBooking":              {run: getBooking, level: exact},
	"rescheduleBooking":       {run: rescheduleBooking, write: true, level: simplified, note: "refusals are not documented: 433 for a taken time, 403 when too late or for another client"},
	"deleteUserRecord":        {run: deleteUserRecord, write: true, level: simplified, note: "answers 200 without a body; refusals are not documented"},
	"getUserRecords":          {run: getUserRecords, access: anyUser, level: exact},

	"listRecords":  {run: listRecords, access: memberOnly, level: simplified, note: "no consumables; a count above 300 silently becomes 50"},
	"createRecord": {run: createRecord, access: memberOnly, write: true, level: simplified, note: "no group events, no costs of services; a busy time answers 422, which is a guess"},
	"getRecord":    {run: getRecord, access: memberOnly, level: simplified, note: "no consumables; a finance transaction once updateVisit has made it"},
	"updateRecord": {run: updateRecord, access: memberOnly, write: true, level: simplified, note: "as createRecord"},
	"deleteRecord": {run: deleteRecord, access: memberOnly, write: true, level: exact},

	"listServices":           {run: listServices, access: memberOnly, level: simplified, note: "no resources, images or translations"},
	"listServicesDeprecated": {run: listServicesDeprecated, level: exact},
	"listServiceCategories":  {run: listServiceCategories, access: memberOnly, level: exact},
	"listStaff":              {run: listStaff, access: memberOnly, level: simplified, note: "no image groups, no user behind a master"},
	"listStaffDeprecated":    {run: listStaffDeprecated, level: simplified, note: "no image groups"},
	"listStaffSchedules":     {run: listStaffSchedules, access: memberOnly, level: simplified, note: "busy_intervals are records and group events; off_day_type is 3 on every day off"},
	"getOnlineSettings":      {run: getOnlineSettings, access: memberOnly, level: exact},
	"getTimeslotSettings":    {run: getTimeslotSettings, access: memberOnly, level: simplified, note: "the same grid on all days"},
	"sendSmsByClientIds":     {run: sendMessages(ChannelSMS, false), access: memberOnly, level: exact},
	"sendSmsByFilter":        {run: sendMessages(ChannelSMS, true), access: memberOnly, level: simplified, note: "filters are not read: it goes to the whole client base"},
	"sendEmailByClientIds":   {run: sendMessages(ChannelMail, false), access: memberOnly, level: exact},
	"sendEmailByFilter":      {run: sendMessages(ChannelMail, true), access: memberOnly, level: simplified, note: "filters are not read: it goes to the whole client base"},
	"getHooksSettings":       {run: getHooksSettings, access: memberOnly, level: exact},
	"setHooksSettings":       {run: setHooksSettings, access: memberOnly, level: simplified, note: "events of records and new clients are sent; of other entities as far as their operations are played"},
}

// Fidelity tells how far an operation is played.
type Fidelity struct {
	OperationID string `json:"operation_id"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	Level       string `json:"level"` // exact, simplified, sample only
	Note        string `json:"note,omitempty"`
}

// Report lists all documented operations with their fidelity, in the order of
// the documentation.
func Report() []Fidelity {
	var list []Fidelity
	for _, op := range contract.Operations() {
		if op.Direction != contract.ToYClients || op.SameAs != "" {
			continue
		}
		m := modelOf(&op)
		list = append(list, Fidelity{OperationID: op.ID, Method: op.Method, Path: op.Path, Level: m.level, Note: m.note})
	}
	slices.SortStableFunc(list, func(a, b Fidelity) int { return strings.Compare(a.Level, b.Level) })
	return list
}
