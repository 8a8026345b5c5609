package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/yclients"
)

var branchChecks = []Check{
	{
		Code: CheckNotForm, Area: AreaBranch, Severity: Failure, Who: WhoDeveloper, PerBranch: true, DependsOn: []string{CheckUserToken},
		Title:    config.T("это номер филиала, а не формы записи", "it is a branch's id, and not a booking form's"),
		Cause:    config.T("номер взят из адреса формы записи (n123.yclients.com): у формы свой номер", "the number was taken from a booking form's address (n123.yclients.com): a form has a number of its own"),
		WhatToDo: config.T("возьмите номер из адреса журнала записи: yclients.com/timetable/НОМЕР", "take the number in the timetable's address: yclients.com/timetable/ID"), run: checkNotForm,
	},
	{
		Code: CheckKnown, Area: AreaBranch, Severity: Failure, Who: WhoDeveloper, PerBranch: true, DependsOn: []string{CheckNotForm},
		Title:    config.T("такой филиал есть", "there is such a branch"),
		Cause:    config.T("в номере филиала опечатка, или филиал удалён", "the branch's id is misspelt, or the branch was deleted"),
		WhatToDo: problem.Of(problem.UpstreamCompany).Fix, run: checkKnown,
	},
	{
		Code: CheckBranch, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckKnown},
		Title:    config.T("филиал доступен сотруднику", "the employee manages the branch"),
		Cause:    config.T("это филиал другого салона, или сотруднику не дали к нему доступ", "it is another salon's branch, or the employee was not given access to it"),
		WhatToDo: problem.Of(problem.UpstreamCompany).Fix, run: checkBranch,
	},
	{
		Code: CheckZone, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckBranch},
		Title:    config.T("часовой пояс известен", "the time zone is known"),
		Cause:    config.T("в настройках филиала не выбран город или часовой пояс", "no city or time zone is chosen in the branch's settings"),
		WhatToDo: config.T("задайте город и часовой пояс в настройках филиала в YCLIENTS", "set city and time zone in the branch's settings in YCLIENTS"), run: checkZone,
	},
	{
		Code: CheckOnline, Area: AreaBranch, Severity: Warning, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckBranch},
		Title:    config.T("филиал действует", "the branch is active"),
		Cause:    config.T("кончилась лицензия филиала или выключена онлайн-запись: YCLIENTS показывает его недействующим", "the branch's licence has run out or online booking is off: YCLIENTS lists it as not active"),
		WhatToDo: config.T("продлите лицензию и включите онлайн-запись: YCLIENTS → Настройки → Онлайн-запись", "renew the licence and switch online booking on: YCLIENTS → Settings → Online booking"), run: checkOnline,
	},
	{
		Code: CheckLicence, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckBranch}, Calls: 1,
		Title:    config.T("лицензия филиала действует", "the branch's licence is in force"),
		Cause:    config.T("лицензия YCLIENTS не продлена: API отвечает «Необходимо продлить лицензию»", "the YCLIENTS licence was not renewed: the API answers «Необходимо продлить лицензию»"),
		WhatToDo: config.T("продлите лицензию в YCLIENTS", "renew the licence in YCLIENTS"), run: checkLicence,
	},
	{
		Code: CheckAllowed, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckLicence},
		Partly:   withoutUser,
		Title:    config.T("сотруднику отвечают", "the employee is answered"),
		Cause:    config.T("у сотрудника нет прав на управление филиалом: API отвечает 403", "the employee has no right to manage the branch: the API answers 403"),
		WhatToDo: config.T("в YCLIENTS: Настройки → Пользователи → этот сотрудник → дайте доступ к филиалу", "in YCLIENTS: Settings → Users → this employee → give access to the branch"), run: checkAllowed,
	},
	{
		Code: CheckRights, Area: AreaBranch, Severity: Warning, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckAllowed},
		Partly: withoutUser,
		Title:  config.T("прав сотрудника хватает", "the employee's rights suffice"),
		Cause:  config.T("у роли сотрудника сняты отдельные права", "single rights were taken from the employee's role"),
		WhatToDo: config.T("в YCLIENTS: Настройки → Пользователи → этот сотрудник → включите названные права",
			"in YCLIENTS: Settings → Users → this employee → switch the named rights on"), run: checkRights,
	},
	{
		Code: CheckExcess, Area: AreaBranch, Severity: Warning, Who: WhoSalon, PerBranch: true, DependsOn: []string{CheckAllowed},
		Title:    config.T("лишних прав у токена нет", "the token has no rights to spare"),
		Cause:    config.T("взят токен владельца или администратора: он открывает и деньги, и пользователей, и умирает, когда человек меняет пароль", "the token is the owner's or an administrator's: it opens money and users too, and dies when that person changes the password"),
		WhatToDo: config.T("заведите сотрудника «Мобильное приложение» с нужными правами и возьмите его токен: zapis setup", "make an employee of the app's own with the rights it needs, and take its token: zapis setup"), run: checkExcess,
	},
	{
		Code: CheckBookingOpen, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, Thorough: true, DependsOn: []string{CheckBranch}, Calls: 1,
		Title: config.T("онлайн-запись открыта", "online booking is open"),
		Cause: config.T("ни у одной услуги не включена онлайн-запись", "online booking is on for not one service"),
		WhatToDo: config.T("в YCLIENTS: Онлайн-запись → включите услуги и сотрудников для онлайн-записи",
			"in YCLIENTS: Online booking → open services and employees for online booking"), run: checkBookingOpen,
	},
	{
		Code: CheckStaff, Area: AreaBranch, Severity: Failure, Who: WhoSalon, PerBranch: true, Thorough: true, DependsOn: []string{CheckBookingOpen}, Calls: 1,
		Title:    config.T("есть к кому записаться", "there is somebody to book with"),
		Cause:    config.T("все мастера скрыты из онлайн-записи или уволены", "all masters are hidden from online booking or dismissed"),
		WhatToDo: config.T("в YCLIENTS: Настройки → Сотрудники → включите онлайн-запись хотя бы одному мастеру", "in YCLIENTS: Settings → Employees → open online booking for one master at least"), run: checkStaff,
	},
	{
		Code: CheckTimes, Area: AreaBranch, Severity: Warning, Who: WhoSalon, PerBranch: true, Thorough: true, DependsOn: []string{CheckStaff},
		Title:    config.T("есть свободное время", "there is free time"),
		Cause:    config.T("графики работы не заполнены вперёд, или всё занято", "no working hours are filled in ahead, or all is taken"),
		WhatToDo: config.T("заполните графики мастеров в YCLIENTS", "fill the masters' working hours in, in YCLIENTS"), run: checkTimes,
	},
	{
		Code: CheckOffset, Area: AreaBranch, Severity: Warning, Who: WhoSalon, PerBranch: true, Thorough: true, DependsOn: []string{CheckTimes, CheckZone}, Calls: 1,
		Title:    config.T("часы YCLIENTS идут по поясу филиала", "YCLIENTS' times keep the branch's zone"),
		Cause:    config.T("в настройках филиала пояс одного города, а времена YCLIENTS отдаёт со сдвигом другого", "the branch's settings name one city's zone, and YCLIENTS gives times with another's offset"),
		WhatToDo: config.T("сверьте часовой пояс и город в настройках филиала; Zapis верит показаниям часов, а не сдвигу", "compare zone and city in the branch's settings; Zapis trusts the clock reading, and not the offset"), run: checkOffset,
	},
	{
		Code: CheckWaiting, Area: AreaBranch, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckStaff},
		Title:    config.T("среди мастеров нет листа ожидания", "no master is a waiting list"),
		Cause:    config.T("салон ведёт лист ожидания как отдельного мастера, и «любой мастер» может попасть в него", "the salon keeps a waiting list as a master of its own, and \"any master\" may fall on it"),
		WhatToDo: config.T("скройте их переменной ZAPIS_HIDDEN_STAFF", "hide them by ZAPIS_HIDDEN_STAFF"), run: checkWaiting,
	},
}

// branchAnswers are what YCLIENTS said about a branch, each asked once.
type branchAnswers struct {
	card   once[*yclients.Company]
	form   once[int64]
	rights once[*yclients.Permissions]
	staff  once[[]*yclients.BookStaff]
	hooks  once[*hookSettings]
}

func (e *exam) about(branch int64) *branchAnswers {
	if e.branches[branch] == nil {
		e.branches[branch] = &branchAnswers{}
	}
	return e.branches[branch]
}

func (e *exam) company(branch int64) Company {
	if i := slices.IndexFunc(e.mine, func(c Company) bool { return c.ID == branch }); i >= 0 {
		return e.mine[i]
	}
	return Company{}
}

// card asks for a branch that is not among the user's.
func (e *exam) card(ctx context.Context, branch int64) (*yclients.Company, error) {
	return e.about(branch).card.get(func() (c *yclients.Company, err error) {
		err = e.patiently(ctx, func(ctx context.Context) error {
			c, _, err = e.both.Companies.Get(ctx, branch, nil)
			return err
		})
		return c, err
	})
}

// formOf is the branch behind a booking form of that number, 0 for none.
func (e *exam) formOf(ctx context.Context, number int64) (int64, error) {
	return e.about(number).form.get(func() (int64, error) {
		var form *yclients.Bookform
		err := e.patiently(ctx, func(ctx context.Context) (err error) {
			form, _, err = e.partner.Booking.Form(ctx, number)
			return err
		})
		if errors.Is(err, yclients.ErrNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return form.CompanyID, nil
	})
}

// unknown reports that YCLIENTS knows no branch of that number.
func (e *exam) unknown(ctx context.Context, branch int64) (bool, error) {
	if e.company(branch).ID != 0 {
		return false, nil
	}
	_, err := e.card(ctx, branch)
	switch {
	case errors.Is(err, yclients.ErrNotFound):
		return true, nil
	case errors.Is(err, yclients.ErrForbidden):
		return false, nil // it is there, and somebody else's
	}
	return false, err
}

func checkKnown(ctx context.Context, e *exam, branch int64) []Finding {
	unknown, err := e.unknown(ctx, branch)
	switch {
	case err != nil:
		return []Finding{Explain(err)}
	case unknown:
		return failed(problem.UpstreamCompany, config.Tf("филиала с номером %d в YCLIENTS нет", "YCLIENTS has no branch %d", branch), e.yours())
	}
	return ok(Text{})
}

func checkNotForm(ctx context.Context, e *exam, branch int64) []Finding {
	unknown, err := e.unknown(ctx, branch)
	if err != nil || !unknown {
		return ok(Text{}) // what cannot be asked is the other check's failure
	}
	behind, err := e.formOf(ctx, branch)
	switch {
	case err != nil:
		return couldNotAsk(err)
	case behind != 0:
		return failed(problem.UpstreamCompany, config.Tf("%d — номер формы записи, а её филиал %d", "%d is the number of a booking form, and its branch is %d", branch, behind),
			config.Tf("напишите %d вместо %d", "write %d in place of %d", behind, branch))
	}
	return ok(Text{})
}

func checkBranch(_ context.Context, e *exam, branch int64) []Finding {
	if c := e.company(branch); c.ID != 0 {
		return ok(config.Tf("«%s», %s", "\"%s\", %s", c.Title, orDash(c.City)))
	}
	title := ""
	if c := e.about(branch).card.value; c != nil {
		title = " «" + clip(c.Title) + "»"
	}
	return failed(problem.UpstreamForbidden,
		config.Tf("филиал %d%s есть, но этот сотрудник им не управляет", "the branch %d%s exists, but this employee does not manage it", branch, title), e.yours())
}

// yours names the branches that would do.
func (e *exam) yours() Text {
	var ids []string
	for _, c := range e.mine {
		ids = append(ids, c.String())
	}
	if len(ids) > 8 {
		ids = append(ids[:8], "…")
	}
	return config.Tf("выберите из своих: %s; или дайте сотруднику доступ в YCLIENTS", "choose one of yours: %s; or give the employee access in YCLIENTS", strings.Join(ids, ", "))
}

func checkZone(_ context.Context, e *exam, branch int64) []Finding {
	c := e.company(branch)
	if c.Zone == "" {
		return failed(problem.UpstreamCompany, config.T("YCLIENTS не назвал часовой пояс", "YCLIENTS named no time zone"), Text{})
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return failed(problem.UpstreamMalformed, config.Tf("пояс «%s» неизвестен этой программе", "the zone %q is unknown to this program", clip(c.Zone)), Text{})
	}
	return ok(config.Tf("%s, там сейчас %s", "%s, it is %s there", c.Zone, e.Now().In(zone).Format("15:04")))
}

func checkOnline(_ context.Context, e *exam, branch int64) []Finding {
	if !e.company(branch).open {
		return []Finding{{Problem: problem.UpstreamForbidden, Found: config.T("YCLIENTS показывает филиал недействующим", "YCLIENTS lists the branch as not active")}}
	}
	return ok(Text{})
}

// permissions asks what the employee may do.
func (e *exam) permissions(ctx context.Context, branch int64) (*yclients.Permissions, error) {
	return e.about(branch).rights.get(func() (p *yclients.Permissions, err error) {
		err = e.patiently(ctx, func(ctx context.Context) error {
			p, _, err = e.both.Users.Permissions(ctx, branch)
			return err
		})
		return p, err
	})
}

func checkLicence(ctx context.Context, e *exam, branch int64) []Finding {
	if _, err := e.permissions(ctx, branch); errors.Is(err, yclients.ErrLicense) {
		return []Finding{Explain(err)}
	}
	return ok(Text{})
}

func checkAllowed(ctx context.Context, e *exam, branch int64) []Finding {
	if _, err := e.permissions(ctx, branch); err != nil {
		f := Explain(err)
		if f.Problem == problem.UpstreamForbidden {
			f.Next = Text{}
		}
		return []Finding{f}
	}
	return ok(Text{})
}

func checkBookingOpen(ctx context.Context, e *exam, branch int64) []Finding {
	var list *yclients.BookServices
	err := e.patiently(ctx, func(ctx context.Context) (err error) {
		list, _, err = e.partner.Booking.Services(ctx, branch, nil)
		return err
	})
	if err != nil {
		return []Finding{Explain(err)}
	}
	if len(list.Services) == 0 {
		return failed(problem.UpstreamForbidden, config.T("ни одной услуги для онлайн-записи", "not one service can be booked online"), Text{})
	}
	return ok(config.Count(len(list.Services), "услуга", "услуги", "услуг", "service", "services"))
}

// bookable asks who can be booked.
func (e *exam) bookable(ctx context.Context, branch int64) ([]*yclients.BookStaff, error) {
	return e.about(branch).staff.get(func() (list []*yclients.BookStaff, err error) {
		err = e.patiently(ctx, func(ctx context.Context) error {
			list, _, err = e.partner.Booking.Staff(ctx, branch, nil)
			return err
		})
		return list, err
	})
}

func checkStaff(ctx context.Context, e *exam, branch int64) []Finding {
	list, err := e.bookable(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
	}
	n := 0
	for _, s := range list {
		if !e.isHidden(s) {
			n++
		}
	}
	switch {
	case len(list) == 0:
		return failed(problem.UpstreamForbidden, config.T("ни одного мастера для онлайн-записи", "not one master can be booked online"), Text{})
	case n == 0:
		return failed(problem.ConfigInvalid, config.T("все мастера скрыты переменной ZAPIS_HIDDEN_STAFF", "all masters are hidden by ZAPIS_HIDDEN_STAFF"), config.T("уберите лишние имена из ZAPIS_HIDDEN_STAFF", "remove names from ZAPIS_HIDDEN_STAFF"))
	}
	return ok(config.Count(n, "мастер", "мастера", "мастеров", "master", "masters"))
}

func checkTimes(ctx context.Context, e *exam, branch int64) []Finding {
	list, err := e.bookable(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
	}
	if !slices.ContainsFunc(list, func(s *yclients.BookStaff) bool { return s.Bookable && !e.isHidden(s) }) {
		return []Finding{{Found: config.T("ни у кого нет свободного времени", "nobody has free time")}}
	}
	return ok(Text{})
}

// checkOffset compares the offset of the nearest free times with that of the branch's zone.
func checkOffset(ctx context.Context, e *exam, branch int64) []Finding {
	list, err := e.bookable(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
	}
	at := slices.IndexFunc(list, func(s *yclients.BookStaff) bool { return s.Bookable && !e.isHidden(s) })
	zone, zoneErr := time.LoadLocation(e.company(branch).Zone)
	if at < 0 || zoneErr != nil {
		return ok(config.T("свободного времени нет, сравнить не с чем", "no free time to compare with"))
	}
	var near *yclients.NearestSeances
	err = e.patiently(ctx, func(ctx context.Context) error {
		near, _, err = e.partner.Booking.NearestSeances(ctx, branch, list[at].ID, nil)
		return err
	})
	if err != nil {
		return couldNotAsk(err)
	}
	for _, s := range near.Seances {
		if s.Datetime.Local || s.Datetime.Time.IsZero() || !strings.Contains(s.Datetime.Raw, "T") {
			continue
		}
		_, said := s.Datetime.Time.Zone()
		_, want := s.Datetime.Time.In(zone).Zone()
		if said != want {
			return []Finding{{Found: config.Tf("время отдано со сдвигом %s, а в поясе %s он %s", "a time was given with the offset %s, and %s has %s", offset(said), zone.String(), offset(want))}}
		}
	}
	return ok(Text{})
}

func offset(seconds int) string { return time.Time{}.In(time.FixedZone("", seconds)).Format("-07:00") }
