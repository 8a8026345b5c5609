package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"
	"golang.org/x/sync/errgroup"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/sandbox"
	"zapis/ui"
)

// DemoOptions are those of `zapis demo`.
type DemoOptions struct {
	Addr      string // where the page and the API listen
	DataDir   string // empty: a temporary folder, removed at the end
	Lang      string // ru or en
	LAN       bool   // listen for other devices too, and print a QR code
	NoBrowser bool   // do not open a browser
	Scale     int    // factor on both sides' limits, for tests; 0 is 1
	Stdout    io.Writer
	Stderr    io.Writer
}

// Demo runs the sandbox on a loopback port of its own, the gateway speaking to it over HTTP as it would to
// YCLIENTS, and the booking page with the salon's day beside it. It ends with ctx.
func Demo(ctx context.Context, o DemoOptions) error {
	collectLess()
	addr := o.Addr
	if o.LAN {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return problem.Because(problem.InvalidRequest, err).Detailf("--addr %s: write host:port", addr)
		}
		addr = net.JoinHostPort("", port)
	}
	front, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	back, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		front.Close()
		return err
	}
	if o.DataDir == "" {
		dir, remove, err := tempFolder()
		if err != nil {
			return err
		}
		defer remove()
		o.DataDir = dir
	}
	log := slog.New(slog.NewTextHandler(o.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	sb := newSandbox(back, sandbox.Limits(max(o.Scale, 1)), 0, log, sandbox.WithPublicURL(publicURL(front, o.LAN)))
	defer sb.Close()

	group, ctx := errgroup.WithContext(ctx)
	// The sandbox outlives the gateway: bookings under way are finished before it goes.
	sandboxCtx, stopSandbox := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSandbox()
	salon, salonCtx := errgroup.WithContext(sandboxCtx)
	serveSandbox(salonCtx, salon, back, sb, log)

	h, err := build(ctx, demoConfig(o, sb, back), drainDemo, log)
	if err != nil {
		front.Close()
		stopSandbox()
		return errors.Join(unlessStopped(ctx, err), salon.Wait())
	}
	serveHTTP(ctx, group, front, demoHandler(h.gateway, back), drainDemo, log)
	out := Output{o.Stdout, o.Stderr, o.Lang}
	out.tellDemo(front, sb, o.LAN)
	if !o.NoBrowser {
		openBrowser(ctx, pageOf(front, "127.0.0.1")+"/demo")
	}
	err = group.Wait()
	h.close()
	stopSandbox()
	if sandboxErr := salon.Wait(); err == nil {
		err = sandboxErr
	}
	return err
}

// demoConfig is the .env that a user of the sandbox would have.
func demoConfig(o DemoOptions, sb *sandbox.Sandbox, back net.Listener) *config.Config {
	return &config.Config{
		State: config.Ready,
		Account: config.Account{
			ID: "env", PartnerToken: secret.Text(sandbox.PartnerToken), UserToken: secret.Text(sandbox.UserToken),
			Branches: sb.Info().CompanyIDs,
		},
		BaseURL: "http://" + back.Addr().String(), Mode: config.ModeLive, DataDir: o.DataDir,
		HiddenStaff: []string{strconv.Itoa(sandbox.WaitingListStaff)}, LimitsScale: max(o.Scale, 1),
	}
}

// demoHandler adds the salon's side to the gateway: the split screen, and the sandbox's own controls. Neither
// exists in serve.
func demoHandler(gateway http.Handler, back net.Listener) http.Handler {
	to := &url.URL{Scheme: "http", Host: back.Addr().String()}
	sandbox := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1, // a stream of events is passed on at once
	}
	page := ui.Demo()
	// No ServeMux: it would answer a doubled slash with a redirect of its own before the gateway sees it.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/demo":
			page.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/_sandbox/"):
			sandbox.ServeHTTP(w, r)
		default:
			gateway.ServeHTTP(w, r)
		}
	})
}

// publicURL is where browsers reach the demo: on this machine, or in the network.
func publicURL(front net.Listener, lan bool) string {
	if host, ok := lanAddress(); lan && ok {
		return pageOf(front, host)
	}
	return pageOf(front, "127.0.0.1")
}

func pageOf(l net.Listener, host string) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "http://" + net.JoinHostPort(host, port)
}

func (o Output) tellDemo(front net.Listener, sb *sandbox.Sandbox, lan bool) {
	page := pageOf(front, "127.0.0.1")
	company := sb.Info().CompanyIDs[0]
	fmt.Fprintf(o.Stdout, o.say(`Zapis: демонстрация. Всё вымышлено, аккаунт YCLIENTS не нужен.

  телефон и салон рядом:  %[1]s/demo
  страница записи:        %[1]s/
  «отправленные» СМС:     %[1]s/_sandbox/sms
  описание API:           %[1]s/docs

Вставьте в терминал:

  curl -s %[1]s/v1/branches
  curl -s %[1]s/v1/branches/%[2]d/services
  curl -s %[1]s/_sandbox/sms

`, `Zapis: the demo. Everything is fictional, no YCLIENTS account is needed.

  phone and salon side by side:  %[1]s/demo
  booking page:                  %[1]s/
  SMS "sent":                    %[1]s/_sandbox/sms
  the API described:             %[1]s/docs

Paste into a terminal:

  curl -s %[1]s/v1/branches
  curl -s %[1]s/v1/branches/%[2]d/services
  curl -s %[1]s/_sandbox/sms

`), page, company)
	if lan {
		o.tellPhones(front)
	}
	fmt.Fprintln(o.Stdout, o.say("Ctrl-C останавливает.", "Ctrl-C stops it."))
}

// tellPhones prints how other devices reach the page.
func (o Output) tellPhones(front net.Listener) {
	host, ok := lanAddress()
	if !ok {
		fmt.Fprintln(o.Stdout, o.say("В этой сети нет адреса для других устройств.", "This machine has no address that other devices could reach."))
		return
	}
	page := pageOf(front, host)
	fmt.Fprintf(o.Stdout, o.say("С телефона в той же сети: %s\nИз эмулятора Android:     %s\n\n", "From a phone in the same network: %s\nFrom an Android emulator:         %s\n\n"),
		page, pageOf(front, "10.0.2.2"))
	if code, err := qrcode.New(page, qrcode.Medium); err == nil {
		fmt.Fprintln(o.Stdout, code.ToSmallString(false))
	}
}

// lanAddress is this machine's address in a private network.
func lanAddress() (string, bool) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", false
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsPrivate() && ip.IP.To4() != nil {
			return ip.IP.String(), true
		}
	}
	return "", false
}

// openBrowser opens a page where there is a screen to open it on. Failing to is no failure: the address is
// printed.
func openBrowser(ctx context.Context, page string) {
	var name string
	var args []string
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler"}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		name = "xdg-open"
	}
	path, err := exec.LookPath(name)
	if err != nil || strings.ContainsAny(page, " \"'") {
		return
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, append(args, page)...)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }() // the opener ends by itself; its code says nothing to us
	}
}
