package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/secret"
	"zapis/yclients"
)

// Text is a sentence in both languages.
type Text = config.Text

// Options are what a person gives. Everything may be left out that the present configuration has.
type Options struct {
	// EnvFile is the file to write; empty = ".env". It need not exist.
	EnvFile string
	// Environ is os.Environ(). It is read for what is not given, and to warn of what beats the file.
	Environ []string
	// APIKey of the Marketplace account, as pasted.
	APIKey secret.String
	// Login of an employee: a phone in any spelling, or an e-mail. Empty: UserToken, or the token of the
	// present configuration.
	Login string
	// Password gives the password; it is asked for once, only with a Login, and kept nowhere.
	Password func() (secret.String, error)
	// UserToken as pasted, instead of Login.
	UserToken secret.String
	// Company is an id or any address with one. Empty: the only branch of the user.
	Company string
	// More are further branches, likewise; they become ZAPIS_COMPANY_IDS. Nil leaves that variable as it is.
	More []string
	// BaseURL of YCLIENTS; written to the file when given.
	BaseURL string
	// AllowMissingRights goes on with an employee who lacks the needed right; it is then a warning.
	AllowMissingRights bool
	// NewClient gives the maker of clients for a configuration (its address and roots).
	NewClient func(*config.Config) func(partner, user yclients.Token) (*yclients.Client, error)
	// Doctor are further options of the checks, for tests.
	Doctor doctor.Options
	// Progress hears of every step as it ends; may be nil.
	Progress func(Stage, []doctor.Finding)
}

// Stage is one part of the setup.
type Stage struct {
	Code  string
	Title Text
	run   func(context.Context, *visit) ([]doctor.Finding, error)
}

// Stages in their order. The first that fails ends the setup; only the last writes.
var Stages = []Stage{
	{"env_file", config.T("файл настроек", "env file"), readFile},
	{"password", config.T("пароль", "password"), takePassword},
	{"api_key", config.T("API-ключ", "API key"), proveKey},
	{"user_token", config.T("токен сотрудника", "employee's token"), obtainToken},
	{"company", config.T("филиал", "branch"), chooseCompany},
	{"checks", config.T("проверки филиала", "checks of the branch"), proveBranch},
	{"write", config.T("запись файла", "writing the file"), writeFile},
}

// Result is what was set up.
type Result struct {
	Company doctor.Company
	// Path is the file, Diff what changed in it, masked; Diff is empty when nothing had to change.
	Path, Diff string
	// Backup is where the former file is kept; Ignore are lines that .gitignore should have.
	Backup string
	Ignore []string
	// Beaten are variables of the process environment that beat what was written.
	Beaten []string
}

// StepError tells which step failed and why.
type StepError struct {
	Stage    Stage
	Findings []doctor.Finding
	// Choices are the branches to choose from, when Company was needed.
	Choices []doctor.Company
	exit    int
}

// Error is one line for logs; people are shown the findings.
func (e *StepError) Error() string {
	for _, f := range e.Findings {
		if f.Status == doctor.StatusFailure {
			return "setup: " + e.Stage.Code + ": " + f.Found.EN
		}
	}
	return "setup: " + e.Stage.Code + " failed"
}

// ExitCode is that of the process.
func (e *StepError) ExitCode() int {
	if e.exit != 0 {
		return e.exit
	}
	return (&doctor.Report{Findings: e.Findings}).ExitCode()
}

// visit is what the steps of one run share.
type visit struct {
	Options
	file    *config.EnvFile
	named   bool              // the person named the file
	present *config.Config    // as configured before
	values  map[string]string // what is proven so far, by variable
	choice  []doctor.Company
	secret  secret.String // the password, when one is needed
	result  Result
	exit    int // exit code of the failing step, where the findings do not tell it
}

// Run takes all steps. Nothing is written unless every one before the last succeeded. The error is a *StepError, or
// that of ctx when it ended before anything was written.
func Run(ctx context.Context, o Options) (*Result, error) {
	named := o.EnvFile != ""
	if !named {
		o.EnvFile = config.DefaultEnvFile
	}
	v := &visit{Options: o, named: named, values: map[string]string{"YCLIENTS_ENABLED": "True"}}
	for _, step := range Stages {
		findings, err := step.run(ctx, v)
		if ctx.Err() != nil && v.result.Path == "" {
			return nil, ctx.Err() // what the step then found says nothing about YCLIENTS
		}
		if err != nil {
			findings = append(findings, doctor.Finding{Status: doctor.StatusFailure, Found: Text{RU: err.Error(), EN: err.Error()}, Problem: problem.FolderUnusable})
		}
		for i := range findings {
			if findings[i].Title == (Text{}) {
				findings[i].Check, findings[i].Title = step.Code, step.Title
			}
		}
		if o.Progress != nil {
			o.Progress(step, findings)
		}
		if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Status == doctor.StatusFailure }) {
			return nil, &StepError{Stage: step, Findings: findings, Choices: v.choice, exit: v.exit}
		}
	}
	return &v.result, nil
}

func fine(found Text) []doctor.Finding {
	return []doctor.Finding{{Status: doctor.StatusOK, Found: found}}
}

func refuse(code problem.Code, found, next Text) []doctor.Finding {
	return []doctor.Finding{{Status: doctor.StatusFailure, Found: found, Next: next, Problem: code}}
}

// usage is a refusal because something was not given.
func (v *visit) usage(found, next Text) []doctor.Finding {
	v.exit = problem.ExitUsage
	return refuse("", found, next)
}

// readFile reads the file that will be written, so that a broken one is found before anybody is asked.
func readFile(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	file, err := config.ReadEnvFile(v.EnvFile)
	if err != nil {
		cfg, loadErr := config.Load(config.Options{EnvFile: v.EnvFile})
		o := v.Doctor
		o.Config, o.Faults, o.Only = cfg, asFaults(loadErr), []string{doctor.CheckEnvFile}
		return doctor.Run(ctx, o).Findings, nil
	}
	v.file = file
	if r, ok := errors.AsType[*Refusal](v.engine().CheckEnv(ctx)); ok {
		return refuse(r.Problem, r.Found, r.Next), nil
	}
	if v.BaseURL != "" {
		v.values["YCLIENTS_BASE_URL"] = v.BaseURL
	}
	v.present, _ = v.load(nil)
	if file.Exists() {
		return fine(config.Tf("%s прочитан", "%s is read", v.EnvFile)), nil
	}
	return append(fine(config.Tf("%s будет создан", "%s will be made", v.EnvFile)), v.otherFiles()...), nil
}

// otherFiles warns of another backend's file, where a new one of our own was not asked for by name.
func (v *visit) otherFiles() []doctor.Finding {
	found := EnvFiles(".")
	if v.named || len(found) == 0 {
		return nil
	}
	return []doctor.Finding{{
		Status: doctor.StatusWarning,
		Found:  config.Tf("рядом есть другой файл настроек: %s", "there is another env file: %s", strings.Join(found, ", ")),
		Next:   config.Tf("если настройки нужны в нём: --env-file %s", "if the settings belong there: --env-file %s", found[0]),
	}}
}

// takePassword asks for the password before anything is sent, so that whoever forgot it hears so at once.
func takePassword(_ context.Context, v *visit) ([]doctor.Finding, error) {
	if v.Login == "" || !v.UserToken.IsZero() {
		return nil, nil
	}
	var err error
	if v.secret, err = v.Password(); err != nil || v.secret.IsZero() {
		return v.usage(config.T("пароль не получен", "no password came"),
			config.T("передайте его на стандартный ввод: zapis setup … --password-stdin < файл", "give it on standard input: zapis setup … --password-stdin < file")), nil
	}
	return nil, nil
}

// load reads the present configuration with the given values above it.
func (v *visit) load(values map[string]string) (*config.Config, *config.Faults) {
	cfg, err := config.Load(config.Options{EnvFile: v.EnvFile, NoFile: !v.file.Exists(), Environ: v.Environ, Flags: values})
	return cfg, asFaults(err)
}

// ask runs checks on the values proven so far, and returns the findings of those checks only, failures of
// what they depend on included. Faults of variables that are none of setup's are doctor's business.
func (v *visit) ask(ctx context.Context, only ...string) *doctor.Report {
	cfg, faults := v.load(v.values)
	cfg.State = config.Ready
	cfg.Account.Branches = nil
	for text := range strings.SplitSeq(v.values[CompanyID]+","+v.values[companyIDs], ",") {
		if ref, err := config.ParseCompany(text); err == nil {
			cfg.Account.Branches = append(cfg.Account.Branches, ref.Company)
		}
	}
	o := v.Doctor
	o.Config, o.Only, o.NewClient, o.AllowMissingRights = cfg, only, v.NewClient(cfg), v.AllowMissingRights
	if faults != nil {
		ours := slices.DeleteFunc(slices.Clone(faults.List), func(f config.Fault) bool {
			_, given := v.values[f.Key]
			return !given && f.Key != "YCLIENTS_BASE_URL" && f.Key != "YCLIENTS_CA_FILE"
		})
		o.Faults = &config.Faults{List: ours}
	}
	r := doctor.Run(ctx, o)
	r.Findings = slices.DeleteFunc(r.Findings, func(f doctor.Finding) bool {
		return !slices.Contains(only, f.Check) && f.Status != doctor.StatusFailure || f.Status == doctor.StatusSkipped
	})
	return r
}

// proveKey cleans the pasted key and makes the call that needs nothing else.
func proveKey(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	key, notes := inspect("YCLIENTS_API_TOKEN", v.APIKey)
	if v.APIKey.IsZero() {
		key = v.present.Account.PartnerToken.Reveal()
	}
	if walk, err := v.engine().OpenProgress(); key == "" && err == nil {
		key = walk.APIKey.Reveal() // proven at a terminal, and left
	}
	if key == "" {
		if len(notes) > 0 {
			return fail(notes), nil
		}
		return v.usage(config.T("не дан API-ключ", "no API key is given"),
			config.T("--api-key @ФАЙЛ или --api-key КЛЮЧ; он в аккаунте разработчика: https://yclients.com/appstore/developers", "--api-key @FILE or --api-key KEY; it is in the developer's account: https://yclients.com/appstore/developers")), nil
	}
	v.values["YCLIENTS_API_TOKEN"] = key
	return append(notes, v.ask(ctx, doctor.CheckAPIKey).Findings...), nil
}

// inspect cleans a pasted token; what it took away becomes warnings.
func inspect(name string, raw secret.String) (string, []doctor.Finding) {
	if raw.IsZero() {
		return "", nil
	}
	clean, found := config.InspectToken(name, raw.Reveal())
	var notes []doctor.Finding
	for _, f := range found {
		note := doctor.Finding{Status: doctor.StatusWarning, Found: f.What, Problem: problem.ConfigInvalid}
		if clean != "" {
			note.Next = config.T("исправлено само; если ключ не примут, скопируйте его заново", "mended; if the key is not accepted, copy it again")
		}
		notes = append(notes, note)
	}
	return clean, notes
}

// fail turns notes about something unusable into failures.
func fail(notes []doctor.Finding) []doctor.Finding {
	for i := range notes {
		notes[i].Status = doctor.StatusFailure
	}
	return notes
}

// obtainToken signs in, or takes the token that was given or is configured, and asks for the user's branches.
func obtainToken(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	token, notes := inspect("YCLIENTS_USER_TOKEN", v.UserToken)
	switch {
	case token == "" && len(notes) > 0:
		return fail(notes), nil
	case token != "":
	case v.Login != "":
		var bad []doctor.Finding
		if token, bad = v.signIn(ctx); bad != nil {
			return bad, nil
		}
	default:
		token = v.present.Account.UserToken.Reveal()
	}
	if token == "" {
		return v.usage(config.T("нечем получить токен сотрудника", "nothing to obtain the employee's token with"),
			config.T("--login ТЕЛЕФОН --password-stdin, или готовый токен: --user-token-stdin", "--login PHONE --password-stdin, or a token you have: --user-token-stdin")), nil
	}
	v.values["YCLIENTS_USER_TOKEN"] = token
	r := v.ask(ctx, doctor.CheckUserToken)
	v.choice = r.Companies
	return append(notes, r.Findings...), nil
}

// signIn exchanges login and password for the token of the employee.
func (v *visit) signIn(ctx context.Context) (string, []doctor.Finding) {
	cfg, _ := v.load(v.values)
	client, err := v.NewClient(cfg)(yclients.Token(v.values["YCLIENTS_API_TOKEN"]), "")
	if err != nil {
		return "", refuse(problem.ConfigInvalid, Text{RU: err.Error(), EN: err.Error()}, Text{})
	}
	user, _, err := client.Auth.Login(ctx, &yclients.LoginRequest{Login: config.CleanLogin(v.Login), Password: yclients.Secret(v.secret.Reveal())})
	if err != nil {
		return "", []doctor.Finding{doctor.Explain(err)}
	}
	token, _ := config.InspectToken("YCLIENTS_USER_TOKEN", string(user.UserToken))
	if token == "" {
		return "", refuse(problem.UpstreamMalformed, config.T("YCLIENTS ответил без токена", "YCLIENTS answered without a token"),
			config.T("повторите; если не поможет, возьмите токен в веб-кабинете: --user-token-stdin", "try again; if it does not help, take the token from the web cabinet: --user-token-stdin"))
	}
	return token, nil
}

// chooseCompany finds the branches meant: ids, addresses, a booking form's branch, or the only one there is.
func chooseCompany(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	if v.Company == "" && len(v.choice) == 1 {
		v.take(v.choice[0].ID)
		return v.chosen(), nil
	}
	if v.Company == "" {
		return v.usage(config.Tf("сотрудник управляет: %s; какой из них?", "the employee manages %s; which one?",
			config.Count(len(v.choice), "филиал", "филиала", "филиалов", "branch", "branches")), v.choices()), nil
	}
	var more []string
	for i, text := range append([]string{v.Company}, v.More...) {
		id, bad := v.meant(ctx, text)
		if bad != nil {
			return bad, nil
		}
		if i == 0 {
			v.take(id)
		} else {
			more = append(more, fmt.Sprint(id))
		}
	}
	if v.More != nil {
		v.values[companyIDs] = strings.Join(more, ",")
	}
	return v.chosen(), nil
}

// meant reads an id or an address.
func (v *visit) meant(ctx context.Context, text string) (int64, []doctor.Finding) {
	ref, err := config.ParseCompany(text)
	if err != nil {
		return 0, v.usage(config.T("--company не номер филиала и не адрес с ним", "--company is neither the id of a branch nor an address with one"), v.choices())
	}
	if ref.Company != 0 {
		return ref.Company, nil
	}
	return v.behindForm(ctx, ref.Form)
}

func (v *visit) take(id int64) {
	v.values[CompanyID] = fmt.Sprint(id)
	v.result.Company = doctor.Company{ID: id}
	for _, c := range v.choice {
		if c.ID == id {
			v.result.Company = c
		}
	}
}

func (v *visit) chosen() []doctor.Finding {
	said := v.result.Company.String()
	if more := v.values[companyIDs]; more != "" {
		said += " + " + more
	}
	return fine(Text{RU: said, EN: said})
}

// choices lists the branches for --company.
func (v *visit) choices() Text {
	var lines []string
	for _, c := range v.choice {
		lines = append(lines, fmt.Sprintf("\n      --company %d  # %s", c.ID, strings.TrimPrefix(c.String(), fmt.Sprintf("%d ", c.ID))))
	}
	return config.Tf("добавьте один из ключей:%s", "add one of these flags:%s", strings.Join(lines, ""))
}

// behindForm asks which branch a booking form belongs to: its number is not the id of a branch.
func (v *visit) behindForm(ctx context.Context, form int64) (int64, []doctor.Finding) {
	cfg, _ := v.load(v.values)
	client, err := v.NewClient(cfg)(yclients.Token(v.values["YCLIENTS_API_TOKEN"]), "")
	if err != nil {
		return 0, refuse(problem.ConfigInvalid, Text{RU: err.Error(), EN: err.Error()}, Text{})
	}
	settings, _, err := client.Booking.Form(ctx, form)
	if err != nil {
		f := doctor.Explain(err)
		if f.Problem == problem.UpstreamCompany {
			f.Found = config.Tf("формы записи %d в YCLIENTS нет", "YCLIENTS has no booking form %d", form)
		}
		return 0, []doctor.Finding{f}
	}
	if settings.GroupID > 0 || settings.CompanyID == 0 {
		return 0, v.usage(config.T("это форма сети, за ней несколько филиалов", "this is the form of a chain, with several branches behind it"), v.choices())
	}
	return settings.CompanyID, nil
}

// proveBranch runs the doctor's checks of the chosen branch.
func proveBranch(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	findings := v.ask(ctx, doctor.CheckBranch, doctor.CheckZone, doctor.CheckRights, doctor.CheckBookingOpen, doctor.CheckClock).Findings
	for i, f := range findings {
		if f.Check == doctor.CheckRights && f.Status == doctor.StatusFailure && f.Problem == problem.UpstreamForbidden {
			findings[i].Next = config.Tf("%s; идти дальше без них: --allow-missing-rights", "%s; to go on without them: --allow-missing-rights", f.Next)
		}
	}
	return findings, nil
}

// writeFile plans anew, because the file may have changed while we asked, and writes.
func writeFile(ctx context.Context, v *visit) ([]doctor.Finding, error) {
	plan, err := v.engine().EnvPlan(ctx, v.values)
	if err == nil {
		err = v.engine().EnvWrite(plan)
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return refuse(r.Problem, r.Found, r.Next), nil
	}
	if err != nil {
		return nil, err
	}
	v.result.Path, v.result.Diff, v.result.Backup, v.result.Beaten, v.result.Ignore = plan.Path, plan.Diff, plan.Backup, plan.Beaten, plan.Ignore
	found := config.Tf("%s, права 0600", "%s, mode 0600", v.EnvFile)
	if v.result.Diff == "" {
		found = config.Tf("%s уже верен", "%s is right already", v.EnvFile)
	}
	out := fine(found)
	if len(v.result.Beaten) > 0 {
		out = append(out, doctor.Finding{
			Status: doctor.StatusWarning,
			Found:  config.Tf("окружение процесса сильнее файла и задаёт другое: %s", "the process environment beats the file and says otherwise: %s", strings.Join(v.result.Beaten, ", ")),
			Next:   config.T("уберите эти переменные из окружения службы", "remove these variables from the service's environment"),
		})
	}
	if len(plan.Ignore) > 0 {
		out = append(out, doctor.Finding{
			Status: doctor.StatusWarning,
			Found:  config.Tf("файл лежит в репозитории git, и git его не скрывает", "the file lies in a git repository that does not ignore it"),
			Next:   config.Tf("добавьте в %s: %s", "add to %s: %s", plan.IgnoreFile, strings.Join(plan.Ignore, " ")),
		})
	}
	return out, nil
}

func (v *visit) engine() *Engine { return &Engine{EnvFile: v.EnvFile, Environ: v.Environ} }

func asFaults(err error) *config.Faults {
	if f, ok := err.(*config.Faults); ok {
		return f
	}
	return nil
}
