package yclients

import (
	"context"
	"errors"
)

// sendFile makes a call that answers a file in place of JSON.
func sendFile(ctx context.Context, c *Client, req call) ([]byte, *Response, error) {
	a, err := c.exchange(ctx, req)
	if err != nil {
		return nil, a.response(), err
	}
	if a.status < 200 || a.status >= 300 || isDocument(a.body) {
		// A failure is JSON as everywhere, also with a status of success.
		_, err := decodeAs[none](a)
		if err == nil {
			err = a.unreadable(errors.New("the answer is JSON, not a file"))
		}
		return nil, a.response(), err
	}
	if len(a.body) == 0 || a.isPage() {
		return nil, a.response(), a.unreadable(errors.New("the answer is no file"))
	}
	return a.body, a.response(), nil
}

// isDocument reports whether a body begins as JSON does.
func isDocument(body []byte) bool {
	body = trim(body)
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}
