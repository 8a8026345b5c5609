package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

// accessCommands are those about the access to YCLIENTS. They drive the engine of setup, and their calls spend the budget
// of a server beside them.
type accessCommands struct {
	Token struct {
		Show  tokenShowCmd  `cmd:"" default:"withargs" help:"${cmd_token_show}"`
		Check tokenCheckCmd `cmd:"" help:"${cmd_token_check}"`
		Renew tokenRenewCmd `cmd:"" help:"${cmd_token_renew}"`
	} `cmd:"" help:"${cmd_token}"`
	Company struct {
		List companyListCmd `cmd:"" default:"withargs" help:"${cmd_company_list}"`
		Find companyFindCmd `cmd:"" help:"${cmd_company_find}"`
	} `cmd:"" help:"${cmd_company}"`
	Hooks struct {
		Show    hooksShowCmd    `cmd:"" default:"withargs" help:"${cmd_hooks_show}"`
		Install hooksInstallCmd `cmd:"" help:"${cmd_hooks_install}"`
		Remove  hooksRemoveCmd  `cmd:"" help:"${cmd_hooks_remove}"`
		Test    hooksTestCmd    `cmd:"" help:"${cmd_hooks_test}"`
	} `cmd:"" help:"${cmd_hooks}"`
	Invite inviteCmd `cmd:"" help:"${cmd_invite}"`
}

// teach gives all of them their language.
func (a *accessCommands) teach() []*taught {
	return []*taught{
		&a.Token.Show.taught, &a.Token.Check.taught, &a.Token.Renew.taught, &a.Company.List.taught, &a.Company.Find.taught,
		&a.Hooks.Show.taught, &a.Hooks.Install.taught, &a.Hooks.Remove.taught, &a.Hooks.Test.taught, &a.Invite.taught,
	}
}

// setupEngine is the engine for the file of this command line.
func (r *runner) setupEngine(baseURL string) (*setup.Engine, func()) {
	newClient, end := r.onePace()
	e := &setup.Engine{EnvFile: r.envFile, Environ: r.environ, BaseURL: baseURL}
	e.NewClient = newClient
	e.Doctor.OpenStore = r.commands.OpenStore
	return e, end
}

// account is the configured access; what is missing is said as in doctor.
func (r *runner) account(e *setup.Engine) (*config.Config, error) {
	cfg, faults := e.Config()
	if faults != nil {
		return nil, faults
	}
	if cfg.State == config.NotConfigured {
		return nil, problem.New(problem.NotConfigured)
	}
	return cfg, nil
}

// finish turns a refusal into words and an exit code.
func (r *runner) end(err error) error {
	refusal, ok := errors.AsType[*setup.Refusal](err)
	if !ok {
		if errors.Is(err, errLeft) || errors.Is(err, errBack) || errors.Is(err, context.Canceled) {
			return errSilent{problem.ExitFailure}
		}
		return err
	}
	fmt.Fprintf(r.stderr, "zapis: %s\n  → %s\n", refusal.Found.In(r.lang), refusal.Next.In(r.lang))
	for _, b := range refusal.Choices {
		fmt.Fprintf(r.stderr, "      %s\n", b)
	}
	return errSilent{refusal.ExitCode()}
}

// writeJSON writes one document for a script.
func (r *runner) writeJSON(v any) error {
	enc := json.NewEncoder(r.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type tokenShowCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c tokenShowCmd) Help() string { return examples["token show"].In(c.lang) }

// Run shows what is configured. It calls nobody.
func (c tokenShowCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, err := r.account(e)
	if err != nil {
		return err
	}
	type token struct {
		Variable string `json:"variable"`
		Masked   string `json:"masked"`
		From     string `json:"from"`
	}
	var list []token
	for _, name := range []string{setup.APIKey, setup.UserToken} {
		list = append(list, token{name, cfg.Shown(name).In(r.lang), cfg.Origin(name).Text().In(r.lang)})
	}
	if c.JSON {
		return r.writeJSON(map[string]any{"tokens": list})
	}
	for _, t := range list {
		fmt.Fprintf(r.stdout, "%s\t%s\t%s\n", t.Variable, t.Masked, t.From)
	}
	return nil
}

type tokenCheckCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c tokenCheckCmd) Help() string { return examples["token check"].In(c.lang) }

// Run proves both tokens and says whose the second is.
func (c tokenCheckCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, err := r.account(e)
	if err != nil {
		return err
	}
	key, token := cfg.Account.PartnerToken, cfg.Account.UserToken
	if err := e.ProveKey(r.ctx, key); err != nil {
		return errors.Join(c.refused(r, "key", err), r.end(err))
	}
	u, mine, err := e.ProveUser(r.ctx, key, token)
	if err != nil {
		return errors.Join(c.refused(r, "user", err), r.end(err))
	}
	if c.JSON {
		return r.writeJSON(map[string]any{"ok": true, "user": u.Name, "user_id": u.ID, "branches": mine})
	}
	r.good(config.T("YCLIENTS принимает API-ключ", "YCLIENTS accepts the API key"))
	r.good(config.Tf("YCLIENTS принимает токен сотрудника: %s, управляет: %s", "YCLIENTS accepts the employee's token: %s, who manages %s", u.Name,
		config.Count(len(mine), "филиал", "филиала", "филиалов", "branch", "branches")))
	return nil
}

// refused tells a script which of the two was refused, and why.
func (c tokenCheckCmd) refused(r *runner, which string, err error) error {
	refusal, ok := errors.AsType[*setup.Refusal](err)
	if !c.JSON || !ok {
		return nil
	}
	return r.writeJSON(map[string]any{
		"ok": false, "exit_code": refusal.ExitCode(), "token": which, "problem": refusal.Problem, "found": refusal.Found.In(r.lang), "next": refusal.Next.In(r.lang),
	})
}

type tokenRenewCmd struct {
	taught         `kong:"-"`
	Login          string `placeholder:"${ph_login}" help:"${setup_login}"`
	PasswordStdin  bool   `name:"password-stdin" xor:"stdin" help:"${setup_password_stdin}"`
	UserTokenStdin bool   `name:"user-token-stdin" xor:"stdin" help:"${setup_user_token_stdin}"`
}

func (c tokenRenewCmd) Help() string { return examples["token renew"].In(c.lang) }

// Run obtains a new token of the employee, proves it for every configured branch, and writes that one variable.
func (c tokenRenewCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, faults := e.Config()
	key := cfg.Account.PartnerToken
	if key.IsZero() {
		if faults != nil {
			return faults
		}
		return problem.New(problem.NotConfigured)
	}
	token, err := c.obtain(r, e, key)
	if err != nil {
		return r.end(err)
	}
	u, mine, err := e.ProveUser(r.ctx, key, token)
	if err != nil {
		return r.end(err)
	}
	for _, id := range cfg.Account.Branches {
		if !slices.ContainsFunc(mine, func(b setup.Branch) bool { return b.ID == id }) {
			return r.end(&setup.Refusal{
				Problem: problem.UpstreamForbidden, Choices: mine,
				Found: config.Tf("этот сотрудник не управляет настроенным филиалом %d; ничего не записано", "this employee does not manage the configured branch %d; nothing was written", id),
				Next:  config.T("войдите тем сотрудником, который им управляет, или выберите филиал заново: zapis setup", "sign in as the employee who manages it, or choose the branch anew: zapis setup"),
			})
		}
	}
	plan, err := e.EnvPlan(r.ctx, map[string]string{setup.UserToken: token.Reveal()})
	if err == nil {
		err = e.EnvWrite(plan)
	}
	if err != nil {
		return r.end(err)
	}
	fmt.Fprint(r.stdout, plan.Diff)
	r.good(config.Tf("токен сотрудника %s записан в %s; работающий сервер возьмёт его сам", "the token of %s is written to %s; a running server takes it by itself", u.Name, plan.Path))
	r.beaten(plan.Beaten)
	return nil
}

// obtain signs in or takes a token, from flags or, at a terminal, by asking.
func (c tokenRenewCmd) obtain(r *runner, e *setup.Engine, key secret.String) (secret.String, error) {
	login := c.Login
	if login == "" && !c.UserTokenStdin && !c.PasswordStdin && r.onTerminal() {
		p := r.newPrompter(true)
		step := setup.StepByID(setup.StepUser)
		answer, err := p.ask(step.Inputs[0].Label, step.Inputs[0].Hint)
		if err != nil {
			return secret.String{}, err
		}
		password, err := p.hidden(step.Inputs[1].Label, step.Inputs[1].Hint)
		if err != nil {
			return secret.String{}, err
		}
		u, err := e.SignIn(r.ctx, key, answer, password)
		return u.Token, err
	}
	if c.UserTokenStdin == (login != "" && c.PasswordStdin) {
		return secret.String{}, r.need("zapis token renew", "--login --password-stdin | --user-token-stdin")
	}
	text, err := r.readSecret()
	if err != nil || text.IsZero() {
		return secret.String{}, r.need("--password-stdin | --user-token-stdin", "< file")
	}
	if c.UserTokenStdin {
		p, err := setup.Inspect(setup.UserToken, text)
		return p.Clean, err
	}
	u, err := e.SignIn(r.ctx, key, login, text)
	return u.Token, err
}

// beaten warns of variables that the process environment sets otherwise.
func (r *runner) beaten(names []string) {
	if len(names) > 0 {
		r.careful(config.Tf("окружение процесса сильнее файла и задаёт другое: %s", "the process environment beats the file and says otherwise: %s", strings.Join(names, ", ")),
			config.T("уберите эти переменные из окружения службы", "remove these variables from the service's environment"))
	}
}

type companyListCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c companyListCmd) Help() string { return examples["company list"].In(c.lang) }

// Run lists the branches of the employee; those configured are marked.
func (c companyListCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, mine, err := r.managed(e)
	if err != nil {
		return r.end(err)
	}
	if c.JSON {
		return r.writeJSON(map[string]any{"configured": cfg.Account.Branches, "companies": mine})
	}
	for _, b := range mine {
		mark := " "
		if slices.Contains(cfg.Account.Branches, b.ID) {
			mark = "*"
		}
		fmt.Fprintf(r.stdout, "%s %s\n", mark, b)
	}
	return nil
}

// managed needs both tokens and nothing else of the configuration.
func (r *runner) managed(e *setup.Engine) (*config.Config, []setup.Branch, error) {
	cfg, faults := e.Config()
	if cfg.Account.PartnerToken.IsZero() || cfg.Account.UserToken.IsZero() {
		if faults != nil {
			return nil, nil, faults
		}
		return nil, nil, problem.New(problem.NotConfigured)
	}
	mine, err := e.Branches(r.ctx, cfg.Account.PartnerToken, cfg.Account.UserToken)
	return cfg, mine, err
}

type companyFindCmd struct {
	taught `kong:"-"`
	Where  string `arg:"" placeholder:"${ph_company}" help:"${company_find_where}"`
	JSON   bool   `name:"json" help:"${doctor_json}"`
}

func (c companyFindCmd) Help() string { return examples["company find"].In(c.lang) }

// Run tells which branch an address means.
func (c companyFindCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, mine, err := r.managed(e)
	if err != nil {
		return r.end(err)
	}
	b, err := e.ResolveBranch(r.ctx, cfg.Account.PartnerToken, cfg.Account.UserToken, c.Where, mine)
	if err != nil {
		return r.end(err)
	}
	if c.JSON {
		return r.writeJSON(b)
	}
	fmt.Fprintln(r.stdout, b)
	return nil
}

type hooksShowCmd struct {
	taught `kong:"-"`
	JSON   bool `name:"json" help:"${doctor_json}"`
}

func (c hooksShowCmd) Help() string { return examples["hooks show"].In(c.lang) }

// Run shows the settings of every configured branch. Addresses of others are shown by their host.
func (c hooksShowCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, err := r.account(e)
	if err != nil {
		return err
	}
	var ours secret.String
	if cfg.PublicURL != "" {
		if ours, err = e.HookAddress(""); err != nil {
			return r.end(err)
		}
	}
	type branch struct {
		ID        int64    `json:"id"`
		Active    bool     `json:"active"`
		Ours      bool     `json:"ours"`
		Addresses []string `json:"addresses"`
	}
	list := []branch{}
	for _, id := range cfg.Account.Branches {
		s, err := e.Hooks(r.ctx, cfg.Account.PartnerToken, cfg.Account.UserToken, id, ours)
		if err != nil {
			return r.end(err)
		}
		list = append(list, branch{id, s.Active, s.Ours, s.Addresses})
		if !c.JSON {
			r.showHooksState(id, s, cfg.PublicURL != "")
		}
	}
	if c.JSON {
		return r.writeJSON(map[string]any{"branches": list})
	}
	return nil
}

func (r *runner) showHooksState(id int64, s setup.HooksState, addressed bool) {
	delivery := config.T("выключена", "off")
	if s.Active {
		delivery = config.T("включена", "on")
	}
	r.say("филиал %d: отправка %s, адресов: %d из 10", "branch %d: delivery is %s, addresses: %d of 10", id, delivery, len(s.Addresses))
	for _, a := range s.Addresses {
		fmt.Fprintln(r.stdout, "  "+a)
	}
	switch {
	case s.Ours:
		r.good(config.T("наш адрес записан", "our address is there"))
	case !addressed:
		r.careful(config.T("публичный адрес сервера не задан, поэтому который из адресов наш, неизвестно", "the public address of the server is not set, so it is not known which address is ours"),
			config.T("добавьте ZAPIS_PUBLIC_URL=https://… в настройки", "add ZAPIS_PUBLIC_URL=https://... to the settings"))
	default:
		r.careful(config.T("нашего адреса нет", "our address is not there"), config.T("записать: zapis hooks install", "to write it: zapis hooks install"))
	}
	for _, t := range s.Missing {
		r.careful(config.Tf("не присылаются события: %s", "no events of %s", t), config.Text{})
	}
}

type hooksInstallCmd struct {
	taught    `kong:"-"`
	PublicURL string `name:"public-url" placeholder:"URL" help:"${hooks_public_url}"`
	Yes       bool   `help:"${hooks_yes}"`
}

func (c hooksInstallCmd) Help() string { return examples["hooks install"].In(c.lang) }

// Run writes our address into every configured branch, after showing what changes.
func (c hooksInstallCmd) Run(r *runner) error { return r.changeHooks(c.PublicURL, c.Yes, false) }

type hooksRemoveCmd struct {
	taught    `kong:"-"`
	PublicURL string `name:"public-url" placeholder:"URL" help:"${hooks_public_url}"`
	Yes       bool   `help:"${hooks_yes}"`
}

func (c hooksRemoveCmd) Help() string { return examples["hooks remove"].In(c.lang) }

// Run takes our address out.
func (c hooksRemoveCmd) Run(r *runner) error { return r.changeHooks(c.PublicURL, c.Yes, true) }

// changeHooks shows the difference and writes it on consent. Without a terminal, consent is --yes.
func (r *runner) changeHooks(public string, yes, remove bool) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, err := r.account(e)
	if err != nil {
		return err
	}
	public = setup.PublicAddress(public)
	ours, err := e.HookAddress(public)
	if err != nil {
		return r.end(err)
	}
	key, token := cfg.Account.PartnerToken, cfg.Account.UserToken
	waiting := false
	for _, id := range cfg.Account.Branches {
		plan, err := e.HooksPlan(r.ctx, key, token, id, ours, remove)
		if err != nil {
			return r.end(err)
		}
		r.say("филиал %d:", "branch %d:", id)
		r.showHooks(plan)
		if len(plan.Changes) == 0 {
			continue
		}
		agreed := yes
		if !yes && r.onTerminal() {
			if agreed, err = r.newPrompter(true).yes(config.T("записать", "write it"), true); err != nil {
				return r.end(err)
			}
		}
		if !agreed {
			waiting = true
			continue
		}
		if err := e.HooksApply(r.ctx, key, token, plan); err != nil {
			return r.end(err)
		}
		r.good(config.T("записано и прочитано обратно", "written and read back"))
	}
	if waiting {
		r.say("ничего не записано; записать: --yes", "nothing was written; to write it: --yes")
		return errSilent{problem.ExitUsage}
	}
	if !remove && public != "" && cfg.PublicURL == "" {
		r.careful(config.T("адрес сервера не записан в настройки", "the server's address is not in the settings"), config.Tf("добавьте в %s: ZAPIS_PUBLIC_URL=%s", "add to %s: ZAPIS_PUBLIC_URL=%s", cfg.EnvFile, public))
	}
	return nil
}

// showHooks shows what a plan changes.
func (r *runner) showHooks(p *setup.HooksPlan) {
	if p.Stays {
		r.say("    наш адрес — последний, а пустого списка YCLIENTS не принимает: он останется, но отправка будет выключена", "    our address is the last one, and YCLIENTS takes no empty list: it stays, with delivery off")
	}
	if len(p.Changes) == 0 {
		r.good(config.T("всё уже так", "all is so already"))
		return
	}
	for _, c := range p.Changes {
		if c.Old != "" {
			fmt.Fprintf(r.stdout, "  - %s: %s\n", c.What.In(r.lang), c.Old)
		}
		if c.New != "" {
			fmt.Fprintf(r.stdout, "  + %s: %s\n", c.What.In(r.lang), c.New)
		}
	}
	if p.Others > 0 {
		r.say("    чужие адреса (%d) остаются как есть", "    addresses of others (%d) stay as they are", p.Others)
	}
	if p.Wakes {
		r.careful(config.T("отправка была выключена; она включится и для чужих адресов", "delivery was off; it will be on for the addresses of others too"), config.Text{})
	}
}

type hooksTestCmd struct {
	taught    `kong:"-"`
	PublicURL string `name:"public-url" placeholder:"URL" help:"${hooks_public_url}"`
}

func (c hooksTestCmd) Help() string { return examples["hooks test"].In(c.lang) }

// Run calls our address as YCLIENTS would.
func (c hooksTestCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	ours, err := e.HookAddress(setup.PublicAddress(c.PublicURL))
	if err != nil {
		return r.end(err)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ResponseHeaderTimeout: 12 * time.Second}
	carrier := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if err := e.HooksTest(r.ctx, ours, carrier); err != nil {
		return r.end(err)
	}
	r.good(config.T("сервер принял пробное уведомление", "the server took a trial event"))
	return nil
}
