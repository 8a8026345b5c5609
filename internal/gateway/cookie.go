package gateway

import (
	"net/http"
	"time"

	"zapis/internal/salon"
)

// In a browser the refresh token is kept where no script reads it. The __Host- prefix binds it to this very host and
// needs Secure; on plain HTTP in a local network there is only the other name.
const (
	hostCookie  = "__Host-zapis_refresh"
	plainCookie = "zapis_refresh"
)

// secure reports a request over TLS, or to this very machine: browsers take Secure cookies from both.
func (req *request) secure() bool { return req.tls || loopbackHost(req.host) }

func (req *request) cookieName() string {
	if req.secure() {
		return hostCookie
	}
	return plainCookie
}

func (req *request) newCookie(value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: req.cookieName(), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: req.secure(), SameSite: http.SameSiteStrictMode,
	}
}

// keep moves the refresh token of a browser from the body into the cookie; others get it in the body.
func (req *request) keep(tokens *salon.Tokens, now time.Time) (setCookie string) {
	if !req.browser {
		return ""
	}
	c := req.newCookie(tokens.Refresh, max(1, int(tokens.RefreshEnds.Sub(now).Seconds())))
	tokens.Refresh = ""
	return c.String()
}

func (req *request) forgetCookie() {
	req.header.Add("Set-Cookie", req.newCookie("", -1).String())
}
