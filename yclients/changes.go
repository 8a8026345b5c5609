package yclients

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Changed walks the goods that were made or changed after a moment, see
// [RecordsService.Changed] for its zone. Deleted goods do not come.
func (s *GoodsService) Changed(ctx context.Context, companyID int64, since time.Time, opts *GoodListOptions) iter.Seq2[*Good, error] {
	var o GoodListOptions
	if opts != nil {
		o = *opts
	}
	o.ChangedAfter = since.Format(changedLayout)
	return s.All(ctx, companyID, &o)
}

// Changed walks the goods transactions that were made or changed after a
// moment, see [RecordsService.Changed] for its zone.
func (s *GoodsTransactionsService) Changed(ctx context.Context, companyID int64, since time.Time, opts *GoodsTransactionListOptions) iter.Seq2[*GoodsTransaction, error] {
	var o GoodsTransactionListOptions
	if opts != nil {
		o = *opts
	}
	o.ChangedAfter = since.Format(changedLayout)
	return s.All(ctx, companyID, &o)
}

// SearchAllVisits walks the pages of [ClientsService.SearchVisits], which turn
// by dates: an answer names the period of the next page, and the walk ends
// where it names none or an empty one. A failure is the last pair.
func (s *ClientsService) SearchAllVisits(ctx context.Context, companyID int64, body *ClientVisitsRequest) iter.Seq2[*ClientVisits, error] {
	return func(yield func(*ClientVisits, error) bool) {
		var o ClientVisitsRequest
		if body != nil {
			o = *body
		}
		for {
			page, resp, err := s.SearchVisits(ctx, companyID, &o)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
			next, ok := nextPeriod(resp.Meta.Raw)
			if !ok || next.From == o.From && next.To == o.To {
				return
			}
			o.From, o.To = next.From, next.To
		}
	}
}

type period struct {
	From, To Date
	Count    int64
}

// nextPeriod reads meta.dateCursor.next.
func nextPeriod(meta json.RawMessage) (period, bool) {
	var next period
	members := map[string]any{"from": &next.From, "to": &next.To, "count": &next.Count}
	cursor := find(find(meta, "dateCursor"), "next")
	for name, into := range members {
		if value := find(cursor, name); value == nil || json.Unmarshal(value, into) != nil {
			return period{}, false
		}
	}
	return next, next.Count > 0 && next.From != "" && next.To != ""
}

// Changed walks the clients that were made or changed after a moment, see
// [RecordsService.Changed] for its zone. Deleted clients do not come. It lives
// on [ClientsService.ListLegacy], because the search has no such filter.
func (s *ClientsService) Changed(ctx context.Context, companyID int64, since time.Time, opts *ClientListLegacyOptions) iter.Seq2[*CompanyClient, error] {
	var o ClientListLegacyOptions
	if opts != nil {
		o = *opts
	}
	o.ChangedAfter = since.Format(changedLayout)
	return s.AllLegacy(ctx, companyID, &o)
}
