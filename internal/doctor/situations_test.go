package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/sandbox"
	"zapis/yclients"
)

// scene is what a check looks at: a sandbox behind a door that can change its answers, variables, a folder, options.
type scene struct {
	t    *testing.T
	sb   *sandbox.Sandbox
	dir  string
	env  map[string]string
	file bool // the variables stand in a .env in dir
	door func(w http.ResponseWriter, r *http.Request, next http.Handler)
	o    doctor.Options
}

// shared is for scenes that only read; making a sandbox for each would take most of the time.
var shared = sync.OnceValue(func() *sandbox.Sandbox { return sandbox.New(sandbox.WithLimits(sandbox.Off)) })

// own gives the scene a sandbox of its own, to be changed.
func (s *scene) own() *sandbox.Sandbox {
	s.sb = sandbox.New(sandbox.WithLimits(sandbox.Off))
	s.t.Cleanup(s.sb.Close)
	return s.sb
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, sb: shared(), dir: t.TempDir()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.door != nil {
			s.door(w, r, s.sb.Handler())
			return
		}
		s.sb.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.env = map[string]string{
		"YCLIENTS_ENABLED": "True", "YCLIENTS_BASE_URL": server.URL, "YCLIENTS_COMPANY_ID": "4564",
		"YCLIENTS_API_TOKEN": sandbox.PartnerToken, "YCLIENTS_USER_TOKEN": sandbox.AppUserToken,
		"ZAPIS_DATA": filepath.Join(s.dir, "data"), "ZAPIS_ADMIN_ADDR": "127.0.0.1:1", "ZAPIS_HIDDEN_STAFF": "Лист ожидания",
	}
	s.o = doctor.Options{
		Patience: time.Millisecond, Carrier: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		OpenStore: func(context.Context, *config.Config) error { return nil },
		Facts:     func(context.Context, *config.Config) (*doctor.StoreFacts, error) { return &doctor.StoreFacts{}, nil },
		Budget:    func() (int, int) { return 3, 200 },
		FreeSpace: func(string) (uint64, error) { return 10 << 30, nil }, OpenFiles: func() (uint64, error) { return 65536, nil },
		Version: "1", Proxy: http.ProxyURL(nil),
	}
	return s
}

// config is what the variables of the scene say, as far as they are right.
func (s *scene) config() *config.Config {
	cfg, _ := s.load()
	return cfg
}

func (s *scene) load() (*config.Config, error) {
	s.t.Helper()
	load := config.Options{NoFile: true}
	var text strings.Builder
	for key, value := range s.env {
		load.Environ = append(load.Environ, key+"="+value)
		fmt.Fprintf(&text, "%s=%s\n", key, value)
	}
	if s.file {
		path := filepath.Join(s.dir, ".env")
		if _, err := os.Stat(path); err != nil {
			s.write(".env", text.String(), 0o600)
		}
		load = config.Options{EnvFile: path}
	}
	return config.Load(load)
}

// run examines the scene, with one check and what it depends on, or with all.
func (s *scene) run(only ...string) *doctor.Report {
	s.t.Helper()
	cfg, err := s.load()
	o := s.o
	o.Config, o.Only = cfg, only
	if err != nil {
		o.Faults, _ = errors.AsType[*config.Faults](err)
	}
	o.NewClient = func(partner, user yclients.Token) (*yclients.Client, error) {
		roots, err := cfg.RootCAs()
		if err != nil {
			return nil, err
		}
		opts := []yclients.Option{
			yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner),
			yclients.WithHTTPClient(&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}),
		}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
	return doctor.Run(s.t.Context(), o)
}

func (s *scene) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) git(args ...string) {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", s.dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (s *scene) set(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		s.env[pairs[i]] = pairs[i+1]
	}
}

// answers gives a path an answer of its own.
func (s *scene) answers(path string, status int, body string) {
	s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, path) {
			next.ServeHTTP(w, r)
			return
		}
		kind := "application/json"
		if strings.HasPrefix(body, "<") {
			kind = "text/html"
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// edits changes the text of a path's answer.
func (s *scene) edits(path, old, now string) {
	s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, path) {
			next.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		text := strings.ReplaceAll(rec.Body.String(), old, now)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(rec.Code)
		_, _ = io.WriteString(w, text)
	}
}

const noSuchHost = "https://api.yclients.com"

// elsewhere makes the network of the scene its own: nothing real is dialled.
func (s *scene) elsewhere(dial func(address string) error, found ...string) {
	s.set("YCLIENTS_BASE_URL", noSuchHost, "YCLIENTS_API_TOKEN", strings.Repeat("k", 20), "YCLIENTS_USER_TOKEN", strings.Repeat("u", 20))
	s.o.Resolve = func(context.Context, string) ([]string, error) {
		if len(found) == 0 {
			return nil, &net.DNSError{IsNotFound: true}
		}
		return found, nil
	}
	s.o.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		if err := dial(address); err != nil {
			return nil, err
		}
		here, there := net.Pipe()
		_ = there.Close()
		return here, nil
	}
}

func refuses(string) error { return errors.New("refused") }

func (s *scene) facts(f doctor.StoreFacts) {
	s.o.Facts = func(context.Context, *config.Config) (*doctor.StoreFacts, error) { return &f, nil }
}

func (s *scene) store(code problem.Code) {
	s.o.OpenStore = func(context.Context, *config.Config) error { return problem.New(code) }
}

// hooked has the webhook settings of the branch as a body, and our address.
const ourHook = "https://book.example.com/hooks/yclients/secret-example"

func (s *scene) hooked(active, record int, urls ...string) {
	s.o.HookURL = secret.Text(ourHook)
	list, _ := json.Marshal(urls)
	s.answers("/hooks_settings/", 200, fmt.Sprintf(`{"success":true,"data":{"urls":%s,"active":%d,"record":%d},"meta":[]}`, list, active, record))
}

func (s *scene) public(h http.HandlerFunc) {
	server := httptest.NewServer(h)
	s.t.Cleanup(server.Close)
	s.o.HookURL = secret.Text(server.URL + "/hooks/yclients/secret-example")
}

func (s *scene) operator(status int, body string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	s.t.Cleanup(server.Close)
	s.set("ZAPIS_ADMIN_ADDR", strings.TrimPrefix(server.URL, "http://"))
}

func (s *scene) certificate(notAfter time.Time) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: notAfter, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	return filepath.Join(s.dir, "ca.pem")
}

func refusal(message string) string {
	return `{"success":false,"data":null,"meta":{"message":"` + message + `"}}`
}

func unchanged(*scene) {}

// rehearsed leaves the journal of a rehearsal that was killed.
func (s *scene) rehearsed() {
	data := filepath.Join(s.dir, "data")
	s.env["ZAPIS_DATA"] = data
	if err := os.MkdirAll(data, 0o700); err != nil {
		s.t.Fatal(err)
	}
	journal := `{"mark":"2251799813685249","base_url":"` + s.env["YCLIENTS_BASE_URL"] + `","branch":4564,"sent":"2026-11-23T12:00:00Z"}`
	if err := os.WriteFile(filepath.Join(data, "rehearsal.json"), []byte(journal), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// situations has for every check one that it must notice, and one that it must leave alone.
var situations = map[string]struct{ bad, well func(*scene) }{
	doctor.CheckEnvFile:    {func(s *scene) { s.file = true; s.write(".env", "A=1\nbroken line\n", 0o600) }, func(s *scene) { s.file = true }},
	doctor.CheckEnvPrivate: {func(s *scene) { s.file = true; s.write(".env", "A=1\n", 0o644) }, func(s *scene) { s.file = true }},
	doctor.CheckEnvTracked: {
		func(s *scene) { s.file = true; s.run(); s.git("init", "-q"); s.git("add", "-f", ".env") },
		func(s *scene) { s.file = true; s.run(); s.git("init", "-q") },
	},
	doctor.CheckEnvIgnored: {
		func(s *scene) { s.file = true; s.git("init", "-q") },
		func(s *scene) { s.file = true; s.git("init", "-q"); s.write(".gitignore", ".env\n", 0o644) },
	},
	doctor.CheckEnvCopies: {
		func(s *scene) { s.file = true; s.write(".env.bak", "X=1\n", 0o644) },
		func(s *scene) {
			s.file = true
			s.write(".env.bak", "X=1\n", 0o600)
			s.write(".env.example", "X=\n", 0o644)
		},
	},
	doctor.CheckGitHistory: {
		func(s *scene) {
			s.file = true
			s.git("init", "-q")
			s.write("notes.txt", "token "+sandbox.AppUserToken+"\n", 0o644)
			s.git("add", "notes.txt")
			s.git("commit", "-q", "-m", "x")
			s.git("rm", "-q", "notes.txt")
			s.git("commit", "-q", "-m", "y")
		},
		func(s *scene) {
			s.file = true
			s.git("init", "-q")
			s.write("notes.txt", "no token\n", 0o644)
			s.git("add", "notes.txt")
			s.git("commit", "-q", "-m", "x")
		},
	},
	doctor.CheckDataPrivate: {
		func(s *scene) {
			s.write("data/zapis.db", "x", 0o644)
			_ = os.Chmod(filepath.Join(s.dir, "data"), 0o755)
		},
		func(s *scene) { s.write("data/zapis.db", "x", 0o644) },
	},
	doctor.CheckKeyPrivate: {func(s *scene) { s.write("data/key", "x", 0o640) }, func(s *scene) { s.write("data/key", "x", 0o600) }},
	doctor.CheckDataIgnored: {
		func(s *scene) { s.git("init", "-q"); s.write("data/key", "x", 0o600) },
		func(s *scene) {
			s.git("init", "-q")
			s.write("data/key", "x", 0o600)
			s.write(".gitignore", "/data\n", 0o644)
		},
	},

	doctor.CheckVariables:   {func(s *scene) { s.set("YCLIENTS_API_TOKEN", "") }, unchanged},
	doctor.CheckUnknown:     {func(s *scene) { s.set("ZAPIS_TYPO", "1") }, unchanged},
	doctor.CheckPlaceholder: {func(s *scene) { s.elsewhere(refuses); s.set("YCLIENTS_USER_TOKEN", "79000000001") }, func(s *scene) { s.elsewhere(refuses) }},
	doctor.CheckDistinct:    {func(s *scene) { s.set("YCLIENTS_USER_TOKEN", sandbox.PartnerToken) }, unchanged},
	doctor.CheckHost:        {func(s *scene) { s.set("YCLIENTS_BASE_URL", "https://n123.yclients.com") }, func(s *scene) { s.elsewhere(refuses) }},
	doctor.CheckScale:       {func(s *scene) { s.elsewhere(refuses); s.set("ZAPIS_LIMITS_SCALE", "10") }, func(s *scene) { s.set("ZAPIS_LIMITS_SCALE", "10") }},
	doctor.CheckCAFile: {
		func(s *scene) { s.set("YCLIENTS_CA_FILE", s.certificate(time.Now().Add(-time.Hour))) },
		func(s *scene) { s.set("YCLIENTS_CA_FILE", s.certificate(time.Now().Add(time.Hour))) },
	},
	doctor.CheckMode: {func(s *scene) { s.set("ZAPIS_MODE", "readonly") }, unchanged},
	doctor.CheckAlerts: {
		func(s *scene) { s.elsewhere(refuses) },
		func(s *scene) { s.elsewhere(refuses); s.set("ZAPIS_ALERT_WEBHOOK", "https://hooks.example.com/x") },
	},

	doctor.CheckStoreFolder: {func(s *scene) { s.store(problem.FolderUnusable) }, unchanged},
	doctor.CheckStoreKey:    {func(s *scene) { s.store(problem.KeyWrong) }, unchanged},
	doctor.CheckStoreNewer:  {func(s *scene) { s.store(problem.StoreNewer) }, unchanged},
	doctor.CheckStore:       {func(s *scene) { s.store(problem.StoreUnavailable) }, unchanged},
	doctor.CheckStoreOlder:  {func(s *scene) { s.facts(doctor.StoreFacts{Older: true}) }, unchanged},
	doctor.CheckDisk:        {func(s *scene) { s.o.FreeSpace = func(string) (uint64, error) { return 300 << 20, nil } }, unchanged},
	doctor.CheckCodes: {
		func(s *scene) { s.facts(doctor.StoreFacts{CodesSent: 7}) },
		func(s *scene) { s.facts(doctor.StoreFacts{CodesSent: 7, CodesUsed: 1}) },
	},
	doctor.CheckAttention: {func(s *scene) { s.facts(doctor.StoreFacts{Attention: 2}) }, unchanged},
	doctor.CheckRehearsal: {func(s *scene) { s.rehearsed() }, unchanged},

	doctor.CheckFiles:         {func(s *scene) { s.o.OpenFiles = func() (uint64, error) { return 256, nil } }, unchanged},
	doctor.CheckServer:        {func(s *scene) { s.operator(503, `{"status":"not ready","code":"not_configured"}`) }, func(s *scene) { s.operator(200, `{"status":"ready"}`) }},
	doctor.CheckServerVersion: {func(s *scene) { s.operator(200, `{"status":"ok","version":"0"}`) }, func(s *scene) { s.operator(200, `{"status":"ok","version":"1"}`) }},

	doctor.CheckResolve: {func(s *scene) { s.elsewhere(refuses) }, unchanged},
	doctor.CheckConnect: {func(s *scene) { s.elsewhere(refuses, "192.0.2.1") }, unchanged},
	doctor.CheckOtherHost: {
		func(s *scene) {
			s.elsewhere(func(address string) error {
				if strings.HasSuffix(address, ".ru:443") {
					return nil
				}
				return errors.New("refused")
			}, "192.0.2.1")
		},
		func(s *scene) { s.elsewhere(func(string) error { return nil }, "192.0.2.1") },
	},
	doctor.CheckTLS: {
		func(s *scene) {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failed handshake is the point
			server.StartTLS()
			s.t.Cleanup(server.Close)
			s.set("YCLIENTS_BASE_URL", server.URL)
		},
		unchanged,
	},
	doctor.CheckAnswers: {func(s *scene) { _ = s.own().SetFaults(sandbox.Faults{Off: true}) }, unchanged},
	doctor.CheckIsAPI:   {func(s *scene) { s.answers("/api/v1/companies", 200, "<html>cabinet</html>") }, unchanged},
	doctor.CheckAccept: {
		func(s *scene) {
			s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				r.Header.Set("Accept", "application/json")
				next.ServeHTTP(w, r)
			}
		},
		unchanged,
	},
	doctor.CheckLatency: {func(s *scene) { _ = s.own().SetFaults(sandbox.Faults{DelayMS: 2100}) }, unchanged},
	doctor.CheckClock:   {func(s *scene) { s.o.Now = func() time.Time { return time.Now().Add(time.Hour) } }, unchanged},
	doctor.CheckBudget:  {func(s *scene) { s.o.Budget = func() (int, int) { return 195, 200 } }, unchanged},
	doctor.CheckShared:  {func(s *scene) { _ = s.own().SetFaults(sandbox.Faults{RefuseNext: 1}) }, unchanged},

	doctor.CheckAuthHeader: {
		func(s *scene) {
			s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				r.Header.Del("Authorization")
				next.ServeHTTP(w, r)
			}
		},
		unchanged,
	},
	doctor.CheckAPIKey: {func(s *scene) { s.set("YCLIENTS_API_TOKEN", "other-key") }, unchanged},
	doctor.CheckUserPart: {
		func(s *scene) {
			s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				bearer, _, _ := strings.Cut(r.Header.Get("Authorization"), ",")
				r.Header.Set("Authorization", bearer)
				next.ServeHTTP(w, r)
			}
		},
		unchanged,
	},
	doctor.CheckUserToken: {
		func(s *scene) { // the password was changed
			if _, err := s.own().ChangePassword(sandbox.AppLogin, "another-example"); err != nil {
				s.t.Fatal(err)
			}
		},
		unchanged,
	},

	doctor.CheckNotForm: {func(s *scene) { s.set("YCLIENTS_COMPANY_ID", "91002") }, unchanged},
	doctor.CheckKnown:   {func(s *scene) { s.set("YCLIENTS_COMPANY_ID", "999999") }, unchanged},
	doctor.CheckBranch:  {func(s *scene) { s.set("YCLIENTS_COMPANY_ID", "7001") }, unchanged},
	doctor.CheckZone:    {func(s *scene) { s.edits("/companies", "Europe/Moscow", "Mars/Olympus") }, unchanged},
	doctor.CheckOnline:  {func(s *scene) { s.edits("/companies", `"active":"1"`, `"active":"0"`) }, unchanged},
	doctor.CheckLicence: {func(s *scene) {
		s.answers("/user/permissions/", 403, refusal("Необходимо продлить лицензию в филиале с id: 4564"))
	}, unchanged},
	doctor.CheckAllowed: {func(s *scene) {
		s.answers("/user/permissions/", 403, refusal("Нет прав на управление компанией"))
	}, unchanged},
	doctor.CheckRights: {func(s *scene) { s.set("YCLIENTS_USER_TOKEN", sandbox.NoRightsUserToken) }, unchanged},
	doctor.CheckExcess: {func(s *scene) { s.set("YCLIENTS_USER_TOKEN", sandbox.UserToken) }, unchanged},
	doctor.CheckBookingOpen: {
		func(s *scene) {
			s.answers("/book_services/", 200, `{"success":true,"data":{"services":[],"category":[]},"meta":[]}`)
		}, unchanged,
	},
	doctor.CheckStaff: {func(s *scene) { s.answers("/book_staff/", 200, `{"success":true,"data":[],"meta":[]}`) }, unchanged},
	doctor.CheckTimes: {
		func(s *scene) {
			s.answers("/book_staff/", 200, `{"success":true,"data":[{"id":1,"name":"Анна","bookable":false}],"meta":[]}`)
		}, unchanged,
	},
	doctor.CheckOffset: {
		func(s *scene) {
			s.answers("/book_staff_seances/", 200, `{"success":true,"data":{"seance_date":"2026-11-25","seances":[{"time":"10:00","seance_length":3600,"datetime":"2026-11-25T10:00:00+05:00"}]},"meta":[]}`)
		},
		func(s *scene) {
			s.answers("/book_staff_seances/", 200, `{"success":true,"data":{"seance_date":"2026-11-25","seances":[{"time":"10:00","seance_length":3600,"datetime":"2026-11-25T10:00:00+03:00"}]},"meta":[]}`)
		},
	},
	doctor.CheckWaiting: {func(s *scene) { s.set("ZAPIS_HIDDEN_STAFF", "17") }, unchanged},

	doctor.CheckHookReachable: {
		func(s *scene) {
			s.public(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
		},
		func(s *scene) { s.public(func(http.ResponseWriter, *http.Request) {}) },
	},
	doctor.CheckHookInstalled: {func(s *scene) { s.hooked(1, 1, "https://other.example/x") }, func(s *scene) { s.hooked(1, 1, ourHook) }},
	doctor.CheckHookOverwritten: {
		func(s *scene) {
			s.hooked(1, 1, "https://other.example/x")
			s.facts(doctor.StoreFacts{Hooked: []int64{4564}})
		},
		func(s *scene) {
			s.hooked(1, 1, "https://other.example/x")
			s.facts(doctor.StoreFacts{Hooked: []int64{4565}})
		},
	},
	doctor.CheckHookActive: {func(s *scene) { s.hooked(0, 1, ourHook) }, func(s *scene) { s.hooked(1, 1, ourHook) }},
	doctor.CheckHookEvents: {func(s *scene) { s.hooked(1, 0, ourHook) }, func(s *scene) { s.hooked(1, 1, ourHook) }},
	doctor.CheckHookOnce: {
		func(s *scene) { s.hooked(1, 1, ourHook, "https://book.example.com/hooks/yclients/former-example") },
		func(s *scene) { s.hooked(1, 1, ourHook, "https://other.example/hooks/yclients/x") },
	},
	doctor.CheckHookRoom: {
		func(s *scene) { s.hooked(1, 1, slices.Repeat([]string{"https://other.example/x"}, 10)...) },
		func(s *scene) { s.hooked(1, 1, slices.Repeat([]string{"https://other.example/x"}, 9)...) },
	},
}

// Every check has a situation that it notices and one that it leaves alone; a new check without them fails here.
func TestEveryCheckHasItsSituations(t *testing.T) {
	t.Parallel()
	if len(doctor.Checks) < 40 || len(situations) != len(doctor.Checks) {
		t.Errorf("%d checks, %d pairs of situations", len(doctor.Checks), len(situations))
	}
	for _, c := range doctor.Checks {
		pair, there := situations[c.Code]
		if !there {
			t.Errorf("%s has no situations", c.Code)
			continue
		}
		t.Run(c.Code, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			pair.bad(s)
			noticed := false
			for _, f := range s.run(c.Code).Findings {
				if f.Check != c.Code {
					continue
				}
				if f.Status == doctor.StatusFailure || f.Status == doctor.StatusWarning {
					noticed = true
					if f.Found.RU == "" || f.Found.EN == "" || f.Next.RU == "" || f.Next.EN == "" {
						t.Errorf("says too little: %+v", f)
					}
				}
			}
			if !noticed {
				t.Errorf("its situation is not noticed: %+v", s.run(c.Code).Findings)
			}
			s = newScene(t)
			pair.well(s)
			r := s.run(c.Code)
			if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Check == c.Code && f.Status == doctor.StatusOK }) {
				t.Errorf("never says that all is well: %+v", r.Findings)
			}
			for _, f := range r.Findings {
				if f.Check == c.Code && f.Status != doctor.StatusOK {
					t.Errorf("a false alarm: %s: %s", f.Status, f.Found.EN)
				}
			}
		})
	}
}

// The former file that setup keeps holds tokens too: git must not take it either.
func TestBackupIsKeptFromGit(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.file = true
	s.git("init", "-q")
	s.write(".gitignore", "/.env\n", 0o644)
	s.write(".env.bak", "X=1\n", 0o600)
	wrong := func(check string) (found []string) {
		for _, f := range s.run(check).Findings {
			if f.Check == check && f.Status != doctor.StatusOK {
				found = append(found, f.Found.EN)
			}
		}
		return found
	}
	if got := wrong(doctor.CheckEnvIgnored); len(got) != 1 || !strings.Contains(got[0], ".env.bak") {
		t.Errorf("not ignored: %q", got)
	}
	s.git("add", "-f", ".env.bak")
	if got := wrong(doctor.CheckEnvTracked); len(got) != 1 || !strings.Contains(got[0], ".env.bak") {
		t.Errorf("tracked: %q", got)
	}
	if got := wrong(doctor.CheckEnvIgnored); len(got) != 0 {
		t.Errorf("ignoring what is tracked would do nothing: %q", got)
	}
}

// Thirty branches cost a stated number of calls: three for the account and one for each branch; with everything asked,
// five for each.
func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	count := func(branches int, thorough bool) int {
		s := newScene(t)
		var list []string
		for i := range branches {
			list = append(list, fmt.Sprint(100_000+i))
		}
		calls := 0
		s.set("YCLIENTS_COMPANY_ID", list[0], "ZAPIS_COMPANY_IDS", strings.Join(list[1:], ","))
		s.o.Thorough = thorough
		s.door = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			calls++ // the doctor makes one call after the other
			if strings.HasSuffix(r.URL.Path, "/companies") && r.URL.Query().Get("my") != "" {
				var items []string
				for _, id := range list {
					items = append(items, `{"id":"`+id+`","title":"Салон","active":"1","timezone_name":"Europe/Moscow"}`)
				}
				if r.URL.Query().Get("page") == "2" {
					items = nil
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"success":true,"data":[%s],"meta":[]}`, strings.Join(items, ","))
				return
			}
			r.URL.Path = strings.ReplaceAll(r.URL.Path, "/1000", "/4564#") // every branch answers as the first of the sandbox
			r.URL.Path, _, _ = strings.Cut(r.URL.Path, "#")
			next.ServeHTTP(w, r)
		}
		if r := s.run(); r.ExitCode() != 0 {
			t.Errorf("exit code %d: %+v", r.ExitCode(), firstFailure(t, r))
		}
		return calls
	}
	stated := func(branches int, thorough bool) int {
		n := 0
		for _, c := range doctor.Checks {
			switch {
			case c.Area == doctor.AreaHooks || c.Thorough && !thorough:
			case c.PerBranch:
				n += c.Calls * branches
			default:
				n += c.Calls
			}
		}
		return n
	}
	for _, tt := range []struct {
		branches int
		thorough bool
		want     int
	}{{30, false, 33}, {30, true, 123}, {1, true, 7}} {
		if got := count(tt.branches, tt.thorough); got != tt.want || stated(tt.branches, tt.thorough) != tt.want {
			t.Errorf("%d branches, thorough %v: %d calls, stated %d, want %d", tt.branches, tt.thorough, got, stated(tt.branches, tt.thorough), tt.want)
		}
	}
}
