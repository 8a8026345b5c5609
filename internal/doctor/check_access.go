package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"slices"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// withoutUser is what works while the employee is not let in: customers' bookings need the API key only.
var withoutUser = config.T("работает частью: записаться можно, а перенос и отмена чужих записей и розыск потерянного ответа стоят", "it works in part: customers can book; moving and cancelling bookings made elsewhere and looking up a lost answer stand still")

var accessChecks = []Check{
	{
		Code: CheckAuthHeader, Area: AreaAccess, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckAccept},
		Title:    config.T("заголовок Authorization доходит", "the Authorization header arrives"),
		Cause:    config.T("прокси по дороге вырезает заголовок: YCLIENTS отвечает «Не указаны авторизационные данные»", "a proxy on the way removes the header: YCLIENTS answers «Не указаны авторизационные данные»"),
		WhatToDo: config.T("разрешите прокси пропускать Authorization, или ходите в YCLIENTS без него", "let the proxy pass Authorization, or reach YCLIENTS without it"), run: firstIs(CheckAuthHeader),
	},
	{
		Code: CheckAPIKey, Area: AreaAccess, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckAuthHeader},
		Title:    config.T("API-ключ принят", "the API key is accepted"),
		Cause:    config.T("ключ скопирован не целиком, взят из другого аккаунта, отозван, или вместо него вставлен токен сотрудника; YCLIENTS отвечает «Не указан идентификатор партнера»", "the key was not copied whole, is another account's, was withdrawn, or the employee's token stands in its place; YCLIENTS answers «Не указан идентификатор партнера»"),
		WhatToDo: problem.Of(problem.UpstreamKey).Fix, run: checkAPIKey,
	},
	{
		Code: CheckUserPart, Area: AreaAccess, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckAPIKey}, Calls: 2,
		Partly:   withoutUser,
		Title:    config.T("токен сотрудника доходит", "the employee's token arrives"),
		Cause:    config.T("вторую часть заголовка (User …) отрезает прокси; YCLIENTS отвечает «Не указан идентификатор пользователя», что часто читают как «токен устарел»", "a proxy cuts the header's second part (User ...) off; YCLIENTS answers «Не указан идентификатор пользователя», which is often read as \"the token is too old\""),
		WhatToDo: config.T("пропустите заголовок Authorization: Bearer …, User … целиком; если прокси нет, получите токен заново: zapis setup", "let the header Authorization: Bearer ..., User ... pass whole; if there is no proxy, get a new token: zapis setup"), run: checkUserPart,
	},
	{
		Code: CheckUserToken, Area: AreaAccess, Severity: Failure, Who: WhoSalon, DependsOn: []string{CheckUserPart},
		Partly: withoutUser,
		Title:  config.T("токен сотрудника принят", "the employee's token is accepted"),
		Cause:  config.T("у сотрудника сменили пароль: токен умирает вместе с ним. Или сотрудника удалили, или токен скопирован не целиком", "the employee's password was changed: the token dies with it. Or the employee was removed, or the token was not copied whole"),
		WhatToDo: config.T("кратчайший путь назад: zapis token renew (спросит телефон и пароль, запишет YCLIENTS_USER_TOKEN); чтобы это не повторялось, заведите сотрудника «Мобильное приложение»",
			"the shortest way back: zapis token renew (asks for phone and password, writes YCLIENTS_USER_TOKEN); so that it does not happen again, make an employee of the app's own"), run: checkUserToken,
	},
}

// callLimit bounds one call, waiting for its turn included.
const callLimit = 90 * time.Second

// patiently makes one call of a check, and again after a refusal for the rate of calls. All of them read.
func (e *exam) patiently(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	for try := 1; ; try++ {
		err := call(ctx)
		if !errors.Is(err, yclients.ErrRateLimited) {
			return err
		}
		e.refused++
		if try == 3 {
			return err
		}
		pause := time.NewTimer(e.Patience)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

// firstAnswer is what the first call to YCLIENTS told: the check whose business the failure is, and the failure.
type firstAnswer struct {
	check string
	err   error
}

// ask makes the one call that needs the API key and nothing else, and finds whose business its failure is.
func (e *exam) askFirst(ctx context.Context) firstAnswer {
	a, _ := e.first.get(func() (firstAnswer, error) {
		c, err := e.NewClient(yclients.Token(e.Config.Account.PartnerToken.Reveal()), "")
		if err != nil {
			return firstAnswer{CheckAnswers, problem.Because(problem.ConfigInvalid, err)}, nil
		}
		e.partner = c
		err = e.patiently(ctx, func(ctx context.Context) error {
			began := e.Now()
			_, resp, err := c.Companies.List(e.timed(ctx), &yclients.CompanyListOptions{Count: 1})
			e.noteDate(resp, began)
			return err
		})
		return firstAnswer{concerns(err), err}, nil
	})
	return a
}

// timed measures from the request written to the first byte of its answer: waiting for the pace is not the network's.
func (e *exam) timed(ctx context.Context) context.Context {
	var wrote time.Time
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { wrote = time.Now() },
		GotFirstResponseByte: func() { e.took = max(time.Since(wrote), 1) },
	})
}

// concerns names the check that a failure of the first call belongs to.
func concerns(err error) string {
	failure, isAPI := errors.AsType[*yclients.Error](err)
	_, noted := errors.AsType[*upstream.TokenDead](err)
	switch {
	case err == nil:
		return ""
	case noted:
		return CheckAPIKey
	case !isAPI:
		return CheckAnswers
	case isWebPage(failure) || failure.Kind == yclients.KindMalformed:
		return CheckIsAPI
	case failure.HTTPStatus == http.StatusBadRequest || failure.HTTPStatus == http.StatusNotAcceptable:
		return CheckAccept
	case failure.Kind == yclients.KindUnauthenticated && failure.Missing == yclients.CredentialHeader:
		return CheckAuthHeader
	case errors.Is(err, yclients.ErrUnavailable), errors.Is(err, yclients.ErrRateLimited):
		return CheckAnswers
	}
	return CheckAPIKey
}

// firstIs is a check for one kind of failure of the first call.
func firstIs(check string) func(context.Context, *exam, int64) []Finding {
	return func(ctx context.Context, e *exam, _ int64) []Finding {
		if a := e.askFirst(ctx); a.check == check {
			return []Finding{Explain(a.err)}
		}
		return ok(Text{})
	}
}

func checkAnswers(ctx context.Context, e *exam, branch int64) []Finding {
	return firstIs(CheckAnswers)(ctx, e, branch)
}

func checkAPIKey(ctx context.Context, e *exam, _ int64) []Finding {
	a := e.askFirst(ctx)
	if a.check != CheckAPIKey {
		return ok(Text{})
	}
	f := Explain(a.err)
	if f.Problem == problem.UpstreamToken { // nothing but the key was sent
		f.Problem, f.Next = problem.UpstreamKey, problem.Of(problem.UpstreamKey).Fix
		f.Found = config.Tf("YCLIENTS не принял API-ключ: %s", "YCLIENTS refused the API key: %s", f.Found)
	}
	return []Finding{f}
}

// noteDate keeps the server's clock beside ours in the middle of the call.
func (e *exam) noteDate(resp *yclients.Response, began time.Time) {
	if resp == nil || resp.Header == nil {
		return
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now := e.Now()
		e.date, e.dateAt = date, began.Add(now.Sub(began)/2)
	}
}

// askSecond asks for the branches of the user, which needs both tokens.
func (e *exam) askSecond(ctx context.Context) error {
	_, err := e.second.get(func() (struct{}, error) {
		c, err := e.NewClient(yclients.Token(e.Config.Account.PartnerToken.Reveal()), yclients.Token(e.Config.Account.UserToken.Reveal()))
		if err != nil {
			return struct{}{}, problem.Because(problem.ConfigInvalid, err)
		}
		e.both = c
		return struct{}{}, e.patiently(ctx, func(ctx context.Context) (err error) {
			e.mine, err = managed(ctx, c)
			return err
		})
	})
	return err
}

// lacksUserPart: YCLIENTS saw no user in the header at all.
func lacksUserPart(err error) bool {
	failure, ok := errors.AsType[*yclients.Error](err)
	return ok && failure.Kind == yclients.KindUnauthenticated && failure.Missing == yclients.CredentialUser
}

func checkUserPart(ctx context.Context, e *exam, _ int64) []Finding {
	if err := e.askSecond(ctx); lacksUserPart(err) {
		f := Explain(err)
		f.Next = Text{} // the check's own tells more
		return []Finding{f}
	}
	return ok(Text{})
}

func checkUserToken(ctx context.Context, e *exam, _ int64) []Finding {
	if err := e.askSecond(ctx); err != nil {
		f := Explain(err)
		if f.Problem == problem.UpstreamToken {
			f.Next = Text{}
		}
		return []Finding{f}
	}
	if len(e.mine) == 0 {
		return failed(problem.UpstreamForbidden, config.T("токен принят, но этот сотрудник не управляет ни одним филиалом", "the token is accepted, but this employee manages no branch"),
			config.T("дайте сотруднику доступ: YCLIENTS → Настройки → Пользователи", "give the employee access: YCLIENTS → Settings → Users"))
	}
	return ok(config.Tf("управляет: %s", "manages %s", config.Count(len(e.mine), "филиал", "филиала", "филиалов", "branch", "branches")))
}

// managed lists the branches that the user of the client manages. A list ends with a page that brings
// nothing new: a short page is not the last one, and a server may ignore the page number.
func managed(ctx context.Context, c *yclients.Client) ([]Company, error) {
	var all []Company
	for page := int64(1); ; page++ {
		items, _, err := c.Companies.List(ctx, &yclients.CompanyListOptions{My: true, Count: 200, Page: page})
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, item := range items {
			if !slices.ContainsFunc(all, func(known Company) bool { return known.ID == item.ID }) {
				all = append(all, companyOf(item))
			}
		}
		if len(all) == before {
			return all, nil
		}
	}
}

func companyOf(c *yclients.Company) Company {
	return Company{ID: c.ID, Title: clip(c.Title), City: clip(c.City), Zone: c.TimezoneName, open: c.Active, staff: c.ActiveStaffCount}
}
