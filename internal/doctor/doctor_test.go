package doctor_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/upstream"
	"zapis/sandbox"
	"zapis/yclients"
)

// examine runs the doctor on variables, against whatever address they name.
func examine(t *testing.T, env map[string]string, change ...func(*doctor.Options)) *doctor.Report {
	t.Helper()
	var environ []string
	for key, value := range env {
		environ = append(environ, key+"="+value)
	}
	cfg, err := config.Load(config.Options{NoFile: true, Environ: environ})
	var faults *config.Faults
	if err != nil && !errors.As(err, &faults) {
		t.Fatal(err)
	}
	o := doctor.Options{
		Config: cfg, Faults: faults,
		Patience: time.Millisecond,
		NewClient: func(partner, user yclients.Token) (*yclients.Client, error) {
			roots, err := cfg.RootCAs()
			if err != nil {
				return nil, err
			}
			opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner),
				yclients.WithHTTPClient(&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}})}
			if user != "" {
				opts = append(opts, yclients.WithUserToken(user))
			}
			return yclients.New(opts...)
		},
	}
	for _, c := range change {
		c(&o)
	}
	return doctor.Run(t.Context(), o)
}

func envFor(sb *sandbox.Sandbox, more ...string) map[string]string {
	env := map[string]string{
		"YCLIENTS_ENABLED": "True", "YCLIENTS_BASE_URL": sb.URL(), "YCLIENTS_COMPANY_ID": "4564",
		"YCLIENTS_API_TOKEN": sandbox.PartnerToken, "YCLIENTS_USER_TOKEN": sandbox.UserToken,
	}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func find(t *testing.T, r *doctor.Report, check string, branch int64) doctor.Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f doctor.Finding) bool { return f.Check == check && f.Branch == branch })
	if i < 0 {
		t.Fatalf("no finding of %s for branch %d in %+v", check, branch, r.Findings)
	}
	return r.Findings[i]
}

// firstFailure is the cause of the others.
func firstFailure(t *testing.T, r *doctor.Report) doctor.Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f doctor.Finding) bool { return f.Status == doctor.StatusFailure })
	if i < 0 {
		t.Fatalf("nothing failed: %+v", r.Findings)
	}
	return r.Findings[i]
}

func TestAllWell(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	r := examine(t, envFor(sb, "YCLIENTS_USER_TOKEN", sandbox.AppUserToken, "ZAPIS_COMPANY_IDS", "4565,4566", "ZAPIS_HIDDEN_STAFF", "Лист ожидания"), func(o *doctor.Options) {
		o.OpenStore = func(context.Context, *config.Config) error { return nil }
	})
	for _, f := range r.Findings {
		if f.Status != doctor.StatusOK {
			t.Errorf("%s (branch %d): got %s: %s", f.Check, f.Branch, f.Status, f.Found.EN)
		}
	}
	if r.ExitCode() != 0 {
		t.Errorf("exit code = %d, want 0", r.ExitCode())
	}
	if f := find(t, r, doctor.CheckZone, 4565); !strings.Contains(f.Found.EN, "Asia/Yekaterinburg") {
		t.Errorf("zone of 4565: %s", f.Found.EN)
	}
	if len(r.Companies) != 3 {
		t.Errorf("companies = %v, want the three of the chain", r.Companies)
	}
}

// What is easily confused must be told apart, with the right exit code and a next step.
func TestAccountFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		more   []string
		check  string
		branch int64
		code   problem.Code
		exit   int
		says   string
	}{
		"unknown key":     {[]string{"YCLIENTS_API_TOKEN", "other-key"}, doctor.CheckAPIKey, 0, problem.UpstreamKey, 4, "does not know this API key"},
		"unknown token":   {[]string{"YCLIENTS_USER_TOKEN", "old-token"}, doctor.CheckUserToken, 0, problem.UpstreamToken, 4, "refused the employee's token"},
		"stranger":        {[]string{"YCLIENTS_USER_TOKEN", sandbox.StrangerUserToken}, doctor.CheckBranch, 4564, problem.UpstreamForbidden, 4, ""},
		"no such company": {[]string{"YCLIENTS_COMPANY_ID", "999999"}, doctor.CheckKnown, 999999, problem.UpstreamCompany, 4, "no branch 999999"},
		"form number":     {[]string{"YCLIENTS_COMPANY_ID", "91002"}, doctor.CheckNotForm, 91002, problem.UpstreamCompany, 4, "booking form"},
		"missing":         {[]string{"YCLIENTS_API_TOKEN", ""}, doctor.CheckVariables, 0, problem.ConfigInvalid, 3, "YCLIENTS_API_TOKEN"},
		"look-alike":      {[]string{"YCLIENTS_API_TOKEN", "partner-tоken-example"}, doctor.CheckVariables, 0, problem.ConfigInvalid, 3, "character 10 is Cyrillic 'о'"},
		"switched off":    {[]string{"YCLIENTS_ENABLED", "нет"}, doctor.CheckVariables, 0, problem.Disabled, 3, "switches YCLIENTS off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
			r := examine(t, envFor(sb, tt.more...))
			if got := r.ExitCode(); got != tt.exit {
				t.Errorf("exit code = %d, want %d", got, tt.exit)
			}
			i := slices.IndexFunc(r.Findings, func(f doctor.Finding) bool { return f.Status == doctor.StatusFailure })
			if i < 0 {
				t.Fatalf("nothing failed: %+v", r.Findings)
			}
			f := r.Findings[i]
			if f.Check != tt.check || f.Branch != tt.branch || f.Problem != tt.code || !strings.Contains(f.Found.EN, tt.says) {
				t.Errorf("got %s/%d %s: %s; want %s/%d %s: …%s…", f.Check, f.Branch, f.Problem, f.Found.EN, tt.check, tt.branch, tt.code, tt.says)
			}
			if f.Next.RU == "" || f.Next.EN == "" {
				t.Errorf("%s has no next step", f.Check)
			}
		})
	}
}

// The right to look a record up is needed, the others are wishes.
func TestRightsAreNamed(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	rights := func(r *doctor.Report) (out []doctor.Finding) {
		return slices.DeleteFunc(slices.Clone(r.Findings), func(f doctor.Finding) bool { return f.Check != doctor.CheckRights })
	}
	r := examine(t, envFor(sb, "YCLIENTS_USER_TOKEN", sandbox.NoRightsUserToken))
	got := rights(r)
	if len(got) != 2 || r.ExitCode() != 4 {
		t.Fatalf("exit %d, findings %+v; want 4 and two", r.ExitCode(), got)
	}
	if f := got[0]; f.Status != doctor.StatusFailure || !strings.Contains(f.Found.EN, "cannot be looked up") || !strings.Contains(f.Next.EN, "Users") {
		t.Errorf("needed: %s: %s → %s", f.Status, f.Found.EN, f.Next.EN)
	}
	if f := got[1]; f.Status != doctor.StatusWarning || strings.Contains(f.Found.EN, "cannot be looked up") || !strings.Contains(f.Found.EN, "cannot be cancelled") {
		t.Errorf("wished: %s: %s", f.Status, f.Found.EN)
	}
	r = examine(t, envFor(sb, "YCLIENTS_USER_TOKEN", sandbox.NoRightsUserToken), func(o *doctor.Options) { o.AllowMissingRights = true })
	if got := rights(r); r.ExitCode() != 0 || len(got) != 2 || got[0].Status != doctor.StatusWarning {
		t.Errorf("allowed: exit %d, %+v", r.ExitCode(), got)
	}
	if r = examine(t, envFor(sb, "YCLIENTS_USER_TOKEN", sandbox.AppUserToken)); find(t, r, doctor.CheckRights, 4564).Status != doctor.StatusOK {
		t.Errorf("the app's employee: %+v", find(t, r, doctor.CheckRights, 4564))
	}
}

// A server that cannot keep anything books nothing, however well YCLIENTS answers.
func TestStoreThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	for code, exit := range map[problem.Code]int{problem.StoreUnavailable: 6, problem.FolderUnusable: 6, problem.StoreNewer: 6, problem.KeyWrong: 3} {
		r := examine(t, envFor(sb), func(o *doctor.Options) {
			o.OpenStore = func(context.Context, *config.Config) error { return problem.New(code).Detailf("the detail") }
		})
		f := find(t, r, map[problem.Code]string{
			problem.StoreUnavailable: doctor.CheckStore, problem.FolderUnusable: doctor.CheckStoreFolder,
			problem.StoreNewer: doctor.CheckStoreNewer, problem.KeyWrong: doctor.CheckStoreKey,
		}[code], 0)
		if f.Status != doctor.StatusFailure || f.Problem != code || r.ExitCode() != exit || !strings.Contains(f.Found.EN, "the detail") || f.Next.RU == "" {
			t.Errorf("%s: exit %d, %+v", code, r.ExitCode(), f)
		}
		if f := find(t, r, doctor.CheckAPIKey, 0); f.Status != doctor.StatusOK {
			t.Errorf("%s: YCLIENTS was not asked: %+v", code, f)
		}
	}
}

func TestWaitingListsAreNamed(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	r := examine(t, envFor(sb, "ZAPIS_HIDDEN_STAFF", "17"))
	f := find(t, r, doctor.CheckWaiting, 4564)
	if f.Status != doctor.StatusWarning || r.ExitCode() != 0 || !strings.Contains(f.Next.EN, "ZAPIS_HIDDEN_STAFF=17,") || !strings.Contains(f.Found.EN, "ожидания") {
		t.Fatalf("exit %d, %+v", r.ExitCode(), f)
	}
	// The line does what it promises.
	_, hidden, _ := strings.Cut(f.Next.EN, "ZAPIS_HIDDEN_STAFF=")
	if f = find(t, examine(t, envFor(sb, "ZAPIS_HIDDEN_STAFF", hidden)), doctor.CheckWaiting, 4564); f.Status != doctor.StatusOK {
		t.Errorf("hidden: %+v", f)
	}
}

// One failure is one thing to mend: a person reads one line about all that waits for it, a script reads all.
func TestSkippedChecksAreOneLine(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	r := examine(t, envFor(sb, "YCLIENTS_API_TOKEN", "other-key", "ZAPIS_COMPANY_IDS", "4565"))
	skipped := 0
	for _, f := range r.Findings {
		if f.Status == doctor.StatusSkipped {
			skipped++
		}
	}
	var text, machine bytes.Buffer
	if err := errors.Join(r.WriteText(&text, "en"), r.WriteJSON(&machine, "en")); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "skipped"); n != 1 || !strings.Contains(text.String(), `first "the API key is accepted"`) {
		t.Errorf("%d lines of skipped checks, want one:\n%s", n, text.String())
	}
	if n := strings.Count(machine.String(), `"skipped"`); n != skipped || n < 10 {
		t.Errorf("JSON has %d skipped checks, the report %d", n, skipped)
	}
}

func TestServerFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		faults sandbox.Faults
		code   problem.Code
		says   string
	}{
		"rate refusal in a 200": {sandbox.Faults{RefuseNext: 3}, problem.UpstreamLimited, "5 a second"},
		"off":                   {sandbox.Faults{Off: true}, problem.UpstreamUnavailable, "trouble"},
		"error":                 {sandbox.Faults{ErrorNext: 1}, problem.UpstreamUnavailable, "trouble"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
			if err := sb.SetFaults(tt.faults); err != nil {
				t.Fatal(err)
			}
			r := examine(t, envFor(sb))
			f := firstFailure(t, r)
			if f.Check != doctor.CheckAnswers || f.Problem != tt.code || r.ExitCode() != 5 || !strings.Contains(f.Found.EN, tt.says) {
				t.Errorf("got %s, exit %d: %s", f.Problem, r.ExitCode(), f.Found.EN)
			}
			if skipped := find(t, r, doctor.CheckUserToken, 0); skipped.Status != doctor.StatusSkipped || !strings.Contains(skipped.Found.EN, "not checked: first") {
				t.Errorf("the next check: %+v, want skipped with its reason", skipped)
			}
		})
	}
}

// A server beside us may have spent the second's budget: two refusals are waited out.
func TestRefusalsAreWaitedOut(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	if err := sb.SetFaults(sandbox.Faults{RefuseNext: 2}); err != nil {
		t.Fatal(err)
	}
	if r := examine(t, envFor(sb)); r.ExitCode() != 0 {
		t.Errorf("exit %d: %+v", r.ExitCode(), find(t, r, doctor.CheckAPIKey, 0))
	}
}

// serve answers every call alike, for answers the sandbox has no fault for.
func serve(t *testing.T, h http.HandlerFunc) map[string]string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return map[string]string{"YCLIENTS_BASE_URL": s.URL, "YCLIENTS_COMPANY_ID": "1", "YCLIENTS_API_TOKEN": "k", "YCLIENTS_USER_TOKEN": "u"}
}

func TestOddAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status      int
		kind, body  string
		code        problem.Code
		exit        int
		says, never string
	}{
		"page with 200":  {200, "text/html", "<html>cabinet</html>", problem.UpstreamMalformed, 5, "web page", ""},
		"page with 404":  {404, "text/html", "<html>nginx</html>", problem.UpstreamMalformed, 5, "web page", "branch"},
		"page with 502":  {502, "text/html", "<html>proxy</html>", problem.UpstreamMalformed, 5, "web page", ""},
		"page with 403":  {403, "text/html", "<html>blocked</html>", problem.UpstreamMalformed, 5, "web page", "rights"},
		"wrong accept":   {400, "application/json", `{"success":false,"data":null,"meta":{"message":"Bad Accept"}}`, problem.UpstreamMalformed, 5, "Accept header", ""},
		"no header":      {401, "application/json", `{"success":false,"meta":{"message":"Не указаны авторизационные данные"}}`, problem.UpstreamKey, 4, "did not reach", ""},
		"no partner":     {401, "application/json", `{"success":false,"meta":{"message":"Не указан идентификатор партнера"}}`, problem.UpstreamKey, 4, "does not know this API key", ""},
		"other 401":      {401, "application/json", `{"errors":{"code":401,"message":"Необходима авторизация"},"meta":{"message":"Необходима авторизация"}}`, problem.UpstreamKey, 4, "refused the API key", "employee's token is not"},
		"licence":        {402, "application/json", `{"success":false,"meta":{"message":"x"}}`, problem.UpstreamForbidden, 4, "licence", ""},
		"429":            {429, "application/json", `{"success":false,"meta":{"message":"Превышен лимит запросов"}}`, problem.UpstreamLimited, 5, "limit of calls", ""},
		"not JSON":       {200, "application/json", "{", problem.UpstreamMalformed, 5, "cannot be read", ""},
		"terminal codes": {403, "application/json", "{\"success\":false,\"meta\":{\"message\":\"\\u001b[2Jно\"}}", problem.UpstreamForbidden, 4, "rights", "\x1b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examine(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			f := firstFailure(t, r)
			if f.Problem != tt.code || r.ExitCode() != tt.exit || !strings.Contains(f.Found.EN, tt.says) {
				t.Errorf("got %s, exit %d: %s", f.Problem, r.ExitCode(), f.Found.EN)
			}
			if tt.never != "" && strings.Contains(f.Found.EN, tt.never) {
				t.Errorf("says %q, which misleads: %s", tt.never, f.Found.EN)
			}
		})
	}
}

func TestThirdTextOfA401(t *testing.T) {
	t.Parallel()
	r := examine(t, serve(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Query().Get("my") == "" {
			fmt.Fprint(w, `{"success":true,"data":[],"meta":[]}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"success":false,"meta":{"message":"Не указан идентификатор пользователя"}}`)
	}))
	f := find(t, r, doctor.CheckUserPart, 0)
	if f.Problem != problem.UpstreamToken || !strings.Contains(f.Found.EN, "API key is accepted, the employee's token is not") {
		t.Errorf("got %s: %s", f.Problem, f.Found.EN)
	}
}

func TestEmptyBranch(t *testing.T) {
	t.Parallel()
	r := examine(t, serve(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(req.URL.Path, "/companies"):
			fmt.Fprint(w, `{"success":true,"data":[{"id":"1","title":"Салон","city":"Москва","timezone_name":"Mars/Olympus"}],"meta":[]}`)
		case strings.Contains(req.URL.Path, "/book_services/"):
			fmt.Fprint(w, `{"success":true,"data":{"services":[],"category":[]},"meta":[]}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"success":false,"meta":{"message":"Нет прав на управление компанией"}}`)
		}
	}))
	for check, says := range map[string]string{doctor.CheckBookingOpen: "not one service", doctor.CheckZone: "unknown to this program", doctor.CheckAllowed: "no rights in this branch"} {
		if f := find(t, r, check, 1); f.Status != doctor.StatusFailure || !strings.Contains(f.Found.EN, says) {
			t.Errorf("%s: got %s: %s", check, f.Status, f.Found.EN)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	for offset, says := range map[time.Duration]string{time.Hour: "1h0m0s ahead", -10 * time.Minute: "10m0s behind"} {
		r := examine(t, envFor(sb), func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(offset) } })
		f := find(t, r, doctor.CheckClock, 0)
		// Seconds may be rounded either way.
		if f.Status != doctor.StatusWarning || !strings.Contains(f.Found.EN, says[strings.IndexByte(says, ' '):]) {
			t.Errorf("offset %s: got %s: %s", offset, f.Status, f.Found.EN)
		}
		if r.ExitCode() != 0 {
			t.Errorf("a wrong clock alone ends with %d, want 0", r.ExitCode())
		}
	}
}

func TestNetworkFailures(t *testing.T) {
	t.Parallel()
	env := map[string]string{"YCLIENTS_BASE_URL": "https://api.yclients.invalid", "YCLIENTS_COMPANY_ID": "1", "YCLIENTS_API_TOKEN": "k", "YCLIENTS_USER_TOKEN": "u"}
	noProxy := func(o *doctor.Options) { o.Proxy = http.ProxyURL(nil) }
	resolves := func(o *doctor.Options) {
		o.Resolve = func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }
	}
	r := examine(t, env, noProxy, func(o *doctor.Options) {
		o.Resolve = func(context.Context, string) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }
	})
	if f := find(t, r, doctor.CheckResolve, 0); f.Status != doctor.StatusFailure || r.ExitCode() != 5 || !strings.Contains(f.Found.EN, "api.yclients.invalid") {
		t.Errorf("name: %+v, exit %d", f, r.ExitCode())
	}
	r = examine(t, env, noProxy, resolves, func(o *doctor.Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
	})
	if f := find(t, r, doctor.CheckConnect, 0); f.Status != doctor.StatusFailure || r.ExitCode() != 5 || !strings.Contains(f.Found.EN, "refused") {
		t.Errorf("connection: %+v, exit %d", f, r.ExitCode())
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are the point
	s.StartTLS()
	t.Cleanup(s.Close)
	env := map[string]string{"YCLIENTS_BASE_URL": s.URL, "YCLIENTS_COMPANY_ID": "1", "YCLIENTS_API_TOKEN": "k", "YCLIENTS_USER_TOKEN": "u"}
	if f := find(t, examine(t, env), doctor.CheckTLS, 0); !strings.Contains(f.Found.EN, "unknown authority") || f.Status != doctor.StatusFailure {
		t.Errorf("own certificate: %+v", f)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	env["YCLIENTS_CA_FILE"] = file
	if f := find(t, examine(t, env), doctor.CheckTLS, 0); f.Status != doctor.StatusOK {
		t.Errorf("with its root: %+v", f)
	}
	late := func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().AddDate(200, 0, 0) } }
	if f := find(t, examine(t, env, late), doctor.CheckTLS, 0); !strings.Contains(f.Found.EN, "expired") {
		t.Errorf("expired: %+v", f)
	}
}

func TestEnvFileChecks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "my.env")
	if err := os.WriteFile(path, []byte("A=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func() *doctor.Report {
		cfg, err := config.Load(config.Options{EnvFile: path})
		faults, _ := errors.AsType[*config.Faults](err)
		return doctor.Run(t.Context(), doctor.Options{Config: cfg, Faults: faults})
	}
	r := run()
	if f := find(t, r, doctor.CheckEnvPrivate, 0); f.Status != doctor.StatusWarning || !strings.Contains(f.Next.EN, "chmod 600 "+path) {
		t.Errorf("open file: %+v", f)
	}
	if f := find(t, r, doctor.CheckVariables, 0); f.Problem != problem.NotConfigured || r.ExitCode() != 3 {
		t.Errorf("no account: %+v, exit %d", f, r.ExitCode())
	}
	if err := os.WriteFile(path, []byte("A=1\nbroken secret line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := find(t, run(), doctor.CheckEnvFile, 0); f.Status != doctor.StatusFailure || !strings.Contains(f.Found.EN, "line 2") || strings.Contains(f.Found.EN, "broken") {
		t.Errorf("broken file: %+v", f)
	}
}

// The report in every form never holds a token, whatever the server does with it.
func TestReportHoldsNoSecret(t *testing.T) {
	t.Parallel()
	const key, token = "canary-key-5c1e", "canary-token-9b2d"
	env := serve(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "<p>%s</p>", strings.Repeat("x", 10)) // an echo of the header would be YCLIENTS' own leak
	})
	env["YCLIENTS_API_TOKEN"], env["YCLIENTS_USER_TOKEN"] = key, token
	r := examine(t, env)
	var out bytes.Buffer
	for _, lang := range []string{"ru", "en"} {
		if err := errors.Join(r.WriteText(&out, lang), r.WriteJSON(&out, lang)); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintf(&out, "%+v %#v", r, r.Findings)
	if s := out.String(); strings.Contains(s, key) || strings.Contains(s, token) {
		t.Errorf("the report holds a token:\n%s", s)
	}
}

func TestChecksAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range doctor.Checks {
		for _, need := range c.DependsOn {
			if !seen[need] {
				t.Errorf("%s depends on %s, which does not stand before it", c.Code, need)
			}
		}
		if seen[c.Code] || c.Title.RU == "" || c.Title.EN == "" || c.WhatToDo.RU == "" || c.WhatToDo.EN == "" || c.Severity == "" ||
			c.Cause.RU == "" || c.Cause.EN == "" || c.Who == "" || c.Area == "" {
			t.Errorf("%s is not well-formed: %+v", c.Code, c)
		}
		seen[c.Code] = true
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	var out bytes.Buffer
	r := examine(t, envFor(sb, "YCLIENTS_USER_TOKEN", "old-token"))
	if err := r.WriteJSON(&out, "en"); err != nil {
		t.Fatal(err)
	}
	var got struct {
		ExitCode int `json:"exit_code"`
		Failures int
		Findings []struct{ Check, Status, Next, Problem string }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.ExitCode != 4 || got.Failures != 1 || len(got.Findings) != len(r.Findings) {
		t.Errorf("got exit %d, %d failures, %d findings", got.ExitCode, got.Failures, len(got.Findings))
	}
}

// Inside a server that has noted a token's death, no call is made; the report still says what died and not that YCLIENTS
// is silent.
func TestDeathThatTheServerHasNoted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key, user, check string
		code             problem.Code
	}{
		{sandbox.PartnerToken, "old-token", doctor.CheckUserToken, problem.UpstreamToken},
		{"other-key", "old-token", doctor.CheckAPIKey, problem.UpstreamKey},
	} {
		sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
		transport := &http.Transport{DisableKeepAlives: true}
		watch := upstream.NewTokens(upstream.TokensConfig{Next: transport, Key: tt.key, User: tt.user})
		change := func(o *doctor.Options) {
			o.NewClient = func(partner, user yclients.Token) (*yclients.Client, error) {
				opts := []yclients.Option{yclients.WithBaseURL(sb.URL()), yclients.WithPartnerToken(partner), yclients.WithHTTPClient(watch.Client())}
				if user != "" {
					opts = append(opts, yclients.WithUserToken(user))
				}
				return yclients.New(opts...)
			}
		}
		env := envFor(sb, "YCLIENTS_API_TOKEN", tt.key, "YCLIENTS_USER_TOKEN", tt.user)
		for i := range 2 {
			f := firstFailure(t, examine(t, env, change))
			if f.Check != tt.check || f.Problem != tt.code || (i == 1) != strings.Contains(f.Found.EN, "noticed at") {
				t.Errorf("%d: %s %s: %s", i, f.Check, f.Problem, f.Found.EN)
			}
		}
		unauthorized := 0
		for _, e := range sb.Ledger() {
			if e.Status == http.StatusUnauthorized {
				unauthorized++
			}
		}
		if unauthorized != 1 {
			t.Errorf("%s: %d calls with the dead token, want 1", tt.check, unauthorized)
		}
	}
}
