package doctor

import (
	"context"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

// Codes of the checks.
const (
	CheckEnvFile     = "env_file"
	CheckEnvPrivate  = "env_file_private"
	CheckVariables   = "variables"
	CheckUnknown     = "unknown_variables"
	CheckStore       = "store"
	CheckResolve     = "address_resolves"
	CheckConnect     = "address_connects"
	CheckTLS         = "address_tls"
	CheckAPIKey      = "api_key"
	CheckClock       = "clock"
	CheckUserToken   = "user_token"
	CheckBranch      = "branch"
	CheckZone        = "branch_timezone"
	CheckRights      = "branch_rights"
	CheckBookingOpen = "branch_booking_open"
	CheckWaiting     = "branch_waiting_lists"
)

// Checks are all checks, causes before effects; those of a branch come last.
var Checks = []Check{
	{
		Code: CheckEnvFile, Severity: Failure, Title: config.T("файл настроек читается", "the env file can be read"),
		WhatToDo: config.T("создайте файл: zapis setup", "make the file: zapis setup"), run: checkEnvFile,
	},
	{
		Code: CheckEnvPrivate, Severity: Warning, Title: config.T("файл настроек закрыт от чужих", "the env file is closed to others"),
		DependsOn: []string{CheckEnvFile},
		WhatToDo:  config.T("выполните chmod 600 для этого файла", "run chmod 600 on the file"), run: checkEnvPrivate,
	},
	{
		Code: CheckVariables, Severity: Failure, Title: config.T("переменные на месте и без помарок", "the variables are there and clean"),
		DependsOn: []string{CheckEnvFile},
		WhatToDo:  config.T("выполните zapis setup", "run zapis setup"), run: checkVariables,
	},
	{
		Code: CheckUnknown, Severity: Warning, Title: config.T("нет лишних переменных", "no variables in vain"),
		WhatToDo: config.T("сверьте имена: zapis config show", "compare the names: zapis config show"), run: checkUnknown,
	},
	{
		Code: CheckStore, Severity: Failure, Title: config.T("хранилище доступно", "the store can be used"),
		DependsOn: []string{CheckVariables},
		WhatToDo:  problem.Of(problem.StoreUnavailable).Fix, run: checkStore,
	},
	{
		Code: CheckResolve, Severity: Failure, Title: config.T("адрес YCLIENTS находится", "the address of YCLIENTS resolves"),
		DependsOn: []string{CheckVariables},
		WhatToDo:  config.T("проверьте YCLIENTS_BASE_URL и DNS этого компьютера", "check YCLIENTS_BASE_URL and this machine's DNS"), run: checkResolve,
	},
	{
		Code: CheckConnect, Severity: Failure, Title: config.T("соединение открывается", "a connection opens"),
		DependsOn: []string{CheckResolve},
		WhatToDo:  config.T("проверьте, что исходящие соединения разрешены (брандмауэр, прокси)", "check that outgoing connections are allowed (firewall, proxy)"), run: checkConnect,
	},
	{
		Code: CheckTLS, Severity: Failure, Title: config.T("сертификату можно верить", "the certificate can be trusted"),
		DependsOn: []string{CheckConnect},
		WhatToDo: config.T("обновите корневые сертификаты системы или укажите недостающий в YCLIENTS_CA_FILE; проверьте часы",
			"update the system's root certificates, or name the missing one in YCLIENTS_CA_FILE; check the clock"), run: checkTLS,
	},
	{
		Code: CheckAPIKey, Severity: Failure, Title: config.T("API-ключ принят", "the API key is accepted"),
		DependsOn: []string{CheckTLS},
		WhatToDo:  problem.Of(problem.UpstreamKey).Fix, run: checkAPIKey,
	},
	{
		Code: CheckClock, Severity: Warning, Title: config.T("часы верны", "the clock is right"),
		DependsOn: []string{CheckAPIKey},
		WhatToDo:  config.T("включите синхронизацию времени: timedatectl set-ntp true", "switch time synchronisation on: timedatectl set-ntp true"), run: checkClock,
	},
	{
		Code: CheckUserToken, Severity: Failure, Title: config.T("токен сотрудника принят", "the employee's token is accepted"),
		DependsOn: []string{CheckAPIKey},
		WhatToDo:  problem.Of(problem.UpstreamToken).Fix, run: checkUserToken,
	},
	{
		Code: CheckBranch, Severity: Failure, PerBranch: true, Title: config.T("филиал доступен сотруднику", "the employee manages the branch"),
		DependsOn: []string{CheckUserToken},
		WhatToDo:  problem.Of(problem.UpstreamCompany).Fix, run: checkBranch,
	},
	{
		Code: CheckZone, Severity: Failure, PerBranch: true, Title: config.T("часовой пояс известен", "the time zone is known"),
		DependsOn: []string{CheckBranch},
		WhatToDo:  config.T("задайте город и часовой пояс в настройках филиала в YCLIENTS", "set city and time zone in the branch's settings in YCLIENTS"), run: checkZone,
	},
	{
		Code: CheckRights, Severity: Warning, PerBranch: true, Title: config.T("прав сотрудника хватает", "the employee's rights suffice"),
		DependsOn: []string{CheckBranch},
		WhatToDo: config.T("в YCLIENTS: Настройки → Пользователи → этот сотрудник → включите названные права",
			"in YCLIENTS: Settings → Users → this employee → switch the named rights on"), run: checkRights,
	},
	{
		Code: CheckBookingOpen, Severity: Failure, PerBranch: true, Title: config.T("онлайн-запись открыта", "online booking is open"),
		DependsOn: []string{CheckBranch},
		WhatToDo: config.T("в YCLIENTS: Онлайн-запись → включите услуги и сотрудников для онлайн-записи",
			"in YCLIENTS: Online booking → open services and employees for online booking"), run: checkBookingOpen,
	},
	{
		Code: CheckWaiting, Severity: Warning, PerBranch: true, Title: config.T("среди мастеров нет листа ожидания", "no master is a waiting list"),
		DependsOn: []string{CheckBookingOpen},
		WhatToDo:  config.T("скройте их переменной ZAPIS_HIDDEN_STAFF", "hide them by ZAPIS_HIDDEN_STAFF"), run: checkWaiting,
	},
}

func ok(found Text) []Finding { return []Finding{{Status: StatusOK, Found: found}} }

func failed(code problem.Code, found, next Text) []Finding {
	return []Finding{{Status: StatusFailure, Found: found, Next: next, Problem: code}}
}

func checkEnvFile(_ context.Context, e *exam, _ int64) []Finding {
	var out []Finding
	for _, f := range e.faults() {
		if f.Key == "--env-file" || f.From.Source == "file" && f.Key == f.From.File {
			out = append(out, faultFinding(f))
		}
	}
	switch {
	case len(out) > 0:
		return out
	case e.Config.EnvFile != "":
		return ok(Text{RU: e.Config.EnvFile, EN: e.Config.EnvFile})
	}
	return ok(config.T("файла .env нет, значения берутся из окружения", "there is no .env, values come from the environment"))
}

func checkEnvPrivate(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.EnvFile == "" || runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(e.Config.EnvFile)
	if err != nil {
		return []Finding{{Found: config.T("файл пропал во время проверки", "the file vanished during the check")}}
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return []Finding{{
			Found: config.Tf("в %s секреты, а права %04o дают читать его другим", "%s holds secrets, and its mode %04o lets others read it", e.Config.EnvFile, info.Mode().Perm()),
			Next:  config.Tf("chmod 600 %s", "chmod 600 %s", e.Config.EnvFile),
		}}
	}
	return ok(config.Tf("права %04o", "mode %04o", info.Mode().Perm()&fs.ModePerm))
}

func (e *exam) faults() []config.Fault {
	if e.Faults == nil {
		return nil
	}
	return e.Faults.List
}

func faultFinding(f config.Fault) Finding {
	found := f.What
	if where := f.From.Text(); where != (Text{}) {
		found = config.Tf("%s (%s): %s", "%s (%s): %s", f.Key, where, f.What)
	} else {
		found = config.Tf("%s: %s", "%s: %s", f.Key, found)
	}
	return Finding{Status: StatusFailure, Found: found, Next: f.Fix, Problem: problem.ConfigInvalid}
}

// accountVariables are shown one by one, also when they are well.
var accountVariables = []string{"YCLIENTS_ENABLED", "YCLIENTS_COMPANY_ID", "YCLIENTS_API_TOKEN", "YCLIENTS_USER_TOKEN"}

func checkVariables(_ context.Context, e *exam, _ int64) []Finding {
	var out []Finding
	wrong := map[string]bool{}
	for _, f := range e.faults() {
		wrong[f.Key] = true
	}
	switch e.Config.State {
	case config.NotConfigured:
		out = append(out, Finding{Status: StatusFailure, Problem: problem.NotConfigured, Found: config.T("нет ни одной переменной доступа YCLIENTS_*", "there is not one YCLIENTS_* variable of an account"),
			Next: config.T("zapis setup --api-key КЛЮЧ --login ТЕЛЕФОН --password-stdin; посмотреть без договора: zapis demo", "zapis setup --api-key KEY --login PHONE --password-stdin; to look around without an account: zapis demo")})
	case config.Disabled:
		out = append(out, Finding{Status: StatusFailure, Problem: problem.Disabled, Found: config.T("YCLIENTS_ENABLED выключает обмен с YCLIENTS", "YCLIENTS_ENABLED switches YCLIENTS off"),
			Next: config.T("напишите YCLIENTS_ENABLED=True", "write YCLIENTS_ENABLED=True")})
	case config.Ready:
		for _, key := range accountVariables {
			if !wrong[key] {
				out = append(out, Finding{Status: StatusOK, Found: e.present(key)})
			}
		}
	}
	for _, f := range e.faults() {
		if f.Key != "--env-file" && f.Key != f.From.File {
			out = append(out, faultFinding(f))
		}
	}
	return out
}

// present tells that a variable is there, from where, and of a secret only how long it is.
func (e *exam) present(key string) Text {
	from := e.Config.Origin(key).Text()
	if from == (Text{}) {
		from = config.T("по умолчанию", "default")
	}
	length := map[string]int{"YCLIENTS_API_TOKEN": len(e.Config.Account.PartnerToken.Reveal()), "YCLIENTS_USER_TOKEN": len(e.Config.Account.UserToken.Reveal())}
	if n := length[key]; n > 0 {
		return config.Tf("%s: есть, %s, %s", "%s: there, %s, %s", key, config.Count(n, "символ", "символа", "символов", "character", "characters"), from)
	}
	return config.Tf("%s: есть, %s", "%s: there, %s", key, from)
}

func checkUnknown(_ context.Context, e *exam, _ int64) []Finding {
	var out []Finding
	for _, w := range e.Config.Warnings {
		f := faultFinding(w)
		f.Status, f.Problem = StatusWarning, ""
		out = append(out, f)
	}
	if len(out) == 0 {
		return ok(Text{})
	}
	return out
}

// checkStore asks whether a server could keep what it must remember.
func checkStore(ctx context.Context, e *exam, _ int64) []Finding {
	if e.OpenStore == nil {
		return nil
	}
	err := e.OpenStore(ctx, e.Config)
	if err == nil {
		return ok(Text{})
	}
	p := problem.From(err)
	found := lower(p.Meaning().Title)
	if p.Detail != "" {
		found = config.Tf("%s: %s", "%s: %s", found, clip(p.Detail))
	}
	next := p.Meaning().Fix
	if p.Code == problem.FolderUnusable {
		next = config.T("назовите в ZAPIS_DATA папку, в которую можно писать", "name a folder that can be written in ZAPIS_DATA")
	}
	return failed(p.Code, found, next)
}

// maxSkew is how far the clock may be off before times in logs and limits mislead.
const maxSkew = 30 * time.Second

func checkClock(_ context.Context, e *exam, _ int64) []Finding {
	if e.date.IsZero() {
		return []Finding{{Status: StatusSkipped, Found: config.T("сервер не прислал своего времени", "the server did not send its time")}}
	}
	skew := e.dateAt.Sub(e.date).Round(time.Second)
	if skew.Abs() > maxSkew {
		found := config.Tf("часы этого компьютера спешат на %s", "this machine's clock is %s ahead", skew)
		if skew < 0 {
			found = config.Tf("часы этого компьютера отстают на %s", "this machine's clock is %s behind", -skew)
		}
		return []Finding{{Found: found}}
	}
	return ok(config.Tf("расхождение с YCLIENTS не больше %s", "within %s of YCLIENTS", max(skew.Abs(), time.Second)))
}

func checkZone(_ context.Context, e *exam, branch int64) []Finding {
	c := e.company(branch)
	if c.Zone == "" {
		return failed(problem.UpstreamCompany, config.T("YCLIENTS не назвал часовой пояс", "YCLIENTS named no time zone"), Text{})
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return failed(problem.UpstreamMalformed, config.Tf("пояс «%s» неизвестен этой программе", "the zone %q is unknown to this program", c.Zone), Text{})
	}
	return ok(config.Tf("%s, там сейчас %s", "%s, it is %s there", c.Zone, e.Now().In(zone).Format("15:04")))
}

func (e *exam) company(branch int64) Company {
	if i := slices.IndexFunc(e.mine, func(c Company) bool { return c.ID == branch }); i >= 0 {
		return e.mine[i]
	}
	return e.foreign[branch]
}
