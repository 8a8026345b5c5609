package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

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
