package rehearse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// step is one act of the rehearsal.
type step struct {
	code        string
	title       Text
	needsRecord bool // means nothing without a record
	run         func(*rehearsal, context.Context) (Text, error)
}

// reading are the steps before anything is written, writing those after the consent.
var (
	reading = []step{
		{"catalogue", config.T("каталог: филиал, мастер, услуга", "catalogue: branch, master, service"), false, (*rehearsal).readCatalogue},
		{"slots", config.T("свободные времена мастера", "free times of the master"), false, (*rehearsal).findSlots},
		{"lookup", config.T("журнал записей читается", "the journal of records can be read"), false, (*rehearsal).proveLookup},
	}
	writing = []step{
		{"check", config.T("проверка времени", "check of the time"), false, (*rehearsal).check},
		{"code", config.T("код из СМС", "code from the SMS"), false, (*rehearsal).askCode},
		{"book", config.T("запись", "booking"), false, (*rehearsal).book},
		{"read", config.T("чтение записи", "reading the record"), true, (*rehearsal).read},
		{"move", config.T("перенос", "move"), true, (*rehearsal).move},
		{"cancel", config.T("отмена", "cancellation"), true, (*rehearsal).cancel},
	}
)

// readCatalogue finds branch, master and service by the calls that the app makes for them.
func (r *rehearsal) readCatalogue(ctx context.Context) (Text, error) {
	company, _, err := r.Employee.Companies.Get(ctx, r.Branch, nil)
	if err != nil {
		return Text{}, err
	}
	if r.zone, err = time.LoadLocation(company.TimezoneName); err != nil || company.TimezoneName == "" {
		return Text{}, refuse(problem.UpstreamMalformed, config.T("YCLIENTS не назвал часовой пояс филиала", "YCLIENTS named no time zone of the branch"),
			config.T("укажите часовой пояс в настройках филиала", "set the time zone in the settings of the branch"))
	}
	r.company, r.sms = company.Title, company.PhoneConfirmation
	if r.sms && r.AskCode == nil {
		return Text{}, refuse(problem.CodeRequired, config.T("филиал подтверждает телефоны кодом из СМС, а спросить его некого", "the branch confirms phones with a code from an SMS, and there is nobody to ask for it"),
			config.T("запустите в терминале или возьмите филиал без подтверждения", "run it in a terminal, or take a branch without confirmation"))
	}
	offered, _, err := r.Partner.Booking.Services(ctx, r.Branch, &yclients.BookingServicesOptions{StaffID: r.Staff})
	if err != nil {
		return Text{}, err
	}
	at := slices.IndexFunc(offered.Services, func(s *yclients.BookService) bool { return s != nil && s.ID == r.Service })
	if at < 0 {
		return Text{}, refuse(problem.ServiceUnknown, config.Tf("услуги %d у мастера %d нет для онлайн-записи", "service %d of master %d cannot be booked online", r.Service, r.Staff),
			config.Tf("можно: %s", "there are: %s", servicesOf(offered.Services)))
	}
	r.title = offered.Services[at].Title
	staff, _, err := r.Partner.Booking.Staff(ctx, r.Branch, &yclients.BookingStaffOptions{ServiceIDs: []int64{r.Service}})
	if err != nil {
		return Text{}, err
	}
	at = slices.IndexFunc(staff, func(s *yclients.BookStaff) bool { return s != nil && s.ID == r.Staff })
	if at < 0 {
		return Text{}, refuse(problem.StaffUnknown, config.Tf("мастера %d нет для онлайн-записи", "master %d cannot be booked online", r.Staff), Text{})
	}
	r.master = staff[at].Name
	return config.Tf("%s; %s; %s", "%s; %s; %s", r.company, r.master, r.title), nil
}

// servicesOf lists ids with titles for who has mistaken one, a dozen at most.
func servicesOf(list []*yclients.BookService) string {
	var out []string
	for _, s := range list {
		if s != nil && len(out) < 12 {
			out = append(out, fmt.Sprintf("%d %s", s.ID, s.Title))
		}
	}
	return strings.Join(out, ", ")
}

// findSlots looks for two free starts on the farthest day that has them.
func (r *rehearsal) findSlots(ctx context.Context) (Text, error) {
	today := r.Now().In(r.zone)
	dates, _, err := r.Partner.Booking.Dates(ctx, r.Branch, &yclients.BookingDatesOptions{
		ServiceIDs: []int64{r.Service}, StaffID: r.Staff, DateFrom: yclients.DateOf(today), DateTo: yclients.DateOf(today.AddDate(0, 2, 0)),
	})
	if err != nil {
		return Text{}, err
	}
	days := slices.Clone(dates.BookingDates)
	slices.SortFunc(days, func(a, b yclients.Time) int { return b.Time.Compare(a.Time) })
	for _, day := range days[:min(len(days), daysTried)] {
		seances, _, err := r.Partner.Booking.Times(ctx, r.Branch, r.Staff, yclients.DateOf(day.In(r.zone)), &yclients.BookingTimesOptions{ServiceIDs: []int64{r.Service}})
		if err != nil {
			return Text{}, err
		}
		var starts []start
		for _, s := range seances {
			if s == nil {
				continue
			}
			at, err := salon.Start{Datetime: s.Datetime.Raw}.Time(r.zone)
			if err == nil && at.Sub(r.Now()) >= far {
				starts = append(starts, start{s.Datetime.Raw, at})
			}
		}
		if len(starts) >= 2 {
			r.first, r.second = starts[len(starts)-1], starts[0]
			return config.Tf("%s, перенос на %s", "%s, to be moved to %s", clock(r.first.at), clock(r.second.at)), nil
		}
	}
	return Text{}, refuse(problem.NoStaffFree, config.Tf("у мастера нет дня с двумя свободными временами дальше %d ч", "the master has no day with two free times more than %d h ahead", int(far.Hours())),
		config.T("откройте мастеру расписание вперёд или возьмите другого", "open the master's timetable further ahead, or take another master"))
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04") }

// proveLookup makes sure that the record could be found if its answer were lost. Without that nothing is booked.
func (r *rehearsal) proveLookup(ctx context.Context) (Text, error) {
	today := yclients.DateOf(r.Now().In(r.zone))
	_, _, err := r.Employee.Records.List(ctx, r.Branch, &yclients.RecordListOptions{CStartDate: today, CEndDate: today, Count: 1})
	return Text{}, err
}

func (r *rehearsal) check(ctx context.Context) (Text, error) {
	_, err := r.Partner.Booking.Check(ctx, r.Branch, &yclients.BookingCheckRequest{
		Appointments: []*yclients.BookingCheckAppointmentRequest{{ID: 1, Services: []int64{r.Service}, StaffID: r.Staff, Datetime: r.first.text}},
	})
	return Text{}, err
}

// askCode has YCLIENTS send its SMS and asks for the code in it.
func (r *rehearsal) askCode(ctx context.Context) (Text, error) {
	_, err := r.Partner.Booking.SendCode(ctx, r.Branch, &yclients.CodeRequest{Phone: yclients.Phone(r.Phone.Digits()), Fullname: r.Name})
	if err != nil {
		return Text{}, err
	}
	if r.code, err = r.AskCode(ctx); err == nil && r.code.IsZero() {
		err = refuse(problem.CodeRequired, config.T("код не введён", "no code was given"), config.T("повторите репетицию", "rehearse again"))
	}
	r.report.hidden = append(r.report.hidden, r.code.Reveal())
	return Text{}, err
}

// book makes the record. An answer that was lost is looked for by the mark, as the server does: the journal says
// from before that moment what to look for.
func (r *rehearsal) book(ctx context.Context) (Text, error) {
	if err := r.openJournal(); err != nil {
		return Text{}, err
	}
	none := int64(0)
	made, _, err := r.Partner.Booking.Create(ctx, r.Branch, &yclients.BookingRequest{
		Phone: yclients.Phone(r.Phone.Digits()), Fullname: r.Name, Code: yclients.Secret(r.code.Reveal()), APIID: r.journal.Mark,
		Comment: commentBegin + ". " + r.journal.Mark, NotifyBySMS: &none, NotifyByEmail: &none,
		Appointments: []*yclients.BookingAppointmentRequest{{ID: 1, Services: []int64{r.Service}, StaffID: r.Staff, Datetime: r.first.text}},
	})
	r.sent = verdict.Unknown(err) || err == nil
	switch {
	case err == nil && len(made) == 1:
		r.journal.Record, r.journal.Hash = made[0].RecordID, string(made[0].RecordHash)
		r.report.hidden = append(r.report.hidden, r.journal.Hash)
		if err := r.journal.save(); err != nil { // the mark still leads to the record
			return Text{}, problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
		}
		r.booked = true
		return config.Tf("№ %d", "No. %d", r.journal.Record), nil
	case !r.sent: // refused, or never sent: there is nothing to find
		if removeErr := r.journal.remove(); removeErr == nil {
			r.journal = nil
		}
		return Text{}, err
	case err == nil:
		err = refuse(problem.UpstreamMalformed, config.Tf("на одну запись пришло ответов: %d", "one booking got %d answers", len(made)), Text{})
	}
	return r.findLost(ctx, err)
}

// findLost looks for the mark until the record is seen or can no longer appear.
func (r *rehearsal) findLost(ctx context.Context, cause error) (Text, error) {
	for pause := time.Second; ; pause = min(2*pause, 10*time.Second) {
		late := r.Now().Sub(r.journal.Sent) > r.Quiet
		seen, err := r.journal.marked(ctx, r.Employee)
		switch {
		case err != nil:
			return Text{}, errors.Join(cause, err)
		case len(seen) > 0:
			r.journal.Record, r.booked = seen[0].ID, true
			return config.Tf("ответ потерялся; по метке найдена № %d", "the answer was lost; No. %d was found by its mark", seen[0].ID), r.journal.save()
		case late:
			return Text{}, cause
		}
		if err := wait(ctx, pause); err != nil {
			return Text{}, errors.Join(cause, err)
		}
	}
}

// read looks at the record as its client does, or as the employee where the hash was lost with the answer.
func (r *rehearsal) read(ctx context.Context) (Text, error) {
	at, services, err := r.look(ctx)
	if err != nil {
		return Text{}, err
	}
	if !at.Equal(r.first.at) || !slices.Equal(services, []int64{r.Service}) {
		return Text{}, refuse(problem.UpstreamMalformed, config.Tf("записано не то: %s, услуги %v", "something else was booked: %s, services %v", clock(at), services), Text{})
	}
	return Text{RU: clock(at), EN: clock(at)}, nil
}

func (r *rehearsal) look(ctx context.Context) (at time.Time, services []int64, err error) {
	if r.journal.Hash == "" {
		seen, _, err := r.Employee.Records.Get(ctx, r.Branch, r.journal.Record, nil)
		if err != nil {
			return at, nil, err
		}
		for _, s := range seen.Services {
			services = append(services, s.ID)
		}
		return r.moment(seen.Moment()), services, nil
	}
	seen, _, err := r.Partner.Booking.Get(ctx, r.Branch, r.journal.Record, yclients.Secret(r.journal.Hash))
	if err != nil {
		return at, nil, err
	}
	for _, s := range seen.Services {
		services = append(services, s.ID)
	}
	if !seen.Date.IsZero() {
		return r.moment(seen.Date), services, nil
	}
	return r.moment(seen.Datetime), services, nil
}

// moment reads the clock of the text and not its offset, which has been seen to be wrong.
func (r *rehearsal) moment(t yclients.Time) time.Time {
	if at, err := (salon.Start{Datetime: t.Raw}).Time(r.zone); err == nil {
		return at
	}
	return t.In(r.zone)
}

// move moves the record as its client does, with the API key alone, and reads it again.
func (r *rehearsal) move(ctx context.Context) (Text, error) {
	_, _, err := r.Partner.Booking.Reschedule(ctx, r.Branch, r.journal.Record, &yclients.RescheduleRequest{Datetime: r.second.text})
	if err != nil && !verdict.Unknown(err) {
		if errors.Is(err, yclients.ErrForbidden) {
			return Text{}, &stepError{code: problem.MoveForbidden, cause: err, found: problem.Of(problem.MoveForbidden).Title,
				next: config.T("если клиентам нельзя переносить записи, это верно: правило филиала в настройках онлайн-записи", "if customers may not move bookings, that is right: it is the branch's rule in the settings of online booking")}
		}
		return Text{}, err
	}
	at, _, readErr := r.look(ctx)
	switch {
	case readErr != nil:
		return Text{}, errors.Join(err, readErr)
	case at.Equal(r.second.at):
		return Text{RU: clock(at), EN: clock(at)}, nil
	case err != nil:
		return Text{}, err
	}
	return Text{}, refuse(problem.UpstreamMalformed, config.Tf("перенос принят, а запись стоит на %s", "the move was accepted, and the record stands at %s", clock(at)), Text{})
}

// cancel cancels as the client does. Whether the record is really gone is proven by the step after it.
func (r *rehearsal) cancel(ctx context.Context) (Text, error) {
	var err error
	if r.journal.Hash != "" {
		_, err = r.Partner.UserRecords.Delete(ctx, r.journal.Record, yclients.Secret(r.journal.Hash))
	} else {
		_, err = r.Employee.Records.Delete(ctx, r.Branch, r.journal.Record)
	}
	switch {
	case errors.Is(err, yclients.ErrForbidden):
		return Text{}, &stepError{code: problem.CancelForbidden, cause: err, found: problem.Of(problem.CancelForbidden).Title,
			next: config.T("если клиентам нельзя отменять записи, это верно: правило филиала в настройках онлайн-записи", "if customers may not cancel bookings, that is right: it is the branch's rule in the settings of online booking")}
	case verdict.Unknown(err):
		seen, lookErr := r.journal.marked(ctx, r.Employee)
		if lookErr == nil && !slices.ContainsFunc(seen, func(s *yclients.Record) bool { return !s.Deleted }) {
			return config.T("ответ потерялся; запись отменена", "the answer was lost; the record is cancelled"), nil
		}
	}
	return Text{}, err
}
