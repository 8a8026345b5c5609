package yclients

import (
	"bytes"
	"errors"
	"iter"
)

// pages walks a list page by page until a page is empty. A short page is not
// the last one: the API silently lowers a count that it finds too large. A
// failure is yielded as the last pair and ends the walk; it is never an end of
// the list.
func pages[T any](first int, list func(page int) ([]T, *Response, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		var before []byte
		for page := max(first, 1); ; page++ {
			items, resp, err := list(page)
			if err != nil {
				yield(zero, err)
				return
			}
			if len(items) == 0 {
				return
			}
			// A server that ignores the page number would have us read for ever.
			if before != nil && bytes.Equal(before, resp.data) {
				yield(zero, &Error{Operation: resp.Operation, HTTPStatus: resp.HTTPStatus, Kind: KindMalformed, SafeToRepeat: true,
					Err: errors.New("two pages in a row are the same: the list does not turn pages")})
				return
			}
			before = resp.data
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// atMost is a page size that is neither open nor more than the API gives.
func atMost(size, limit int64) int64 {
	if size <= 0 || size > limit {
		return limit
	}
	return size
}

func deref[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}
