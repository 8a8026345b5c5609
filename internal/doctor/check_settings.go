package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

var settingsChecks = []Check{
	{
		Code: CheckVariables, Area: AreaSettings, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckEnvFile},
		Title:    config.T("переменные на месте и без помарок", "the variables are there and clean"),
		Cause:    config.T("переменной нет, значение скопировано с кавычками, пробелами или похожими буквами, или окружение перекрывает файл", "a variable is missing, a value was copied with quotes, blanks or look-alike letters, or the environment overrules the file"),
		WhatToDo: config.T("выполните zapis setup", "run zapis setup"), run: checkVariables,
	},
	{
		Code: CheckUnknown, Area: AreaSettings, Severity: Warning, Who: WhoDeveloper,
		Title:    config.T("нет лишних переменных", "no variables in vain"),
		Cause:    config.T("опечатка в имени переменной, или имя из другой программы: её никто не читает", "the name of a variable is misspelt, or another program's: nobody reads it"),
		WhatToDo: config.T("сверьте имена: zapis config show", "compare the names: zapis config show"), run: checkUnknown,
	},
	{
		Code: CheckPlaceholder, Area: AreaSettings, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("токены похожи на токены", "the tokens look like tokens"),
		Cause:    config.T("в файле остался образец из инструкции, или вместо токена вставлены телефон, почта, адрес или номер филиала", "the guide's sample was left in the file, or a phone, an e-mail, an address or a branch's id was pasted in place of the token"),
		WhatToDo: config.T("вставьте настоящие значения: zapis setup", "put the real values in: zapis setup"), run: checkPlaceholder,
	},
	{
		Code: CheckDistinct, Area: AreaSettings, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("ключ и токен разные", "key and token differ"),
		Cause:    config.T("одно и то же значение вставлено в обе переменные: названия токенов легко спутать", "the same value was pasted into both variables: the tokens' names are easily confused"),
		WhatToDo: config.T("API-ключ берут в кабинете разработчика, токен сотрудника выдаёт вход: zapis setup", "the API key comes from the developer's account, the employee's token from signing in: zapis setup"), run: checkDistinct,
	},
	{
		Code: CheckHost, Area: AreaSettings, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("адрес YCLIENTS известный", "the address of YCLIENTS is a known one"),
		Cause:    config.T("YCLIENTS_BASE_URL ведёт на веб-кабинет, форму записи или чужой узел, а API живёт на api.yclients.com и api.yclients.ru", "YCLIENTS_BASE_URL points at the web cabinet, a booking form or somebody else's host, while the API lives at api.yclients.com and api.yclients.ru"),
		WhatToDo: config.T("напишите YCLIENTS_BASE_URL=https://api.yclients.com или https://api.yclients.ru", "write YCLIENTS_BASE_URL=https://api.yclients.com or https://api.yclients.ru"), run: checkHost,
	},
	{
		Code: CheckScale, Area: AreaSettings, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("пределы запросов настоящие", "the limits of calls are the real ones"),
		Cause:    config.T("ZAPIS_LIMITS_SCALE осталась от проверок с песочницей: YCLIENTS будет отказывать всему адресу", "ZAPIS_LIMITS_SCALE was left from tests against a sandbox: YCLIENTS will refuse the whole address"),
		WhatToDo: config.T("уберите ZAPIS_LIMITS_SCALE", "remove ZAPIS_LIMITS_SCALE"), run: checkScale,
	},
	{
		Code: CheckCAFile, Area: AreaSettings, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("дополнительные корни действуют", "the additional roots are in force"),
		Cause:    config.T("сертификат в YCLIENTS_CA_FILE просрочен или это сертификат узла, а не центра", "a certificate in YCLIENTS_CA_FILE has expired, or is a host's and not an authority's"),
		WhatToDo: config.T("положите в YCLIENTS_CA_FILE действующий корневой сертификат в формате PEM, или уберите переменную", "put a valid root certificate in PEM into YCLIENTS_CA_FILE, or remove the variable"), run: checkCAFile,
	},
	{
		Code: CheckMode, Area: AreaSettings, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("записывать можно всем", "everybody can book"),
		Cause:    config.T("ZAPIS_MODE оставлен с пробного запуска", "ZAPIS_MODE was left from a trial"),
		WhatToDo: config.T("когда всё проверено, напишите ZAPIS_MODE=live", "when all is tried, write ZAPIS_MODE=live"), run: checkBookingMode,
	},
	{
		Code: CheckAlerts, Area: AreaSettings, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("о беде есть кому сообщить", "somebody is told of trouble"),
		Cause:    config.T("не задан ни один способ оповещения: о мёртвом токене узнают от клиентов", "no way of telling is configured: a dead token will be heard of from customers"),
		WhatToDo: config.T("задайте ZAPIS_ALERT_EMAIL, ZAPIS_ALERT_TELEGRAM или ZAPIS_ALERT_WEBHOOK и проверьте: zapis alert test", "set ZAPIS_ALERT_EMAIL, ZAPIS_ALERT_TELEGRAM or ZAPIS_ALERT_WEBHOOK, and try: zapis alert test"), run: checkAlerts,
	},
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
			Next: e.whereElse()})
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

// whereElse is the way on from a folder without settings: perhaps they lie in the folder of another backend.
func (e *exam) whereElse() Text {
	if ours, _ := config.EnvFiles("."); !e.InServer && len(ours) > 0 && e.Config.EnvFile == "" {
		return config.Tf("рядом есть %[1]s; если это он: zapis doctor --env-file %[1]s; иначе: zapis setup", "there is %[1]s; if that is the file: zapis doctor --env-file %[1]s; otherwise: zapis setup", ours[0])
	}
	return config.T("zapis setup; посмотреть без договора: zapis demo", "zapis setup; to look around without an account: zapis demo")
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

// shapes are texts that are no token, whatever they are.
var shapes = []struct {
	re   *regexp.Regexp
	what Text
}{
	{regexp.MustCompile(`(?i)^(your|my|changeme|change_me|todo|none|null|secret|token|api[_-]?key|partner[_-]?token|user[_-]?token|bearer)\b`), config.T("похоже на образец из инструкции", "looks like the guide's sample")},
	{regexp.MustCompile(`(?i)(example|xxxx|\.\.\.|<.*>|\$\{)`), config.T("похоже на образец из инструкции", "looks like the guide's sample")},
	{regexp.MustCompile(`(?i)^https?://`), config.T("это адрес", "is an address")},
	{regexp.MustCompile(`^\S+@\S+\.\S+$`), config.T("это адрес почты", "is an e-mail address")},
	{regexp.MustCompile(`^\+?[78]\d{10}$`), config.T("похоже на телефон", "looks like a phone")},
	{regexp.MustCompile(`^\d{1,9}$`), config.T("похоже на номер филиала", "looks like a branch's id")},
}

// checkPlaceholder leaves a sandbox alone: its tokens are examples on purpose.
func checkPlaceholder(_ context.Context, e *exam, _ int64) []Finding {
	if !isYClients(e.Config.BaseURL) {
		return ok(config.T("адрес не YCLIENTS, подойдёт любой", "the address is not YCLIENTS', any will do"))
	}
	var out []Finding
	for _, v := range []struct{ name, text string }{
		{"YCLIENTS_API_TOKEN", e.Config.Account.PartnerToken.Reveal()}, {"YCLIENTS_USER_TOKEN", e.Config.Account.UserToken.Reveal()},
	} {
		i := slices.IndexFunc(shapes, func(s struct {
			re   *regexp.Regexp
			what Text
		}) bool {
			return s.re.MatchString(v.text)
		})
		if i >= 0 {
			out = append(out, Finding{Problem: problem.ConfigInvalid, Found: config.Tf("%s: %s", "%s: %s", v.name, shapes[i].what)})
		}
	}
	if len(out) == 0 {
		return ok(Text{})
	}
	return out
}

func checkDistinct(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.Account.PartnerToken.Reveal() == e.Config.Account.UserToken.Reveal() {
		return failed(problem.ConfigInvalid, config.T("в YCLIENTS_API_TOKEN и YCLIENTS_USER_TOKEN одно и то же", "YCLIENTS_API_TOKEN and YCLIENTS_USER_TOKEN hold the same"), Text{})
	}
	return ok(Text{})
}

// isYClients tells the real service from a sandbox.
func isYClients(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".yclients.com") || strings.HasSuffix(u.Hostname(), ".yclients.ru"))
}

// apiHosts are where the API lives; newer integrations use the second.
var apiHosts = []string{"api.yclients.com", "api.yclients.ru"}

func checkHost(_ context.Context, e *exam, _ int64) []Finding {
	u, err := url.Parse(e.Config.BaseURL)
	if err != nil {
		return nil // config has refused it
	}
	host := u.Hostname()
	switch {
	case slices.Contains(apiHosts, host):
		return ok(Text{RU: host, EN: host})
	case isYClients(e.Config.BaseURL) || strings.HasPrefix(host, "yclients."):
		return []Finding{{Status: StatusFailure, Problem: problem.ConfigInvalid, Found: config.Tf("%s — не узел API", "%s is not the host of the API", host)}}
	case host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1":
		return ok(config.Tf("%s: песочница или прокси на этой машине", "%s: a sandbox or a proxy on this machine", u.Host))
	}
	return []Finding{{Found: config.Tf("%s — не api.yclients.com и не api.yclients.ru: ключи уходят туда", "%s is neither api.yclients.com nor api.yclients.ru: the keys go there", host)}}
}

func checkScale(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.LimitsScale > 1 && isYClients(e.Config.BaseURL) {
		return failed(problem.ConfigInvalid, config.Tf("пределы умножены на %d, а адрес настоящий", "the limits are multiplied by %d, and the address is the real one", e.Config.LimitsScale), Text{})
	}
	return ok(Text{})
}

func checkCAFile(_ context.Context, e *exam, _ int64) []Finding {
	if e.Config.CAFile == "" {
		return ok(config.T("только корни системы", "the system's roots only"))
	}
	rest, err := os.ReadFile(e.Config.CAFile)
	if err != nil {
		return []Finding{{Found: config.Tf("%s не читается", "%s cannot be read", e.Config.CAFile)}}
	}
	var out []Finding
	n := 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		n++
		switch {
		case e.Now().After(cert.NotAfter):
			out = append(out, Finding{Found: config.Tf("сертификат «%s» истёк %s", "the certificate \"%s\" expired on %s", clip(cert.Subject.CommonName), cert.NotAfter.Format(time.DateOnly))})
		case e.Now().Before(cert.NotBefore):
			out = append(out, Finding{Found: config.Tf("сертификат «%s» действует с %s", "the certificate \"%s\" is valid from %s", clip(cert.Subject.CommonName), cert.NotBefore.Format(time.DateOnly))})
		}
	}
	if n > len(out) {
		return ok(config.Count(n-len(out), "сертификат", "сертификата", "сертификатов", "certificate", "certificates"))
	}
	if len(out) == 0 {
		return []Finding{{Found: config.Tf("в %s нет сертификатов", "%s holds no certificate", e.Config.CAFile)}}
	}
	return out
}

func checkBookingMode(_ context.Context, e *exam, _ int64) []Finding {
	switch e.Config.Mode {
	case config.ModeReadonly:
		return []Finding{{Found: config.T("ZAPIS_MODE=readonly: никто не может записаться", "ZAPIS_MODE=readonly: nobody can book")}}
	case config.ModePilot:
		return []Finding{{Found: config.Tf("ZAPIS_MODE=pilot: записаться могут только %s", "ZAPIS_MODE=pilot: only %s can book", config.Count(len(e.Config.PilotPhones), "телефон", "телефона", "телефонов", "phone", "phones"))}}
	case config.ModeLive:
	}
	return ok(Text{})
}

func checkAlerts(_ context.Context, e *exam, _ int64) []Finding {
	ways := e.Config.Alert.Ways()
	switch {
	case len(ways) > 0:
		return ok(Text{RU: strings.Join(ways, ", "), EN: strings.Join(ways, ", ")})
	case !isYClients(e.Config.BaseURL):
		return ok(config.T("с песочницей не нужно", "not needed with a sandbox"))
	}
	return []Finding{{Found: config.T("оповещения не настроены", "no alerts are configured")}}
}
