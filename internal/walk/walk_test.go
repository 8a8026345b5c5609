package walk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/internal/walk"
	"zapis/sandbox"
	"zapis/yclients"
)

// world is both doors over a sandbox, and a browser before them.
type world struct {
	t          *testing.T
	sb         *sandbox.Sandbox
	dir        string
	now        time.Time
	links      *setup.Links
	doors      map[setup.LinkKind]http.Handler
	cookie     *http.Cookie
	log, seen  bytes.Buffer // what was logged, and every answer
	crossSite  bool
	formEncode bool
}

func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	w := &world{t: t, sb: sandbox.Start(t, sandbox.WithLimits(sandbox.Off)), dir: t.TempDir(), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	data := filepath.Join(w.dir, "data")
	w.links = setup.OpenLinks(data, now)
	engine := &setup.Engine{
		EnvFile: filepath.Join(w.dir, ".env"), Environ: append([]string{"ZAPIS_DATA=" + data, "YCLIENTS_BASE_URL=" + w.sb.URL()}, env...), Now: now,
		NewClient: func(cfg *config.Config) func(partner, user yclients.Token) (*yclients.Client, error) {
			return func(partner, user yclients.Token) (*yclients.Client, error) {
				opts := []yclients.Option{
					yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner),
					yclients.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}),
				}
				if user != "" {
					opts = append(opts, yclients.WithUserToken(user))
				}
				return yclients.New(opts...)
			}
		},
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })
	w.doors = map[setup.LinkKind]http.Handler{}
	for _, kind := range []setup.LinkKind{setup.LinkSetup, setup.LinkInvite} {
		w.doors[kind] = walk.New(walk.Config{Door: kind, Engine: engine, Links: w.links, Page: page, Logger: slog.New(slog.NewTextHandler(&w.log, nil))})
	}
	t.Cleanup(w.leaksNothing)
	return w
}

// leaksNothing: no secret is in any answer or log line, whatever the test did.
func (w *world) leaksNothing() {
	for _, hidden := range []string{sandbox.PartnerToken, sandbox.UserToken, sandbox.AppUserToken, sandbox.Password, sandbox.Login} {
		if strings.Contains(w.seen.String(), hidden) || strings.Contains(w.log.String(), hidden) {
			w.t.Errorf("%q is in an answer or in the log:\n%s\n%s", hidden, w.seen.String(), w.log.String())
		}
	}
}

type answer struct {
	status int
	body   map[string]any
}

func (a answer) code() problem.Code { s, _ := a.body["code"].(string); return problem.Code(s) }

func (w *world) call(door setup.LinkKind, method, path string, body any) answer {
	w.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			w.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, &b)
	r.Header.Set("Content-Type", "application/json")
	if w.formEncode {
		r.Header.Set("Content-Type", "text/plain")
	}
	r.Header.Set("Sec-Fetch-Site", map[bool]string{false: "same-origin", true: "cross-site"}[w.crossSite])
	if w.cookie != nil {
		r.AddCookie(w.cookie)
	}
	rec := httptest.NewRecorder()
	w.doors[door].ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		w.cookie = c
	}
	w.seen.Write(rec.Body.Bytes())
	a := answer{status: rec.Code}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.body)
	return a
}

// enter makes a link and opens it.
func (w *world) enter(kind setup.LinkKind) secret.String {
	w.t.Helper()
	token, _, err := w.links.New(w.t.Context(), setup.Link{Kind: kind, From: "Студия", For: "Сирень", Branches: []int64{4565}})
	if err != nil {
		w.t.Fatal(err)
	}
	if a := w.call(kind, "POST", "/api/open", map[string]string{"token": token.Reveal()}); a.status != 200 {
		w.t.Fatalf("open: %d %v", a.status, a.body)
	}
	return token
}

// wants makes a call that must succeed and end at a step.
func (w *world) wants(door setup.LinkKind, path string, body any, next string) {
	w.t.Helper()
	if a := w.call(door, "POST", path, body); a.status != 200 || next != "" && a.body["next"] != next {
		w.t.Fatalf("%s: %d %v, want next %s", path, a.status, a.body, next)
	}
}

// hookWrites counts the writes of webhook settings that YCLIENTS has carried out.
func (w *world) hookWrites() (n int) {
	for _, e := range w.sb.Ledger() {
		if e.Applied && strings.Contains(e.Path, "hooks_settings") {
			n++
		}
	}
	return n
}

func (w *world) env4() map[string]string {
	w.t.Helper()
	file, err := config.ReadEnvFile(filepath.Join(w.dir, ".env"))
	if err != nil {
		w.t.Fatal(err)
	}
	return file.Values()
}

func TestTheWholeWalk(t *testing.T) {
	w := newWorld(t)
	w.enter(setup.LinkSetup)
	if !w.cookie.HttpOnly || w.cookie.SameSite != http.SameSiteStrictMode || w.cookie.Path != "/setup" {
		t.Errorf("the cookie is %+v", w.cookie)
	}
	if a := w.call(setup.LinkSetup, "POST", "/api/key", map[string]string{"api_key": "unknown-key-example"}); a.code() != problem.UpstreamKey {
		t.Errorf("an unknown key: %d %v", a.status, a.body)
	}
	a := w.call(setup.LinkSetup, "POST", "/api/key", map[string]string{"api_key": " \"" + sandbox.PartnerToken + "\" "})
	if a.status != 200 || a.body["next"] != "user" || len(a.body["notes"].([]any)) == 0 {
		t.Fatalf("key: %d %v", a.status, a.body)
	}
	if a := w.call(setup.LinkSetup, "POST", "/api/user", map[string]string{"login": sandbox.Login, "password": "canary"}); a.code() != problem.UpstreamLogin {
		t.Errorf("a wrong password: %d %v", a.status, a.body)
	}
	w.wants(setup.LinkSetup, "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}, "branch")
	if a := w.call(setup.LinkSetup, "GET", "/api/branches", nil); len(a.body["branches"].([]any)) < 3 {
		t.Errorf("branches: %v", a.body)
	}
	if a := w.call(setup.LinkSetup, "POST", "/api/branch", map[string]any{"ids": []int64{}}); a.code() != problem.BranchChoice || len(a.body["choices"].([]any)) == 0 {
		t.Errorf("no branch: %d %v", a.status, a.body)
	}
	w.wants(setup.LinkSetup, "/api/branch", map[string]any{"pasted": "https://yclients.ru/timetable/4565#main_date=2026-11-23", "ids": []int64{4564}}, "rights")
	if a := w.call(setup.LinkSetup, "GET", "/api/write", nil); a.status == 200 {
		t.Errorf("the file was planned before the rights were seen: %v", a.body)
	}
	if a := w.call(setup.LinkSetup, "GET", "/api/rights", nil); len(a.body["branches"].([]any)) != 2 {
		t.Errorf("rights: %v", a.body)
	}
	w.wants(setup.LinkSetup, "/api/rights", map[string]bool{}, "hooks")
	if a := w.call(setup.LinkSetup, "POST", "/api/hooks", map[string]string{"public_url": "http://192.168.0.2"}); a.code() != problem.HooksAddress {
		t.Errorf("an address that YCLIENTS cannot reach: %d %v", a.status, a.body)
	}
	shown := w.call(setup.LinkSetup, "POST", "/api/hooks", map[string]string{"public_url": "https://book.example.com/"})
	if shown.status != 200 || len(shown.body["plans"].([]any)) != 2 || w.hookWrites() != 0 {
		t.Fatalf("hooks: %d %v, %d writes", shown.status, shown.body, w.hookWrites())
	}
	if a := w.call(setup.LinkSetup, "POST", "/api/hooks", map[string]any{"public_url": "https://other.example.com", "seen": shown.body["seen"]}); a.body["changed"] != true || w.hookWrites() != 0 {
		t.Errorf("what was not seen was written: %v", a.body)
	}
	w.wants(setup.LinkSetup, "/api/hooks", map[string]any{"public_url": "https://book.example.com/", "seen": shown.body["seen"]}, "write")
	if w.hookWrites() != 2 {
		t.Errorf("%d settings were written, want those of both branches", w.hookWrites())
	}
	if a := w.call(setup.LinkSetup, "GET", "/api/write", nil); !strings.Contains(a.body["diff"].(string), "YCLIENTS_COMPANY_ID=4565") {
		t.Errorf("plan: %v", a.body)
	}
	w.wants(setup.LinkSetup, "/api/write", map[string]bool{}, "")
	got := w.env4()
	if got["YCLIENTS_API_TOKEN"] != sandbox.PartnerToken || got["YCLIENTS_USER_TOKEN"] != sandbox.UserToken || got["YCLIENTS_COMPANY_ID"] != "4565" || got["ZAPIS_COMPANY_IDS"] != "4564" || got["ZAPIS_PUBLIC_URL"] != "https://book.example.com" {
		t.Errorf("the file has %d variables, and not those that were proven", len(got))
	}
	if info, err := os.Stat(filepath.Join(w.dir, ".env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if a := w.call(setup.LinkSetup, "GET", "/api/done", nil); a.status != 200 || len(a.body["items"].([]any)) < 5 {
		t.Errorf("checklist: %d %v", a.status, a.body)
	}
}

func TestInvitation(t *testing.T) {
	w := newWorld(t, "YCLIENTS_API_TOKEN="+sandbox.PartnerToken)
	w.enter(setup.LinkInvite)
	a := w.call(setup.LinkInvite, "GET", "/api/state", nil)
	if a.body["next"] != "user" || a.body["from"] != "Студия" || a.body["for"] != "Сирень" || a.body["key_known"] != false {
		t.Errorf("state: %v", a.body)
	}
	for _, path := range []string{"/api/key", "/api/hooks"} {
		if a := w.call(setup.LinkInvite, "POST", path, map[string]string{"api_key": "other"}); a.status != 404 && a.status != 405 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/api/write", "/api/done"} {
		if a := w.call(setup.LinkInvite, "GET", path, nil); a.body != nil {
			t.Errorf("GET %s tells %v", path, a.body)
		}
	}
	w.wants(setup.LinkInvite, "/api/user", map[string]string{"user_token": sandbox.AppUserToken}, "")
	w.wants(setup.LinkInvite, "/api/branch", map[string]any{"ids": []int64{4565}}, "rights")
	w.wants(setup.LinkInvite, "/api/rights", map[string]bool{}, "write")
	w.wants(setup.LinkInvite, "/api/write", map[string]bool{}, "")
	if got := w.env4(); got["YCLIENTS_USER_TOKEN"] != sandbox.AppUserToken || got["YCLIENTS_COMPANY_ID"] != "4565" {
		t.Errorf("the file has %d variables, and not those that were proven", len(got))
	}
	if a := w.call(setup.LinkInvite, "GET", "/api/state", nil); a.code() != problem.LinkInvalid {
		t.Errorf("after its end the invitation answers %d %v", a.status, a.body)
	}
}

// The developer's own sign-in is none of the administrator's business, nor the other way round.
func TestAnInvitationDoesNotSeeTheDevelopersWalk(t *testing.T) {
	w := newWorld(t)
	w.enter(setup.LinkSetup)
	developer := w.cookie
	w.wants(setup.LinkSetup, "/api/key", map[string]string{"api_key": sandbox.PartnerToken}, "user")
	w.wants(setup.LinkSetup, "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}, "branch")
	w.enter(setup.LinkInvite)
	if a := w.call(setup.LinkInvite, "GET", "/api/state", nil); a.body["next"] != "user" || a.body["has_user"] != false || a.body["user"] != nil {
		t.Errorf("the invitation begins with %v", a.body)
	}
	if a := w.call(setup.LinkInvite, "GET", "/api/branches", nil); a.status == 200 {
		t.Errorf("the invitation sees branches without a sign-in: %v", a.body)
	}
	w.wants(setup.LinkInvite, "/api/user", map[string]string{"user_token": sandbox.AppUserToken}, "")
	administrator := w.cookie
	w.cookie = developer
	if a := w.call(setup.LinkSetup, "GET", "/api/state", nil); a.body["user"] != "Ирина Владельцева" {
		t.Errorf("the developer's walk is now %v", a.body)
	}
	w.cookie = administrator
	w.wants(setup.LinkInvite, "/api/branch", map[string]any{"ids": []int64{4565}}, "rights")
	// Another invitation begins anew, too.
	w.enter(setup.LinkInvite)
	if a := w.call(setup.LinkInvite, "GET", "/api/state", nil); a.body["has_user"] != false {
		t.Errorf("a second invitation begins with %v", a.body)
	}
}

// Whoever holds an invitation to a server that works for some branches renews the access to those and to no others: a link
// that went astray in a messenger must not lead the app to another salon, nor take a branch away from it.
func TestAnInvitationKeepsToItsBranches(t *testing.T) {
	w := newWorld(t, "YCLIENTS_API_TOKEN="+sandbox.PartnerToken)
	w.enter(setup.LinkInvite) // for 4565
	w.wants(setup.LinkInvite, "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}, "rights")
	if a := w.call(setup.LinkInvite, "GET", "/api/branches", nil); len(a.body["branches"].([]any)) != 1 {
		t.Errorf("the choice is %v, want the expected branch", a.body)
	}
	for what, body := range map[string]map[string]any{
		"another": {"ids": []int64{4564}}, "none": {"ids": []int64{}}, "pasted": {"pasted": "https://yclients.com/timetable/4564"},
	} {
		if a := w.call(setup.LinkInvite, "POST", "/api/branch", body); a.code() != problem.BranchChoice {
			t.Errorf("%s: %d %v", what, a.status, a.body)
		}
	}
	if a := w.call(setup.LinkInvite, "POST", "/api/branch", map[string]any{"ids": []int64{4564, 4565}}); a.status != 200 || len(a.body["branches"].([]any)) != 1 {
		t.Errorf("one more: %d %v", a.status, a.body)
	}

	// An employee who does not manage what is expected cannot stand in, and is told so.
	token, _, err := w.links.New(t.Context(), setup.Link{Kind: setup.LinkInvite, Branches: []int64{4565, 777}})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.call(setup.LinkInvite, "POST", "/api/open", map[string]string{"token": token.Reveal()}); a.status != 200 {
		t.Fatalf("open: %d %v", a.status, a.body)
	}
	if a := w.call(setup.LinkInvite, "POST", "/api/user", map[string]string{"user_token": sandbox.UserToken}); a.code() != problem.BranchChoice || !strings.Contains(a.body["found"].(map[string]any)["ru"].(string), "777") {
		t.Errorf("a foreign employee: %d %v", a.status, a.body)
	}
	if a := w.call(setup.LinkInvite, "GET", "/api/state", nil); a.body["has_user"] != false {
		t.Errorf("a refused employee is kept: %v", a.body)
	}
}

// A link is no place to try passwords at.
func TestPasswordsAreNotGuessedThroughALink(t *testing.T) {
	w := newWorld(t, "YCLIENTS_API_TOKEN="+sandbox.PartnerToken)
	w.enter(setup.LinkInvite)
	for i := range 10 {
		if a := w.call(setup.LinkInvite, "POST", "/api/user", map[string]string{"login": sandbox.Login, "password": "canary"}); a.code() != problem.UpstreamLogin {
			t.Fatalf("try %d: %d %v", i, a.status, a.body)
		}
	}
	mark := len(w.sb.Ledger())
	if a := w.call(setup.LinkInvite, "POST", "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}); a.code() != problem.TooManyRequests {
		t.Errorf("after ten wrong ones: %d %v", a.status, a.body)
	}
	if more := len(w.sb.Ledger()) - mark; more != 0 {
		t.Errorf("YCLIENTS was asked %d times more", more)
	}
	w.wants(setup.LinkInvite, "/api/user", map[string]string{"user_token": sandbox.AppUserToken}, "") // a token is not guessed
	w.enter(setup.LinkInvite)
	w.wants(setup.LinkInvite, "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}, "")
}

func TestDoorsAreShut(t *testing.T) {
	w := newWorld(t)
	for _, door := range []setup.LinkKind{setup.LinkSetup, setup.LinkInvite} {
		for _, path := range []string{"/api/state", "/api/branches", "/api/rights"} {
			if a := w.call(door, "GET", path, nil); a.code() != problem.LinkInvalid {
				t.Errorf("GET %s of %s without a link: %d %v", path, door, a.status, a.body)
			}
		}
	}
	token := w.enter(setup.LinkInvite)
	invited := w.cookie
	// Twice is once too often, an invitation opens no setup, and neither does its cookie under another name.
	if a := w.call(setup.LinkInvite, "POST", "/api/open", map[string]string{"token": token.Reveal()}); a.code() != problem.LinkUsed {
		t.Errorf("a second opening: %d %v", a.status, a.body)
	}
	fresh, _, err := w.links.New(t.Context(), setup.Link{Kind: setup.LinkInvite})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.call(setup.LinkSetup, "POST", "/api/open", map[string]string{"token": fresh.Reveal()}); a.code() != problem.LinkInvalid {
		t.Errorf("an invitation at the door of the setup: %d %v", a.status, a.body)
	}
	w.cookie = &http.Cookie{Name: "zapis_setup", Value: invited.Value}
	if a := w.call(setup.LinkSetup, "GET", "/api/state", nil); a.code() != problem.LinkInvalid {
		t.Errorf("the cookie of an invitation opens the setup: %v", a.body)
	}
	// The link's end, and the cookie's.
	w.cookie = nil
	late, _, err := w.links.New(t.Context(), setup.Link{Kind: setup.LinkSetup})
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(15*time.Minute + time.Second)
	if a := w.call(setup.LinkSetup, "POST", "/api/open", map[string]string{"token": late.Reveal()}); a.code() != problem.LinkInvalid {
		t.Errorf("a link after its end: %d %v", a.status, a.body)
	}
	w.enter(setup.LinkSetup)
	w.now = w.now.Add(2 * time.Hour)
	if a := w.call(setup.LinkSetup, "GET", "/api/state", nil); a.code() != problem.LinkInvalid {
		t.Errorf("a cookie after its end: %d %v", a.status, a.body)
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.enter(setup.LinkSetup)
	w.crossSite = true
	if a := w.call(setup.LinkSetup, "POST", "/api/hooks", map[string]bool{"skip": true}); a.status != 403 {
		t.Errorf("a cross-site POST: %d", a.status)
	}
	w.crossSite, w.formEncode = false, true
	if a := w.call(setup.LinkSetup, "POST", "/api/hooks", map[string]bool{"skip": true}); a.code() != problem.UnsupportedMedia {
		t.Errorf("a POST that a form could send: %d %v", a.status, a.body)
	}
	w.formEncode = false
	if a := w.call(setup.LinkSetup, "POST", "/api/user", strings.Repeat("x", 20<<10)); a.code() != problem.BodyTooLarge {
		t.Errorf("a large body: %d %v", a.status, a.body)
	}
}

// What a page says to do can be done on a page: no flags, no variables. A paste that is refused says what was odd about it.
func TestTroublesAreForAPage(t *testing.T) {
	w := newWorld(t, "YCLIENTS_API_TOKEN="+sandbox.PartnerToken)
	w.enter(setup.LinkSetup)
	told := func(a answer, part string) string {
		words, _ := a.body[part].(map[string]any)
		return fmt.Sprint(words["ru"], words["en"])
	}
	odd := w.call(setup.LinkSetup, "POST", "/api/key", map[string]string{"api_key": "  \u043eunknown-key-example"})
	if odd.code() != problem.UpstreamKey || !strings.Contains(told(odd, "found"), "перед токеном") {
		t.Errorf("an odd key: %v", odd.body)
	}
	w.wants(setup.LinkSetup, "/api/key", map[string]string{"api_key": sandbox.PartnerToken}, "user")
	second := w.call(setup.LinkSetup, "POST", "/api/user", map[string]string{"login": sandbox.SecondFactorLogin, "password": sandbox.Password})
	if second.code() != problem.SecondFactor {
		t.Errorf("a second factor: %d %v", second.status, second.body)
	}
	dead := w.call(setup.LinkSetup, "POST", "/api/user", map[string]string{"user_token": "user-token-nobody"})
	w.wants(setup.LinkSetup, "/api/user", map[string]string{"login": sandbox.Login, "password": sandbox.Password}, "branch")
	form := w.call(setup.LinkSetup, "POST", "/api/branch", map[string]string{"pasted": "https://n4564.yclients.com/"})
	for _, a := range []answer{odd, second, dead, form} {
		if next := told(a, "next"); strings.Contains(next, "--") || strings.Contains(next, "YCLIENTS_") || strings.Contains(next, "zapis ") {
			t.Errorf("%s: next is %q", a.code(), next)
		}
	}
}

// Without a key of the developer's there is nothing that an administrator could do, and the page says whom to tell. A
// window that was left behind says to reload.
func TestLeftBehind(t *testing.T) {
	w := newWorld(t)
	w.enter(setup.LinkInvite)
	a := w.call(setup.LinkInvite, "GET", "/api/state", nil)
	if next, _ := a.body["next"].(map[string]any); a.code() != problem.UpstreamKey || !strings.Contains(fmt.Sprint(next["ru"]), "разработчику") {
		t.Errorf("an invitation without a key: %d %v", a.status, a.body)
	}
	w.enter(setup.LinkSetup)
	a = w.call(setup.LinkSetup, "POST", "/api/write", map[string]bool{})
	if next, _ := a.body["next"].(map[string]any); a.code() != problem.NotConfigured || next["ru"] != "обновите страницу" {
		t.Errorf("a step too far: %d %v", a.status, a.body)
	}
}

// The words of the page are those of the terminal, and an invitation has the steps of the salon's administrator only.
func TestTextsAreTheSteps(t *testing.T) {
	w := newWorld(t)
	for door, want := range map[setup.LinkKind]int{setup.LinkSetup: len(setup.Steps), setup.LinkInvite: 5} {
		steps := w.call(door, "GET", "/api/texts", nil).body["steps"].([]any)
		if len(steps) != want {
			t.Errorf("%s has %d steps, want %d", door, len(steps), want)
		}
		for _, s := range steps {
			step := s.(map[string]any)
			title := step["title"].(map[string]any)
			if known := setup.StepByID(step["id"].(string)); known == nil || title["ru"] != known.Title.RU || title["en"] != known.Title.EN {
				t.Errorf("step %v is not the engine's", step["id"])
			}
		}
	}
	w.seen.Reset() // the example of a login is that of the sandbox
}
