package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"zapis/internal/admin"
	"zapis/internal/config"
	"zapis/internal/problem"
)

// ServeOptions are those of `zapis serve`.
type ServeOptions struct {
	Config *config.Config
	// EnvFile is watched, and Reload reads all settings anew when it has changed; nil = settings never change.
	EnvFile        string
	Reload         func() (*config.Config, error)
	lookEvery      time.Duration // how often the file is looked at, for tests
	Lang           string        // ru or en
	Stdout, Stderr io.Writer
}

// Serve runs the gateway against the configured YCLIENTS until ctx ends.
func Serve(ctx context.Context, o ServeOptions) error {
	collectLess()
	cfg, out := o.Config, Output{o.Stdout, o.Stderr, o.Lang}
	if !admin.IsLoopback(cfg.AdminAddr) {
		return problem.New(problem.ConfigInvalid).
			Detailf("ZAPIS_ADMIN_ADDR=%s would show state and profiles to others: use a loopback address such as 127.0.0.1:8486", cfg.AdminAddr)
	}
	log := newLogger(cfg, out)
	front, err := listen(ctx, cfg.Addr)
	if err != nil {
		return err
	}
	operator, err := listen(ctx, cfg.AdminAddr)
	if err != nil {
		front.Close()
		return err
	}
	h, err := build(ctx, cfg, drain, log)
	if err != nil {
		front.Close()
		operator.Close()
		return unlessStopped(ctx, err)
	}
	m := newMove(h)
	defer m.close()
	ways := openDoors(cfg, cmp.Or(o.EnvFile, cfg.EnvFile), log)
	defer ways.close()
	group, ctx := errgroup.WithContext(ctx)
	serveHTTP(ctx, group, front, ways.front(m.handler(func(h *house) http.Handler { return h.gateway })), drain, log)
	serveHTTP(ctx, group, operator, ways.operator(m.handler(func(h *house) http.Handler { return h.admin })), drain, log)
	out.tellServing(cfg, front, operator)
	if cfg.State == config.NotConfigured {
		if err := ways.tellLink(ctx, out, operator); err != nil {
			log.Warn("no link to the setup: zapis setup --link prints one", "error", err)
		}
	}
	if o.Reload != nil {
		m.file, m.reload, m.prove = cmp.Or(o.EnvFile, config.DefaultEnvFile), o.Reload, proveAccount(log)
		m.build = func(cfg *config.Config) (*house, error) { return build(ctx, cfg, drain, newLogger(cfg, out)) }
		m.say, m.every = out.tellTaken, cmp.Or(o.lookEvery, lookEvery)
		group.Go(func() error { return m.watch(ctx) })
	}
	return group.Wait()
}

func newLogger(cfg *config.Config, out Output) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(out.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(out.Stderr, o))
}

func (o Output) tellServing(cfg *config.Config, front, operator net.Listener) {
	page := pageOf(front, hostOf(front))
	fmt.Fprintf(o.Stdout, o.say("Zapis %s: API и страница записи — %s, описание — %s/docs\n", "Zapis %s: the API and the booking page at %s, described at %s/docs\n"), Version, page, page)
	fmt.Fprintf(o.Stdout, o.say("Состояние и метрики: http://%s/admin/\n", "State and metrics: http://%s/admin/\n"), operator.Addr())
	o.tellAccount(cfg)
}

func (o Output) tellAccount(cfg *config.Config) {
	switch cfg.State {
	case config.NotConfigured:
		fmt.Fprintln(o.Stdout, o.say("Ещё не настроено: API отвечает 503. Выполните zapis setup: сервер возьмёт настройки сам.", "Not configured yet: the API answers 503. Run zapis setup: the server takes the settings by itself."))
	case config.Disabled:
		fmt.Fprintln(o.Stdout, o.say("Выключено (YCLIENTS_ENABLED): API отвечает 503.", "Switched off (YCLIENTS_ENABLED): the API answers 503."))
	case config.Ready:
		fmt.Fprintf(o.Stdout, o.say("YCLIENTS: %s, филиалы %v, режим %s\n", "YCLIENTS: %s, branches %v, mode %s\n"), cfg.BaseURL, cfg.Account.Branches, cfg.Mode)
	}
}

// tellTaken says that a change of the file is in force.
func (o Output) tellTaken(cfg *config.Config) {
	fmt.Fprint(o.Stdout, o.say("Новые настройки взяты без перезапуска. ", "New settings taken without a restart. "))
	o.tellAccount(cfg)
}

// hostOf is a host by which this machine reaches a listener.
func hostOf(l net.Listener) string {
	host, _, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}
