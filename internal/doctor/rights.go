package doctor

import (
	"zapis/internal/config"
	"zapis/yclients"
)

// Right is one thing that the employee's token does for Zapis.
type Right struct {
	// Code is stable, for scripts.
	Code string
	// Needed: without it nothing can be booked safely, the fate of a booking whose answer was lost stays unknown
	// for good.
	Needed bool
	// Title is the right as people call it, Lost what will not work without it ("without it …").
	Title, Lost Text
	has         func(*yclients.Permissions) bool
}

// Has tells whether the user has the right in the branch of these permissions.
func (r Right) Has(p *yclients.Permissions) bool { return r.has(p) }

// Rights are all that our calls need, the needed ones first.
var Rights = []Right{
	{
		"timetable", true, config.T("журнал записи", "the timetable"),
		config.T("без него не узнать судьбу записи, ответ на которую потерялся", "without it a booking whose answer was lost cannot be looked up"),
		func(p *yclients.Permissions) bool { return p.Timetable != nil && p.Timetable.TimetableAccess },
	},
	{
		"record_form", false, config.T("окно записи", "the record form"),
		config.T("без него не прочитать отдельную запись", "without it a single record cannot be read"),
		func(p *yclients.Permissions) bool { return p.RecordForm != nil && p.RecordForm.RecordFormAccess },
	},
	{
		"edit_records", false, config.T("изменение записей", "editing records"),
		config.T("без него не перенести запись, сделанную не в приложении", "without it a booking made elsewhere cannot be moved"),
		func(p *yclients.Permissions) bool { return p.RecordForm != nil && p.RecordForm.EditRecordsAccess },
	},
	{
		"delete_records", false, config.T("удаление записей", "deleting records"),
		config.T("без него не отменить запись, сделанную не в приложении", "without it a booking made elsewhere cannot be cancelled"),
		func(p *yclients.Permissions) bool { return p.RecordForm != nil && p.RecordForm.DeleteRecordsAccess },
	},
	{
		"clients", false, config.T("клиентская база", "the client base"),
		config.T("без неё не сверить, чья это запись", "without it nobody can tell whose booking it is"),
		func(p *yclients.Permissions) bool { return p.Clients != nil && p.Clients.ClientsAccess },
	},
	{
		"client_phones", false, config.T("телефоны клиентов в журнале", "clients' phones in the timetable"),
		config.T("без них не сверить, чья это запись", "without them nobody can tell whose booking it is"),
		func(p *yclients.Permissions) bool { return p.Timetable != nil && p.Timetable.TimetablePhonesAccess },
	},
}
