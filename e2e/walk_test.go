//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// bare is a server without settings in an empty folder, as on the first start.
func bare(t *testing.T, info sandboxInfo, more ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), addr: freePort(t), admin: freePort(t), env: append([]string{"YCLIENTS_BASE_URL=" + info.BaseURL, "ZAPIS_LIMITS_SCALE=100"}, more...)}
	s.again()
	return s
}

// link is the way into the setup that the server printed.
func (s *server) link() string {
	s.t.Helper()
	_, path, ok := strings.Cut(s.waitFor("/setup/#"), s.admin)
	if !ok {
		s.t.Fatalf("no link on %s", s.admin)
	}
	return strings.TrimSpace(path)
}

// onStep waits for a step of the walk.
func (s *screen) onStep(name string) {
	s.t.Helper()
	s.see(`[data-testid="step"][data-step="` + name + `"]`)
}

// TestWalkInTheBrowser sets a server up on its first run, at desktop and at phone size, and finds it working without a
// restart.
func TestWalkInTheBrowser(t *testing.T) {
	for size, open := range map[string]func(*testing.T, string, string) *screen{"desk": openDesk, "phone": openPhone} {
		t.Run(size, func(t *testing.T) {
			info := startSandbox(t, "--limits", "x100")
			srv := bare(t, info)
			link := srv.link()
			s := open(t, "http://"+srv.admin, link)
			s.onStep("api_key")
			if at := evaluate[string](s, `return location.hash`); at != "" {
				t.Errorf("the token of the link stays in the address: %d characters", len(at))
			}
			s.look("key")

			// What is wrong is named, with the next step; what was pasted badly is mended.
			s.expects(503)
			s.fill("api_key", "unknown-key-example")
			s.press(kb.Enter)
			s.see(id("trouble"))
			s.look("key-refused")
			s.fill("api_key", "\u00a0"+info.PartnerToken+"\u200b")
			s.press(kb.Enter)
			s.onStep("user")
			s.see(id("notes"))
			s.look("user")
			s.fill("login", info.Login)
			s.fill("password", "wrong-password-example")
			s.press(kb.Enter)
			s.see(id("trouble"))
			s.look("user-refused")
			s.fill("password", info.Password)
			s.tap(id("next"))
			s.onStep("branch")
			s.see(id("branch-4565"))
			s.look("branch")
			s.fill("pasted", "https://yclients.ru/timetable/4564#main_date=2026-11-23")
			s.tap(id("find"))
			s.onStep("rights")
			s.see(id("rights-4564"))
			s.look("rights")
			s.tap(id("next"))
			s.onStep("hooks")
			s.look("hooks")
			s.tap(id("skip"))
			s.onStep("write")
			s.see(id("diff"))
			s.look("write")

			// Left and resumed: the page forgets nothing, and holds no secret.
			evaluate[bool](s, `location.reload(); return true`)
			s.onStep("write")
			if html := evaluate[string](s, `return doc.documentElement.outerHTML + JSON.stringify([localStorage, sessionStorage])`); strings.Contains(html, info.PartnerToken) || strings.Contains(html, info.UserToken) {
				t.Error("the page holds a token")
			}
			s.see(id("diff"))
			s.tap(id("write"))
			s.see(id("done"))
			s.see(id("check"))
			s.look("done")

			srv.waitFor("4564") // the running server says that it has taken the settings
			var list struct{ Branches []branch }
			get(t, srv.url("/v1/branches"), &list)
			if len(list.Branches) != 1 || list.Branches[0].ID != 4564 {
				t.Errorf("got %+v, want the branch of the walk without a restart", list.Branches)
			}
			if stat, err := os.Stat(filepath.Join(srv.dir, ".env")); err != nil || stat.Mode().Perm() != 0o600 {
				t.Errorf("the file is %v, %v", stat, err)
			}
			for _, secret := range []string{info.PartnerToken, info.UserToken, info.Password, "unknown-key-example", "wrong-password-example"} {
				if strings.Contains(srv.output(), secret) {
					t.Errorf("the server prints %q", secret)
				}
			}
			// The link was good once.
			other := open(t, "http://"+srv.admin, link)
			other.expects(403)
			other.see(id("closed"))
			other.look("closed")
		})
	}
}

// TestWalkByKeyboardAndInEnglish goes through the first steps without a pointer.
func TestWalkByKeyboardAndInEnglish(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	srv := bare(t, info)
	s := openDesk(t, "http://"+srv.admin, strings.Replace(srv.link(), "/setup/#", "/setup/?lang=en#", 1))
	s.onStep("api_key")
	s.focus(id("api_key"))
	s.typeText(info.PartnerToken)
	s.focus(id("next"))
	s.press(kb.Enter)
	s.onStep("user")
	if text := s.text(id("step")); !strings.Contains(text, "Employee") || strings.Contains(text, "Сотрудник") {
		t.Errorf("the step is not in English: %s", text)
	}
	s.focus(id("login"))
	s.typeText(info.Login)
	s.focus(id("password"))
	s.typeText(info.Password)
	s.press(kb.Enter)
	s.onStep("branch")
	s.see(id("branch-4564"))
	s.focus(id("branch-4564"))
	s.press(" ")
	s.focus(id("next"))
	s.press(kb.Enter)
	s.onStep("rights")
	s.look("rights-english")
	s.dark(true)
	s.look("rights-dark")
}

// invitation makes a link as `zapis invite` does.
func (s *server) invitation() string {
	s.t.Helper()
	out, code := run(s.t, s.dir, append(s.env, "ZAPIS_DATA="+filepath.Join(s.dir, "data"), "ZAPIS_PUBLIC_URL=http://"+s.addr), "", "invite", "--json", "--from", "Студия «Пример»", "--for", "приложение «Сирень»")
	var made struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil {
		s.t.Fatalf("invite ends with %d, %v:\n%s", code, err, out)
	}
	_, path, _ := strings.Cut(made.URL, s.addr)
	return path
}

// TestInvitationInTheBrowser: the salon's administrator signs in on a phone, and the developer's server works.
func TestInvitationInTheBrowser(t *testing.T) {
	for size, open := range map[string]func(*testing.T, string, string) *screen{"phone": openPhone, "desk": openDesk} {
		t.Run(size, func(t *testing.T) {
			info := startSandbox(t, "--limits", "x100")
			srv := bare(t, info)
			developer := openDesk(t, "http://"+srv.admin, srv.link())
			developer.onStep("api_key")
			developer.fill("api_key", info.PartnerToken)
			developer.press(kb.Enter)
			developer.onStep("user") // and leaves it at that: the rest is the administrator's
			s := open(t, srv.url(""), srv.invitation())
			s.see(id("asks"))
			if text := s.text(id("asks")); !strings.Contains(text, "Студия «Пример»") || !strings.Contains(text, "Сирень") || !strings.Contains(text, "Пароль не сохраняется") {
				t.Errorf("the invitation does not say who asks, for what and what is not stored: %s", text)
			}
			s.look("asks")
			s.tap(id("begin"))
			s.onStep("user")
			s.look("user")
			if s.has(id("way-api_key")) || s.has(id("way-hooks")) {
				t.Error("an invitation shows the developer's steps")
			}
			s.fill("login", info.Login)
			s.fill("password", info.Password)
			s.tap(id("next"))
			s.onStep("branch")
			s.tap(id("branch-4565"))
			s.tap(id("next"))
			s.onStep("rights")
			s.tap(id("next"))
			s.onStep("write")
			s.look("hand-over")
			s.tap(id("write"))
			s.see(id("thanks"))
			s.look("thanks")
			text, err := os.ReadFile(filepath.Join(srv.dir, ".env"))
			if err != nil || !strings.Contains(string(text), "YCLIENTS_USER_TOKEN=") || !strings.Contains(string(text), "YCLIENTS_COMPANY_ID=4565") {
				t.Errorf("the file lacks what was handed over, %v", err)
			}
			if page := evaluate[string](s, `return doc.documentElement.outerHTML`); strings.Contains(page, info.PartnerToken) {
				t.Error("the page holds the developer's key")
			}
		})
	}
}

// TestHealthPage answers the three questions, when all is well and when a token has died.
func TestHealthPage(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	srv := startServer(t, gatewayEnv(info, 100))
	s := openDesk(t, "http://"+srv.admin, "/admin/")
	s.see(id("health"))
	for _, name := range []string{"does", "todo", "call"} {
		if s.text(id(name)) == "" {
			t.Errorf("%s is not answered", name)
		}
	}
	if works := s.attribute(id("health"), "data-works"); works == "no" {
		t.Errorf("a working server says that it does not work: %s", s.text(id("checks")))
	}
	s.look("well")

	dead := startServer(t, append(gatewayEnv(info, 100), "YCLIENTS_USER_TOKEN=dead-user-token-example"))
	phone := openPhone(t, "http://"+dead.admin, "/admin/?lang=en")
	phone.see(`[data-testid="health"][data-works="partly"]`)
	phone.see(`[data-testid="finding"][data-status="failure"]`)
	if todo := phone.text(id("todo")); !strings.Contains(todo, "token") || strings.Contains(todo, "dead-user-token") {
		t.Errorf("what to do is %q", todo)
	}
	phone.look("dead-token")
	phone.inView(id("does"))
	phone.inView(id("call"))
}

// TestFreshLinkToAConfiguredServer: a command makes a new link beside the running server, and the configured key stays.
func TestFreshLinkToAConfiguredServer(t *testing.T) {
	info := startSandbox(t, "--limits", "x100")
	srv := startServer(t, gatewayEnv(info, 100))
	out, code := run(t, srv.dir, append(srv.env, "ZAPIS_DATA="+filepath.Join(srv.dir, "data"), "ZAPIS_ADMIN_ADDR="+srv.admin), "", "setup", "--link", "--json")
	var made struct{ URL string }
	if err := json.Unmarshal([]byte(out), &made); code != 0 || err != nil {
		t.Fatalf("setup --link ends with %d, %v:\n%s", code, err, out)
	}
	_, path, _ := strings.Cut(made.URL, srv.admin)
	s := openPhone(t, "http://"+srv.admin, path)
	s.onStep("api_key")
	s.tap(id("keep"))
	s.onStep("user")
	s.tap(id("by-token"))
	s.fill("user_token", info.UserToken)
	s.tap(id("next"))
	s.onStep("branch")
	s.tap(id("to-user")) // a step back, by touch
	s.onStep("user")
	s.look("back")
}
