package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"

	"golang.org/x/sync/errgroup"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/sandbox/tape"
)

// RecordOptions are those of `zapis sandbox record`.
type RecordOptions struct {
	Config *config.Config // its BaseURL is the account's server
	Addr   string         // where to listen
	Dir    string         // of the recording
	Writes bool           // let through what changes something
	Lang   string
	Stdout io.Writer
	Stderr io.Writer
}

// Record stands between a client and YCLIENTS and writes exchanges down, until ctx ends. Its calls keep the pace.
func Record(ctx context.Context, o RecordOptions) error {
	to, err := url.Parse(o.Config.BaseURL)
	if err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("--upstream: %v", err)
	}
	road, end, err := pacedRoad(o.Config)
	if err != nil {
		return problem.Because(problem.ConfigInvalid, err).Detailf("%v", err)
	}
	defer end()
	log := slog.New(slog.NewTextHandler(o.Stderr, nil))
	recorder, err := tape.NewRecorder(to, o.Dir, o.Writes, road, log)
	if err != nil {
		return problem.Because(problem.FolderUnusable, err).Detailf("%v", err)
	}
	l, err := listen(ctx, o.Addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Stdout, Output{Lang: o.Lang}.say(`Записываю ответы %[1]s в папку %[2]s.
Назовите своей программе вместо него: http://%[3]s
Ctrl-C заканчивает; потом: zapis sandbox compare %[2]s
`, `Recording what %[1]s answers into the folder %[2]s.
Name to your program in its place: http://%[3]s
Ctrl-C ends it; then: zapis sandbox compare %[2]s
`), o.Config.BaseURL, o.Dir, l.Addr())
	group, ctx := errgroup.WithContext(ctx)
	serveHTTP(ctx, group, l, recorder, drainDemo, log)
	return group.Wait()
}

// Compare tells where the sandbox answers differently from a recording.
func Compare(dir string) (tape.Report, error) { return tape.Compare(dir) }
