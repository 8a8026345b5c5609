package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"golang.org/x/sync/errgroup"

	"zapis/internal/admin"
	"zapis/internal/config"
	"zapis/internal/problem"
)

// ServeOptions are those of `zapis serve`.
type ServeOptions struct {
	Config         *config.Config
	Lang           string // ru or en
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
	defer h.close()
	group, ctx := errgroup.WithContext(ctx)
	serveHTTP(ctx, group, front, h.gateway, drain, log)
	serveHTTP(ctx, group, operator, h.admin, drain, log)
	out.tellServing(cfg, front, operator)
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
	switch cfg.State {
	case config.NotConfigured:
		fmt.Fprintln(o.Stdout, o.say("Ещё не настроено: API отвечает 503. Выполните zapis setup и перезапустите.", "Not configured yet: the API answers 503. Run zapis setup and start again."))
	case config.Disabled:
		fmt.Fprintln(o.Stdout, o.say("Выключено (YCLIENTS_ENABLED): API отвечает 503.", "Switched off (YCLIENTS_ENABLED): the API answers 503."))
	case config.Ready:
		fmt.Fprintf(o.Stdout, o.say("YCLIENTS: %s, филиалы %v, режим %s\n", "YCLIENTS: %s, branches %v, mode %s\n"), cfg.BaseURL, cfg.Account.Branches, cfg.Mode)
	}
}

// hostOf is a host by which this machine reaches a listener.
func hostOf(l net.Listener) string {
	host, _, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}
