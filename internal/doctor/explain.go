package doctor

import (
	"errors"
	"net/http"
	"strings"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/upstream"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Explain says what a failed call to YCLIENTS means: one finding, without check and status. It separates
// what is easily confused: the three texts of a 401, a lack of rights and an unknown branch, a limit, a web
// page in the place of an answer, and silence.
func Explain(err error) Finding {
	code := verdict.Of(err).Code
	f := Finding{Status: StatusFailure, Problem: code, Found: lower(problem.Of(code).Title), Next: problem.Of(code).Fix}
	if dead, noted := errors.AsType[*upstream.TokenDead](err); noted { // the server asks no more: no silence of YCLIENTS
		f.Found = config.Tf("%s (замечено в %s)", "%s (noticed at %s)", f.Found, dead.Since.Format("15:04"))
		return f
	}
	failed, isAPI := errors.AsType[*yclients.Error](err)
	if _, busy := errors.AsType[*upstream.Busy](err); busy || !isAPI {
		return f
	}
	for _, c := range cases {
		if c.is(failed) {
			f.Found = c.found
			if c.next != (Text{}) {
				f.Next = c.next
			}
			if c.code != "" {
				f.Problem = c.code
			}
			break
		}
	}
	if failed.Message != "" {
		f.Found = config.Tf("%s (ответ YCLIENTS: «%s», HTTP %d)", "%s (YCLIENTS said \"%s\", HTTP %d)", f.Found, clip(failed.Message), failed.HTTPStatus)
	} else if failed.HTTPStatus != 0 {
		f.Found = config.Tf("%s (HTTP %d)", "%s (HTTP %d)", f.Found, failed.HTTPStatus)
	}
	return f
}

// cases are the readings of a failure, the first that fits counts.
var cases = []struct {
	is          func(*yclients.Error) bool
	code        problem.Code
	found, next Text
}{
	{
		is: func(e *yclients.Error) bool { return errors.Is(e, yclients.ErrRateLimited) }, found: config.T("превышен предел запросов: 5 в секунду, 200 в минуту с одного адреса", "the limit of calls is exceeded: 5 a second, 200 a minute for one address"),
		next: config.T("подождите минуту и повторите; если это надолго, с того же адреса в YCLIENTS ходит ещё кто-то",
			"wait a minute and try again; if it lasts, something else calls YCLIENTS from the same address"),
	},
	{
		is:    isWebPage,
		code:  problem.UpstreamMalformed,
		found: config.T("вместо ответа API пришла веб-страница", "a web page came instead of an answer of the API"),
		next: config.T("проверьте YCLIENTS_BASE_URL (нужен узел api.…, не веб-кабинет); такую страницу показывает и прокси или провайдер",
			"check YCLIENTS_BASE_URL (it is the api. host, not the web cabinet); a proxy or provider may show such a page too"),
	},
	{
		is:    missing(yclients.CredentialHeader),
		code:  problem.UpstreamKey,
		found: config.T("заголовок Authorization не дошёл до YCLIENTS", "the Authorization header did not reach YCLIENTS"),
		next: config.T("между сервером и YCLIENTS стоит прокси, который вырезает заголовки, или YCLIENTS_BASE_URL ведёт не туда",
			"a proxy on the way removes headers, or YCLIENTS_BASE_URL points elsewhere"),
	},
	{
		is:    missing(yclients.CredentialPartner),
		code:  problem.UpstreamKey,
		found: config.T("YCLIENTS не знает этого API-ключа", "YCLIENTS does not know this API key"),
		next: config.T("скопируйте в YCLIENTS_API_TOKEN ключ целиком из аккаунта разработчика: https://yclients.com/appstore/developers. Отдельный «партнёрский токен» не нужен, это он и есть",
			"copy the whole key from the developer's account into YCLIENTS_API_TOKEN: https://yclients.com/appstore/developers. No separate \"partner token\" is needed: this is it"),
	},
	{
		is:    missing(yclients.CredentialUser),
		code:  problem.UpstreamToken,
		found: config.T("API-ключ принят, а токен сотрудника нет", "the API key is accepted, the employee's token is not"),
		next: config.T("токен неверен или сменился вместе с паролем; получите новый: zapis setup",
			"the token is wrong, or changed together with the password; get a new one: zapis setup"),
	},
	{is: refusesLogin, code: problem.UpstreamLogin, found: config.T("логин или пароль не подошли", "login or password are wrong")},
	{
		is:    kind(yclients.KindLicense),
		found: config.T("у филиала кончилась лицензия YCLIENTS", "the branch's YCLIENTS licence has run out"),
		next:  config.T("продлите лицензию в YCLIENTS", "renew the licence in YCLIENTS"),
	},
	{
		is: kind(yclients.KindSecondFactor), found: config.T("пароль верен, но вход защищён вторым фактором", "the password is right, but a second factor protects the account"),
		next: config.T("заведите для приложения отдельного сотрудника без второго фактора, или возьмите токен в веб-кабинете и вставьте его вместо пароля (без терминала: --user-token-stdin)",
			"create an employee without a second factor for the app, or take the token from the web cabinet and paste it in place of the password (without a terminal: --user-token-stdin)"),
	},
	{is: kind(yclients.KindForbidden), found: config.T("у сотрудника нет прав на этот филиал", "the employee has no rights in this branch")},
	{is: kind(yclients.KindNotFound), found: config.T("YCLIENTS не находит того, о чём спросили", "YCLIENTS does not find what was asked for")},
	{
		is: func(e *yclients.Error) bool {
			return e.HTTPStatus == http.StatusBadRequest || e.HTTPStatus == http.StatusNotAcceptable
		},
		code:  problem.UpstreamMalformed,
		found: config.T("YCLIENTS не понял запроса: так он отвечает, когда по пути изменён заголовок Accept", "YCLIENTS did not understand the request: it answers so when the Accept header was changed on the way"),
		next:  config.T("проверьте прокси между сервером и YCLIENTS: заголовок Accept: application/vnd.yclients.v2+json должен дойти", "check the proxy on the way: the header Accept: application/vnd.yclients.v2+json must arrive"),
	},
	{
		is:    func(e *yclients.Error) bool { return e.Kind == yclients.KindUnavailable && e.HTTPStatus >= 500 },
		found: config.T("у YCLIENTS сбой", "YCLIENTS is having trouble"),
		next:  config.T("повторите через несколько минут; настройки здесь ни при чём", "try again in a few minutes; the settings are not to blame"),
	},
	{
		is: func(e *yclients.Error) bool {
			return errors.Is(e, yclients.ErrUnavailable) || e.Kind == yclients.KindOutcomeUnknown
		},
		code:  problem.UpstreamUnavailable,
		found: config.T("YCLIENTS не ответил", "YCLIENTS did not answer"),
		next:  config.T("проверьте сеть и повторите", "check the network and try again"),
	},
	{is: kind(yclients.KindMalformed), found: config.T("ответ YCLIENTS не читается", "YCLIENTS gave an answer that cannot be read")},
}

func kind(k yclients.Kind) func(*yclients.Error) bool {
	return func(e *yclients.Error) bool { return e.Kind == k }
}

func missing(c yclients.Credential) func(*yclients.Error) bool {
	return func(e *yclients.Error) bool { return e.Kind == yclients.KindUnauthenticated && e.Missing == c }
}

// refusesLogin: a sign-in is refused with a 401, but no sample of it is documented, so any refusal for its
// content counts too.
func refusesLogin(e *yclients.Error) bool {
	if e.Operation != "authUser" || isWebPage(e) {
		return false
	}
	return e.Kind == yclients.KindUnauthenticated && e.Missing != yclients.CredentialUser ||
		e.Kind == yclients.KindInvalid || e.Kind == yclients.KindNotFound || e.Kind == yclients.KindForbidden
}

func isWebPage(e *yclients.Error) bool {
	return strings.HasPrefix(strings.TrimSpace(e.Excerpt), "<")
}

// clip keeps what a server says to one short line; its text is not ours to trust.
func clip(s string) string {
	s = strings.Join(strings.Fields(strings.Map(printable, s)), " ")
	if r := []rune(s); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return s
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
		return ' '
	}
	return r
}

// lower makes a title of the table the beginning of a line like all others in the terminal.
func lower(t Text) Text {
	first := func(s string) string {
		r := []rune(s)
		if len(r) > 1 && strings.ToUpper(string(r[1])) == string(r[1]) || strings.HasPrefix(s, "YCLIENTS") {
			return s
		}
		return strings.ToLower(string(r[:1])) + string(r[1:])
	}
	return Text{RU: first(t.RU), EN: first(t.EN)}
}
