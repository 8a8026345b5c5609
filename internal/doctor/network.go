package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

var networkChecks = []Check{
	{
		Code: CheckResolve, Area: AreaNetwork, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckVariables},
		Title:    config.T("адрес YCLIENTS находится", "the address of YCLIENTS resolves"),
		Cause:    config.T("на машине не работает DNS, или в адресе опечатка", "this machine's DNS does not work, or the address is misspelt"),
		WhatToDo: config.T("проверьте YCLIENTS_BASE_URL и DNS этого компьютера", "check YCLIENTS_BASE_URL and this machine's DNS"), run: checkResolve,
	},
	{
		Code: CheckConnect, Area: AreaNetwork, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckResolve},
		Title:    config.T("соединение открывается", "a connection opens"),
		Cause:    config.T("исходящие соединения закрыты брандмауэром, не отвечает прокси, или узел недоступен из этой страны", "a firewall closes outgoing connections, the proxy does not answer, or the host cannot be reached from this country"),
		WhatToDo: config.T("проверьте, что исходящие соединения разрешены (брандмауэр, прокси)", "check that outgoing connections are allowed (firewall, proxy)"), run: checkConnect,
	},
	{
		Code: CheckOtherHost, Area: AreaNetwork, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("выбран узел, который отвечает", "the host that answers is chosen"),
		Cause:    config.T("API живёт на двух узлах, .com и .ru, и отсюда отвечает только другой", "the API lives on two hosts, .com and .ru, and only the other answers from here"),
		WhatToDo: config.T("смените YCLIENTS_BASE_URL на другой узел", "change YCLIENTS_BASE_URL to the other host"), run: checkOtherHost,
	},
	{
		Code: CheckTLS, Area: AreaNetwork, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckConnect},
		Title: config.T("сертификату можно верить", "the certificate can be trusted"),
		Cause: config.T("в системе старые корневые сертификаты, сертификат подписан центром, которого в ней нет, соединение перехватывает прокси, или неверны часы", "the system's root certificates are old, an authority that it does not know has signed, a proxy intercepts the connection, or the clock is wrong"),
		WhatToDo: config.T("обновите корневые сертификаты системы или укажите недостающий в YCLIENTS_CA_FILE; проверьте часы",
			"update the system's root certificates, or name the missing one in YCLIENTS_CA_FILE; check the clock"), run: checkTLS,
	},
	{
		Code: CheckAnswers, Area: AreaNetwork, Severity: Failure, Who: WhoYClients, DependsOn: []string{CheckTLS}, Calls: 1,
		Title:    config.T("YCLIENTS отвечает", "YCLIENTS answers"),
		Cause:    config.T("у YCLIENTS сбой, или исчерпан предел запросов с этого адреса", "YCLIENTS is having trouble, or the limit of calls of this address is used up"),
		WhatToDo: config.T("повторите через несколько минут; если не проходит, напишите в поддержку YCLIENTS", "try again in a few minutes; if it lasts, write to YCLIENTS support"), run: checkAnswers,
	},
	{
		Code: CheckIsAPI, Area: AreaNetwork, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckAnswers},
		Title:    config.T("отвечает API, а не веб-страница", "the API answers, and no web page"),
		Cause:    config.T("адрес ведёт в веб-кабинет, или страницу подставляет прокси, провайдер или защита от роботов", "the address is the web cabinet's, or a proxy, a provider or a guard against robots puts the page there"),
		WhatToDo: config.T("проверьте YCLIENTS_BASE_URL и прокси между сервером и YCLIENTS", "check YCLIENTS_BASE_URL and the proxy between the server and YCLIENTS"), run: firstIs(CheckIsAPI),
	},
	{
		Code: CheckAccept, Area: AreaNetwork, Severity: Failure, Who: WhoNetwork, DependsOn: []string{CheckIsAPI},
		Title:    config.T("заголовок Accept доходит", "the Accept header arrives"),
		Cause:    config.T("прокси по дороге переписывает заголовки: без своего Accept API отвечает 400", "a proxy on the way rewrites headers: without its Accept the API answers 400"),
		WhatToDo: config.T("пропустите Accept: application/vnd.yclients.v2+json без изменений", "let Accept: application/vnd.yclients.v2+json pass unchanged"), run: firstIs(CheckAccept),
	},
	{
		Code: CheckLatency, Area: AreaNetwork, Severity: Warning, Who: WhoNetwork, DependsOn: []string{CheckAnswers},
		Title:    config.T("YCLIENTS отвечает быстро", "YCLIENTS answers soon"),
		Cause:    config.T("медленный канал, далёкий прокси или перегруженный YCLIENTS: клиенты увидят ожидание", "a slow line, a far proxy or a busy YCLIENTS: customers will see waiting"),
		WhatToDo: config.T("повторите позже; если всегда так, перенесите сервер ближе или уберите прокси", "try again later; if it is always so, move the server closer or remove the proxy"), run: checkLatency,
	},
	{
		Code: CheckClock, Area: AreaNetwork, Severity: Warning, Who: WhoNetwork, DependsOn: []string{CheckAnswers},
		Title:    config.T("часы верны", "the clock is right"),
		Cause:    config.T("синхронизация времени выключена, или виртуальная машина спала", "time synchronisation is off, or the virtual machine was asleep"),
		WhatToDo: config.T("включите синхронизацию времени: timedatectl set-ntp true", "switch time synchronisation on: timedatectl set-ntp true"), run: checkClock,
	},
}

// sharedChecks judge the budget after the calls of the access checks have been made.
var sharedChecks = []Check{
	{
		Code: CheckBudget, Area: AreaNetwork, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckAnswers},
		Title:    config.T("запас запросов есть", "there are calls to spare"),
		Cause:    config.T("этот адрес тратит почти все 200 запросов в минуту: слишком частая выгрузка или много клиентов", "this address spends nearly all of its 200 calls a minute: an export that runs too often, or many customers"),
		WhatToDo: config.T("разнесите тяжёлые задания по времени или по разным адресам", "spread heavy work over time or over several addresses"), run: checkBudget,
	},
	{
		Code: CheckShared, Area: AreaNetwork, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckAnswers},
		Title:    config.T("запросы с этого адреса тратим только мы", "nobody else spends this address's calls"),
		Cause:    config.T("с того же адреса в YCLIENTS ходит другой сервер или программа: предел один на адрес, и отказ получают все", "another server or program calls YCLIENTS from the same address: the limit is one for the address, and all are refused"),
		WhatToDo: config.T("найдите второй сервер (старый бэкенд, выгрузку, сайт) и остановите его или дайте ему другой исходящий адрес", "find the other server (an old backend, an export, a site), and stop it or give it another outgoing address"), run: checkShared,
	},
}

// reach is how long each step towards the server may take.
const reach = 10 * time.Second

// target is the host to reach, and whether a proxy stands before it.
func (e *exam) target() (base *url.URL, hostPort string, proxied bool) {
	base, err := url.Parse(e.Config.BaseURL)
	if err != nil {
		return &url.URL{}, "", false // config has refused such an address already
	}
	to := base
	if proxy, err := e.Proxy(&http.Request{URL: base, Header: http.Header{}}); err == nil && proxy != nil {
		to, proxied = proxy, true
	}
	port := to.Port()
	if port == "" {
		port = map[string]string{"http": "80", "socks5": "1080", "socks5h": "1080"}[to.Scheme]
	}
	if port == "" {
		port = "443"
	}
	return base, net.JoinHostPort(to.Hostname(), port), proxied
}

func checkResolve(ctx context.Context, e *exam, _ int64) []Finding {
	base, hostPort, proxied := e.target()
	host, _, _ := net.SplitHostPort(hostPort)
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	if net.ParseIP(host) != nil {
		return ok(Text{RU: base.Host, EN: base.Host})
	}
	found, err := e.Resolve(ctx, host)
	if err != nil || len(found) == 0 {
		return failed(problem.UpstreamUnavailable, config.Tf("имя %s не находится", "the name %s does not resolve", host), proxyAdvice(proxied))
	}
	if proxied {
		return ok(config.Tf("%s через прокси %s", "%s through the proxy %s", base.Host, host))
	}
	return ok(Text{RU: base.Host, EN: base.Host})
}

func proxyAdvice(proxied bool) Text {
	if proxied {
		return config.T("это адрес прокси: проверьте HTTPS_PROXY и NO_PROXY", "this is the proxy's address: check HTTPS_PROXY and NO_PROXY")
	}
	return Text{}
}

func checkConnect(ctx context.Context, e *exam, _ int64) []Finding {
	_, hostPort, proxied := e.target()
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	conn, err := e.Dial(ctx, "tcp", hostPort)
	if err != nil {
		why := config.T("соединение отвергнуто", "the connection was refused")
		if ne, isNet := errors.AsType[net.Error](err); isNet && ne.Timeout() {
			why = config.T("никто не ответил", "nobody answered")
		}
		return failed(problem.UpstreamUnavailable, config.Tf("%s: %s", "%s: %s", hostPort, why), proxyAdvice(proxied))
	}
	_ = conn.Close()
	return ok(Text{RU: hostPort, EN: hostPort})
}

func checkTLS(ctx context.Context, e *exam, _ int64) []Finding {
	base, hostPort, proxied := e.target()
	switch {
	case base.Scheme == "http":
		return ok(config.T("адрес http://, шифрования нет", "an http:// address, no encryption"))
	case proxied:
		return ok(config.T("через прокси; проверит первый же вызов", "through a proxy; the first call will tell"))
	}
	roots, err := e.Config.RootCAs()
	if err != nil {
		return failed(problem.ConfigInvalid, config.T("YCLIENTS_CA_FILE не читается", "YCLIENTS_CA_FILE cannot be read"), Text{})
	}
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	raw, err := e.Dial(ctx, "tcp", hostPort)
	if err != nil {
		return failed(problem.UpstreamUnavailable, config.T("соединение пропало", "the connection went away"), Text{})
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{ServerName: base.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12, Time: e.Now})
	if err := conn.HandshakeContext(ctx); err != nil {
		return failed(problem.UpstreamUnavailable, whyTLS(err), Text{})
	}
	return ok(Text{})
}

// whyTLS says what is wrong with a certificate, or that none came.
func whyTLS(err error) Text {
	if e, is := errors.AsType[x509.CertificateInvalidError](err); is && e.Reason == x509.Expired {
		return config.T("сертификат просрочен или ещё не действует; так же выглядят неверные часы", "the certificate has expired or is not valid yet; a wrong clock looks the same")
	}
	if _, is := errors.AsType[x509.UnknownAuthorityError](err); is {
		return config.T("сертификат подписан неизвестным центром", "the certificate is signed by an unknown authority")
	}
	if _, is := errors.AsType[x509.HostnameError](err); is {
		return config.T("сертификат выдан другому имени: отвечает не YCLIENTS", "the certificate belongs to another name: it is not YCLIENTS that answers")
	}
	if strings.Contains(err.Error(), "first record does not look like a TLS handshake") {
		return config.T("на этом порту не шифруют: возможно, нужен http:// или перехватывает прокси", "no encryption is spoken on this port: perhaps it wants http://, or a proxy intercepts")
	}
	return config.T("рукопожатие TLS не состоялось", "the TLS handshake failed")
}

// checkOtherHost tries the API's other host when the chosen one cannot be reached. It opens a connection and asks nothing.
func checkOtherHost(ctx context.Context, e *exam, _ int64) []Finding {
	base, _, proxied := e.target()
	at := slices.Index(apiHosts, base.Hostname())
	if at < 0 || proxied || e.passed[passKey{CheckConnect, 0}] {
		return ok(Text{})
	}
	other := apiHosts[1-at]
	switch {
	case e.opens(ctx, base.Hostname()):
		return ok(Text{})
	case !e.opens(ctx, other):
		return []Finding{{Status: StatusSkipped, Found: config.Tf("%s тоже не отвечает", "%s does not answer either", other)}}
	}
	return []Finding{{
		Found: config.Tf("%s не отвечает, а %s отвечает", "%s does not answer, and %s does", base.Hostname(), other),
		Next:  config.Tf("напишите в файле настроек: YCLIENTS_BASE_URL=https://%s", "write into the env file: YCLIENTS_BASE_URL=https://%s", other),
	}}
}

// opens reports whether a host takes a connection.
func (e *exam) opens(ctx context.Context, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	conn, err := e.Dial(ctx, "tcp", net.JoinHostPort(host, "443"))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// slowAnswer is how long an answer may take before customers notice.
const slowAnswer = 2 * time.Second

func checkLatency(_ context.Context, e *exam, _ int64) []Finding {
	if e.took == 0 {
		return []Finding{{Status: StatusSkipped, Found: config.T("время ответа не измерено", "the time was not measured")}}
	}
	found := config.Tf("первый ответ за %s", "the first answer took %s", e.took.Round(time.Millisecond))
	if e.took > slowAnswer {
		return []Finding{{Found: found}}
	}
	return ok(found)
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

func checkBudget(_ context.Context, e *exam, _ int64) []Finding {
	if e.Budget == nil {
		return nil
	}
	used, limit := e.Budget()
	found := config.Tf("за последнюю минуту %d из %d", "%d of %d in the last minute", used, limit)
	if limit > 0 && used*10 >= limit*9 {
		return []Finding{{Found: found}}
	}
	return ok(found)
}

func checkShared(_ context.Context, e *exam, _ int64) []Finding {
	if e.refused > 0 {
		return []Finding{{Found: config.Tf("YCLIENTS отказал по пределу запросов (%d), хотя мы его не превышали", "YCLIENTS refused for the limit of calls (%d), though we kept it", e.refused)}}
	}
	return ok(Text{})
}
