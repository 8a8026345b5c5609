// Package app wires the rooms into running programs: serve, demo, sandbox. Configuration goes in, a program
// that ends with its context comes out. Everything is built in the order in which a request flows.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"zapis/internal/problem"
)

// Version is set at build time; "dev" in a working copy.
var Version = "dev"

// Output is where a program speaks, and in which language.
type Output struct {
	Stdout io.Writer
	Stderr io.Writer
	Lang   string // ru or en
}

func (o Output) say(ru, en string) string {
	return problem.Text{RU: ru, EN: en}.In(o.Lang)
}

// How long requests under way may take to end after Ctrl-C or SIGTERM. What is cut in a demo nobody misses, and a
// booking that is cut in serve stays as an intent.
const (
	drain     = 8 * time.Second
	drainDemo = 500 * time.Millisecond
)

// listen opens an address; a busy port is a failure with a fix.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, problem.Because(problem.PortBusy, err).Detailf("%s", addr)
	default:
		return nil, problem.Because(problem.AddressUnusable, err).Detailf("%s", addr)
	}
}

// unlessStopped forgives a start that failed because it was stopped.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// newServer has the limits that net/http leaves open. ctx ends the requests that outlive the drain.
func newServer(ctx context.Context, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serveHTTP serves until ctx ends, then lets requests under way finish. What still runs after the drain is
// cut: a stream has no end of its own.
func serveHTTP(ctx context.Context, group *errgroup.Group, l net.Listener, h http.Handler, drain time.Duration, log *slog.Logger) {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	server := newServer(requests, h, log)
	group.Go(func() error {
		defer cut()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return problem.Because(problem.Internal, err).Detailf("the listener on %s failed", l.Addr())
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		ending, done := context.WithTimeout(requests, drain)
		defer done()
		if err := server.Shutdown(ending); err != nil {
			cut() // the calls to YCLIENTS behind the requests end with them
			return server.Close()
		}
		return nil
	})
}

// collectLess lets twice as much garbage gather as Go does by itself. A server of a few branches holds about 4 MB, and
// the default would look through them for each 4 MB that cached reads leave behind, ten times a second under load.
// It costs about 5 MB of memory. An operator's GOGC stays, and GOMEMLIMIT works as ever.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// tempFolder is a folder that goes away with the program.
func tempFolder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "zapis-demo-")
	if err != nil {
		return "", nil, problem.Because(problem.FolderUnusable, err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
