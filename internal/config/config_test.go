package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zapis/internal/salon"
)

var good = []string{"YCLIENTS_ENABLED=True", "YCLIENTS_COMPANY_ID=2", "YCLIENTS_API_TOKEN=partner-token-example", "YCLIENTS_USER_TOKEN=user-token-example"}

func load(t *testing.T, o Options) (*Config, *Faults) {
	t.Helper()
	cfg, err := Load(o)
	var faults *Faults
	if err != nil && !errors.As(err, &faults) {
		t.Fatalf("Load gave %T, want *Faults", err)
	}
	return cfg, faults
}

func TestStates(t *testing.T) {
	t.Chdir(t.TempDir()) // no .env here
	for name, tt := range map[string]struct {
		env   []string
		state State
		keys  string // of the faults
	}{
		"nothing":             {nil, NotConfigured, ""},
		"only the host":       {[]string{"YCLIENTS_BASE_URL=http://127.0.0.1:8585"}, NotConfigured, ""},
		"example file":        {[]string{"YCLIENTS_ENABLED=", "YCLIENTS_COMPANY_ID=", "YCLIENTS_API_TOKEN=", "YCLIENTS_USER_TOKEN="}, NotConfigured, ""},
		"ready":               {good, Ready, ""},
		"ready without a yes": {good[1:], Ready, ""},
		"disabled":            {[]string{"YCLIENTS_ENABLED=off", "YCLIENTS_COMPANY_ID=rubbish"}, Disabled, ""},
		"disabled in Russian": {append(slices.Clone(good), "YCLIENTS_ENABLED=Нет"), Disabled, ""},
		"all missing":         {good[:1], Ready, "YCLIENTS_COMPANY_ID YCLIENTS_API_TOKEN YCLIENTS_USER_TOKEN"},
		"all wrong": {[]string{"YCLIENTS_ENABLED=maybe", "YCLIENTS_COMPANY_ID=x", "YCLIENTS_API_TOKEN=\"a\"", "YCLIENTS_USER_TOKEN=a b", "ZAPIS_MODE=fast", "ZAPIS_ADDR=here", "ZAPIS_LOG=loud"},
			Ready, "YCLIENTS_ENABLED YCLIENTS_COMPANY_ID YCLIENTS_API_TOKEN YCLIENTS_USER_TOKEN ZAPIS_MODE ZAPIS_ADDR ZAPIS_LOG"},
		"own faults without account": {[]string{"ZAPIS_MODE=pilot"}, NotConfigured, "ZAPIS_PILOT_PHONES"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, faults := load(t, Options{Environ: tt.env})
			var keys []string
			if faults != nil {
				for _, f := range faults.List {
					keys = append(keys, f.Key)
				}
				if faults.ExitCode() != 3 {
					t.Errorf("exit code = %d, want 3", faults.ExitCode())
				}
			}
			if got := strings.Join(keys, " "); cfg.State != tt.state || got != tt.keys {
				t.Errorf("got %v with faults %q, want %v with %q", cfg.State, got, tt.state, tt.keys)
			}
		})
	}
}

func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.env")
	write(t, path, "YCLIENTS_COMPANY_ID=1\nZAPIS_ADDR=:1\nZAPIS_DATA=from-file\nZAPIS_MODE=readonly\nYCLIENTS_API_TOKEN=k\nYCLIENTS_USER_TOKEN=u\n")
	cfg, faults := load(t, Options{EnvFile: path, Environ: []string{"ZAPIS_ADDR=:2", "ZAPIS_DATA=from-env", "HOME=/x"}, Flags: map[string]string{"ZAPIS_ADDR": ":3"}})
	if faults != nil {
		t.Fatal(faults)
	}
	if cfg.Addr != ":3" || cfg.DataDir != "from-env" || cfg.Mode != ModeReadonly {
		t.Errorf("got addr %s, data %s, mode %s", cfg.Addr, cfg.DataDir, cfg.Mode)
	}
	for key, want := range map[string]string{
		"ZAPIS_ADDR": "command-line flag", "ZAPIS_DATA": "process environment", "ZAPIS_MODE": path + ", line 4", "ZAPIS_LOG": "",
	} {
		if got := cfg.Origin(key).Text().EN; got != want {
			t.Errorf("origin of %s = %q, want %q", key, got, want)
		}
	}
}

func TestEmptyEnvironmentBeatsTheFileAndSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	write(t, path, strings.Join(good, "\n"))
	_, faults := load(t, Options{EnvFile: path, Environ: []string{"YCLIENTS_API_TOKEN="}})
	if faults == nil || len(faults.List) != 1 || !strings.Contains(faults.Error(), "beats the file") {
		t.Errorf("got %v, want one fault naming the environment", faults)
	}
}

func TestAllFields(t *testing.T) {
	t.Chdir(t.TempDir())
	key := "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	cfg, faults := load(t, Options{Environ: append(slices.Clone(good),
		"ZAPIS_COMPANY_IDS=1, 2,3", "YCLIENTS_BASE_URL=https://api.yclients.ru/api/v1/", "ZAPIS_MODE=Pilot", "ZAPIS_PILOT_PHONES=8 (900) 000-00-01,+79000000002",
		"ZAPIS_KEY="+key, "ZAPIS_DATABASE_URL=postgres://u:p@h/d", "ZAPIS_DATA=/var/lib/zapis", "ZAPIS_ADDR=127.0.0.1:1", "ZAPIS_ADMIN_ADDR=[::1]:2",
		"ZAPIS_ORIGINS=https://Book.example.com/", "ZAPIS_TRUSTED_PROXIES=127.0.0.1 10.1.2.3/8", "ZAPIS_TEST_PHONES=79000000003:1234",
		"ZAPIS_HIDDEN_STAFF=7 8, , Лист  ожидания;1234567890 1234567891", "ZAPIS_LIMITS_SCALE=10", "ZAPIS_LOG=debug,json")})
	if faults != nil {
		t.Fatal(faults)
	}
	if cfg.Account.PartnerToken.Reveal() != "partner-token-example" || cfg.Account.UserToken.Reveal() != "user-token-example" || cfg.Key.Reveal() != key ||
		cfg.DatabaseURL.Reveal() != "postgres://u:p@h/d" || cfg.TestPhones["+79000000003"].Reveal() != "1234" {
		t.Error("a secret did not arrive whole")
	}
	type plain struct {
		Branches        []int64
		Hidden          []string
		Base            string
		Mode            Mode
		Pilot           []salon.Phone
		Data, Addr, Adm string
		Origins         []string
		Proxies         []string
		Scale           int
		Level           slog.Level
		JSON            bool
	}
	var proxies []string
	for _, p := range cfg.TrustedProxies {
		proxies = append(proxies, p.String())
	}
	got := plain{cfg.Account.Branches, cfg.HiddenStaff, cfg.BaseURL, cfg.Mode, cfg.PilotPhones, cfg.DataDir, cfg.Addr, cfg.AdminAddr, cfg.Origins, proxies, cfg.LimitsScale, cfg.LogLevel, cfg.LogJSON}
	want := plain{[]int64{2, 1, 3}, []string{"7", "8", "Лист ожидания", "1234567890", "1234567891"}, "https://api.yclients.ru", ModePilot, []salon.Phone{"+79000000001", "+79000000002"}, "/var/lib/zapis", "127.0.0.1:1", "[::1]:2",
		[]string{"https://book.example.com"}, []string{"127.0.0.1/32", "10.0.0.0/8"}, 10, slog.LevelDebug, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if !cfg.TrustedProxies[1].Contains(netip.MustParseAddr("10.200.0.1")) {
		t.Error("the proxy network is not masked")
	}
}

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	cfg, faults := load(t, Options{})
	if faults != nil {
		t.Fatal(faults)
	}
	if cfg.BaseURL != "https://api.yclients.com" || cfg.Mode != ModeLive || cfg.DataDir != "zapis-data" || cfg.Addr != ":8484" ||
		cfg.AdminAddr != "127.0.0.1:8486" || cfg.LimitsScale != 1 || cfg.LogLevel != slog.LevelInfo || cfg.LogJSON || cfg.EnvFile != "" {
		t.Errorf("defaults = %+v", cfg)
	}
}

// Every variable gets a wrong value that holds a canary; whatever is said or printed about it, in both
// languages, must not hold it.
func TestFaultsNeverQuoteValues(t *testing.T) {
	t.Chdir(t.TempDir())
	const canary = "canary-7f3a"
	var env []string
	for _, k := range Keys {
		if k.Name != "ZAPIS_DATA" {
			env = append(env, k.Name+"=\""+canary+" x")
		}
	}
	env = append(env, "YCLIENTS_PARTNER_TOKEN="+canary)
	cfg, faults := load(t, Options{Environ: env})
	if faults == nil || len(faults.List) < len(Keys)-2 {
		t.Fatalf("got %d faults of %d wrong variables", len(faults.List), len(Keys)-1)
	}
	encoded, err := json.Marshal(cfg.Account)
	if err != nil {
		t.Fatal(err)
	}
	out := faults.Error() + faults.In("ru") + fmt.Sprintf("%v %+v %#v", faults.List, cfg.Warnings, cfg.Account) + string(encoded)
	if strings.Contains(out, canary) {
		t.Errorf("a value leaked:\n%s", out)
	}
	for _, f := range faults.List {
		if f.What.RU == "" || f.What.EN == "" || f.Fix.RU == "" || f.Fix.EN == "" {
			t.Errorf("%s: a wording is missing: %+v", f.Key, f)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Chdir(t.TempDir())
	cfg, faults := load(t, Options{Environ: []string{"YCLIENTS_PARTNER_TOKEN=x", "YCLIENTS_COMPANY_ID=1", "YCLIENTS_USER_TOKEN=u", "ZAPIS_COLOUR=1", "ZAPIS_TEST_PHONES=79000000003:1234", "YCLIENTS_BASE_URL=http://api.yclients.com"}})
	if f, ok := faults.ByKey("YCLIENTS_API_TOKEN"); !ok || !strings.Contains(f.What.EN, "YCLIENTS_PARTNER_TOKEN") {
		t.Errorf("got %v, want the misnamed variable mentioned", faults)
	}
	var keys []string
	for _, w := range cfg.Warnings {
		keys = append(keys, w.Key)
	}
	if got := strings.Join(keys, " "); got != "YCLIENTS_BASE_URL ZAPIS_TEST_PHONES YCLIENTS_PARTNER_TOKEN ZAPIS_COLOUR" {
		t.Errorf("warnings = %s", got)
	}
}

func TestMissingAndBrokenFile(t *testing.T) {
	_, faults := load(t, Options{EnvFile: filepath.Join(t.TempDir(), "none.env")})
	if f, ok := faults.ByKey("--env-file"); !ok || !strings.Contains(f.What.EN, "there is no file") {
		t.Errorf("got %v", faults)
	}
	broken := filepath.Join(t.TempDir(), "broken.env")
	write(t, broken, "A=1\ncanary secret\n")
	_, faults = load(t, Options{EnvFile: broken})
	if f, ok := faults.ByKey(broken); !ok || f.From.Line != 2 || strings.Contains(faults.Error(), "canary") {
		t.Errorf("got %v, want line 2 named", faults)
	}
}

func TestParseBool(t *testing.T) {
	for _, s := range []string{"True", "true", "1", "yes", "YES", "on", "да", "Да", " t "} {
		if v, err := ParseBool(s); err != nil || !v {
			t.Errorf("ParseBool(%q) = %v, %v; want true", s, v, err)
		}
	}
	for _, s := range []string{"False", "0", "no", "off", "нет", "НЕТ"} {
		if v, err := ParseBool(s); err != nil || v {
			t.Errorf("ParseBool(%q) = %v, %v; want false", s, v, err)
		}
	}
	for _, s := range []string{"", "maybe", "2"} {
		if _, err := ParseBool(s); err == nil {
			t.Errorf("ParseBool(%q) gave no error", s)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{1: "1 ошибка", 2: "2 ошибки", 5: "5 ошибок", 11: "11 ошибок", 21: "21 ошибка", 104: "104 ошибки"} {
		if got := Count(n, "ошибка", "ошибки", "ошибок", "fault", "faults").RU; got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

// What serve refuses is a fault for everybody, so that the doctor says it too.
func TestAdminAddrIsForThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	for addr, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.8.8.8:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "salon.example.com:1": false, "here": false,
	} {
		_, faults := load(t, Options{Environ: []string{"ZAPIS_ADMIN_ADDR=" + addr}})
		if got := faults == nil; got != want {
			t.Errorf("%s: accepted = %v, want %v", addr, got, want)
		}
	}
}

func TestTwiceInTheFileIsWarnedOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.env")
	write(t, path, "ZAPIS_ADDR=:1\nFOO=1\nFOO=2\nZAPIS_MODE=live\nZAPIS_ADDR=:2\n")
	cfg, faults := load(t, Options{EnvFile: path})
	if faults != nil || len(cfg.Warnings) != 1 {
		t.Fatalf("faults %v, warnings %+v; want one warning", faults, cfg.Warnings)
	}
	if w := cfg.Warnings[0]; w.Key != "ZAPIS_ADDR" || !strings.Contains(w.What.EN, "lines 1, 5") || cfg.Addr != ":2" {
		t.Errorf("got %s: %s, addr %s", w.Key, w.What.EN, cfg.Addr)
	}
	// The environment beats both lines: nothing is lost silently.
	if cfg, _ = load(t, Options{EnvFile: path, Environ: []string{"ZAPIS_ADDR=:3"}}); len(cfg.Warnings) != 0 {
		t.Errorf("warnings %+v, want none", cfg.Warnings)
	}
}

func TestCanWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	write(t, file, "")
	if err := CanWrite(dir); err != nil {
		t.Errorf("a fresh folder: %v", err)
	}
	for _, path := range []string{file, filepath.Join(dir, "none"), "/proc"} {
		if CanWrite(path) == nil {
			t.Errorf("%s can be written, it says", path)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("asking left %v behind", entries)
	}
}
