package mirror

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/yclients"
)

// Services gives what can be booked online at a branch; with a master, only what that master does, at the master's
// prices and lengths.
func (m *Mirror) Services(ctx context.Context, branch salon.BranchID, staff int64) (salon.Catalogue, error) {
	c, err := m.services(ctx, branch, staff)
	if err != nil {
		return salon.Catalogue{}, err
	}
	out := c.value
	out.Freshness = freshness(c.asOf, c.stale)
	return out, nil
}

func (m *Mirror) services(ctx context.Context, branch salon.BranchID, staff int64) (found[salon.Catalogue], error) {
	if err := m.knows(branch); err != nil {
		return found[salon.Catalogue]{}, err
	}
	if staff != salon.AnyStaff {
		if err := m.knowsStaff(ctx, branch, staff); err != nil {
			return found[salon.Catalogue]{}, err
		}
	}
	k := key{kind: kindServices, branch: branch, staff: staff}
	c, err := find(ctx, m.memory, k, func(ctx context.Context) (salon.Catalogue, error) {
		b, err := m.Branch(ctx, branch)
		if err != nil {
			return salon.Catalogue{}, err
		}
		answer, _, err := m.partner.Booking.Services(ctx, branch, &yclients.BookingServicesOptions{StaffID: staff})
		if err != nil {
			return salon.Catalogue{}, err
		}
		return catalogueOf(b, answer), nil
	})
	if err != nil {
		return c, m.Help(branch, err)
	}
	return c, nil
}

func catalogueOf(b salon.Branch, answer *yclients.BookServices) salon.Catalogue {
	c := salon.Catalogue{Branch: b.ID, Categories: []salon.Category{}, Services: []salon.Service{}}
	// The documentation names the list of categories in two ways.
	categories := slices.DeleteFunc(slices.Concat(answer.Category, answer.Categories), func(x *yclients.BookServiceCategory) bool { return x == nil })
	slices.SortStableFunc(categories, func(a, b *yclients.BookServiceCategory) int { return cmp.Compare(b.Weight, a.Weight) })
	seen := map[int64]bool{}
	for _, x := range categories {
		if !seen[x.ID] {
			seen[x.ID] = true
			c.Categories = append(c.Categories, salon.Category{ID: x.ID, Title: strings.TrimSpace(x.Title)})
		}
	}
	list := slices.DeleteFunc(slices.Clone(answer.Services), func(s *yclients.BookService) bool { return s == nil || s.ID <= 0 })
	slices.SortStableFunc(list, func(a, b *yclients.BookService) int { return cmp.Compare(b.Weight, a.Weight) })
	for _, s := range list {
		c.Services = append(c.Services, serviceOf(b, s))
	}
	return c
}

func serviceOf(b salon.Branch, s *yclients.BookService) salon.Service {
	return salon.Service{
		ID: s.ID, Category: s.CategoryID, Title: strings.TrimSpace(s.Title), Description: plainText(s.Comment),
		Price: priceOf(s.PriceMin, s.PriceMax, b.Currency), Duration: seconds(s.SeanceLength), Photo: webAddress(s.Image), Prepaid: string(s.Prepaid),
	}
}

// priceOf reads a price. A maximum of 0 means "from the minimum"; two zeros mean that no price was set.
func priceOf(low, high yclients.Money, currency string) *salon.Price {
	from, okFrom := low.Minor()
	to, okTo := high.Minor()
	if !okFrom || from < 0 || from == 0 && to <= 0 {
		return nil
	}
	p := &salon.Price{Min: salon.Money{Amount: from, Currency: currency}}
	if okTo && to >= from && to > 0 {
		p.Max = &salon.Money{Amount: to, Currency: currency}
	}
	return p
}

func seconds(d time.Duration) *int64 {
	if d <= 0 {
		return nil
	}
	s := int64(d / time.Second)
	return &s
}

// Staff gives the masters who do all of the services and can be booked now; where the branch allows it, "any" first.
func (m *Mirror) Staff(ctx context.Context, branch salon.BranchID, services []int64) (salon.StaffList, error) {
	b, err := m.Branch(ctx, branch)
	if err != nil {
		return salon.StaffList{}, err
	}
	services, err = m.knownServices(ctx, branch, services)
	if err != nil {
		return salon.StaffList{}, err
	}
	masters, err := m.masters(ctx, branch, services)
	if err != nil {
		return salon.StaffList{}, err
	}
	list := salon.StaffList{Branch: branch, Staff: []salon.Staff{}, Freshness: freshness(masters.asOf, masters.stale)}
	for _, one := range masters.value {
		if one.Bookable && !one.Hidden {
			list.Staff = append(list.Staff, one.Staff)
		}
	}
	if b.Rules.AnyStaff && len(list.Staff) > 0 {
		list.Staff = slices.Insert(list.Staff, 0, salon.Staff{ID: salon.AnyStaff})
	}
	return list, nil
}

// master is a member of staff with what decides whether customers see them.
type master struct {
	salon.Staff
	Bookable bool
	Hidden   bool
}

func (m *Mirror) masters(ctx context.Context, branch salon.BranchID, services []int64) (found[[]master], error) {
	k := key{kind: kindStaff, branch: branch, services: joined(services)}
	list, err := find(ctx, m.memory, k, func(ctx context.Context) ([]master, error) {
		answer, _, err := m.partner.Booking.Staff(ctx, branch, &yclients.BookingStaffOptions{ServiceIDs: services})
		if err != nil {
			return nil, err
		}
		return m.mastersOf(answer), nil
	})
	if err != nil {
		return list, m.Help(branch, err)
	}
	return list, nil
}

func (m *Mirror) mastersOf(answer []*yclients.BookStaff) []master {
	answer = slices.DeleteFunc(slices.Clone(answer), func(s *yclients.BookStaff) bool { return s == nil || s.ID <= 0 })
	slices.SortStableFunc(answer, func(a, b *yclients.BookStaff) int { return cmp.Compare(b.Weight, a.Weight) })
	list := []master{}
	for _, s := range answer {
		list = append(list, master{Staff: staffOf(s), Bookable: s.Bookable, Hidden: m.isHidden(s.ID, s.Name)})
	}
	return list
}

func staffOf(s *yclients.BookStaff) salon.Staff {
	out := salon.Staff{
		ID: s.ID, Name: strings.TrimSpace(s.Name), Position: strings.TrimSpace(s.Specialization),
		Description: plainText(s.Information), Avatar: webAddress(s.Avatar),
	}
	if s.Position != nil && strings.TrimSpace(s.Position.Title) != "" {
		out.Position = strings.TrimSpace(s.Position.Title)
	}
	if s.ShowRating && s.Rating > 0 && s.Rating <= 5 {
		out.Rating = &s.Rating
		if s.VotesCount > 0 {
			out.Votes = &s.VotesCount
		}
	}
	if !s.SeanceDate.IsZero() {
		out.NextDay = s.SeanceDate.Time.Format(time.DateOnly)
	}
	return out
}

// Prepare checks the services and the master of one visit against the catalogue and gives their cards: services in
// the order asked, and the master, id 0 for any. choice are the masters among whom "any" may fall, best first, when
// YCLIENTS must not choose by itself because it could choose a hidden one; nil when it may.
func (m *Mirror) Prepare(ctx context.Context, branch salon.BranchID, services []int64, staff int64) (list []salon.Service, who salon.Staff, choice []int64, err error) {
	b, err := m.Branch(ctx, branch)
	if err != nil {
		return nil, who, nil, err
	}
	if _, err := m.knownServices(ctx, branch, services); err != nil {
		return nil, who, nil, err
	}
	if staff == salon.AnyStaff {
		if !b.Rules.AnyStaff {
			return nil, who, nil, problem.New(problem.StaffUnknown).Detailf("the branch does not offer any master (staff 0)")
		}
		if choice, err = m.choice(ctx, branch, services); err != nil {
			return nil, who, nil, err
		}
	}
	catalogue, err := m.services(ctx, branch, staff)
	if err != nil {
		return nil, who, nil, err
	}
	for _, id := range services {
		i := slices.IndexFunc(catalogue.value.Services, func(s salon.Service) bool { return s.ID == id })
		if i < 0 {
			return nil, who, nil, problem.New(problem.StaffService)
		}
		list = append(list, catalogue.value.Services[i])
	}
	return list, m.staffCard(ctx, branch, staff), choice, nil
}

// StaffCard is what is remembered of a master; only the id when nothing is.
func (m *Mirror) StaffCard(ctx context.Context, branch salon.BranchID, staff int64) salon.Staff {
	if m.knows(branch) != nil {
		return salon.Staff{ID: staff}
	}
	return m.staffCard(ctx, branch, staff)
}

func (m *Mirror) staffCard(ctx context.Context, branch salon.BranchID, staff int64) salon.Staff {
	if staff != salon.AnyStaff {
		if list, err := m.masters(ctx, branch, nil); err == nil {
			for _, one := range list.value {
				if one.ID == staff {
					return one.Staff
				}
			}
		}
	}
	return salon.Staff{ID: staff}
}

// choice gives the visible masters of any, or nil when no hidden one does the services.
func (m *Mirror) choice(ctx context.Context, branch salon.BranchID, services []int64) ([]int64, error) {
	if len(m.hidden) == 0 {
		return nil, nil
	}
	list, err := m.masters(ctx, branch, sorted(services))
	if err != nil {
		return nil, err
	}
	visible, hidden := []int64{}, false
	for _, one := range list.value {
		hidden = hidden || one.Hidden
		if !one.Hidden && one.Bookable {
			visible = append(visible, one.ID)
		}
	}
	if !hidden {
		return nil, nil
	}
	return visible, nil
}

// knownServices refuses ids that the catalogue does not have, so that an invented one costs YCLIENTS no call. It
// gives them rising and once each, the form of our keys.
func (m *Mirror) knownServices(ctx context.Context, branch salon.BranchID, services []int64) ([]int64, error) {
	if len(services) == 0 {
		return nil, nil
	}
	c, err := m.services(ctx, branch, salon.AnyStaff)
	if err != nil {
		return nil, err
	}
	for _, id := range services {
		if !slices.ContainsFunc(c.value.Services, func(s salon.Service) bool { return s.ID == id }) {
			return nil, problem.New(problem.ServiceUnknown).Detailf("service %d is not booked online at branch %d", id, branch)
		}
	}
	return sorted(services), nil
}

// knowsStaff refuses a master who is not there, or hidden: the answers are the same.
func (m *Mirror) knowsStaff(ctx context.Context, branch salon.BranchID, staff int64) error {
	list, err := m.masters(ctx, branch, nil)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list.value, func(one master) bool { return one.ID == staff && !one.Hidden }) {
		return problem.New(problem.StaffUnknown).Detailf("master %d is not booked online at branch %d", staff, branch)
	}
	return nil
}

func sorted(ids []int64) []int64 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func joined(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}
