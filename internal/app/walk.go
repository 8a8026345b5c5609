package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"zapis/internal/admin"
	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/setup"
	"zapis/internal/walk"
	"zapis/ui"
	"zapis/yclients"
)

// doors are the two ways into the setup in a browser: /setup for the operator, /invite for the salon's administrator.
type doors struct {
	setup, invite http.Handler
	links         *setup.Links
	paced         pacedClients
}

// openDoors builds them on the folder and the file of a configuration. close ends the clients behind them.
func openDoors(cfg *config.Config, envFile string, log *slog.Logger) *doors {
	d := &doors{links: setup.OpenLinks(cfg.DataDir, nil)}
	engine := &setup.Engine{
		// The server was started with this folder, by flag perhaps.
		EnvFile: envFile, Environ: append(os.Environ(), "ZAPIS_DATA="+cfg.DataDir),
		NewClient: d.paced.of, Doctor: doctor.Options{OpenStore: ProbeStore},
	}
	door := func(kind setup.LinkKind) http.Handler {
		return walk.New(walk.Config{Door: kind, Engine: engine, Links: d.links, Page: ui.Walk(), Logger: log})
	}
	d.setup, d.invite = door(setup.LinkSetup), door(setup.LinkInvite)
	return d
}

// front serves the invitation on the public address, and everything else by the gateway.
func (d *doors) front(gateway http.Handler) http.Handler { return under("/invite", d.invite, gateway) }

// operator serves the setup on the operator's address, beside the console.
func (d *doors) operator(console http.Handler) http.Handler {
	return under("/setup", admin.OnlyByAddress(d.setup), console)
}

// under serves what is below a prefix by one handler and the rest by another.
func under(prefix string, inner, rest http.Handler) http.Handler {
	inner = http.StripPrefix(prefix, inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == prefix:
			http.Redirect(w, r, prefix+"/", http.StatusMovedPermanently) // the fragment stays with the browser
		case strings.HasPrefix(r.URL.Path, prefix+"/"):
			inner.ServeHTTP(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
}

// tellLink prints a fresh way into the setup.
func (d *doors) tellLink(ctx context.Context, out Output, operator net.Listener) error {
	token, _, err := d.links.New(ctx, setup.Link{Kind: setup.LinkSetup, Lang: out.Lang})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out.Stdout, out.say(
		"Настроить в браузере (ссылка на 15 минут и один раз, новая: zapis setup --link):\n  http://%[1]s/setup/#%[2]s\n",
		"Set up in a browser (a link for 15 minutes and once; a new one: zapis setup --link):\n  http://%[1]s/setup/#%[2]s\n"), operator.Addr(), token.Reveal())
	return err
}

// pacedClients keeps one road for each address of YCLIENTS that the walk has spoken to.
type pacedClients struct {
	mu   sync.Mutex
	made map[string]func(partner, user yclients.Token) (*yclients.Client, error)
	ends []func()
}

// of gives the maker of clients for a configuration.
func (p *pacedClients) of(cfg *config.Config) func(partner, user yclients.Token) (*yclients.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := cfg.BaseURL + "\n" + cfg.CAFile
	if made, ok := p.made[key]; ok {
		return made
	}
	made, end, err := PacedClient(cfg)
	if err != nil {
		return func(_, _ yclients.Token) (*yclients.Client, error) { return nil, err }
	}
	if p.made == nil {
		p.made = map[string]func(partner, user yclients.Token) (*yclients.Client, error){}
	}
	p.made[key], p.ends = made, append(p.ends, end)
	return made
}

func (d *doors) close() {
	d.paced.mu.Lock()
	defer d.paced.mu.Unlock()
	for _, end := range d.paced.ends {
		end()
	}
	d.paced.made, d.paced.ends = nil, nil
}
