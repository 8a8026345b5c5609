package yclients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// An answer is read whole and decoded whole, so what it can make of our memory
// is bounded: by its length, and, because {} costs three bytes on
// the wire and hundreds when decoded, by how much stands in it, and, because each
// level is walked again, by how deep that is. A page of 300
// records has some 6000 objects.
const (
	maxBody    = 64 << 20
	maxObjects = 1 << 18
	maxValues  = 1 << 21
	maxDepth   = 100
)

const acceptV2 = "application/vnd.yclients.v2+json"

// call is one request of an operation, as the generated methods build it.
type call struct {
	operation string
	method    string
	path      []segment
	query     url.Values
	body      any // nil for none

	// writes: the call changes something, so that a lost answer leaves its
	// outcome unknown.
	writes bool
	// lone: the list has been seen as one object without brackets.
	lone bool
	// only: the object comes as the only element of a list.
	only bool
	// statuses are the ones documented as success.
	statuses []int
}

// segment is a piece of a path: fixed text, an id or a text of the caller.
type segment struct {
	text  string
	value bool
}

func fixed(text string) segment { return segment{text: text} }

func number[N ~int64](n N) segment {
	return segment{text: strconv.FormatInt(int64(n), 10), value: true}
}

func word[S ~string](value S) segment { return segment{text: string(value), value: true} }

// none is the result of operations that answer no data.
type none struct{}

// send makes the call once. It never repeats it.
func send[T any](ctx context.Context, c *Client, req call) (T, *Response, error) {
	var result T
	begun := c.now()
	a, err := c.exchange(ctx, req)
	if err == nil {
		result, err = decodeAs[T](a)
	}
	if c.logger != nil {
		a.log(ctx, c.now().Sub(begun), err)
	}
	return result, a.response(), err
}

// log tells of the call without anything that belongs to somebody.
func (a *answer) log(ctx context.Context, took time.Duration, err error) {
	level, attrs := slog.LevelDebug, []slog.Attr{
		slog.String("operation", a.operation), slog.String("method", a.method), slog.Int("status", a.status),
		slog.Duration("took", took), slog.Int("bytes", len(a.body)),
	}
	if failed, ok := errors.AsType[*Error](err); ok {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("kind", failed.Kind.String()), slog.Int("code", failed.Code), slog.Bool("safe_to_repeat", failed.SafeToRepeat))
	}
	a.client.logger.LogAttrs(ctx, level, "yclients: call", attrs...)
}

// decodeAs reads the data of an answer, or makes it the error that it is.
func decodeAs[T any](a *answer) (T, error) {
	var result, zero T
	_, wantsNothing := any(result).(none)
	if err := a.decode(reflect.ValueOf(&result).Elem(), wantsNothing); err != nil {
		return zero, err
	}
	return result, nil
}

// exchange makes one round trip and reads the answer, without looking into it.
func (c *Client) exchange(ctx context.Context, req call) (*answer, error) {
	a := &answer{call: req, client: c}
	var asked, connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	httpReq, err := c.request(traced, req)
	if err != nil {
		return a, a.notSent(err)
	}
	if err := ctx.Err(); err != nil {
		return a, a.notSent(err)
	}
	resp, err := c.http.Do(httpReq)
	if err != nil {
		// Its URL may hold a hash or a phone; what it wraps says the rest.
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		never := neverLeft(err, asked.Load(), connected.Load())
		err = &quiet{err, a.mask(err.Error())}
		if never {
			return a, a.notSent(err)
		}
		return a, a.lost(err)
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	a.body, err = readAll(io.LimitReader(resp.Body, maxBody+1), resp.ContentLength)
	if err != nil {
		return a, a.lost(fmt.Errorf("the answer broke off: %w", err))
	}
	if len(a.body) > maxBody {
		return a, a.unreadable(fmt.Errorf("the answer is longer than %d MB", maxBody>>20))
	}
	return a, nil
}

// readAll reads to the end. The announced length is believed up to a megabyte.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(announced, 0), 1<<20)) + bytes.MinRead)
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// bloated reports whether an answer has more in it than is decoded.
func bloated(body []byte) bool {
	return len(body) > 1<<20 && (bytes.Count(body, []byte{'{'}) > maxObjects || bytes.Count(body, []byte{','}) > maxValues || deep(body))
}

// deep reports whether a body, JSON or not, is nested deeper than any answer of
// the API.
func deep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// quiet is an error of the transport whose words may quote an answer.
type quiet struct {
	error
	text string
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.error }

// neverLeft reports whether the request provably did not leave this machine:
// the transport says so, or there never was a connection to write it to.
func neverLeft(err error, asked, connected bool) bool {
	if marked, ok := errors.AsType[NotSender](err); ok && marked.NotSent() {
		return true
	}
	if connected {
		return false
	}
	// A transport that asked for a connection and got none wrote nothing. One
	// that never asked is not the standard transport, and then only a failure
	// to dial is proof.
	if asked {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

func (c *Client) request(ctx context.Context, req call) (*http.Request, error) {
	address, err := c.address(req)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	contentType := "application/json"
	if req.body != nil {
		data, kind, err := encodeBody(req.body)
		if err != nil {
			return nil, fmt.Errorf("the request cannot be written: %w", err)
		}
		contentType = kind
		body = bytes.NewReader(data)
	}
	httpReq, err := http.NewRequestWithContext(ctx, req.method, address, body)
	if err != nil {
		return nil, errors.New("the request's address is not valid")
	}
	authorization := "Bearer " + string(c.partner)
	if c.user != "" {
		if err := c.user.Check(); err != nil {
			return nil, fmt.Errorf("user token: %w", err)
		}
		authorization += ", User " + string(c.user)
	}
	httpReq.Header.Set("Authorization", authorization)
	httpReq.Header.Set("Accept", acceptV2)
	httpReq.Header.Set("User-Agent", c.userAgent)
	if c.language != "" {
		httpReq.Header.Set("Accept-Language", c.language)
	}
	// A DELETE that announces a body it does not have was answered with 400.
	if req.body != nil || req.method != http.MethodDelete {
		httpReq.Header.Set("Content-Type", contentType)
	}
	return httpReq, nil
}

func (c *Client) address(req call) (string, error) {
	var b strings.Builder
	b.WriteString(c.base)
	for _, s := range req.path {
		switch {
		case !s.value:
			b.WriteString(s.text)
		// Such a segment would be another address.
		case s.text == "" || s.text == "." || s.text == ".." || strings.ContainsAny(s.text, "/\\\x00"):
			return "", errors.New("a value of the path is empty or is no single path segment")
		default:
			b.WriteString(url.PathEscape(s.text))
		}
	}
	if len(req.query) > 0 {
		b.WriteByte('?')
		b.WriteString(req.query.Encode())
	}
	return b.String(), nil
}

// Response is what an answer says beside its data.
type Response struct {
	Operation  string
	HTTPStatus int
	Header     http.Header
	Meta       Meta

	data []byte // of a list, to notice a page that repeats
}

// Meta is the part of an answer that speaks about it.
type Meta struct {
	Message string
	Page    int
	// TotalCount is meta.total_count or meta.count; whether it counts the page
	// or everything is not documented.
	TotalCount int
	// Raw is the part as received: an object, or [] for none.
	Raw json.RawMessage
}

// answer is a call with what came back.
type answer struct {
	call
	client   *Client
	status   int
	header   http.Header
	body     []byte
	envelope envelope
}

func (a *answer) response() *Response {
	return &Response{Operation: a.operation, HTTPStatus: a.status, Header: a.header, Meta: a.envelope.meta(), data: a.envelope.data}
}

// isPage reports whether a web page came back in place of JSON.
func (a *answer) isPage() bool {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return kind == "text/html"
}
