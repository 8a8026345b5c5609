package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zapis/internal/admin"
	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// A server watches its file of settings and moves into a new house when it changes: the rooms are built anew behind the
// same listeners. Requests under way are let finish, new ones wait at the door for the moment that it takes, and two
// houses never work on one database. What a house cannot take along (addresses, the database and its key) needs a restart,
// which is said. A file that is wrong, or whose tokens YCLIENTS refuses, changes nothing.

// lookEvery is how often the file is looked at. A change counts once it has stood for one look: editors write in parts.
const lookEvery = time.Second

// move is how a server comes by its house, and by the next one.
type move struct {
	file     string                         // what is watched
	every    time.Duration                  // how often
	reload   func() (*config.Config, error) // reads all sources anew
	build    func(*config.Config) (*house, error)
	prove    func(context.Context, *config.Config) error // asks YCLIENTS about new tokens
	patience time.Duration                               // for requests under way
	log      *slog.Logger
	say      func(*config.Config) // tells people of a new house

	reloads *prometheus.CounterVec
	wrong   prometheus.Gauge

	mu      sync.Mutex
	house   *house
	inside  int           // requests in the house
	empty   chan struct{} // closed when the last one has left; nil unless somebody waits for that
	opened  chan struct{} // closed when the next house is ready; nil unless moving
	cut     context.CancelFunc
	cutting context.Context // ends for requests that outstay the patience
	hurry   context.CancelFunc
	leaving context.Context // ends for the console's requests as soon as a move begins: customers do not wait for a checkup
	trouble admin.Settings
}

func newMove(first *house) *move {
	m := &move{
		patience: drain, house: first, log: first.log,
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zapis_settings_reloads_total", Help: "Changes of the settings' file by outcome: taken, refused, nothing.",
		}, []string{"outcome"}),
		wrong: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "zapis_settings_refused", Help: "1 while the settings' file is not what the server works with, because it is wrong.",
		}),
		trouble: admin.Settings{File: first.cfg.EnvFile, Since: first.started},
	}
	m.allow()
	m.welcome(first)
	return m
}

// allow gives the requests from now on their time.
func (m *move) allow() {
	m.cutting, m.cut = context.WithCancel(context.Background())
	m.leaving, m.hurry = context.WithCancel(m.cutting)
}

// welcome shows the state of the settings on the console and among the metrics of a house.
func (m *move) welcome(h *house) {
	h.metrics.registry.MustRegister(m.reloads, m.wrong)
	h.settings = m.settings
}

func (m *move) settings() admin.Settings {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trouble
}

// handler leads requests to a handler of the present house. Whether the process lives is answered during a move too.
func (m *move) handler(of func(*house) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			m.mu.Lock()
			h := m.house
			m.mu.Unlock()
			of(h).ServeHTTP(w, r)
			return
		}
		h, cutting := m.enter(r)
		if h == nil {
			return // the client has gone away
		}
		defer m.leave()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer cutAt(cutting, w, cancel)()
		of(h).ServeHTTP(w, r.WithContext(ctx))
	})
}

// parting is how long a request that is cut may still take for its answer.
const parting = time.Second

// cutAt ends a request when cutting does. A context wakes nobody who hangs in a write to a client that does not read, so
// the connection gets a limit too; the function that is given back takes it off again for the next request.
func cutAt(cutting context.Context, w http.ResponseWriter, cancel context.CancelFunc) (done func()) {
	conn, limited := http.NewResponseController(w), make(chan struct{})
	stop := context.AfterFunc(cutting, func() {
		defer close(limited)
		cancel()
		end := time.Now().Add(parting)
		_ = conn.SetReadDeadline(end) // what has no connection needs no limit
		_ = conn.SetWriteDeadline(end)
	})
	return func() {
		if stop() {
			return
		}
		<-limited
		_ = conn.SetWriteDeadline(time.Time{}) // that for reading the server sets by itself
	}
}

// enter waits out a move.
func (m *move) enter(r *http.Request) (*house, context.Context) {
	for {
		m.mu.Lock()
		opened := m.opened
		if opened == nil {
			m.inside++
			h, cutting := m.house, m.cutting
			if strings.HasPrefix(r.URL.Path, "/admin/") {
				cutting = m.leaving
			}
			m.mu.Unlock()
			return h, cutting
		}
		m.mu.Unlock()
		select {
		case <-opened:
		case <-r.Context().Done():
			return nil, nil
		}
	}
}

func (m *move) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inside--; m.inside == 0 && m.empty != nil {
		close(m.empty)
		m.empty = nil
	}
}

// watch looks at the file until ctx ends. It returns an error only when the server is left without a house.
func (m *move) watch(ctx context.Context) error {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	known := lookAt(m.file)
	last := known
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := lookAt(m.file)
		if settled := now == last; settled && now != known {
			known = now
			if err := m.consider(ctx); err != nil {
				return err
			}
		}
		last = now
	}
}

// look is what tells one state of a file from another without reading it.
type look struct {
	there bool
	size  int64
	at    time.Time
}

func lookAt(path string) look {
	info, err := os.Stat(path)
	if err != nil {
		return look{}
	}
	return look{true, info.Size(), info.ModTime()}
}

// consider reads the changed settings and moves if they are good and different.
func (m *move) consider(ctx context.Context) error {
	was := m.present()
	next, err := m.reload()
	if err != nil {
		m.refuse(err)
		return nil
	}
	if next.State == config.NotConfigured && was.State != config.NotConfigured {
		m.refuse(problem.New(problem.NotConfigured).Detailf("the account has vanished from the file; to switch it off write YCLIENTS_ENABLED=False"))
		return nil
	}
	fixed := keepFixed(was, next)
	if len(fixed) > 0 {
		m.log.Warn("these settings change with a restart only", "variables", fixed)
	}
	if same(was, next) {
		m.settle("nothing", fixed)
		return nil
	}
	if next.State == config.Ready && changedAccount(was, next) {
		if err := m.prove(ctx, next); err != nil {
			m.refuse(err)
			return nil
		}
	}
	return m.to(ctx, was, next, fixed)
}

func (m *move) present() *config.Config {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.house.cfg
}

// to leaves the old house for one of the next settings; when that cannot be built, for one like the old.
func (m *move) to(ctx context.Context, was, next *config.Config, fixed []string) error {
	old := m.shut()
	old.close()
	h, err := m.build(next)
	failed := err
	if err != nil {
		h, err = m.build(was)
	}
	if err != nil {
		return unlessStopped(ctx, errors.Join(failed, err))
	}
	m.welcome(h)
	m.open(h)
	if failed != nil {
		m.refuse(failed)
		return nil
	}
	if ctx.Err() == nil {
		m.log.Info("settings taken", "state", next.State.String(), "branches", next.Account.Branches, "mode", string(next.Mode))
		m.say(next)
	}
	m.settle("taken", fixed)
	return nil
}

// shut lets nobody in any more, waits for those inside, cuts who stays too long, and gives the empty house.
func (m *move) shut() *house {
	m.mu.Lock()
	m.opened = make(chan struct{})
	empty := make(chan struct{})
	if m.inside == 0 {
		close(empty)
	} else {
		m.empty = empty
	}
	h, cut, hurry := m.house, m.cut, m.hurry
	m.mu.Unlock()
	hurry()
	patience := time.NewTimer(m.patience)
	defer patience.Stop()
	select {
	case <-empty:
	case <-patience.C:
		cut()
		<-empty // handlers end with their contexts
	}
	cut()
	return h
}

func (m *move) open(h *house) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.house = h
	m.allow()
	close(m.opened)
	m.opened = nil
}

// close ends the last house.
func (m *move) close() {
	m.mu.Lock()
	h, cut := m.house, m.cut
	m.mu.Unlock()
	cut()
	h.close()
}

// refuse says that the file is wrong and that nothing changed. It never tells a value.
func (m *move) refuse(err error) {
	code := problem.From(err).Code
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		code = problem.ConfigInvalid
		for _, f := range faults.List {
			m.log.Error("the settings' file is wrong, the server goes on with the former settings", "variable", f.Key, "line", f.From.Line, "what", f.What.EN, "fix", f.Fix.EN)
		}
	} else {
		m.log.Error("the new settings cannot be taken, the server goes on with the former ones", "code", string(code), "detail", problem.From(err).Detail, "fix", problem.Of(code).Fix.EN)
	}
	m.reloads.WithLabelValues("refused").Inc()
	m.wrong.Set(1)
	m.mu.Lock()
	m.trouble.Trouble = string(code)
	m.mu.Unlock()
}

func (m *move) settle(outcome string, fixed []string) {
	m.reloads.WithLabelValues(outcome).Inc()
	m.wrong.Set(0)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.trouble.Trouble != "" {
		m.log.Info("the settings' file is well again")
	}
	m.trouble.Trouble, m.trouble.Restart = "", fixed
	if outcome == "taken" {
		m.trouble.Since = time.Now()
		m.trouble.File = cmp.Or(m.house.cfg.EnvFile, m.trouble.File)
	}
}

// keepFixed keeps what only a restart changes, and names it.
func keepFixed(was, next *config.Config) (names []string) {
	for _, f := range []struct {
		name string
		same bool
		keep func()
	}{
		{"ZAPIS_ADDR", was.Addr == next.Addr, func() { next.Addr = was.Addr }},
		{"ZAPIS_ADMIN_ADDR", was.AdminAddr == next.AdminAddr, func() { next.AdminAddr = was.AdminAddr }},
		{"ZAPIS_DATA", was.DataDir == next.DataDir, func() { next.DataDir = was.DataDir }},
		{"ZAPIS_DATABASE_URL", was.DatabaseURL.Equal(next.DatabaseURL), func() { next.DatabaseURL = was.DatabaseURL }},
		{"ZAPIS_KEY", was.Key.Equal(next.Key), func() { next.Key = was.Key }},
	} {
		if !f.same {
			names = append(names, f.name)
			f.keep()
		}
	}
	return names
}

// same compares what settings say, not where they stand in the file.
func same(a, b *config.Config) bool {
	x, y := *a, *b
	x.Warnings, y.Warnings = nil, nil
	x.EnvFile, y.EnvFile = "", ""
	return reflect.DeepEqual(x.Plain(), y.Plain())
}

func changedAccount(a, b *config.Config) bool {
	return a.State != config.Ready || !a.Account.PartnerToken.Equal(b.Account.PartnerToken) || !a.Account.UserToken.Equal(b.Account.UserToken) ||
		a.BaseURL != b.BaseURL || a.CAFile != b.CAFile
}

// proveLimit bounds the question whether new tokens are good.
const proveLimit = 30 * time.Second

// proveAccount asks YCLIENTS whether it accepts the tokens, and spends one call of the common budget. That it could not be
// asked is no reason to refuse: a restart would take the settings as well.
func proveAccount(log *slog.Logger) func(context.Context, *config.Config) error {
	return func(ctx context.Context, cfg *config.Config) error {
		ctx, cancel := context.WithTimeout(ctx, proveLimit)
		defer cancel()
		newClient, end, err := PacedClient(cfg)
		if err != nil {
			return problem.Because(problem.ConfigInvalid, err)
		}
		defer end()
		client, err := newClient(yclients.Token(cfg.Account.PartnerToken.Reveal()), yclients.Token(cfg.Account.UserToken.Reveal()))
		if err != nil {
			return problem.Because(problem.ConfigInvalid, err)
		}
		_, _, err = client.Companies.List(ctx, &yclients.CompanyListOptions{My: true, Count: 1})
		if err == nil {
			return nil
		}
		code := verdict.Of(err).Code
		if slices.Contains([]problem.Code{problem.UpstreamKey, problem.UpstreamToken, problem.UpstreamForbidden}, code) {
			return problem.Because(code, err)
		}
		log.Warn("YCLIENTS could not be asked about the new tokens; they are taken unproven", "code", string(code))
		return nil
	}
}
