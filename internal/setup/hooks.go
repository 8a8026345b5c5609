package setup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/yclients"
)

// hookPath is where a server takes webhooks; a secret follows, because YCLIENTS signs nothing.
const hookPath = "/hooks/yclients/"

// maxHooks is how many addresses YCLIENTS keeps for a branch.
const maxHooks = 10

// hookFlags are the events that Zapis wants to hear of. Others stay as they are.
var hookFlags = []struct {
	name  string
	title Text
}{
	{"record", config.T("записи", "bookings")},
	{"schedule", config.T("расписание мастеров", "the masters' schedules")},
	{"service", config.T("услуги", "services")},
	{"service_category", config.T("категории услуг", "categories of services")},
	{"master", config.T("мастера", "masters")},
	{"salon", config.T("филиал", "the branch")},
}

// HookAddress is what YCLIENTS should call: the public address with a secret that only the key of the data folder
// gives, so that all who share the key know it and it is stored nowhere. public is the server's address from outside;
// empty = ZAPIS_PUBLIC_URL. HooksAddress when it is none that YCLIENTS could reach.
func (e *Engine) HookAddress(public string) (secret.String, error) {
	cfg, _ := e.Config()
	public = strings.TrimRight(cmp.Or(strings.TrimSpace(public), cfg.PublicURL), "/")
	if err := usablePublicly(public); err != nil {
		return secret.String{}, err
	}
	key, err := sealKey(cfg, true)
	if err != nil {
		return secret.String{}, unusable(err)
	}
	return HookAddress(public, key), nil
}

// PublicAddress is a server's address as people name it: https is meant where nothing is said.
func PublicAddress(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), "/")
	if text != "" && !strings.Contains(text, "://") {
		text = "https://" + text
	}
	return text
}

// HookAddress is the address of a public URL under a key.
func HookAddress(publicURL string, key *secret.Key) secret.String {
	return secret.Text(publicURL + hookPath + key.Lookup("hooks.yclients")[:40])
}

// usablePublicly refuses what YCLIENTS could not reach. http passes for this machine alone, where the sandbox is.
func usablePublicly(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return refusal(problem.HooksAddress, config.T("публичный адрес сервера не задан или это не адрес вида https://узел, без пути", "the public address of the server is not set, or is none like https://host, without a path"), Text{})
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := err == nil && ip.IsLoopback()
	if u.Scheme == "http" && loopback {
		return nil
	}
	if u.Scheme != "https" || err == nil && (loopback || ip.IsPrivate() || ip.IsUnspecified()) || u.Hostname() == "localhost" {
		return refusal(problem.HooksAddress, config.Tf("%s из интернета не виден или без https", "%s cannot be seen from the internet, or is without https", u.Scheme+"://"+u.Host), Text{})
	}
	return nil
}

// HookChange is one line of the difference. Addresses of others are shown by their host only: the rest is often a secret.
type HookChange struct {
	What     Text
	Old, New string
}

// HooksPlan is what HooksApply would do to the settings of a branch.
type HooksPlan struct {
	Branch int64
	// Changes is empty when nothing has to be done.
	Changes []HookChange
	// Others is how many addresses of other applications there are; they stay. Wakes: delivery was off, and switching it on
	// switches it on for them too.
	Others int
	Wakes  bool
	// Stays: our address is the only one, and YCLIENTS takes no empty list; taking it out switches delivery off.
	Stays bool

	read, write hookSettings
}

// hookSettings are the settings as YCLIENTS gave them, every member, known or not.
type hookSettings map[string]json.RawMessage

// HooksState is how the settings of a branch stand, for showing.
type HooksState struct {
	Active    bool
	Ours      bool
	Addresses []string // hosts of others, and ours
	Events    []Text   // of those that Zapis wants
	Missing   []Text
}

// HooksPlan reads the settings (GET /hooks_settings) and merges ours into them, or takes ours out. Every member that was
// read is sent back, known or not, and addresses of others are not touched. HooksFull when ten are taken.
func (e *Engine) HooksPlan(ctx context.Context, key, token secret.String, branch int64, ours secret.String, remove bool) (*HooksPlan, error) {
	read, err := e.readHooks(ctx, key, token, branch)
	if err != nil {
		return nil, err
	}
	urls, err := read.urls()
	if err != nil {
		return nil, err
	}
	p := &HooksPlan{Branch: branch, read: read, write: maps.Clone(read)}
	kept := slices.DeleteFunc(slices.Clone(urls), func(u string) bool { return isOurs(u, ours.Reveal()) })
	p.Others = len(kept)
	stays := !remove // one of ours, as it is
	for _, u := range urls {
		if !isOurs(u, ours.Reveal()) {
			continue
		}
		if stays && u == ours.Reveal() {
			stays = false
			continue
		}
		p.Changes = append(p.Changes, HookChange{config.T("адрес", "address"), shownAddress(u, true), ""})
	}
	if remove {
		return p, p.without(kept)
	}
	if len(kept) >= maxHooks {
		return nil, refusal(problem.HooksFull, config.Tf("в филиале %d заняты все %d адресов: %s", "all addresses of branch %d are taken (%d): %s", branch, len(kept), hosts(kept)), Text{})
	}
	if !slices.Contains(urls, ours.Reveal()) {
		p.Changes = append(p.Changes, HookChange{config.T("адрес", "address"), "", shownAddress(ours.Reveal(), true)})
	}
	p.write["urls"] = mustJSON(append(kept, ours.Reveal()))
	if !isOn(read["active"]) {
		p.Wakes = p.Others > 0
		p.write["active"] = on(read["active"])
		p.Changes = append(p.Changes, HookChange{config.T("отправка", "delivery"), "0", "1"})
	}
	for _, f := range hookFlags {
		if !isOn(read[f.name]) {
			p.write[f.name] = on(read[f.name])
			p.Changes = append(p.Changes, HookChange{f.title, "0", "1"})
		}
	}
	return p, nil
}

// without leaves the addresses of others. YCLIENTS takes no empty list: the last one stays in it, with delivery off.
func (p *HooksPlan) without(kept []string) error {
	if len(kept) > 0 {
		p.write["urls"] = mustJSON(kept)
		return nil
	}
	p.Stays, p.Changes = len(p.Changes) > 0, nil
	if p.Stays && isOn(p.read["active"]) {
		p.write["active"] = off(p.read["active"])
		p.Changes = append(p.Changes, HookChange{config.T("отправка", "delivery"), "1", "0"})
	}
	return nil
}

// HooksApply writes the plan (POST /hooks_settings) if a second reading is still what the first was, and reads once more to
// see that it was kept: HooksChanged otherwise. When the answer of the write was lost, that reading tells.
func (e *Engine) HooksApply(ctx context.Context, key, token secret.String, p *HooksPlan) error {
	if len(p.Changes) == 0 {
		return nil
	}
	now, err := e.readHooks(ctx, key, token, p.Branch)
	if err != nil {
		return err
	}
	if diff := differing(p.read, now); len(diff) > 0 {
		return refusal(problem.HooksChanged, config.Tf("пока мы спрашивали, в филиале %d изменили: %s; ничего не записано", "while we asked, branch %d was changed: %s; nothing was written",
			p.Branch, strings.Join(diff, ", ")), config.T("повторите: разница будет показана заново", "try again: the difference will be shown anew"))
	}
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return err
	}
	body, err := p.write.request()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, _, written := c.Hooks.Set(ctx, p.Branch, body)
	kept, err := e.readHooks(ctx, key, token, p.Branch)
	if err != nil {
		return err
	}
	diff := differing(p.write, kept)
	switch {
	case len(diff) == 0:
		return nil
	case written != nil:
		return refused(written)
	}
	return refusal(problem.HooksChanged, config.Tf("в филиале %d сохранилось не так, как записано: %s", "branch %d did not keep what was written: %s", p.Branch, strings.Join(diff, ", ")), Text{})
}

// Hooks tells how the settings of a branch stand.
func (e *Engine) Hooks(ctx context.Context, key, token secret.String, branch int64, ours secret.String) (HooksState, error) {
	read, err := e.readHooks(ctx, key, token, branch)
	if err != nil {
		return HooksState{}, err
	}
	urls, err := read.urls()
	if err != nil {
		return HooksState{}, err
	}
	s := HooksState{Active: isOn(read["active"]), Ours: !ours.IsZero() && slices.Contains(urls, ours.Reveal())}
	for _, u := range urls {
		s.Addresses = append(s.Addresses, shownAddress(u, isOurs(u, ours.Reveal())))
	}
	for _, f := range hookFlags {
		if isOn(read[f.name]) {
			s.Events = append(s.Events, f.title)
		} else {
			s.Missing = append(s.Missing, f.title)
		}
	}
	return s, nil
}

// HooksTest calls our own address as YCLIENTS would, from this machine: HooksAddress when it is not this server that
// answers. The event is of a branch 0, which nobody has.
func (e *Engine) HooksTest(ctx context.Context, ours secret.String, carrier *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	event := `{"company_id":0,"resource":"record","resource_id":0,"status":"update","data":{}}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ours.Reveal(), strings.NewReader(event))
	if err != nil {
		return refusal(problem.HooksAddress, config.T("адрес не читается", "the address cannot be read"), Text{})
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := carrier.Do(req)
	if err != nil {
		return refusal(problem.HooksAddress, config.Tf("%s не отвечает", "%s does not answer", shownAddress(ours.Reveal(), true)),
			config.T("откройте адрес с телефона без Wi-Fi; проверьте DNS, порт 443, сертификат и прокси", "open the address from a phone without Wi-Fi; check DNS, port 443, the certificate and the proxy"))
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return refusal(problem.HooksAddress, config.Tf("%s отвечает %d вместо «принято»", "%s answers %d in place of \"taken\"", shownAddress(ours.Reveal(), true), resp.StatusCode),
			config.T("проверьте, что прокси передаёт /hooks/ этому серверу и что у него тот же ключ", "check that the proxy passes /hooks/ on to this server, and that it has the same key"))
	}
	return nil
}

// readHooks gives the settings with every member, also those the SDK does not know.
func (e *Engine) readHooks(ctx context.Context, key, token secret.String, branch int64) (hookSettings, error) {
	c, err := e.client(key.Reveal(), token.Reveal())
	if err != nil {
		return nil, err
	}
	var s *yclients.HooksSettings
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		s, _, err = c.Hooks.Get(ctx, branch)
		return err
	})
	if err != nil {
		return nil, err
	}
	var raw hookSettings
	data, err := json.Marshal(s) // as received
	if err == nil {
		err = json.Unmarshal(data, &raw)
	}
	if err != nil || raw == nil {
		return nil, refusal(problem.UpstreamMalformed, config.T("настройки уведомлений не читаются", "the webhook settings cannot be read"), Text{})
	}
	return raw, nil
}

// urls are the addresses. A list of another kind is no empty list: writing over it would lose it.
func (s hookSettings) urls() ([]string, error) {
	raw := bytes.TrimSpace(s["urls"])
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var urls []string
	if err := json.Unmarshal(raw, &urls); err != nil {
		return nil, refusal(problem.UpstreamMalformed, config.T("список адресов уведомлений не читается; ничего не записано", "the list of webhook addresses cannot be read; nothing was written"), Text{})
	}
	return urls, nil
}

// request is the body: what the SDK wants by name, all the rest as it was read.
func (s hookSettings) request() (*yclients.HooksSettingsRequest, error) {
	urls, err := s.urls()
	if err != nil {
		return nil, err
	}
	body := &yclients.HooksSettingsRequest{URLs: urls, Active: isOn(s["active"]), Extra: map[string]any{}}
	for name, value := range s {
		if name != "urls" && name != "active" {
			body.Extra[name] = value
		}
	}
	return body, nil
}

// differing names the members that are not the same; numbers, texts and booleans of one meaning are.
func differing(a, b hookSettings) []string {
	var names []string
	for name := range a {
		if plain(a[name]) != plain(b[name]) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// plain is a value in one spelling: switches as 0 and 1, all else as compact JSON.
func plain(raw json.RawMessage) string {
	switch text := strings.Trim(string(bytes.TrimSpace(raw)), `"`); text {
	case "true", "1":
		return "1"
	case "false", "0":
		return "0"
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

func isOn(raw json.RawMessage) bool { return plain(raw) == "1" }

// on and off are a switch in the spelling that was read.
func on(was json.RawMessage) json.RawMessage  { return spelt(was, "true", `"1"`, "1") }
func off(was json.RawMessage) json.RawMessage { return spelt(was, "false", `"0"`, "0") }

func spelt(was json.RawMessage, word, text, number string) json.RawMessage {
	switch s := string(bytes.TrimSpace(was)); {
	case s == "true" || s == "false":
		return json.RawMessage(word)
	case strings.HasPrefix(s, `"`):
		return json.RawMessage(text)
	}
	return json.RawMessage(number)
}

// isOurs tells an address of this server, also one with a secret of former times.
func isOurs(address, ours string) bool {
	a, errA := url.Parse(address)
	o, errO := url.Parse(ours)
	return ours != "" && errA == nil && errO == nil && strings.EqualFold(a.Host, o.Host) && strings.HasPrefix(a.Path, hookPath)
}

// shownAddress is an address as a person may see it.
func shownAddress(address string, ours bool) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "…"
	}
	if ours {
		return fmt.Sprintf("%s://%s%s••••", u.Scheme, u.Host, hookPath)
	}
	return fmt.Sprintf("%s://%s/…", u.Scheme, u.Host)
}

func hosts(addresses []string) string {
	var list []string
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil && !slices.Contains(list, u.Host) {
			list = append(list, u.Host)
		}
	}
	return strings.Join(list, ", ")
}

func mustJSON(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts always have a form
	}
	return data
}
