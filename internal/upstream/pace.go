package upstream

import (
	"errors"
	"net/http"
	"time"
)

// paced makes calls wait for their grants, and listens to the answers for
// refusals.
type paced struct {
	queue   *queue
	wire    *wire
	now     func() time.Time
	refused func(c *call, status int, asked time.Duration)
}

func (p *paced) roundTrip(req *http.Request) (*http.Response, error) {
	c := callFrom(req.Context())
	for again := false; ; again = true {
		begin := time.Now()
		g, err := p.queue.wait(req.Context(), c.lane, again)
		c.wait += time.Since(begin)
		if err != nil {
			closeBody(req)
			return nil, err
		}
		resp, a, err := p.wire.send(req, c.lane, g)
		if errors.Is(err, errVoid) && req.Context().Err() == nil {
			// Stopped at the gate, nothing left: take another grant.
			p.wire.count.voids.Add(1)
			if fresh, ok := rewind(req); ok {
				req = fresh
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		p.listen(c, a, resp)
		return resp, nil
	}
}

// listen finds out whether resp is a refusal, at once or when its body was read.
func (p *paced) listen(c *call, a *attempt, resp *http.Response) {
	a.mu.Lock()
	probe := a.grant.probe
	a.mu.Unlock()
	asked := retryAfter(resp.Header, p.now())
	verdict := func(refused bool) {
		switch {
		case refused:
			p.queue.refused(asked, probe)
			p.refused(c, resp.StatusCode, asked)
		case probe && resp.StatusCode < 500:
			p.queue.recovered()
		}
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		verdict(true)
	case isJSON(resp.Header) && resp.ContentLength <= peekCap:
		resp.Body = &watch{ReadCloser: resp.Body, status: resp.StatusCode, verdict: verdict}
	default:
		verdict(false)
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
