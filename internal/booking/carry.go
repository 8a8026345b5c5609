package booking

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/store"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// sendChange takes a move or a cancellation from ready to sent to what the answer says.
func (s *Service) sendChange(ctx context.Context, it *store.Intent) error {
	var o changeOrder
	if err := json.Unmarshal(it.Payload, &o); err != nil || len(o.Records) == 0 {
		return problem.Because(problem.Internal, err)
	}
	for try := 1; ; try++ {
		if s.crash("before sent") {
			return errCrashed
		}
		call, cancel := context.WithTimeout(ctx, s.pace.send) // before the lease begins, as for a create
		defer cancel()
		if err := s.store.MarkSent(ctx, it, s.pace.lease); err != nil {
			return stored(err)
		}
		if s.crash("before sending") {
			return errCrashed
		}
		err := s.callChange(call, it, o)
		if s.crash("before outcome") {
			return errCrashed
		}
		switch {
		case err == nil:
			return s.changed(ctx, it, o)
		case errors.Is(err, yclients.ErrRateLimited) && try < tries:
			if err := s.store.MarkReady(ctx, it, s.now().Add(s.pace.lease)); err != nil {
				return stored(err)
			}
			continue
		case verdict.Unknown(err) && !isProblem(err):
			return s.lost(ctx, it, err)
		}
		return s.refusedChange(ctx, it, o, err)
	}
}

func isProblem(err error) bool {
	_, ok := errors.AsType[*problem.Error](err)
	return ok
}

func (s *Service) callChange(ctx context.Context, it *store.Intent, o changeOrder) error {
	if it.Kind == store.Move {
		return s.callMove(ctx, it.BranchID, o)
	}
	for _, t := range o.Records {
		if err := s.callCancel(ctx, it.BranchID, o, t); err != nil {
			return err
		}
	}
	return nil
}

// callMove moves as the client, or for a guest with the API key alone (rescheduleBooking). Where that identity may not,
// the employee changes the whole record (updateRecord), but only when the branch's rules are known to allow the move:
// otherwise the refusal may be the rule itself.
func (s *Service) callMove(ctx context.Context, branch salon.BranchID, o changeOrder) error {
	client := s.client(ctx, o.Person)
	if client == nil {
		client = s.partner
	}
	t := o.Records[0]
	_, _, err := client.Booking.Reschedule(ctx, branch, t.Record, &yclients.RescheduleRequest{Datetime: o.Text, Comment: o.Comment})
	switch {
	case errors.Is(err, yclients.ErrNotFound):
		return problem.Because(problem.BookingFinished, err)
	case !errors.Is(err, yclients.ErrForbidden) && !errors.Is(err, yclients.ErrUnauthenticated):
		return err
	case !o.Rules:
		return problem.Because(problem.MoveForbidden, err)
	}
	return s.moveAsEmployee(ctx, branch, o, t)
}

func (s *Service) moveAsEmployee(ctx context.Context, branch salon.BranchID, o changeOrder, t target) error {
	r, _, err := s.employee.Records.Get(ctx, branch, t.Record, nil)
	if err == nil {
		_, _, err = s.employee.Records.Update(ctx, branch, t.Record, wholeRecord(r, o))
	}
	switch {
	case errors.Is(err, yclients.ErrForbidden), errors.Is(err, yclients.ErrUnauthenticated):
		return problem.Because(problem.MoveOtherIdentity, err)
	case errors.Is(err, yclients.ErrNotFound):
		return problem.Because(problem.BookingFinished, err)
	}
	return err
}

// wholeRecord is a record as it must be sent back when one thing of it changes: what is left out would be lost.
func wholeRecord(r *yclients.Record, o changeOrder) *yclients.RecordRequest {
	q := &yclients.RecordRequest{
		StaffID: r.StaffID, SaveIfBusy: false, Datetime: o.Text, SeanceLength: max(r.SeanceLength, r.Length), Comment: r.Comment,
		SMSRemainHours: &r.SMSRemainHours, EmailRemainHours: &r.EmailRemainHours, Attendance: &r.Attendance,
		APIID: r.APIID, CustomColor: r.CustomColor,
	}
	if o.Comment != "" {
		q.Comment = o.Comment
	}
	for _, v := range r.Services {
		if v != nil {
			q.Services = append(q.Services, &yclients.RecordServiceRequest{ID: &v.ID, FirstCost: v.FirstCost, Discount: &v.Discount, Cost: v.Cost})
		}
	}
	if c := r.Client; c != nil {
		q.Client = &yclients.RecordClientRequest{Phone: c.Phone, Name: c.Name, Surname: c.Surname, Patronymic: c.Patronymic, Email: c.Email}
	}
	for _, l := range r.RecordLabels {
		if l != nil {
			q.RecordLabels = append(q.RecordLabels, idText(l.ID))
		}
	}
	if len(r.CustomFields) > 0 {
		q.CustomFields = map[string]any{}
		for name, value := range r.CustomFields {
			q.CustomFields[name] = value
		}
	}
	return q
}

// callCancel deletes one record: by its hash, else as its client (deleteUserRecord), else as the employee
// (deleteRecord). Where one of the first two was refused, that may have been the branch's rule, and the employee deletes
// only when the rules are known to allow it. Where there is neither hash nor client, as with a guest's booking whose
// answer was lost, nobody has been refused: without the employee its owner could not cancel at all. A record that is
// gone already is looked at before it counts as cancelled.
func (s *Service) callCancel(ctx context.Context, branch salon.BranchID, o changeOrder, t target) error {
	client := s.partner
	if t.Hash == "" {
		client = s.client(ctx, o.Person)
	}
	var err error = &yclients.Error{Operation: "deleteUserRecord", Kind: yclients.KindForbidden, SafeToRepeat: true}
	if client != nil {
		_, err = client.UserRecords.Delete(ctx, t.Record, yclients.Secret(t.Hash))
	}
	if errors.Is(err, yclients.ErrForbidden) || errors.Is(err, yclients.ErrUnauthenticated) {
		if !o.Rules && client != nil {
			return problem.Because(problem.CancelForbidden, err)
		}
		_, err = s.employee.Records.Delete(ctx, branch, t.Record)
	}
	switch {
	case errors.Is(err, yclients.ErrNotFound):
		return s.gone(ctx, branch, o, t, err)
	case errors.Is(err, yclients.ErrForbidden), errors.Is(err, yclients.ErrUnauthenticated):
		return problem.Because(problem.CancelForbidden, err)
	}
	return err
}

// gone confirms that a record which could not be deleted because it was not found is really deleted.
func (s *Service) gone(ctx context.Context, branch salon.BranchID, o changeOrder, t target, cause error) error {
	seen, err := s.sight(ctx, branch, t.Record, t.hash(), o.Person, time.UTC)
	if err == nil && seen.deleted {
		return nil
	}
	return errors.Join(cause, err)
}

// changed writes down that a change was made.
func (s *Service) changed(ctx context.Context, it *store.Intent, o changeOrder) error {
	var err error
	if it.Kind == store.Cancel {
		err = s.store.SettleCancel(ctx, it)
	} else {
		moved := store.Appointment{Position: o.Records[0].Position, Start: o.Start, StartsAt: o.To}
		if start, e := salon.ParseStart(o.Start); e == nil {
			moved.Length = start.Length
		}
		err = s.store.SettleMove(ctx, it, []store.Appointment{moved})
	}
	if err != nil {
		return stored(err)
	}
	s.touchChange(it.BranchID, o)
	if s.crash("before answer") {
		return errCrashed
	}
	return nil
}

func (s *Service) touchChange(branch salon.BranchID, o changeOrder) {
	for _, t := range o.Records {
		s.mirror.Touch(branch, t.Staff, t.At.Format(time.DateOnly))
		if o.Day != "" {
			s.mirror.Touch(branch, t.Staff, o.Day)
		}
	}
}

// refusedChange writes down that nothing was changed, and says why.
func (s *Service) refusedChange(ctx context.Context, it *store.Intent, o changeOrder, cause error) error {
	e := verdict.Of(cause)
	if e.Code == problem.UpstreamCompany {
		e = problem.Because(problem.BookingFinished, cause)
	}
	if err := s.refuse(ctx, it, e.Code); err != nil {
		return err
	}
	s.seen.forget(it.BookingID)
	if b, err := s.store.Booking(ctx, it.BookingID); err == nil {
		s.upToDate(ctx, b) // it may be gone, or cancelled in part
	}
	if it.Kind == store.Cancel {
		return e
	}
	t := o.Records[0]
	return s.withAlternatives(ctx, it.BranchID, []visit{{Services: t.Services, Staff: t.Staff, At: o.To}}, e)
}

// lookAtRecord looks a move or a cancellation up, by what has become of its records.
func (s *Service) lookAtRecord(ctx context.Context, it *store.Intent, zone *time.Location) error {
	var o changeOrder
	if err := json.Unmarshal(it.Payload, &o); err != nil || len(o.Records) == 0 {
		return problem.Because(problem.Internal, err)
	}
	made, elsewhere := true, false
	for _, t := range o.Records {
		seen, err := s.sight(ctx, it.BranchID, t.Record, t.hash(), o.Person, zone)
		if err != nil {
			return s.cannotLook(ctx, it, err)
		}
		if it.Kind == store.Cancel {
			made = made && seen.deleted
			continue
		}
		made = made && !seen.deleted && seen.start.Equal(o.To)
		elsewhere = seen.deleted || !seen.start.Equal(o.To) && !seen.start.Equal(o.From)
	}
	switch {
	case made:
		return s.changed(ctx, it, o)
	case elsewhere: // the salon has done something else with it meanwhile
		s.seen.forget(it.BookingID)
		return s.refuse(ctx, it, problem.BookingRefused)
	case s.now().Sub(it.SentAt) < s.pace.quiet:
		return stored(s.store.Postpone(ctx, it, s.next(it)))
	}
	return s.notFound(ctx, it)
}
