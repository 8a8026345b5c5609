package yclients

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// DefaultBaseURL is the host of the API.
const DefaultBaseURL = "https://api.yclients.com"

const defaultUserAgent = "zapis-yclients-go"

// Client speaks to the API with one pair of tokens. It is safe for concurrent
// use, and [Client.As] makes cheap copies for other users.
type Client struct {
	http      *http.Client
	base      string // scheme and host, without a slash at the end
	userAgent string
	language  string // empty: the API's own
	partner   Token
	user      Token
	now       func() time.Time
	logger    *slog.Logger   // nil: none
	roots     *x509.CertPool // until New has made the HTTP client

	services
}

// defaultTimeout is for a whole call, the reading of its answer included.
const defaultTimeout = 30 * time.Second

func defaultHTTPClient(roots *x509.CertPool) *http.Client {
	if roots == nil {
		return &http.Client{Timeout: defaultTimeout}
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
	return &http.Client{Timeout: defaultTimeout, Transport: transport}
}

// service is what every API section is made of.
type service struct{ client *Client }

// Option configures a client.
type Option func(*Client) error

// New returns a client. It needs [WithPartnerToken]; the other options have
// defaults. It does not call the API.
func New(opts ...Option) (*Client, error) {
	c := &Client{base: DefaultBaseURL, userAgent: defaultUserAgent, now: time.Now}
	for _, opt := range opts {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.partner == "" {
		return nil, errors.New("yclients: no partner token: pass WithPartnerToken with the API key of the developer account")
	}
	if c.roots != nil && c.http != nil {
		return nil, errors.New("yclients: WithCAFile is for the default transport: give the roots to your own transport instead")
	}
	if c.http == nil {
		c.http = defaultHTTPClient(c.roots)
	}
	// A redirect would carry the tokens to another address and repeat a
	// write, so the answer itself is looked at instead.
	own := *c.http
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	c.bind()
	return c, nil
}

// WithPartnerToken sets the partner token, the API key of the developer account.
func WithPartnerToken(t Token) Option {
	return func(c *Client) error {
		if err := t.Check(); err != nil {
			return fmt.Errorf("yclients: partner token: %w", err)
		}
		c.partner = t
		return nil
	}
}

// WithUserToken sets the token of the user that acts, usually an employee.
func WithUserToken(t Token) Option {
	return func(c *Client) error {
		if err := t.Check(); err != nil {
			return fmt.Errorf("yclients: user token: %w", err)
		}
		c.user = t
		return nil
	}
}

// WithBaseURL sets scheme and host of the API, with or without /api/v1 at the
// end. The default is [DefaultBaseURL].
func WithBaseURL(base string) Option {
	return func(c *Client) error {
		u, err := url.Parse(strings.TrimSpace(base))
		if err != nil {
			return errors.New("yclients: base URL is no URL")
		}
		path := strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v1"), "/")
		switch {
		case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
			return errors.New("yclients: base URL must begin with https:// or http:// and a host, as in " + DefaultBaseURL)
		case u.User != nil || u.RawQuery != "" || u.Fragment != "":
			return errors.New("yclients: base URL must not have a user, a query or a fragment")
		}
		c.base = u.Scheme + "://" + u.Host + path
		return nil
	}
}

// WithHTTPClient sets the HTTP client whose transport carries the calls. The
// default is a client with a limit of 30 seconds for a call. Redirects are
// never followed, whatever the client says.
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) error {
		if h == nil {
			return errors.New("yclients: WithHTTPClient got nil")
		}
		c.http = h
		return nil
	}
}

// WithTransport sets what carries the calls, with the limit of 30 seconds for a
// call. A transport may pace, retry or record; what it must not do is to send a
// write twice.
func WithTransport(rt http.RoundTripper) Option {
	return func(c *Client) error {
		if rt == nil {
			return errors.New("yclients: WithTransport got nil")
		}
		c.http = &http.Client{Timeout: defaultTimeout, Transport: rt}
		return nil
	}
}

// WithCAFile trusts the certificates of a PEM file beside those of the system,
// for a proxy or a test server with a root of its own. It goes with the default
// transport only.
func WithCAFile(path string) Option {
	return func(c *Client) error {
		pem, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("yclients: CA file: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("yclients: CA file %s has no PEM certificate", path)
		}
		c.roots = roots
		return nil
	}
}

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$`)

// WithLanguage asks the API to speak a language, as in "ru-RU" or "en-US". The
// words of refusals are recognised in Russian and English.
func WithLanguage(tag string) Option {
	return func(c *Client) error {
		if !languagePattern.MatchString(tag) {
			return errors.New(`yclients: a language is written as in "ru-RU"`)
		}
		c.language = tag
		return nil
	}
}

// WithClock sets the clock that dates in Retry-After and the durations in the
// log are reckoned with. The default is time.Now.
func WithClock(now func() time.Time) Option {
	return func(c *Client) error {
		if now == nil {
			return errors.New("yclients: WithClock got nil")
		}
		c.now = now
		return nil
	}
}

// WithLogger logs each call: at debug level when it worked, as a warning when
// it failed. A line has the operation, the status, the duration and the kind of
// the failure; never an address, a header or a body, because ids, hashes,
// phones and tokens stand there.
func WithLogger(l *slog.Logger) Option {
	return func(c *Client) error {
		if l == nil {
			return errors.New("yclients: WithLogger got nil")
		}
		c.logger = l
		return nil
	}
}

// WithUserAgent sets the User-Agent header.
func WithUserAgent(agent string) Option {
	return func(c *Client) error {
		if agent == "" || strings.ContainsAny(agent, "\r\n") {
			return errors.New("yclients: a user agent is one line that is not empty")
		}
		c.userAgent = agent
		return nil
	}
}

// As returns a copy of the client that acts as the user of another token. A
// token that cannot be one makes every call of the copy fail with [ErrNotSent].
func (c *Client) As(user Token) *Client {
	copied := *c
	copied.user = user
	if user == "" {
		// An empty token would silently act as nobody. A character that no
		// token contains makes the calls fail instead.
		copied.user = " "
	}
	copied.bind()
	return &copied
}

// AsPartner returns a copy of the client that sends no user token.
func (c *Client) AsPartner() *Client {
	copied := *c
	copied.user = ""
	copied.bind()
	return &copied
}

// HasUser reports whether the client sends a user token.
func (c *Client) HasUser() bool { return c.user != "" }

// BaseURL returns scheme and host that the client speaks to.
func (c *Client) BaseURL() string { return c.base }

// Format prints where the client speaks to, never its tokens.
func (c Client) Format(f fmt.State, _ rune) { fmt.Fprint(f, "yclients client of "+c.base) }
