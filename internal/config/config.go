// Package config turns the process environment, a .env file and command-line flags into one Config, and
// says everything that is wrong at once. It also writes .env files without disturbing them (EnvFile) and
// recognises badly pasted tokens (InspectToken).
//
// Flags beat the process environment, which beats the file. Values of variables never appear in errors.
package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

// State tells what a server can do with the configuration.
type State int

const (
	// NotConfigured: no account variables at all. The server starts in setup mode, the API answers 503 not_configured.
	NotConfigured State = iota
	// Disabled: YCLIENTS_ENABLED is a no. The API answers 503 disabled.
	Disabled
	// Ready: the account is complete and well-formed; whether YCLIENTS accepts it is doctor's question.
	Ready
)

func (s State) String() string {
	return [...]string{"not_configured", "disabled", "ready"}[s]
}

// Mode decides what a server writes to YCLIENTS.
type Mode string

const (
	ModeLive     Mode = "live"     // reads and books
	ModeReadonly Mode = "readonly" // reads, refuses writes
	ModePilot    Mode = "pilot"    // reads, books only for PilotPhones
)

// Account is one access to YCLIENTS: API key, user token and the branches they open.
type Account struct {
	// ID is "env" for the account of the configuration.
	ID string
	// PartnerToken is the API key of the Marketplace account (YCLIENTS_API_TOKEN).
	PartnerToken secret.String
	// UserToken is the token of an employee (YCLIENTS_USER_TOKEN).
	UserToken secret.String
	// Branches are YCLIENTS_COMPANY_ID and then ZAPIS_COMPANY_IDS, each once.
	Branches []int64
}

// Config is everything a server or a command is told from outside. Defaults are those of Keys.
type Config struct {
	// State is decided by the YCLIENTS_* variables; in every state the other fields are valid.
	State State
	// Account is filled when State is Ready (and as far as given when Disabled).
	Account Account
	// BaseURL of YCLIENTS, without /api/v1 and without a final slash. Default https://api.yclients.com.
	BaseURL string
	// CAFile is a PEM file of additional root certificates; empty = the system's only. Default empty.
	CAFile string
	// Mode is live, readonly or pilot. Default live.
	Mode Mode
	// PilotPhones may book in ModePilot. Default none.
	PilotPhones []salon.Phone
	// Key is the encryption key, base64 of 32 bytes; empty = the file "key" in DataDir, made when absent.
	Key secret.String
	// DatabaseURL is postgres://…, or empty for SQLite in DataDir. It is secret: it usually holds a password.
	DatabaseURL secret.String
	// DataDir holds the database and the key. Default "zapis-data" in the working folder.
	DataDir string
	// Addr is where the mobile API listens. Default ":8484".
	Addr string
	// AdminAddr is where /setup, /admin and /metrics listen. Default "127.0.0.1:8486".
	AdminAddr string
	// PublicURL is where the server is seen from the internet, scheme and host only; empty = nowhere. Default empty.
	PublicURL string
	// Origins are the web origins allowed to call the API with credentials (https://book.example.ru). Default none.
	Origins []string
	// TrustedProxies may say X-Forwarded-For. Default none.
	TrustedProxies []netip.Prefix
	// TestPhones are phones of store reviewers with a fixed code. They are read and not in force in this version,
	// which a warning says. Default none.
	TestPhones map[salon.Phone]secret.String
	// HiddenStaff are masters never offered (waiting lists kept as a fake master), by id or by name. Default none.
	HiddenStaff []string
	// LimitsScale multiplies both rate limits, for tests against a sandbox scaled likewise. Default 1.
	LimitsScale int
	// Alert says whom to tell of trouble. Default nobody.
	Alert Alert
	// LogLevel is debug, info, warn or error. Default info.
	LogLevel slog.Level
	// LogJSON writes JSON lines. Default false (text).
	LogJSON bool
	// EnvFile is the file that was read; empty when there was none.
	EnvFile string
	// Warnings are things that look wrong and do not stop a start.
	Warnings []Fault

	origins map[string]Origin
	shown   map[string]Text
}

// Shown is the value of a variable as a person may see it: secrets as a mask with their length, and all that might be a
// misplaced secret likewise. Empty = not given.
func (c *Config) Shown(key string) Text { return c.shown[key] }

// Origin says where the value of a variable came from.
func (c *Config) Origin(key string) Origin {
	if o, ok := c.origins[key]; ok {
		return o
	}
	return Origin{Source: "default"}
}

// Plain is a copy that holds what the settings say and not where they came from, for comparing.
func (c Config) Plain() Config {
	c.origins, c.shown = nil, nil
	return c
}

// RootCAs are the system's roots and those of CAFile; nil (the system's) without one.
func (c *Config) RootCAs() (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", c.CAFile)
	}
	return pool, nil
}

// Options are the sources of Load.
type Options struct {
	// EnvFile is the path of the .env file. Empty: ".env" in the working folder if there is one. A file
	// named here must exist.
	EnvFile string
	// NoFile reads no file at all.
	NoFile bool
	// Environ is os.Environ().
	Environ []string
	// Flags are variables given on the command line, by the names of Keys (ZAPIS_ADDR).
	Flags map[string]string
}

// DefaultEnvFile is read when no file is named.
const DefaultEnvFile = ".env"

// Load reads all sources. The Config is never nil: with faults it holds what could be read, for doctor. The
// error is a *Faults.
func Load(o Options) (*Config, error) {
	l := &loader{cfg: &Config{origins: map[string]Origin{}, shown: map[string]Text{}}, values: map[string]string{}}
	if !o.NoFile {
		l.readFile(o.EnvFile)
	}
	for _, kv := range o.Environ {
		key, value, _ := strings.Cut(kv, "=")
		l.put(key, value, Origin{Source: "environment"})
	}
	for key, value := range o.Flags {
		l.put(key, value, Origin{Source: "flag"})
	}
	for _, k := range Keys {
		l.apply(k)
	}
	l.decideState()
	l.crossCheck()
	l.checkAlert()
	l.warnUnknown()
	l.warnTwice()
	if len(l.faults.List) > 0 {
		return l.cfg, &l.faults
	}
	return l.cfg, nil
}

type loader struct {
	cfg    *Config
	values map[string]string
	faults Faults
	file   *EnvFile // nil without one
}

func (l *loader) put(key, value string, from Origin) {
	if !strings.HasPrefix(key, "YCLIENTS_") && !strings.HasPrefix(key, "ZAPIS_") {
		return
	}
	l.values[key], l.cfg.origins[key], l.cfg.shown[key] = value, from, masked(key, value)
}

func (l *loader) readFile(path string) {
	named := path != ""
	if !named {
		path = DefaultEnvFile
	}
	file, err := ReadEnvFile(path)
	if err != nil {
		l.faultFile(path, err)
		return
	}
	if !file.Exists() {
		if named {
			l.faultFile(path, fs.ErrNotExist)
		}
		return
	}
	l.cfg.EnvFile, l.file = path, file
	for key, value := range file.Values() {
		l.put(key, value, Origin{Source: "file", File: path, Line: file.Line(key)})
	}
}

func (l *loader) faultFile(path string, err error) {
	fault := Fault{Key: "--env-file", From: Origin{Source: "file", File: path}}
	var syntax *SyntaxError
	switch {
	case errors.As(err, &syntax):
		fault.Key, fault.From.Line = path, syntax.Line
		fault.What = syntax.Text
		fault.Fix = T("исправьте эту строку или закомментируйте её знаком #", "mend the line, or comment it out with #")
	case errors.Is(err, fs.ErrNotExist):
		fault.From = Origin{}
		fault.What = Tf("файла %s нет", "there is no file %s", path)
		fault.Fix = Tf("укажите верный путь или создайте файл: zapis setup --env-file %s", "name the right path, or make the file: zapis setup --env-file %s", path)
	case errors.Is(err, fs.ErrPermission):
		fault.From = Origin{}
		fault.What = Tf("файл %s нельзя прочитать: нет прав", "the file %s cannot be read: no permission", path)
		fault.Fix = Tf("запустите от имени владельца файла или верните ему права: chmod 600 %s", "run as the owner of the file, or give it its rights: chmod 600 %s", path)
	default:
		fault.From = Origin{}
		fault.What = Tf("файл %s не читается: %v", "the file %s cannot be read: %v", path, err)
		fault.Fix = T("проверьте, что это обычный текстовый файл", "check that it is a plain text file")
	}
	l.faults.List = append(l.faults.List, fault)
}

// apply sets one field, from its value or from its default.
func (l *loader) apply(k Key) {
	value := l.values[k.Name]
	if value == "" {
		value = k.Default
	}
	if value == "" || k.set == nil {
		return
	}
	if what := k.set(l.cfg, value); what != nil {
		l.fault(k.Name, *what, k.Fix)
	}
}

func (l *loader) fault(key string, what, fix Text) {
	l.faults.List = append(l.faults.List, Fault{Key: key, From: l.cfg.origins[key], What: what, Fix: fix})
}
