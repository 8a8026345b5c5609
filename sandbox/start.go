package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// TB is the part of testing.TB that is needed, so that a program that embeds
// the sandbox does not link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start serves a new sandbox on a loopback port until the test ends. Its
// address is [Sandbox.URL].
func Start(t TB, opts ...Option) *Sandbox {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("sandbox: %v", err)
	}
	s := New(opts...)
	s.setBase("http://" + l.Addr().String())
	s.serveUntilEnd(t, l)
	return s
}

// StartMemory serves a new sandbox without a socket until the test ends, so
// that both sides can live in the bubble of testing/synctest. Requests to
// [Sandbox.URL] must go through the transport that is returned.
func StartMemory(t TB, opts ...Option) (*Sandbox, *http.Transport) {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	s := New(opts...)
	s.setBase("http://sandbox.example")
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) },
	}
	s.serveUntilEnd(t, l)
	t.Cleanup(transport.CloseIdleConnections) // runs before the server is closed
	return s, transport
}

func (s *Sandbox) setBase(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.baseURL == "" {
		s.baseURL = address
	}
}

func (s *Sandbox) serveUntilEnd(t TB, l net.Listener) {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// The error is always that of the Close below.
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		s.Close()
		_ = server.Close()
		<-ended
	})
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

var errClosed = errors.New("sandbox: closed")

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, errClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "sandbox.example:80" }
