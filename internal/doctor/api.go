package doctor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/yclients"
)

// callLimit bounds one call, waiting for its turn included.
const callLimit = 90 * time.Second

// patiently makes one call of a check, and again after a refusal for the rate of calls. All of them read.
func (e *exam) patiently(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	for try := 1; ; try++ {
		err := call(ctx)
		if try == 3 || !errors.Is(err, yclients.ErrRateLimited) {
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

// checkAPIKey makes the one call that needs the API key and nothing else.
func checkAPIKey(ctx context.Context, e *exam, _ int64) []Finding {
	c, err := e.NewClient(yclients.Token(e.Config.Account.PartnerToken.Reveal()), "")
	if err != nil {
		return failed(problem.ConfigInvalid, config.Tf("%s", "%s", err.Error()), Text{})
	}
	e.partner = c
	err = e.patiently(ctx, func(ctx context.Context) error {
		began := e.Now()
		_, resp, err := c.Companies.List(ctx, &yclients.CompanyListOptions{Count: 1})
		e.noteDate(resp, began)
		return err
	})
	if err != nil {
		f := Explain(err)
		if f.Problem == problem.UpstreamToken { // nothing but the key was sent
			f.Problem, f.Next = problem.UpstreamKey, problem.Of(problem.UpstreamKey).Fix
			f.Found = config.Tf("YCLIENTS не принял API-ключ: %s", "YCLIENTS refused the API key: %s", f.Found)
		}
		return []Finding{f}
	}
	return ok(Text{})
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

// checkUserToken asks for the branches of the user, which needs both tokens.
func checkUserToken(ctx context.Context, e *exam, _ int64) []Finding {
	c, err := e.NewClient(yclients.Token(e.Config.Account.PartnerToken.Reveal()), yclients.Token(e.Config.Account.UserToken.Reveal()))
	if err != nil {
		return failed(problem.ConfigInvalid, config.Tf("%s", "%s", err.Error()), Text{})
	}
	e.both = c
	err = e.patiently(ctx, func(ctx context.Context) (err error) {
		e.mine, err = managed(ctx, c)
		return err
	})
	if err != nil {
		return []Finding{Explain(err)}
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
	return Company{ID: c.ID, Title: clip(c.Title), City: clip(c.City), Zone: c.TimezoneName}
}

// checkBranch looks for the branch among those of the user. If it is not there, one more call tells a branch
// of somebody else from one that does not exist.
func checkBranch(ctx context.Context, e *exam, branch int64) []Finding {
	if c := e.company(branch); c.ID != 0 {
		return ok(config.Tf("«%s», %s", "\"%s\", %s", c.Title, orDash(c.City)))
	}
	var c *yclients.Company
	err := e.patiently(ctx, func(ctx context.Context) (err error) {
		c, _, err = e.both.Companies.Get(ctx, branch, nil)
		return err
	})
	if err != nil {
		f := Explain(err)
		if f.Problem == problem.UpstreamCompany {
			f.Found = config.Tf("филиала с номером %d в YCLIENTS нет; номер формы записи сюда не подходит", "YCLIENTS has no branch %d; the number of a booking form is not one", branch)
			f.Next = e.yours()
		}
		return []Finding{f}
	}
	return failed(problem.UpstreamForbidden,
		config.Tf("филиал «%s» есть, но этот сотрудник им не управляет", "the branch \"%s\" exists, but this employee does not manage it", clip(c.Title)), e.yours())
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

func checkRights(ctx context.Context, e *exam, branch int64) []Finding {
	var p *yclients.Permissions
	err := e.patiently(ctx, func(ctx context.Context) (err error) {
		p, _, err = e.both.Users.Permissions(ctx, branch)
		return err
	})
	if err != nil {
		return []Finding{Explain(err)}
	}
	needed, wished := missingRights(p)
	var out []Finding
	if needed != (Text{}) {
		f := Finding{Status: StatusFailure, Found: config.Tf("нет необходимого права: %s", "a needed right is missing: %s", needed), Problem: problem.UpstreamForbidden}
		if e.AllowMissingRights {
			f.Status = StatusWarning
		}
		out = append(out, f)
	}
	if wished != (Text{}) {
		out = append(out, Finding{Found: config.Tf("нет прав: %s", "missing rights: %s", wished), Problem: problem.UpstreamForbidden})
	}
	if len(out) == 0 {
		return ok(Text{})
	}
	return out
}

// missingRights lists the rights that are not there, the needed ones apart.
func missingRights(p *yclients.Permissions) (needed, wished Text) {
	for _, r := range Rights {
		if r.Has(p) {
			continue
		}
		list := &wished
		if r.Needed {
			list = &needed
		}
		lost := config.Tf("%s (%s)", "%s (%s)", r.Title, r.Lost)
		if *list == (Text{}) {
			*list = lost
		} else {
			*list = config.Tf("%s; %s", "%s; %s", *list, lost)
		}
	}
	return needed, wished
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

// String names a company for people: 4564 «Title», City.
func (c Company) String() string {
	s := idText(c.ID)
	if c.Title != "" {
		s += " «" + c.Title + "»"
	}
	if c.City != "" {
		s += ", " + c.City
	}
	return s
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
