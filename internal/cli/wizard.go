package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/internal/setup"
)

// wizard is the walk at a terminal: the steps of setup.Steps, each asked for, proven and kept.
type wizard struct {
	*prompter
	*setup.Engine
	walk *setup.Progress
	mine []setup.Branch // of the user, once asked
	warn sealing
}

// sealing remembers that the walk could not be kept, which is said once.
type sealing struct{ said bool }

// runWizard takes the walk up where it was left.
func (r *runner) runWizard(c setupCmd) error {
	w := &wizard{prompter: r.newPrompter(c.Accessible)}
	end := w.engine(r, c)
	defer end()
	r.say("Настройка в семь шагов. Подсказка: ?  Шаг назад: назад  Отложить: выход или Ctrl-C; проверенное сохранится.",
		"Setup in seven steps. Help: ?  A step back: back  Leave: quit or Ctrl-C; what was proven is kept.")
	err := w.run(c)
	switch {
	case errors.Is(err, errLeft), errors.Is(err, context.Canceled):
		return r.left()
	}
	if refusal, ok := errors.AsType[*setup.Refusal](err); ok {
		return errors.Join(r.refused(err), errSilent{refusal.ExitCode()})
	}
	return err
}

// engine gives the wizard its engine, for the file and the address of the command line.
func (w *wizard) engine(r *runner, c setupCmd) (end func()) {
	w.Engine, end = r.setupEngine(c.BaseURL)
	return end
}

func (w *wizard) run(c setupCmd) error {
	if err := w.chooseFile(); err != nil {
		return err
	}
	if err := w.CheckEnv(w.ctx); err != nil {
		return err
	}
	var err error
	if w.walk, err = w.OpenProgress(); err != nil {
		return err
	}
	if err := w.takeUp(c.Restart); err != nil {
		return err
	}
	for {
		for w.walk.Next() != setup.StepWrite {
			if err := w.step(w.walk.Next()); err != nil {
				return err
			}
		}
		if err := w.finish(); !errors.Is(err, errBack) {
			return err
		}
		w.back(setup.StepWrite)
	}
}

// chooseFile asks which file to write when there is another backend's beside us.
func (w *wizard) chooseFile() error {
	if w.EnvFile != "" {
		return nil
	}
	w.EnvFile = config.DefaultEnvFile
	found := setup.EnvFiles(".")
	if len(found) == 0 || slices.Equal(found, []string{config.DefaultEnvFile}) {
		return nil
	}
	if !slices.Contains(found, config.DefaultEnvFile) {
		found = append(found, config.DefaultEnvFile)
	}
	w.say("\nВ какой файл записать настройки?", "\nWhich file shall the settings go to?")
	for i, path := range found {
		fmt.Fprintf(w.stdout, "  %d. %s\n", i+1, path)
	}
	for {
		answer, err := w.ask(config.T("файл", "file"), config.T("номер из списка; пусто = 1", "number in the list; empty = 1"))
		if err != nil {
			return err
		}
		if answer == "" {
			answer = "1"
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(found) {
			w.EnvFile = found[n-1]
			return nil
		}
		w.say("  такого номера нет", "  there is no such number")
	}
}

// takeUp goes on from where the walk was left, or from the present configuration.
func (w *wizard) takeUp(restart bool) error {
	if !w.walk.IsZero() && !restart {
		w.say("\nПродолжаем с места, где остановились. Начать заново: zapis setup --restart", "\nGoing on from where it was left. To begin anew: zapis setup --restart")
		w.recall()
		if w.walk.BaseURL != "" && w.BaseURL == "" {
			w.BaseURL = w.walk.BaseURL
		}
		return nil
	}
	w.walk = &setup.Progress{BaseURL: w.BaseURL}
	cfg, _ := w.Config()
	if key := cfg.Account.PartnerToken; !key.IsZero() {
		if err := w.ProveKey(w.ctx, key); err == nil {
			w.good(config.T("API-ключ уже настроен, YCLIENTS его принимает", "an API key is configured already, and YCLIENTS accepts it"))
			w.walk.APIKey = key
		} else if err := w.refused(err); err != nil {
			return err
		}
	}
	return nil
}

// recall says what was proven before.
func (w *wizard) recall() {
	w.good(config.T("API-ключ проверен", "the API key is proven"))
	if !w.walk.UserToken.IsZero() {
		w.good(config.Tf("токен сотрудника проверен: %s", "the employee's token is proven: %s", cmp.Or(w.walk.User, "–")))
	}
	for _, b := range w.walk.Branches {
		w.good(config.Text{RU: b.String(), EN: b.String()})
	}
}

// step shows a step and does it, as often as needed.
func (w *wizard) step(id string) error {
	s := setup.StepByID(id)
	n := slices.IndexFunc(setup.Steps, func(s setup.Step) bool { return s.ID == id }) + 1
	w.heading(config.Tf("Шаг %d из %d. %s", "Step %d of %d. %s", n, len(setup.Steps), s.Title).In(w.lang))
	fmt.Fprintln(w.stdout, s.Why.In(w.lang))
	w.help = func() {
		for _, h := range s.Help {
			fmt.Fprintln(w.stdout, "  "+h.In(w.lang))
		}
		for _, l := range s.Links {
			fmt.Fprintf(w.stdout, "  %s: %s\n", l.Title.In(w.lang), l.URL)
		}
	}
	for _, l := range s.Links {
		fmt.Fprintf(w.stdout, "  %s: %s\n", l.Title.In(w.lang), l.URL)
	}
	err := map[string]func(*setup.Step) error{
		setup.StepAPIKey: w.apiKey, setup.StepUser: w.user, setup.StepBranch: w.branch, setup.StepRights: w.rights, setup.StepHooks: w.hooks,
	}[id](s)
	if errors.Is(err, errBack) {
		w.back(id)
		return nil
	}
	if err != nil {
		return err
	}
	w.keep()
	return nil
}

// back undoes the step before.
func (w *wizard) back(id string) {
	switch id {
	case setup.StepUser:
		w.walk.APIKey = secret.String{}
	case setup.StepBranch:
		w.walk.UserToken, w.mine = secret.String{}, nil
	case setup.StepRights:
		w.walk.Branches = nil
	case setup.StepHooks: // the rights ask nothing when there are enough of them
		w.walk.RightsAccepted, w.walk.Branches = false, nil
	case setup.StepWrite:
		w.walk.HooksDone = false
	}
}

// keep stores the walk; that it cannot be resumed is no reason to end it.
func (w *wizard) keep() {
	if err := w.Keep(w.walk); err != nil && !w.warn.said {
		w.warn.said = true
		w.careful(config.T("папка данных недоступна, поэтому прерванную настройку придётся начать сначала", "the data folder cannot be used, so a setup that is interrupted will begin anew"), config.Text{})
	}
}

// pasted asks for a token until it can be one.
func (w *wizard) pasted(in setup.Input, variable string) (secret.String, error) {
	for {
		raw, err := w.hidden(in.Label, in.Hint)
		if err != nil {
			return raw, err
		}
		p, err := setup.Inspect(variable, raw)
		for _, n := range p.Notes {
			w.careful(n.What, config.Text{})
		}
		if err == nil {
			if p.Mended() {
				w.say("  исправлено само; если не подойдёт, скопируйте заново", "  mended; if it will not do, copy it again")
			}
			return p.Clean, nil
		}
		if err := w.refused(err); err != nil {
			return raw, err
		}
	}
}

func (w *wizard) apiKey(s *setup.Step) error {
	for {
		key, err := w.pasted(s.Inputs[0], setup.APIKey)
		if err != nil {
			return err
		}
		if err = w.ProveKey(w.ctx, key); err == nil {
			w.walk.APIKey = key
			w.good(config.T("YCLIENTS принял ключ", "YCLIENTS accepts the key"))
			return nil
		}
		if err := w.refused(err); err != nil {
			return err
		}
	}
}

// user obtains the token: by password, or pasted.
func (w *wizard) user(s *setup.Step) error {
	fmt.Fprintln(w.stdout, s.Help[0].In(w.lang))
	for {
		login, err := w.ask(s.Inputs[0].Label, config.Tf("%s; пусто = вставить готовый токен", "%s; empty = paste a token", s.Inputs[0].Hint))
		if err != nil {
			return err
		}
		var token secret.String
		if login == "" {
			if token, err = w.pasted(s.Inputs[2], setup.UserToken); err != nil {
				return err
			}
			fmt.Fprintln(w.stdout, "  "+setup.TokenWasSeen.In(w.lang))
		} else {
			password, err := w.hidden(s.Inputs[1].Label, s.Inputs[1].Hint)
			if err != nil {
				return err
			}
			u, err := w.SignIn(w.ctx, w.walk.APIKey, login, password)
			if err != nil {
				if err := w.refused(err); err != nil {
					return err
				}
				continue
			}
			token = u.Token
		}
		u, mine, err := w.ProveUser(w.ctx, w.walk.APIKey, token)
		if err != nil {
			if err := w.refused(err); err != nil {
				return err
			}
			continue
		}
		w.walk.UserToken, w.walk.User, w.mine = token, u.Name, mine
		w.owner(u)
		return nil
	}
}

// owner says whose token it is, and when it dies.
func (w *wizard) owner(u setup.User) {
	name := config.Text{RU: "«" + u.Name + "»", EN: "\"" + u.Name + "\""}
	if u.Name == "" {
		name = config.T("сотрудник, которого YCLIENTS не назвал", "an employee whom YCLIENTS did not name")
	}
	w.good(config.Tf("токен принят, это %s; управляет: %s", "the token is accepted, it is %s, who manages %s", name,
		config.Count(len(w.mine), "филиал", "филиала", "филиалов", "branch", "branches")))
	w.say("    токен перестанет действовать, когда этот сотрудник сменит пароль; обновить: zapis token renew",
		"    the token stops working when this employee changes the password; to renew it: zapis token renew")
}

// managed are the branches of the user; after a pause they are asked for again.
func (w *wizard) managed() ([]setup.Branch, error) {
	if w.mine != nil {
		return w.mine, nil
	}
	var err error
	w.mine, err = w.Branches(w.ctx, w.walk.APIKey, w.walk.UserToken)
	return w.mine, err
}

func (w *wizard) branch(s *setup.Step) error {
	mine, err := w.managed()
	if err != nil {
		return w.tokenLost(err)
	}
	for i, b := range mine {
		chain := ""
		if b.ChainTitle != "" {
			chain = config.Tf(" (сеть «%s»)", " (chain \"%s\")", b.ChainTitle).In(w.lang)
		}
		fmt.Fprintf(w.stdout, "  %d. %s%s\n", i+1, b, chain)
	}
	for {
		answer, err := w.ask(s.Inputs[0].Label, s.Inputs[0].Hint)
		if err != nil {
			return err
		}
		if answer == "" && len(mine) == 1 {
			answer = "1"
		}
		chosen, err := w.resolve(answer, mine)
		if err != nil {
			return err
		}
		if len(chosen) > 0 {
			w.walk.Branches = chosen
			for _, b := range chosen {
				w.good(config.Text{RU: b.String(), EN: b.String()})
			}
			return nil
		}
	}
}

// resolve reads an answer of several parts; none when a part means nothing, which it then has said.
func (w *wizard) resolve(answer string, mine []setup.Branch) (chosen []setup.Branch, err error) {
	for part := range strings.SplitSeq(answer, ",") {
		part = strings.TrimSpace(part)
		var b setup.Branch
		if n, convErr := strconv.Atoi(part); convErr == nil && n >= 1 && n <= len(mine) {
			b = mine[n-1]
		} else if b, err = w.ResolveBranch(w.ctx, w.walk.APIKey, w.walk.UserToken, part, mine); err != nil {
			return nil, w.refused(err)
		}
		if !slices.Contains(chosen, b) {
			chosen = append(chosen, b)
		}
	}
	return chosen, nil
}

// tokenLost begins the user's step anew when the token died meanwhile.
func (w *wizard) tokenLost(err error) error {
	if !problem.Has(err, problem.UpstreamToken) {
		return err
	}
	w.walk.UserToken, w.mine = secret.String{}, nil
	return w.refused(err)
}

func (w *wizard) rights(*setup.Step) error {
	for {
		enough := true
		for _, b := range w.walk.Branches {
			r, err := w.Rights(w.ctx, w.walk.APIKey, w.walk.UserToken, b.ID)
			if err != nil {
				return w.tokenLost(err)
			}
			fmt.Fprintf(w.stdout, "  %s\n", b)
			for _, right := range r.Has {
				w.good(right.Title)
			}
			for _, right := range r.Lacks {
				w.careful(config.Tf("нет права «%s»: %s", "no right to %s: %s", right.Title, right.Lost), config.Text{})
			}
			enough = enough && r.Enough()
		}
		if enough {
			w.walk.RightsAccepted = true
			return nil
		}
		w.say("    → YCLIENTS → Настройки → Пользователи → этот сотрудник → включите названные права", "    → YCLIENTS → Settings → Users → this employee → switch the named rights on")
		again, err := w.yes(config.T("проверить ещё раз (нет = идти дальше без этих прав)", "check again (no = go on without these rights)"), true)
		if err != nil {
			return err
		}
		if !again {
			w.walk.RightsAccepted = true
			return nil
		}
	}
}

// hooks is optional: without a public address all works, and changes are seen later.
func (w *wizard) hooks(s *setup.Step) error {
	cfg, _ := w.Config()
	hint := s.Inputs[0].Hint
	if cfg.PublicURL != "" {
		hint = config.Tf("пусто = %s; нет = не подключать", "empty = %s; no = not now", cfg.PublicURL)
	}
	answer, err := w.ask(s.Inputs[0].Label, hint)
	if err != nil {
		return err
	}
	if answer == "" {
		answer = cfg.PublicURL
	}
	if answer == "" || slices.Contains([]string{"no", "n", "нет", "н"}, strings.ToLower(answer)) {
		w.walk.HooksDone = true
		return nil
	}
	answer = setup.PublicAddress(answer)
	ours, err := w.HookAddress(answer)
	if err != nil {
		return w.refused(err)
	}
	w.walk.PublicURL = answer
	for _, b := range w.walk.Branches {
		if err := w.hook(b, ours); err != nil {
			if err = w.refused(err); err != nil {
				return err
			}
		}
	}
	w.walk.HooksDone = true
	return nil
}

func (w *wizard) hook(b setup.Branch, ours secret.String) error {
	plan, err := w.HooksPlan(w.ctx, w.walk.APIKey, w.walk.UserToken, b.ID, ours, false)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "  %s\n", b)
	w.showHooks(plan)
	if len(plan.Changes) == 0 {
		return nil
	}
	if yes, err := w.yes(config.T("записать", "write it"), true); err != nil || !yes {
		return err
	}
	if err := w.HooksApply(w.ctx, w.walk.APIKey, w.walk.UserToken, plan); err != nil {
		return err
	}
	w.good(config.T("записано и прочитано обратно", "written and read back"))
	return nil
}

// finish shows the difference, writes it on consent, and checks everything at once.
func (w *wizard) finish() error {
	s := setup.StepByID(setup.StepWrite)
	w.heading(config.Tf("Шаг %d из %d. %s", "Step %d of %d. %s", len(setup.Steps)-1, len(setup.Steps), s.Title).In(w.lang))
	fmt.Fprintln(w.stdout, s.Why.In(w.lang))
	plan, err := w.EnvPlan(w.ctx, w.walk.Values())
	if err != nil {
		return err
	}
	if plan.Diff != "" {
		fmt.Fprintf(w.stdout, "%s:\n", plan.Path)
		for line := range strings.Lines(plan.Diff) {
			fmt.Fprint(w.stdout, "  "+line)
		}
		yes, err := w.yes(config.T("записать", "write it"), true)
		if err != nil {
			return err
		}
		if !yes {
			return errLeft
		}
	}
	if err := w.offerIgnore(plan); err != nil {
		return err
	}
	if err := w.EnvWrite(plan); err != nil {
		return err
	}
	w.good(config.Tf("%s записан, права 0600", "%s is written, mode 0600", plan.Path))
	if plan.Backup != "" {
		w.say("    прежний файл: %s", "    the former file: %s", plan.Backup)
	}
	w.prompter.beaten(plan.Beaten)
	if err := w.Forget(); err != nil {
		return err
	}
	return w.done()
}

// offerIgnore hides the file from git, if it lies where git would take it.
func (w *wizard) offerIgnore(plan *setup.EnvPlan) error {
	if len(plan.Ignore) == 0 {
		return nil
	}
	w.careful(config.Tf("файл лежит в репозитории git, и git его не скрывает: %s", "the file lies in a git repository that does not ignore it: %s", strings.Join(plan.Ignore, " ")), config.Text{})
	yes, err := w.yes(config.Tf("добавить в %s", "add to %s", plan.IgnoreFile), true)
	if err != nil || !yes {
		return err
	}
	return plan.IgnoreInGit()
}

// done is the live checklist.
func (w *wizard) done() error {
	s := setup.StepByID(setup.StepDone)
	w.heading(config.Tf("Шаг %d из %[1]d. %s", "Step %d of %[1]d. %s", len(setup.Steps), s.Title).In(w.lang))
	fmt.Fprintln(w.stdout, s.Why.In(w.lang))
	w.Engine.BaseURL = "" // what counts now is the file
	if running, took := w.AwaitServer(w.ctx); took {
		w.good(config.T("работающий сервер готов", "the running server is ready"))
	} else if running {
		w.careful(config.T("работающий сервер ещё не взял настройки", "the running server has not taken the settings yet"), config.T("его журнал скажет почему", "its log tells why"))
	}
	// The first start of a server moves the log of calls into its data folder: from here on both spend one budget there.
	newClient, end := w.onePace()
	defer end()
	w.NewClient = newClient
	report := w.Checklist(w.ctx)
	if err := report.WriteText(w.stdout, w.lang); err != nil {
		return err
	}
	w.say("\nДальше: zapis serve%s; работающий сервер берёт новые настройки сам", "\nNext: zapis serve%s; a running server takes new settings by itself", w.with())
	if code := report.ExitCode(); code != 0 {
		return errSilent{code}
	}
	return nil
}

// with is the flag that further commands need.
func (w *wizard) with() string {
	if w.EnvFile == config.DefaultEnvFile {
		return ""
	}
	if _, err := os.Stat(w.EnvFile); err != nil {
		return ""
	}
	return " --env-file " + w.EnvFile
}
