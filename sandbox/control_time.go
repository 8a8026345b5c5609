package sandbox

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// The control of faults, clock and marketplace events over HTTP.

func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	err := readInto(w, r, &f)
	if err == nil {
		f.ID, err = s.AddFault(f)
	}
	writeControl(w, http.StatusCreated, f, err)
}

func (s *Sandbox) deleteFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(orZero(r.PathValue("id")), 10, 64)
	if err == nil && !s.RemoveFault(id) {
		err = errors.New("there is no such fault: GET faults/rules lists them")
	}
	writeControl(w, http.StatusOK, obj{"rules": s.FaultList()}, err)
}

// putClock sets the clock, lets it stand or run, and moves it, in this order. It
// answers when the webhooks that were due by then have been tried.
func (s *Sandbox) putClock(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Now     *time.Time `json:"now"`
		Stands  *bool      `json:"stands"`
		Seconds float64    `json:"advance_seconds"`
	}
	err := readInto(w, r, &req)
	if err == nil && (req.Now != nil || req.Stands != nil) {
		next := s.Clock()
		if req.Now != nil {
			next.Now = *req.Now
		}
		if req.Stands != nil {
			next.Stands = *req.Stands
		}
		err = s.SetClock(next)
	}
	if err == nil && req.Seconds != 0 {
		err = errors.New("advance_seconds must be 0 to 316224000, ten years")
		if req.Seconds > 0 && req.Seconds <= maxAdvance.Seconds() {
			err = s.Advance(r.Context(), time.Duration(req.Seconds*float64(time.Second)))
		}
	}
	writeControl(w, http.StatusOK, s.Clock(), err)
}

// postMarketplace sets the callback address and sends an event of an application's life.
func (s *Sandbox) postMarketplace(w http.ResponseWriter, r *http.Request) {
	var req struct {
		CallbackURL   *string `json:"callback_url"`
		SalonID       int64   `json:"salon_id"`
		ApplicationID int64   `json:"application_id"`
		Event         string  `json:"event"`
	}
	err := readInto(w, r, &req)
	if err == nil && req.CallbackURL != nil {
		s.SetCallback(*req.CallbackURL)
	}
	if err == nil && req.Event != "" {
		err = s.MarketplaceEvent(req.SalonID, req.ApplicationID, req.Event)
	}
	writeControl(w, http.StatusOK, obj{"queued": err == nil && req.Event != ""}, err)
}
