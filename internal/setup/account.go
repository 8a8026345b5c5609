package setup

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/yclients"
)

// What Inspect can look at: the names of the variables.
const (
	APIKey    = "YCLIENTS_API_TOKEN"
	UserToken = "YCLIENTS_USER_TOKEN"
	CompanyID = "YCLIENTS_COMPANY_ID"
)

// Pasted is what a person pasted, looked at.
type Pasted struct {
	// Clean is what was most likely meant; zero when nothing usable is left.
	Clean secret.String
	// Notes name everything that was wrong, by position and never by content.
	Notes []config.Finding
}

// Mended tells that something had to be taken off or replaced: if YCLIENTS refuses the rest, it has to be copied again.
func (p Pasted) Mended() bool { return len(p.Notes) > 0 }

// Inspect cleans a pasted API key or user token (variable is APIKey or UserToken): quotes, spaces, line breaks,
// zero-width and look-alike letters, a whole Authorization header, an assignment. It calls nobody. What cannot be
// used is a Refusal with InputUnusable; Notes are there all the same.
func Inspect(variable string, raw secret.String) (Pasted, error) {
	clean, notes := config.InspectToken(variable, raw.Reveal())
	p := Pasted{Clean: secret.Text(clean), Notes: notes}
	if clean == "" {
		found := config.T("здесь нет ключа", "there is no key here")
		for i, n := range notes {
			if found = n.What; i == 0 {
				break
			}
		}
		return p, refusal(problem.InputUnusable, found, Text{})
	}
	return p, nil
}

// ProveKey makes the one call that needs the API key and nothing else (GET /companies).
func (e *Engine) ProveKey(ctx context.Context, key secret.String) error {
	c, err := e.client(key.Reveal(), "")
	if err != nil {
		return err
	}
	err = e.ask(ctx, func(ctx context.Context) error {
		_, _, err := c.Companies.List(ctx, &yclients.CompanyListOptions{Count: 1})
		return err
	})
	if r, ok := err.(*Refusal); ok && r.Problem == problem.UpstreamToken { // nothing but the key was sent
		r.Problem, r.Next = problem.UpstreamKey, problem.Of(problem.UpstreamKey).Fix
		r.Found = config.Tf("YCLIENTS не принял API-ключ: %s", "YCLIENTS refused the API key: %s", r.Found)
	}
	return err
}

// User is an employee as far as YCLIENTS tells.
type User struct {
	Token secret.String
	// ID and Name are zero when YCLIENTS did not say whose token it is.
	ID   int64
	Name string
}

// SignIn exchanges login and password for the employee's token (POST /auth). login may be a phone in any spelling. A
// wrong password is UpstreamLogin, a second factor SecondFactor. The password is kept nowhere.
func (e *Engine) SignIn(ctx context.Context, key secret.String, login string, password secret.String) (User, error) {
	c, err := e.client(key.Reveal(), "")
	if err != nil {
		return User{}, err
	}
	var u *yclients.AuthUser
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		u, _, err = c.Auth.Login(ctx, &yclients.LoginRequest{Login: config.CleanLogin(login), Password: yclients.Secret(password.Reveal())})
		return err
	})
	if err != nil {
		return User{}, err
	}
	token, _ := config.InspectToken(UserToken, string(u.UserToken))
	if token == "" {
		return User{}, refusal(problem.UpstreamMalformed, config.T("YCLIENTS ответил без токена", "YCLIENTS answered without a token"),
			config.T("повторите; если не поможет, возьмите токен в веб-кабинете: «Интеграции» → «API»", "try again; if it does not help, take the token from the web cabinet: Integrations → API"))
	}
	return User{Token: secret.Text(token), ID: u.ID, Name: line(u.Name)}, nil
}

// ProveUser makes calls that need both tokens: it lists the branches of the user (GET /companies?my=1) and asks whose
// token it is (GET /booking/user/data); a silence about the latter is no failure. A token of nobody's branches is
// UpstreamForbidden.
func (e *Engine) ProveUser(ctx context.Context, key, token secret.String) (User, []Branch, error) {
	branches, err := e.Branches(ctx, key, token)
	if err != nil {
		return User{}, nil, err
	}
	u := User{Token: token}
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return User{}, nil, err
	}
	err = e.ask(ctx, func(ctx context.Context) error {
		who, _, err := c.BookingUsers.Get(ctx)
		if err == nil {
			u.ID, u.Name = who.ID, line(who.Name)
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return User{}, nil, err
	}
	return u, branches, nil
}

// Branch is a branch as the salon calls it.
type Branch struct {
	ID      int64  `json:"id"`
	Title   string `json:"title"`
	City    string `json:"city,omitempty"`
	Address string `json:"address,omitempty"`
	Zone    string `json:"timezone,omitempty"`
	// Chain is the chain it belongs to; 0 = none.
	Chain      int64  `json:"chain,omitempty"`
	ChainTitle string `json:"chain_title,omitempty"`
}

// String names a branch for people: 4564 «Title», City, Address.
func (b Branch) String() string {
	s := strconv.FormatInt(b.ID, 10)
	if b.Title != "" {
		s += " «" + b.Title + "»"
	}
	for _, part := range []string{b.City, b.Address} {
		if part != "" {
			s += ", " + part
		}
	}
	return s
}

// Branches lists the branches that the user of the token manages, each once.
func (e *Engine) Branches(ctx context.Context, key, token secret.String) ([]Branch, error) {
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return nil, err
	}
	var all []Branch
	for page := int64(1); ; page++ {
		var items []*yclients.Company
		err := e.ask(ctx, func(ctx context.Context) (err error) {
			items, _, err = c.Companies.List(ctx, &yclients.CompanyListOptions{My: true, Count: 200, Page: page})
			return err
		})
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, item := range items {
			if !slices.ContainsFunc(all, func(b Branch) bool { return b.ID == item.ID }) {
				all = append(all, branchOf(item))
			}
		}
		// A list ends with a page that brings nothing new: a short page is not the last one.
		if len(all) == before {
			break
		}
	}
	if len(all) == 0 {
		return nil, refusal(problem.UpstreamForbidden, config.T("токен принят, но этот сотрудник не управляет ни одним филиалом", "the token is accepted, but this employee manages no branch"),
			config.T("дайте сотруднику доступ: YCLIENTS → Настройки → Пользователи", "give the employee access: YCLIENTS → Settings → Users"))
	}
	return all, nil
}

func branchOf(c *yclients.Company) Branch {
	b := Branch{ID: c.ID, Title: line(c.Title), City: line(c.City), Address: line(c.Address), Zone: c.TimezoneName, Chain: c.MainGroupID}
	if c.MainGroup != nil {
		b.Chain, b.ChainTitle = c.MainGroup.ID, line(c.MainGroup.Title)
	}
	return b
}

// ResolveBranch finds the branch that a pasted text means: an id, or any address with one. mine are the branches of the
// user (ProveUser); the answer is always one of them. A booking form (n123.yclients.com) is asked which branch it belongs
// to (GET /bookform): its number is none of a branch. The form of a chain is BranchChoice with that chain's branches.
func (e *Engine) ResolveBranch(ctx context.Context, key, token secret.String, pasted string, mine []Branch) (Branch, error) {
	ref, err := config.ParseCompany(pasted)
	if err != nil {
		r := refusal(problem.InputUnusable, config.T("это не номер филиала и не адрес с ним", "this is neither the id of a branch nor an address with one"),
			config.T("откройте журнал записи и скопируйте его адрес: yclients.com/timetable/НОМЕР", "open the timetable and copy its address: yclients.com/timetable/ID"))
		r.Choices = mine
		return Branch{}, r
	}
	id := ref.Company
	if id == 0 {
		if id, err = e.behindForm(ctx, key, ref.Form, mine); err != nil {
			return Branch{}, err
		}
	}
	if i := slices.IndexFunc(mine, func(b Branch) bool { return b.ID == id }); i >= 0 {
		return mine[i], nil
	}
	return Branch{}, e.notYours(ctx, key, token, id, mine)
}

// behindForm asks which branch a booking form belongs to.
func (e *Engine) behindForm(ctx context.Context, key secret.String, form int64, mine []Branch) (int64, error) {
	c, err := e.client(key.Reveal(), "")
	if err != nil {
		return 0, err
	}
	var settings *yclients.Bookform
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		settings, _, err = c.Booking.Form(ctx, form)
		return err
	})
	if r, ok := err.(*Refusal); ok && r.Problem == problem.UpstreamCompany {
		r.Found = config.Tf("формы записи %d в YCLIENTS нет", "YCLIENTS has no booking form %d", form)
	}
	if err != nil {
		return 0, err
	}
	if settings.GroupID > 0 || settings.CompanyID == 0 {
		r := refusal(problem.BranchChoice, config.Tf("%d — форма записи сети, за ней несколько филиалов", "%d is the booking form of a chain, with several branches behind it", form),
			config.T("выберите филиал", "choose the branch"))
		for _, b := range mine {
			if b.Chain == settings.GroupID {
				r.Choices = append(r.Choices, b)
			}
		}
		if len(r.Choices) == 0 {
			r.Choices = mine
		}
		return 0, r
	}
	return settings.CompanyID, nil
}

// notYours tells a branch of somebody else from one that does not exist.
func (e *Engine) notYours(ctx context.Context, key, token secret.String, id int64, mine []Branch) error {
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return err
	}
	var found *yclients.Company
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		found, _, err = c.Companies.Get(ctx, id, nil)
		return err
	})
	r, ok := err.(*Refusal)
	switch {
	case err == nil:
		r = refusal(problem.UpstreamForbidden, config.Tf("филиал %d «%s» есть, но этот сотрудник им не управляет", "branch %d \"%s\" exists, but this employee does not manage it", id, line(found.Title)),
			config.T("выберите из своих или дайте сотруднику доступ в YCLIENTS: Настройки → Пользователи", "choose one of yours, or give the employee access in YCLIENTS: Settings → Users"))
	case ok && r.Problem == problem.UpstreamCompany:
		r.Found = config.Tf("филиала с номером %d в YCLIENTS нет; номер формы записи сюда не подходит", "YCLIENTS has no branch %d; the number of a booking form is not one", id)
		r.Next = config.T("выберите из своих", "choose one of yours")
	case ok && r.Problem == problem.UpstreamForbidden:
		r.Found = config.Tf("филиалом %d этот сотрудник не управляет", "this employee does not manage branch %d", id)
		r.Next = config.T("выберите из своих или дайте сотруднику доступ в YCLIENTS: Настройки → Пользователи", "choose one of yours, or give the employee access in YCLIENTS: Settings → Users")
	default:
		return err
	}
	r.Choices = mine
	return r
}

// RightsReport says what a user may and may not do in a branch.
type RightsReport struct {
	Has, Lacks []doctor.Right
}

// Enough tells that bookings can be made safely.
func (r RightsReport) Enough() bool {
	return !slices.ContainsFunc(r.Lacks, func(right doctor.Right) bool { return right.Needed })
}

// Rights asks what the user may do in the branch (GET /user/permissions).
func (e *Engine) Rights(ctx context.Context, key, token secret.String, branch int64) (RightsReport, error) {
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return RightsReport{}, err
	}
	var p *yclients.Permissions
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		p, _, err = c.Users.Permissions(ctx, branch)
		return err
	})
	if err != nil {
		return RightsReport{}, err
	}
	var r RightsReport
	for _, right := range doctor.Rights {
		if right.Has(p) {
			r.Has = append(r.Has, right)
		} else {
			r.Lacks = append(r.Lacks, right)
		}
	}
	return r, nil
}

// line keeps what a server says to one short line; its text is not ours to trust.
func line(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			r = ' '
		}
		out = append(out, r)
	}
	if len(out) > 120 {
		out = append(out[:120], '…')
	}
	return string(out)
}

// Values are the variables of a proven account, for EnvPlan. The first branch is YCLIENTS_COMPANY_ID, the others are
// ZAPIS_COMPANY_IDS.
func Values(key, token secret.String, branches []int64) map[string]string {
	v := map[string]string{"YCLIENTS_ENABLED": "True", APIKey: key.Reveal(), UserToken: token.Reveal(), companyIDs: ""}
	var more []string
	for i, id := range branches {
		if i == 0 {
			v[CompanyID] = strconv.FormatInt(id, 10)
		} else {
			more = append(more, strconv.FormatInt(id, 10))
		}
	}
	v[companyIDs] = strings.Join(more, ",")
	return v
}

const companyIDs = "ZAPIS_COMPANY_IDS"
