package yclients

import (
	"context"
	"iter"
	"time"
)

// changedLayout is how changed_after is written: the clock of the company.
const changedLayout = "2006-01-02T15:04:05"

// Changed walks the records that were made, changed or deleted after a moment;
// opts may narrow them further. since must be in the company's zone
// (since.In(zone)), because the API reads it as the company's clock.
//
// For a copy that stays true, note the time before reading, less some minutes
// for clocks that differ, and begin there the next time, only once the walk has
// ended without an error. Some records come twice that way, none is missed.
func (s *RecordsService) Changed(ctx context.Context, companyID int64, since time.Time, opts *RecordListOptions) iter.Seq2[*Record, error] {
	var o RecordListOptions
	if opts != nil {
		o = *opts
	}
	o.ChangedAfter, o.WithDeleted = since.Format(changedLayout), true
	return s.All(ctx, companyID, &o)
}
