package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// licenceEnded tells whether the licence of a company has run out.
func (c *company) licenceEnded(now time.Time) bool {
	return !c.licensedTill.IsZero() && !now.Before(c.licensedTill)
}

// SetLicence says until when the licence of a company is good. From then on employees get
// 403 and the lists show it as not active; the zero time is a year from now.
func (s *Sandbox) SetLicence(companyID int64, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state.company(companyID)
	if c == nil {
		return fmt.Errorf("sandbox: licence: there is no company %d", companyID)
	}
	c.licensedTill = until
	return nil
}

// putLicence is PUT /_sandbox/licence {"company_id": 4564, "active": false}.
func (s *Sandbox) putLicence(w http.ResponseWriter, r *http.Request) {
	var req struct {
		CompanyID int64 `json:"company_id"`
		Active    bool  `json:"active"`
	}
	err := readInto(w, r, &req)
	if err == nil {
		until := time.Time{}
		if !req.Active {
			until = s.now()
		}
		err = s.SetLicence(req.CompanyID, until)
	}
	writeControl(w, http.StatusOK, obj{"company_id": req.CompanyID, "active": req.Active}, err)
}

func getLicense(c *call) answer {
	o := c.company
	till := o.licensedTill
	if till.IsZero() {
		till = c.now.AddDate(1, 0, 0)
	}
	const russian = "02.01.2006"
	return c.shaped(obj{
		"id": o.id, "salon_id": o.id, "staff_limit": max(len(o.staff), 5), "deactivation_date": till.In(o.zone).Format(russian),
		"start_date": till.AddDate(-1, 0, 0).In(o.zone).Format(russian), "name": "Старт", "active": flag(!o.licenceEnded(c.now)),
		"options": []any{obj{"id": 3, "title": "Онлайн-оплата"}},
	}, 1)
}
