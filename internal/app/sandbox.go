package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"zapis/internal/problem"
	"zapis/sandbox"
)

// SandboxOptions are those of `zapis sandbox`.
type SandboxOptions struct {
	Addr   string // where to listen; port 0 picks one
	JSON   bool   // one JSON line instead of words
	Limits string // real, off or xN
	Seed   string // small, chain, chain:BRANCHES,MASTERS,RECORDS, a number, or the name of a file
	TLS    bool   // speak https under the names of YCLIENTS
	CAOut  string // where to write the certificate that vouches for it; implies TLS
	Lang   string // ru or en
	Stdout io.Writer
	Stderr io.Writer
}

// sandboxInfo is what is needed to talk to a sandbox.
type sandboxInfo struct {
	BaseURL      string  `json:"base_url"`
	PartnerToken string  `json:"partner_token"`
	UserToken    string  `json:"user_token"`
	Login        string  `json:"login"`
	Password     string  `json:"password"`
	CompanyIDs   []int64 `json:"company_ids"`
}

// Sandbox runs the emulator of YCLIENTS alone, until ctx ends.
func Sandbox(ctx context.Context, o SandboxOptions) error {
	limits, err := sandbox.ParseLimits(o.Limits)
	if err != nil {
		return problem.Because(problem.InvalidRequest, err).Detailf("--limits: %v", err)
	}
	seed, salons, err := parseSeed(o.Seed)
	if err != nil {
		return problem.Because(problem.InvalidRequest, err).Detailf("--seed: %v", err)
	}
	l, err := listen(ctx, o.Addr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(o.Stderr, nil))
	scheme := "http"
	if o.TLS || o.CAOut != "" {
		if l, err = o.speakTLS(l); err != nil {
			return err
		}
		scheme = "https"
	}
	sb := newSandbox(l, limits, seed, log, append(salons, sandbox.WithBaseURL(scheme+"://"+l.Addr().String()))...)
	defer sb.Close()
	info := infoOf(sb, l)
	info.BaseURL = sb.URL()
	if o.JSON {
		if err := json.NewEncoder(o.Stdout).Encode(info); err != nil {
			return err
		}
	} else {
		Output{o.Stdout, o.Stderr, o.Lang}.tellSandbox(info)
	}
	group, ctx := errgroup.WithContext(ctx)
	serveSandbox(ctx, group, l, sb, log)
	return group.Wait()
}

// parseSeed says which salons to begin with: the small chain grown from a number, a larger chain, or those of a file.
func parseSeed(text string) (number int64, salons []sandbox.Option, err error) {
	if number, err = strconv.ParseInt(text, 10, 64); err == nil {
		return number, nil, nil
	}
	switch kind, size, sized := strings.Cut(text, ":"); {
	case text == "", text == "small":
		return 0, nil, nil
	case text == "chain":
		return 0, []sandbox.Option{sandbox.WithPlan(sandbox.ChainPlan(30, 300, 30_000))}, nil
	case kind == "chain" && sized:
		var branches, masters, records int
		if n, err := fmt.Sscanf(size, "%d,%d,%d", &branches, &masters, &records); err != nil || n != 3 {
			return 0, nil, errors.New("a chain is written chain:BRANCHES,MASTERS,RECORDS, for example chain:100,1000,1000000")
		}
		if branches < 1 || branches > 1000 || masters < branches || masters > 200*branches || records < 0 || records > 2_000_000 {
			return 0, nil, errors.New("a chain has 1 to 1000 branches, 1 to 200 masters in each, and up to 2000000 records")
		}
		return 0, []sandbox.Option{sandbox.WithPlan(sandbox.ChainPlan(branches, masters, records))}, nil
	}
	f, err := os.Open(text)
	if err != nil {
		return 0, nil, fmt.Errorf("%q is not small, chain, a number or a file that can be read: %w", text, err)
	}
	defer f.Close()
	plan, err := sandbox.ReadPlan(f)
	if err != nil {
		return 0, nil, err
	}
	return 0, []sandbox.Option{sandbox.WithPlan(plan)}, nil
}

// speakTLS puts TLS over the listener and tells how a client whose address is compiled in gets here.
func (o SandboxOptions) speakTLS(l net.Listener) (net.Listener, error) {
	authority, err := sandbox.NewAuthority(time.Now())
	if err != nil {
		return nil, errors.Join(problem.Because(problem.Internal, err), l.Close())
	}
	if o.CAOut != "" {
		if err := os.WriteFile(o.CAOut, authority.PEM(), 0o644); err != nil {
			return nil, errors.Join(problem.Because(problem.FolderUnusable, err).Detailf("--ca-out: %v", err), l.Close())
		}
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(problem.Because(problem.Internal, err), l.Close())
	}
	file := o.CAOut
	if file == "" {
		file = "…"
	}
	fmt.Fprintf(o.Stderr, Output{Lang: o.Lang}.say(`https под именами YCLIENTS (%[4]s).
  файл hosts:    %[1]s api.yclients.com
  корень:        %[3]s (--ca-out), новый при каждом запуске; другим именам и адресам он не поможет
  проверить:     curl --cacert %[3]s --connect-to api.yclients.com:443:%[1]s:%[2]s https://api.yclients.com/_sandbox/info

`, `https under the names of YCLIENTS (%[4]s).
  hosts file:    %[1]s api.yclients.com
  root:          %[3]s (--ca-out), a new one at each start; it is of no use for other names and addresses
  to try it:     curl --cacert %[3]s --connect-to api.yclients.com:443:%[1]s:%[2]s https://api.yclients.com/_sandbox/info

`), host, port, file, strings.Join(authority.Names(), ", "))
	return tls.NewListener(l, authority.Config()), nil
}

func newSandbox(l net.Listener, limits sandbox.Limits, seed int64, log *slog.Logger, more ...sandbox.Option) *sandbox.Sandbox {
	opts := append([]sandbox.Option{sandbox.WithLimits(limits), sandbox.WithLogger(log), sandbox.WithBaseURL("http://" + l.Addr().String())}, more...)
	if seed != 0 {
		opts = append(opts, sandbox.WithSeed(seed))
	}
	return sandbox.New(opts...)
}

// serveSandbox also closes the sandbox when ctx ends: its streams of events have no end of their own.
func serveSandbox(ctx context.Context, group *errgroup.Group, l net.Listener, sb *sandbox.Sandbox, log *slog.Logger) {
	serveHTTP(ctx, group, l, sb.Handler(), drainDemo, log)
	group.Go(func() error {
		<-ctx.Done()
		sb.Close()
		return nil
	})
}

func infoOf(sb *sandbox.Sandbox, l net.Listener) sandboxInfo {
	return sandboxInfo{
		BaseURL: "http://" + l.Addr().String(), PartnerToken: sandbox.PartnerToken, UserToken: sandbox.UserToken,
		Login: sandbox.Login, Password: sandbox.Password, CompanyIDs: sb.Info().CompanyIDs,
	}
}

func (o Output) tellSandbox(info sandboxInfo) {
	fmt.Fprintf(o.Stdout, o.say(`Песочница YCLIENTS: %[1]s

Вместо https://api.yclients.com назовите этот адрес. Всё здесь вымышлено.

  YCLIENTS_BASE_URL=%[1]s
  YCLIENTS_COMPANY_ID=%[2]d
  YCLIENTS_API_TOKEN=%[3]s
  YCLIENTS_USER_TOKEN=%[4]s

  логин %[5]s, пароль %[6]s, филиалы %[7]v
  «отправленные» СМС:      %[1]s/_sandbox/sms
  что было сделано:        %[1]s/_sandbox/ledger
  что умеет песочница:     %[1]s/_sandbox/fidelity

  curl -s -H 'Accept: application/vnd.yclients.v2+json' -H 'Authorization: Bearer %[3]s' %[1]s/api/v1/book_services/%[2]d

Ctrl-C останавливает.
`, `A sandbox of YCLIENTS: %[1]s

Name this address instead of https://api.yclients.com. Everything here is fictional.

  YCLIENTS_BASE_URL=%[1]s
  YCLIENTS_COMPANY_ID=%[2]d
  YCLIENTS_API_TOKEN=%[3]s
  YCLIENTS_USER_TOKEN=%[4]s

  login %[5]s, password %[6]s, branches %[7]v
  SMS "sent":                %[1]s/_sandbox/sms
  what was truly done:       %[1]s/_sandbox/ledger
  what the sandbox can do:   %[1]s/_sandbox/fidelity

  curl -s -H 'Accept: application/vnd.yclients.v2+json' -H 'Authorization: Bearer %[3]s' %[1]s/api/v1/book_services/%[2]d

Ctrl-C stops it.
`), info.BaseURL, info.CompanyIDs[0], info.PartnerToken, info.UserToken, info.Login, info.Password, info.CompanyIDs)
}
