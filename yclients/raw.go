package yclients

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// RawCall is a call by its parts, for tools that take operations as data and
// for what this package has no method for yet.
type RawCall struct {
	Operation string // id of the operation, for errors and the log
	Method    string
	Path      string // from the host on, every value escaped: /api/v1/records/4564
	Query     url.Values
	Body      json.RawMessage // JSON; nil for none
	// Writes: the call changes something, so that a lost answer leaves its
	// outcome unknown.
	Writes   bool
	Statuses []int // that mean success even when there is no body; empty: 200, 201, 202 and 204
}

// Do makes a call once and returns the body as it came, envelope included,
// after it was found to say success. Everything else is an [Error], as with
// the methods of the services. The body is empty for an answer without one.
func (c *Client) Do(ctx context.Context, r RawCall) (json.RawMessage, *Response, error) {
	req := call{operation: r.Operation, method: r.Method, path: []segment{fixed(r.Path)}, query: r.Query, writes: r.Writes, statuses: r.Statuses}
	if req.statuses == nil {
		req.statuses = []int{200, 201, 202, 204}
	}
	if r.Body != nil {
		req.body = r.Body
	}
	a := &answer{call: req, client: c}
	switch {
	case !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#"):
		return nil, a.response(), a.notSent(errors.New("the path must begin with / and hold no query"))
	case r.Body != nil && !json.Valid(r.Body):
		return nil, a.response(), a.notSent(errors.New("the body is not JSON"))
	}
	begun := c.now()
	a, err := c.exchange(ctx, req)
	if err == nil {
		_, err = decodeAs[none](a)
	}
	if c.logger != nil {
		a.log(ctx, c.now().Sub(begun), err)
	}
	if err != nil {
		return nil, a.response(), err
	}
	return a.body, a.response(), nil
}
