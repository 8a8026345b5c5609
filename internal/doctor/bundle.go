package doctor

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"zapis/internal/config"
)

// Bundle is a report that may be sent to somebody who helps: what was found, on what system, with which variables
// set. Names of salons and people, phones, addresses, tokens and paths of the machine are taken out.
type Bundle struct {
	Made      time.Time         `json:"made"`
	Version   string            `json:"version"`
	System    string            `json:"system"`
	BaseURL   string            `json:"base_url"`
	State     string            `json:"state"`
	Mode      config.Mode       `json:"mode"`
	Branches  int               `json:"branches"`
	Variables map[string]string `json:"variables"` // where each value came from, never the value
	Report    Document          `json:"report"`
}

// WriteBundle writes the bundle as JSON.
func (r *Report) WriteBundle(w io.Writer, o Options, lang string) error {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	b := Bundle{
		Made: now().UTC().Truncate(time.Second), Version: o.Version, System: runtime.GOOS + "/" + runtime.GOARCH + " " + runtime.Version(),
		State: o.Config.State.String(), Mode: o.Config.Mode, Branches: len(o.Config.Account.Branches), Variables: map[string]string{},
		Report: r.Document(lang),
	}
	if u, err := url.Parse(o.Config.BaseURL); err == nil {
		b.BaseURL = u.Scheme + "://" + u.Host
	}
	for _, k := range config.Keys {
		b.Variables[k.Name] = o.Config.Origin(k.Name).Source
	}
	redact := r.redactor(o.Config)
	b.Report.Companies = nil
	b.Report.ToDo, b.Report.Does = redact(b.Report.ToDo), redact(b.Report.Does)
	for i := range b.Report.Findings {
		f := &b.Report.Findings[i]
		f.Found, f.Next = redact(f.Found), redact(f.Next)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(b)
}

// Redacted patterns: what is quoted comes from outside, and so does whatever looks like a number of a person or a secret.
var (
	quotedText = regexp.MustCompile(`«[^»]*»|"[^"]*"`)
	digits     = regexp.MustCompile(`\+?\d[\d ()-]{8,}\d`)
	address    = regexp.MustCompile(`[^\s@«»":]+@[^\s@«»":]+\.[a-zA-Zа-яА-Я]+`)
	longWord   = regexp.MustCompile(`[A-Za-z0-9+/_=%-]{24,}`)
)

// redactor takes out what the configuration and the account are known to hold, in every spelling it may have, and
// then whatever looks like it.
func (r *Report) redactor(c *config.Config) func(string) string {
	var pairs []string
	hide := func(text, as string) {
		if len(text) < 3 {
			return
		}
		for _, s := range []string{text, url.QueryEscape(text), url.PathEscape(text), base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text))} {
			pairs = append(pairs, s, as)
		}
	}
	hide(c.Account.PartnerToken.Reveal(), "[token]")
	hide(c.Account.UserToken.Reveal(), "[token]")
	hide(c.Key.Reveal(), "[key]")
	hide(c.DatabaseURL.Reveal(), "[database]")
	hide(c.Alert.SMTP.Reveal(), "[smtp]")
	hide(c.Alert.TelegramToken.Reveal(), "[token]")
	hide(c.Alert.Webhook.Reveal(), "[webhook]")
	for _, to := range c.Alert.EmailTo {
		hide(to, "[email]")
	}
	for _, name := range c.HiddenStaff {
		hide(name, "[name]")
	}
	for _, company := range r.Companies {
		hide(company.Title, "[salon]")
		hide(company.City, "[city]")
	}
	if u, err := url.Parse(c.PublicURL); err == nil {
		hide(u.Host, "[host]") // a salon's own name, as a rule
	}
	for _, path := range []string{c.EnvFile, c.DataDir, c.CAFile} {
		if path != "" && filepath.Dir(path) != "." {
			hide(filepath.Dir(path), "[folder]")
		}
	}
	known := strings.NewReplacer(pairs...)
	return func(s string) string {
		s = known.Replace(s)
		s = quotedText.ReplaceAllString(s, "«…»")
		s = address.ReplaceAllString(s, "[email]")
		s = digits.ReplaceAllString(s, "[number]")
		return longWord.ReplaceAllString(s, "[text]")
	}
}
