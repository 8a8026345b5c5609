package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/upstream"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// card is a branch with the text of its consent, as it is kept in memory and over restarts.
type card struct {
	Branch  salon.Branch      `json:"branch"`
	Consent salon.ConsentText `json:"consent"`
	AsOf    time.Time         `json:"as_of"`
}

// Branches lists the configured branches in their order. A branch that cannot be asked for and was never known is
// left out and the list marked as stale; when none is known the failure is returned.
func (m *Mirror) Branches(ctx context.Context) ([]salon.Branch, salon.Freshness, error) {
	cards, errs := make([]found[card], len(m.branches)), make([]error, len(m.branches))
	var all sync.WaitGroup
	for i, id := range m.branches {
		all.Go(func() { cards[i], errs[i] = m.card(ctx, id) })
	}
	all.Wait()
	list, fresh := []salon.Branch{}, salon.Freshness{}
	for i, c := range cards {
		if errs[i] != nil {
			m.log.WarnContext(ctx, "a branch is missing from the list: it cannot be asked for and was never known",
				"branch", m.branches[i], "error", errs[i])
			fresh.Stale = true
			continue
		}
		list = append(list, c.value.Branch)
		fresh = older(fresh, freshness(c.asOf, c.stale))
	}
	if len(list) == 0 {
		return nil, salon.Freshness{}, errs[0]
	}
	return list, fresh, nil
}

// Branch gives one branch. It is kept for a week, so that its phone can be shown through any outage.
func (m *Mirror) Branch(ctx context.Context, branch salon.BranchID) (salon.Branch, error) {
	c, err := m.card(ctx, branch)
	return c.value.Branch, err
}

// Consent gives the text that a customer of the branch agrees to, with a version that changes when the text does.
func (m *Mirror) Consent(ctx context.Context, branch salon.BranchID) (salon.ConsentText, error) {
	c, err := m.card(ctx, branch)
	return c.value.Consent, err
}

// zone is the time zone of a branch. Loading one parses a file, so the few that there are are kept.
func (m *Mirror) zone(ctx context.Context, branch salon.BranchID) (*time.Location, salon.Branch, error) {
	b, err := m.Branch(ctx, branch)
	if err != nil {
		return nil, b, err
	}
	if zone, ok := m.zones.Load(b.Zone); ok {
		return zone.(*time.Location), b, nil
	}
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		return nil, b, problem.Because(problem.UpstreamMalformed, fmt.Errorf("zone of branch %d: %w", branch, err))
	}
	m.zones.Store(b.Zone, zone)
	return zone, b, nil
}

func (m *Mirror) card(ctx context.Context, branch salon.BranchID) (found[card], error) {
	if err := m.knows(branch); err != nil {
		return found[card]{}, err
	}
	k := key{kind: kindBranch, branch: branch}
	c, err := find(ctx, m.memory, k, func(ctx context.Context) (card, error) { return m.loadCard(ctx, branch) })
	if err == nil {
		return c, nil
	}
	if kept, ok := m.kept(branch); ok && m.now().Sub(kept.AsOf) < promises[kindBranch].keep {
		return found[card]{value: kept, asOf: kept.AsOf, stale: true}, nil
	}
	return found[card]{}, m.Help(branch, err)
}

func keptName(branch salon.BranchID) string { return fmt.Sprintf("mirror.branch.%d", branch) }

// keepTime bounds reading and writing a kept card; it is asked for when things go wrong already.
const keepTime = 2 * time.Second

func (m *Mirror) kept(branch salon.BranchID) (c card, ok bool) {
	if m.keeper == nil {
		return c, false
	}
	ctx, cancel := context.WithTimeout(m.memory.life, keepTime)
	defer cancel()
	b, err := m.keeper.Kept(ctx, keptName(branch))
	if err != nil || b == nil {
		return c, false
	}
	return c, json.Unmarshal(b, &c) == nil && c.Branch.ID == branch
}

func (m *Mirror) keep(ctx context.Context, c card) {
	if m.keeper == nil {
		return
	}
	b, err := json.Marshal(c)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, keepTime)
		defer cancel()
		err = m.keeper.Keep(ctx, keptName(c.Branch.ID), b)
	}
	if err != nil {
		m.log.WarnContext(ctx, "the branch card was not kept for the next start", "branch", c.Branch.ID, "error", err)
	}
}

// loadCard asks for a branch and what it says of online booking.
func (m *Mirror) loadCard(ctx context.Context, branch salon.BranchID) (card, error) {
	company, err := m.company(ctx, branch)
	if err != nil {
		return card{}, err
	}
	b, err := branchOf(company)
	if err != nil {
		return card{}, err
	}
	if err := m.addSettings(ctx, &b); err != nil {
		return card{}, err
	}
	if err := m.addForm(ctx, &b, defaultForm(company)); err != nil {
		return card{}, err
	}
	consent, err := m.consent(ctx, branch)
	if err != nil {
		return card{}, err
	}
	b.Consent = salon.Consent{Required: consent.Required, Version: consent.Version}
	c := card{Branch: b, Consent: consent, AsOf: m.now().UTC()}
	m.keep(ctx, c)
	return c, nil
}

// company finds the branch in the public list, which says everything that is needed without the employee's token,
// and asks for it with the token when the list does not have it.
func (m *Mirror) company(ctx context.Context, branch salon.BranchID) (*yclients.Company, error) {
	list, _, err := m.partner.Companies.List(ctx, &yclients.CompanyListOptions{ID: branch, ShowBookforms: true})
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c != nil && c.ID == branch {
			return c, nil
		}
	}
	c, _, err := m.employee.Companies.Get(ctx, branch, &yclients.CompanyGetOptions{ShowBookforms: true})
	return c, err
}

func branchOf(c *yclients.Company) (salon.Branch, error) {
	b := salon.Branch{
		ID: c.ID, Title: strings.TrimSpace(c.Title), City: c.City, Address: c.Address, Zone: c.TimezoneName,
		Currency: currency(c.CurrencyShortTitle), Phones: phones(c), Photos: addresses(c, "photos"), Logo: webAddress(c.Logo),
		Hours: plainText(c.Schedule), Login: []salon.Login{salon.LoginGuest, salon.LoginSMS},
		Rules: salon.Rules{CodeRequired: c.PhoneConfirmation},
	}
	if _, err := time.LoadLocation(b.Zone); err != nil || b.Zone == "" || b.Zone == "Local" {
		return b, problem.Because(problem.UpstreamMalformed, fmt.Errorf("branch %d has no usable time zone", c.ID))
	}
	if c.CoordinateLat != 0 || c.CoordinateLon != 0 {
		b.Location = &salon.Location{Lat: c.CoordinateLat, Lon: c.CoordinateLon}
	}
	if form := defaultForm(c); form != nil {
		b.WidgetURL = webAddress(form.URL)
	}
	return b, nil
}

// addSettings reads the settings of online booking. They need a right of the employee that an owner may not have
// given; then what was known before stays, and at first "any master" is not offered: nothing says that it is allowed.
func (m *Mirror) addSettings(ctx context.Context, b *salon.Branch) error {
	s, _, err := m.employee.OnlineSettings.Get(ctx, b.ID)
	if err != nil {
		if !cannotSee(err) {
			return err
		}
		before, known := peek[card](m.memory, key{kind: kindBranch, branch: b.ID})
		if !known {
			before, known = m.kept(b.ID)
		}
		if known {
			b.Rules.AnyStaff, b.Rules.LeadTime = before.Branch.Rules.AnyStaff, before.Branch.Rules.LeadTime
			b.Rules.CodeRequired = b.Rules.CodeRequired || before.Branch.Rules.CodeRequired
		}
		return nil
	}
	b.Rules.AnyStaff = s.AnyMaster
	b.Rules.CodeRequired = b.Rules.CodeRequired || s.ConfirmNumber
	if s.Has("seance_delay_step") {
		lead := s.SeanceDelayStep * 60
		b.Rules.LeadTime = &lead
	}
	return nil
}

func (m *Mirror) addForm(ctx context.Context, b *salon.Branch, form *yclients.CompanyBookform) error {
	if form == nil || form.ID <= 0 {
		return nil
	}
	f, _, err := m.partner.Booking.Form(ctx, form.ID)
	if err != nil {
		if cannotSee(err) {
			return nil
		}
		return err
	}
	b.Rules.CommentRequired = f.CommentRequired
	return nil
}

func (m *Mirror) consent(ctx context.Context, branch salon.BranchID) (salon.ConsentText, error) {
	text := salon.ConsentText{Branch: branch}
	policy, _, err := m.partner.PrivacyPolicies.Get(ctx, branch)
	if err != nil {
		if cannotSee(err) {
			return text, nil
		}
		return text, err
	}
	if policy.Agreement != nil {
		text.Text = plainText(policy.Agreement.Content)
	}
	if text.Text != "" {
		sum := sha256.Sum256([]byte(text.Text))
		text.Required, text.Version = true, hex.EncodeToString(sum[:6])
	}
	return text, nil
}

// cannotSee tells a setting that is not there, or not for us, from one that could not be asked for.
func cannotSee(err error) bool {
	if dead, ok := errors.AsType[*upstream.TokenDead](err); ok {
		return dead.Token == upstream.UserToken
	}
	return errors.Is(err, yclients.ErrForbidden) || errors.Is(err, yclients.ErrNotFound) ||
		!verdict.Of(err).Meaning().MayRetry && errors.Is(err, yclients.ErrUnauthenticated)
}

func defaultForm(c *yclients.Company) *yclients.CompanyBookform {
	var first *yclients.CompanyBookform
	for _, f := range c.Bookforms {
		if f == nil {
			continue
		}
		if f.IsDefault {
			return f
		}
		if first == nil {
			first = f
		}
	}
	return first
}

// phones gives the salon's numbers as the salon wrote them: they are for calling, not for matching.
func phones(c *yclients.Company) []string {
	list := []string{}
	if p := strings.TrimSpace(string(c.Phone)); p != "" {
		list = append(list, p)
	}
	for _, p := range texts(c, "phones") {
		if len(list) == 0 || p != list[0] {
			list = append(list, p)
		}
	}
	return list
}

// addresses reads a list of web addresses that the documentation does not name.
func addresses(c *yclients.Company, name string) []string {
	list := []string{}
	for _, a := range texts(c, name) {
		if a = webAddress(a); a != "" {
			list = append(list, a)
		}
	}
	return list
}

func texts(c *yclients.Company, name string) []string {
	var list []string
	if json.Unmarshal(c.Extra()[name], &list) != nil {
		return nil
	}
	return list
}

// webAddress lets only addresses of the web through to apps, never javascript: or file:.
func webAddress(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// currency reads the sign that YCLIENTS gives instead of a code; one that is not known stays unsaid.
func currency(sign string) string {
	return map[string]string{
		"₽": "RUB", "р": "RUB", "р.": "RUB", "руб": "RUB", "руб.": "RUB", "RUB": "RUB", "₸": "KZT", "тг": "KZT", "тг.": "KZT",
		"Br": "BYN", "BYN": "BYN", "€": "EUR", "EUR": "EUR", "$": "USD", "USD": "USD", "₾": "GEL", "֏": "AMD", "с": "KGS",
	}[strings.TrimSpace(sign)]
}
