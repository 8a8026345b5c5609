// Package walk is the setup in a browser: the same steps as in a terminal, over HTTP. It has two doors. /setup, on the
// operator's address, is for whoever can start programs on the server; /invite, on the public one, is for the salon's
// administrator and opens sign-in, branch and rights only. Both are opened by a link that is good once; its token comes
// in the fragment of the address and is exchanged for a cookie. Nothing is proven or written here: that is the engine's.
package walk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"sync"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

// Config is what a door is made of.
type Config struct {
	// Door says which links open it, and so what can be done behind it.
	Door   setup.LinkKind
	Engine *setup.Engine
	Links  *setup.Links
	// Page is the page of the walk and its files.
	Page   http.Handler
	Logger *slog.Logger
}

// maxBody is the largest request read: a token and little more.
const maxBody = 16 << 10

// mostWrong is how many wrong passwords a link bears. More than a person mistypes, fewer than a guesser needs.
const mostWrong = 10

// stepLimit bounds a step: several calls to YCLIENTS, each waiting for its turn.
const stepLimit = 3 * time.Minute

type door struct {
	Config
	// changing keeps two windows of one person from losing each other's steps.
	changing sync.Mutex
	// invited is how far each invitation has come, by its link. It is not the developer's walk: neither sees the other's
	// token. After a restart an administrator signs in again.
	invited map[string]*setup.Progress
	// wrong counts the passwords that YCLIENTS has refused, by link.
	wrong map[string]int
}

// New builds the handler of a door. It is mounted with its prefix (/setup or /invite) stripped.
func New(c Config) http.Handler {
	d := &door{Config: c, invited: map[string]*setup.Progress{}, wrong: map[string]int{}}
	mux := http.NewServeMux()
	mux.Handle("GET /", c.Page)
	mux.HandleFunc("GET /api/texts", func(w http.ResponseWriter, _ *http.Request) { d.reply(w, d.texts(), nil) })
	mux.HandleFunc("POST /api/open", d.open)
	mux.HandleFunc("GET /api/state", d.step(d.state))
	mux.HandleFunc("GET /api/branches", d.step(d.branches))
	mux.HandleFunc("GET /api/rights", d.step(d.rights))
	mux.HandleFunc("POST /api/user", d.step(d.user))
	mux.HandleFunc("POST /api/branch", d.step(d.branch))
	mux.HandleFunc("POST /api/rights", d.step(d.acceptRights))
	mux.HandleFunc("POST /api/write", d.step(d.write))
	if c.Door == setup.LinkSetup {
		mux.HandleFunc("POST /api/key", d.step(d.key))
		mux.HandleFunc("POST /api/hooks", d.step(d.hooks))
		mux.HandleFunc("GET /api/write", d.step(d.plan))
		mux.HandleFunc("GET /api/done", d.step(d.checklist))
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

// visit is one request of somebody who was let in.
type visit struct {
	*http.Request
	link     setup.Link
	cookie   secret.String
	progress *setup.Progress
}

// step lets only the browser in that opened the link, and gives it the progress of the walk. One step at a time.
func (d *door) step(do func(context.Context, *visit) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), stepLimit)
		defer cancel()
		v := &visit{Request: r}
		if c, err := r.Cookie(d.cookieName()); err == nil {
			v.cookie = secret.Text(c.Value)
		}
		var err error
		if v.link, err = d.Links.Session(ctx, v.cookie); err == nil && v.link.Kind != d.Door {
			err = problem.New(problem.LinkInvalid)
		}
		if err == nil && r.Method == http.MethodPost && !isJSON(r) {
			err = problem.New(problem.UnsupportedMedia)
		}
		if err != nil {
			d.reply(w, nil, err)
			return
		}
		d.changing.Lock()
		defer d.changing.Unlock()
		if v.progress, err = d.progress(v.link); err != nil {
			d.reply(w, nil, err)
			return
		}
		answer, err := do(ctx, v)
		d.reply(w, answer, err)
	}
}

// progress is how far the walk has come. An invitation has its own, with the key that the developer has proven or
// configured; the key is used and never shown.
func (d *door) progress(link setup.Link) (*setup.Progress, error) {
	kept, err := d.Engine.OpenProgress()
	if err != nil || d.Door == setup.LinkSetup {
		return kept, err
	}
	p := setup.Progress{APIKey: kept.APIKey, BaseURL: kept.BaseURL}
	if p.APIKey.IsZero() {
		cfg, _ := d.Engine.Config()
		p.APIKey = cfg.Account.PartnerToken
	}
	if p.APIKey.IsZero() {
		return nil, &setup.Refusal{
			Problem: problem.UpstreamKey, Found: config.T("у разработчика больше нет API-ключа", "the developer has no API key any more"),
		}
	}
	if own := d.invited[link.ID]; own != nil && own.APIKey.Equal(p.APIKey) {
		p = *own
	}
	return &p, nil
}

// read takes the body of a request.
func (v *visit) read(into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, v.Body, maxBody))
	if err != nil {
		return problem.Because(problem.BodyTooLarge, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return problem.New(problem.MalformedJSON) // its words could hold what was typed
	}
	return nil
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// open exchanges the token of a link for a cookie, once.
func (d *door) open(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token secret.String `json:"token"`
	}
	v := &visit{Request: r}
	if !isJSON(r) {
		d.reply(w, nil, problem.New(problem.UnsupportedMedia))
		return
	}
	if err := v.read(&body); err != nil {
		d.reply(w, nil, err)
		return
	}
	link, err := d.Links.Peek(r.Context(), body.Token)
	if err == nil && link.Kind != d.Door {
		err = problem.New(problem.LinkInvalid)
	}
	if err != nil {
		d.reply(w, nil, err)
		return
	}
	cookie, link, err := d.Links.Redeem(r.Context(), body.Token)
	if err != nil {
		d.reply(w, nil, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: d.cookieName(), Value: cookie.Reveal(), Path: "/" + string(d.Door), Expires: link.Expires,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// Behind a proxy that speaks https the header says so; whoever forges it only hardens the cookie.
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
	d.Logger.InfoContext(r.Context(), "a link was opened", "kind", link.Kind, "link", link.ID)
	d.reply(w, map[string]bool{"open": true}, nil)
}

func (d *door) cookieName() string { return "zapis_" + string(d.Door) }

// words is a text in both languages, as the page reads it.
type words struct {
	RU string `json:"ru"`
	EN string `json:"en"`
}

func say(t config.Text) words { return words{t.RU, t.EN} }

func sayAll(list []config.Text) []words {
	out := make([]words, 0, len(list))
	for _, t := range list {
		out = append(out, say(t))
	}
	return out
}

// trouble is a failure as the page shows it: what was found, what to do next.
type trouble struct {
	Code    problem.Code   `json:"code"`
	Found   words          `json:"found"`
	Next    words          `json:"next"`
	Choices []setup.Branch `json:"choices,omitempty"`
}

func (d *door) reply(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		t := d.troubleOf(err)
		if answer, status = t, problem.Of(t.Code).Status; status < 400 {
			status = http.StatusInternalServerError
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the reader has gone away: nothing to do
}

// inBrowser is what to do next where the table speaks of flags, variables and commands, which the reader of a page may
// not have at hand.
var inBrowser = map[problem.Code]config.Text{
	problem.SecondFactor: config.T("заведите для приложения отдельного сотрудника без второго фактора, или выберите «Готовый токен» и вставьте токен из веб-кабинета",
		"make an employee without a second factor for the app, or choose “A token you have” and paste one from the web cabinet"),
	problem.UpstreamKey: config.T("скопируйте ключ целиком из аккаунта разработчика: yclients.com/appstore/developers. Отдельный «партнёрский токен» не нужен, это он и есть",
		"copy the whole key from the developer's account: yclients.com/appstore/developers. No separate partner token is needed: this is it"),
	problem.UpstreamToken: config.T("вставьте токен целиком; после смены пароля сотрудника нужен новый", "paste the whole token; after a change of the employee's password a new one is needed"),
	problem.UpstreamCompany: config.T("отметьте филиал в списке или вставьте адрес журнала записи: yclients.com/timetable/НОМЕР",
		"tick a branch in the list, or paste the address of the timetable: yclients.com/timetable/ID"),
}

// otherWindow is what a step says whose former step is not done here (any more).
var otherWindow = trouble{
	Code:  problem.NotConfigured,
	Found: say(config.T("предыдущий шаг не пройден, или всё уже пройдено в другом окне", "the step before this one is not done, or all was done in another window")),
	Next:  say(config.T("обновите страницу", "reload the page")),
}

// invitedKey is for the administrator, who has no part in the key.
var invitedKey = config.T("сообщите об этом разработчику: его ключ не действует; ссылка подождёт", "tell the developer: the key does not work; the link will wait")

func (d *door) troubleOf(err error) trouble {
	t := d.troubleIn(err)
	if next, ok := inBrowser[t.Code]; ok {
		t.Next = say(next)
	}
	if t.Code == problem.NotConfigured {
		return otherWindow
	}
	if t.Code == problem.UpstreamKey && d.Door == setup.LinkInvite {
		t.Next = say(invitedKey)
	}
	return t
}

func (d *door) troubleIn(err error) trouble {
	if r, ok := errors.AsType[*setup.Refusal](err); ok {
		return trouble{r.Problem, say(r.Found), say(r.Next), r.Choices}
	}
	known := problem.From(err)
	if known.Code == problem.Internal {
		d.Logger.Error("setup in the browser", "error", err)
	}
	return trouble{known.Code, say(known.Meaning().Title), say(known.Meaning().Fix), nil}
}
