// Package tape records what a real account answers, with everything that may be somebody's replaced, and tells where the
// sandbox answers differently. A recording is a folder of small JSON files, one for each exchange, to be read, kept
// and sent to others.
package tape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"zapis/sandbox"
)

const (
	maxRequest  = 4 << 20
	maxResponse = 64 << 20
)

// Exchange is a request and its answer. Neither headers nor tokens are part of it.
type Exchange struct {
	Operation string            `json:"operation"` // id in the contract
	Method    string            `json:"method"`
	Path      map[string]string `json:"path,omitempty"`  // parameters of the path
	Query     url.Values        `json:"query,omitempty"` //
	Request   json.RawMessage   `json:"request,omitempty"`
	Status    int               `json:"status"`
	Type      string            `json:"type,omitempty"`     // media type of the answer
	Response  json.RawMessage   `json:"response,omitempty"` // absent when the answer was not JSON
}

// Recorder passes requests on to YCLIENTS and writes each exchange down. Answers go back unchanged.
type Recorder struct {
	upstream  *url.URL
	dir       string
	writes    bool
	transport http.RoundTripper
	log       *slog.Logger
	scrub     scrubber

	mu   sync.Mutex
	next int
}

// NewRecorder records into dir, which is made when it is missing. Operations that change something are refused unless
// writes is set: a recording must not book, message or delete by accident. transport keeps the pace; nil is the default one.
func NewRecorder(upstream *url.URL, dir string, writes bool, transport http.RoundTripper, log *slog.Logger) (*Recorder, error) {
	if upstream.Scheme != "https" && upstream.Scheme != "http" || upstream.Host == "" {
		return nil, errors.New("the address to record must begin with https:// and name a host")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &Recorder{upstream: upstream, dir: dir, writes: writes, transport: transport, log: log, scrub: newScrubber(), next: len(files)}, nil
}

// ServeHTTP records one exchange.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	op, params := sandbox.Find(req.Method, req.URL.EscapedPath())
	switch {
	case op == nil:
		refuse(w, http.StatusNotFound, "no documented operation has this method and path: nothing was sent")
		return
	case op.Writes && !r.writes:
		refuse(w, http.StatusForbidden, op.ID+" changes something, and this recording only reads: nothing was sent (start it with --writes to allow it)")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the request is too large to be recorded: nothing was sent")
		return
	}
	status, header, answer, err := r.pass(req, body)
	if err != nil {
		r.log.Warn("not answered", "operation", op.ID, "error", withoutAddress(err))
		refuse(w, http.StatusBadGateway, "the account's server did not answer: "+withoutAddress(err).Error())
		return
	}
	e := Exchange{Operation: op.ID, Method: req.Method, Path: map[string]string{}, Query: url.Values{}, Status: status}
	for name, v := range params {
		e.Path[name] = r.scrub.text(name, v)
	}
	for name, list := range req.URL.Query() {
		for _, v := range list {
			key := strings.TrimSuffix(name, "[]")
			e.Query.Add(r.scrub.name(key)+name[len(key):], r.scrub.text(key, v))
		}
	}
	e.Request, _ = r.scrub.body(body)
	e.Type, _, _ = mime.ParseMediaType(header.Get("Content-Type"))
	e.Response, _ = r.scrub.body(answer)
	if err := r.save(e); err != nil {
		r.log.Error("an exchange is not written down", "operation", op.ID, "error", err)
	}
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if v := header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the client has gone: the exchange is written down all the same
}

// pass sends the request on and reads the whole answer.
func (r *Recorder) pass(req *http.Request, body []byte) (status int, header http.Header, answer []byte, err error) {
	to := *r.upstream
	to.Path, to.RawPath, to.RawQuery = req.URL.Path, req.URL.RawPath, req.URL.RawQuery
	out, err := http.NewRequestWithContext(req.Context(), req.Method, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	for _, name := range []string{"Accept", "Accept-Language", "Authorization", "Content-Type"} {
		if v := req.Header.Get(name); v != "" {
			out.Header.Set(name, v)
		}
	}
	resp, err := r.transport.RoundTrip(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	return resp.StatusCode, resp.Header, answer, err
}

// withoutAddress leaves out the address: its query may name somebody.
func withoutAddress(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// save writes a whole file or none.
func (r *Recorder) save(e Exchange) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.next++
	name := fmt.Sprintf("%04d-%s.json", r.next, e.Operation)
	r.mu.Unlock()
	temp := filepath.Join(r.dir, name+".part")
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(r.dir, name))
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "data": nil, "meta": map[string]string{"message": why}})
}
