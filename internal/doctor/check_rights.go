package doctor

import (
	"context"
	"strconv"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/yclients"
)

func checkRights(ctx context.Context, e *exam, branch int64) []Finding {
	p, err := e.permissions(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
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

// excess are rights that no call of ours needs, and that make a leaked token dear.
var excess = []struct {
	has  func(*yclients.Permissions) bool
	what Text
}{
	{func(p *yclients.Permissions) bool { return p.Finances != nil && p.Finances.FinancesAccess }, config.T("финансы", "finances")},
	{func(p *yclients.Permissions) bool { return p.Storages != nil && p.Storages.StoragesAccess }, config.T("склады", "storages")},
}

func checkExcess(ctx context.Context, e *exam, branch int64) []Finding {
	p, err := e.permissions(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
	}
	var list Text
	for _, r := range excess {
		switch {
		case !r.has(p):
		case list == (Text{}):
			list = r.what
		default:
			list = config.Tf("%s, %s", "%s, %s", list, r.what)
		}
	}
	if list != (Text{}) {
		return []Finding{{Found: config.Tf("токен открывает и лишнее: %s", "the token opens more than is needed: %s", list)}}
	}
	return ok(Text{})
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
