package yclients

import (
	"strconv"
)

// Moment returns the start of a record to be passed back to the API: the
// clock reading of the company where there is one, because the datetime of a
// record has been seen with a wrong daylight-saving offset.
func (r *Record) Moment() Time {
	if r.Date.Raw != "" {
		return r.Date
	}
	return r.Datetime
}

// Request returns the body of an update that leaves the record as it is. The
// API wants the whole record: change what should change, and send it. No SMS
// is sent and a busy time is refused unless the caller says otherwise.
func (r *Record) Request() *RecordRequest {
	req := &RecordRequest{
		StaffID:          r.StaffID,
		Services:         []*RecordServiceRequest{},
		Datetime:         r.Moment().String(),
		SeanceLength:     r.SeanceLength,
		Comment:          r.Comment,
		SMSRemainHours:   said(r.kept, "sms_remain_hours", r.SMSRemainHours),
		EmailRemainHours: said(r.kept, "email_remain_hours", r.EmailRemainHours),
		Attendance:       said(r.kept, "attendance", r.Attendance),
		APIID:            r.APIID,
		CustomColor:      r.CustomColor,
	}
	if r.StaffID == 0 && r.Staff != nil {
		req.StaffID = r.Staff.ID
	}
	if req.Attendance == nil {
		req.Attendance = said(r.kept, "visit_attendance", r.VisitAttendance)
	}
	for _, s := range r.Services {
		if s != nil {
			req.Services = append(req.Services, &RecordServiceRequest{ID: &s.ID, FirstCost: s.FirstCost, Discount: said(s.kept, "discount", s.Discount), Cost: s.Cost})
		}
	}
	if c := r.Client; c != nil {
		req.Client = &RecordClientRequest{Phone: c.Phone, Name: c.Name, Surname: c.Surname, Patronymic: c.Patronymic, Email: c.Email}
	}
	for _, label := range r.RecordLabels {
		if label != nil {
			req.RecordLabels = append(req.RecordLabels, strconv.FormatInt(label.ID, 10))
		}
	}
	for code, value := range r.CustomFields {
		if req.CustomFields == nil {
			req.CustomFields = map[string]any{}
		}
		req.CustomFields[code] = value
	}
	return req
}

// said returns a value to be sent only when it was received or set: what the
// record did not show must not become zero.
func said[T comparable](k kept, name string, value T) *T {
	var zero T
	if value == zero && !k.Has(name) {
		return nil
	}
	return &value
}
