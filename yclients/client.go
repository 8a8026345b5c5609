package yclients

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	partner   Token
	user      Token

	services
}

// service is what every API section is made of.
type service struct{ client *Client }

// Option configures a client.
type Option func(*Client) error

// New returns a client. It needs [WithPartnerToken]; the other options have
// defaults. It does not call the API.
func New(opts ...Option) (*Client, error) {
	c := &Client{base: DefaultBaseURL, userAgent: defaultUserAgent}
	for _, opt := range opts {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.partner == "" {
		return nil, errors.New("yclients: no partner token: pass WithPartnerToken with the API key of the developer account")
	}
	if c.http == nil {
		c.http = &http.Client{Timeout: 30 * time.Second}
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
