package setup_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
	"zapis/sandbox"
	"zapis/yclients"
)

// bundle is a sandbox, a file and the options of a setup that works.
type bundle struct {
	sb   *sandbox.Sandbox
	path string
	setup.Options
	shown bytes.Buffer // everything a person was shown
	asked int          // how often the password was asked for
}

const foreign = "# my salon\nFOO=bar # note\n\nexport DB='x y'\n"

func newBundle(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{sb: sandbox.Start(t, sandbox.WithLimits(sandbox.Off)), path: filepath.Join(t.TempDir(), "backend.env")}
	if err := os.WriteFile(b.path, []byte(foreign), 0o644); err != nil {
		t.Fatal(err)
	}
	b.Options = setup.Options{
		EnvFile: b.path, APIKey: secret.Text(sandbox.PartnerToken), Login: sandbox.Login, Company: "4564", BaseURL: b.sb.URL(),
		Password: func() (secret.String, error) { b.asked++; return secret.Text(sandbox.Password), nil },
		NewClient: func(cfg *config.Config) func(partner, user yclients.Token) (*yclients.Client, error) {
			return func(partner, user yclients.Token) (*yclients.Client, error) {
				opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner),
					yclients.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})}
				if user != "" {
					opts = append(opts, yclients.WithUserToken(user))
				}
				return yclients.New(opts...)
			}
		},
		Progress: func(s setup.Stage, findings []doctor.Finding) {
			for _, f := range findings {
				fmt.Fprintln(&b.shown, s.Code, f.Status, f.Found.EN, f.Next.EN, f.Found.RU, f.Next.RU)
			}
		},
	}
	return b
}

func (b *bundle) run(t *testing.T) (*setup.Result, *setup.StepError) {
	t.Helper()
	r, err := setup.Run(t.Context(), b.Options)
	failed, ok := errors.AsType[*setup.StepError](err)
	if err != nil && !ok {
		t.Fatalf("Run gave %T, want *setup.StepError", err)
	}
	return r, failed
}

func (b *bundle) file(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSetupWritesWhatServeReads(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r, failed := b.run(t)
	if failed != nil {
		t.Fatalf("%v\n%s", failed, b.shown.String())
	}
	want := foreign + "\n# YCLIENTS: written by zapis setup\nYCLIENTS_ENABLED=True\nYCLIENTS_COMPANY_ID=4564\n" +
		"YCLIENTS_API_TOKEN=partner-token-example\nYCLIENTS_USER_TOKEN=user-token-example\nYCLIENTS_BASE_URL=" + b.sb.URL() + "\n"
	if diff := cmp.Diff(want, b.file(t)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(b.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	cfg, err := config.Load(config.Options{EnvFile: b.path})
	if err != nil || cfg.State != config.Ready || cfg.Account.UserToken.Reveal() != sandbox.UserToken {
		t.Errorf("the written file loads as %v, %v", cfg.State, err)
	}
	if r.Company.ID != 4564 || r.Company.Title == "" || b.asked != 1 {
		t.Errorf("company %v, password asked %d times", r.Company, b.asked)
	}
	// A second run changes nothing, and needs neither key nor password.
	b.APIKey, b.Login = secret.String{}, ""
	before := b.file(t)
	if r, failed = b.run(t); failed != nil || r.Diff != "" || b.file(t) != before || b.asked != 1 {
		t.Errorf("second run: %v, diff %q, password asked %d times", failed, r.Diff, b.asked)
	}
}

// Whatever fails, the file stays byte for byte, and the exit code says whose turn it is.
func TestNothingIsWrittenWhenAnythingFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*bundle)
		step   string
		exit   int
		says   string
	}{
		"no key":             {func(b *bundle) { b.APIKey = secret.String{} }, "api_key", 2, "no API key"},
		"placeholder key":    {func(b *bundle) { b.APIKey = secret.Text("<API key>") }, "api_key", 3, "placeholder"},
		"wrong key":          {func(b *bundle) { b.APIKey = secret.Text("other") }, "api_key", 4, "does not know this API key"},
		"wrong address":      {func(b *bundle) { b.BaseURL = "ftp://x" }, "api_key", 3, "not an address"},
		"nobody there":       {func(b *bundle) { b.BaseURL = "http://127.0.0.1:1" }, "api_key", 5, "refused"},
		"wrong password":     {func(b *bundle) { b.Password = password("other-password") }, "user_token", 4, "login or password are wrong"},
		"no password":        {func(b *bundle) { b.Password = password("") }, "password", 2, "no password"},
		"second factor":      {func(b *bundle) { b.Login = sandbox.SecondFactorLogin }, "user_token", 4, "second factor"},
		"nothing to sign in": {func(b *bundle) { b.Login = "" }, "user_token", 2, "nothing to obtain"},
		"wrong token":        {func(b *bundle) { b.Login, b.UserToken = "", secret.Text("other") }, "user_token", 4, "refused the employee's token"},
		"no company named":   {func(b *bundle) { b.Company = "" }, "company", 2, "--company 4565"},
		"not a company":      {func(b *bundle) { b.Company = "the one in the centre" }, "company", 2, "neither the id"},
		"chain form":         {func(b *bundle) { b.Company = "https://n91000.yclients.com/" }, "company", 2, "several branches"},
		"unknown form":       {func(b *bundle) { b.Company = "https://n1.yclients.com/" }, "company", 4, "no booking form 1"},
		"unknown company":    {func(b *bundle) { b.Company = "999999" }, "checks", 4, "no branch 999999"},
		"stranger's company": {func(b *bundle) { b.Company = "7001" }, "checks", 4, ""},
		"no rights":          {func(b *bundle) { b.Login = sandbox.NoRightsLogin }, "checks", 4, "--allow-missing-rights"},
		"off":                {func(b *bundle) { must(b.sb.SetFaults(sandbox.Faults{Off: true})) }, "api_key", 5, "trouble"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			tt.change(b)
			_, failed := b.run(t)
			if failed == nil {
				t.Fatalf("no failure; shown:\n%s", b.shown.String())
			}
			if failed.Stage.Code != tt.step || failed.ExitCode() != tt.exit || !strings.Contains(b.shown.String(), tt.says) {
				t.Errorf("got step %s, exit %d; want %s, %d and %q shown:\n%s", failed.Stage.Code, failed.ExitCode(), tt.step, tt.exit, tt.says, b.shown.String())
			}
			if got := b.file(t); got != foreign {
				t.Errorf("the file was changed: %q", got)
			}
		})
	}
}

func password(text string) func() (secret.String, error) {
	return func() (secret.String, error) { return secret.Text(text), nil }
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func TestCompanyAsPeopleName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://yclients.com/timetable/4566#main_date=2026-11-23": "4566",
		"https://n91002.yclients.ru/":                              "4565",
		" 4565 ":                                                   "4565",
	} {
		b := newBundle(t)
		b.Company = given
		if _, failed := b.run(t); failed != nil {
			t.Errorf("%q: %v", given, failed)
		}
		if !strings.Contains(b.file(t), "\nYCLIENTS_COMPANY_ID="+want+"\n") {
			t.Errorf("%q: file is %q", given, b.file(t))
		}
	}
}

func TestTheOnlyBranchIsTaken(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Company, b.Login, b.UserToken = "", "", secret.Text(sandbox.StrangerUserToken)
	r, failed := b.run(t)
	if failed != nil && failed.Stage.Code != "checks" {
		t.Fatalf("%v\n%s", failed, b.shown.String())
	}
	if r != nil && r.Company.ID != 7001 || !strings.Contains(b.shown.String(), "7001") {
		t.Errorf("got %+v; shown:\n%s", r, b.shown.String())
	}
}

func TestPastedTokensAreMended(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.APIKey = secret.Text("«pаrtner-token-example»\n") // а Cyrillic а among others
	b.Login, b.UserToken = "", secret.Text("Bearer x, User user-token-example")
	if _, failed := b.run(t); failed != nil {
		t.Fatalf("%v\n%s", failed, b.shown.String())
	}
	if got := b.file(t); !strings.Contains(got, "API_TOKEN=partner-token-example\n") || !strings.Contains(got, "USER_TOKEN=user-token-example\n") {
		t.Errorf("file is %q", got)
	}
	if !strings.Contains(b.shown.String(), "is Cyrillic 'а', not Latin 'a'") {
		t.Errorf("the mended letter is not named:\n%s", b.shown.String())
	}
}

func TestNewFileAndOwnSpelling(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.EnvFile = filepath.Join(t.TempDir(), "new.env")
	b.path = b.EnvFile
	if _, failed := b.run(t); failed != nil {
		t.Fatal(failed)
	}
	if !strings.HasPrefix(b.file(t), "# YCLIENTS: written by zapis setup\nYCLIENTS_ENABLED=True\n") {
		t.Errorf("new file is %q", b.file(t))
	}
	// A file already switched on keeps its own word for it.
	must(os.WriteFile(b.path, []byte("YCLIENTS_ENABLED=yes\n"), 0o600))
	if _, failed := b.run(t); failed != nil {
		t.Fatal(failed)
	}
	if !strings.HasPrefix(b.file(t), "YCLIENTS_ENABLED=yes\n") {
		t.Errorf("file is %q", b.file(t))
	}
}

func TestBrokenFileIsFoundBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	must(os.WriteFile(b.path, []byte("A=1\nnot a setting\n"), 0o600))
	_, failed := b.run(t)
	if failed == nil || failed.Stage.Code != "env_file" || failed.ExitCode() != problem.ExitConfig || b.asked != 0 || len(b.sb.Ledger()) != 0 {
		t.Errorf("got %v, password asked %d times, %d calls", failed, b.asked, len(b.sb.Ledger()))
	}
}

// Nothing is sent, and nobody is asked for a password, while it is clear that nothing can come of it.
func TestWhatIsHereIsLookedAtBeforeYCLIENTSIsAsked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*bundle, string)
		step   string
		exit   int
		says   string
		asked  int
	}{
		"no folder":     {func(b *bundle, dir string) { b.EnvFile = filepath.Join(dir, "none", "my.env") }, "env_file", 6, "mkdir -p ", 0},
		"folder closed": {func(b *bundle, dir string) { must(os.Chmod(dir, 0o500)); b.EnvFile = filepath.Join(dir, "my.env") }, "env_file", 6, "cannot be written", 0},
		"link to a lost place": {func(b *bundle, dir string) {
			b.EnvFile = filepath.Join(dir, "l")
			must(os.Symlink("none/x", b.EnvFile))
		}, "env_file", 6, "there is no folder", 0},
		"no password": {func(b *bundle, _ string) {
			b.Password = func() (secret.String, error) { b.asked++; return secret.String{}, nil }
		}, "password", 2, "no password came", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			tt.change(b, t.TempDir())
			_, failed := b.run(t)
			if failed == nil || failed.Stage.Code != tt.step || failed.ExitCode() != tt.exit || !strings.Contains(b.shown.String(), tt.says) {
				t.Fatalf("got %v; want step %s, exit %d and %q shown:\n%s", failed, tt.step, tt.exit, tt.says, b.shown.String())
			}
			if b.asked != tt.asked || len(b.sb.Ledger()) != 0 {
				t.Errorf("password asked %d times, %d calls; want %d and none", b.asked, len(b.sb.Ledger()), tt.asked)
			}
		})
	}
}

// Whoever knows what is missing may go on, and hears it again.
func TestMissingRightsCanBeAllowed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Login, b.AllowMissingRights = sandbox.NoRightsLogin, true
	if _, failed := b.run(t); failed != nil {
		t.Fatalf("%v\n%s", failed, b.shown.String())
	}
	if !strings.Contains(b.shown.String(), "checks warning a needed right is missing") || !strings.Contains(b.file(t), sandbox.NoRightsUserToken) {
		t.Errorf("file %q; shown:\n%s", b.file(t), b.shown.String())
	}
}

func TestEnvironmentThatBeatsTheFileIsNamed(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.Environ = []string{"YCLIENTS_API_TOKEN=another-key", "YCLIENTS_COMPANY_ID=4564"}
	r, failed := b.run(t)
	if failed != nil {
		t.Fatalf("%v\n%s", failed, b.shown.String())
	}
	if diff := cmp.Diff([]string{"YCLIENTS_API_TOKEN"}, r.Beaten); diff != "" {
		t.Errorf("beaten (-want +got):\n%s", diff)
	}
}

// Canary: neither password nor key nor token is ever shown, on success and on every failure.
func TestNothingShownHoldsASecret(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*bundle){
		func(*bundle) {}, func(b *bundle) { b.APIKey = secret.Text("canary-key") }, func(b *bundle) { b.Password = password("canary-password") },
		func(b *bundle) { b.Login, b.UserToken = "", secret.Text("canary-token") }, func(b *bundle) { b.Company = "canary-token" },
	} {
		b := newBundle(t)
		change(b)
		r, failed := b.run(t)
		text := b.shown.String() + fmt.Sprintf("%+v %#v %+v", r, r, failed)
		if failed != nil {
			text += failed.Error()
		}
		for _, hidden := range []string{sandbox.PartnerToken, sandbox.UserToken, sandbox.Password, "canary"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%q is shown:\n%s", hidden, text)
			}
		}
	}
}
