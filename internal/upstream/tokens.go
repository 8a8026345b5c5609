package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// TokenKind is one of the two secrets that open an account.
type TokenKind string

const (
	// KeyToken is the API key of the developer's account. Without it nothing is answered.
	KeyToken TokenKind = "key"
	// UserToken is the employee's. It dies when the employee's password is changed; the catalogue and guests' bookings
	// need only the key and go on.
	UserToken TokenKind = "user"
)

// TokenDead says that a call was not made because YCLIENTS no longer accepts a token that it needs. Nothing was sent.
type TokenDead struct {
	Token TokenKind
	Since time.Time
}

func (e *TokenDead) Error() string {
	if e.Token == KeyToken {
		return "upstream: not sent: YCLIENTS refuses the API key; put a new one into YCLIENTS_API_TOKEN"
	}
	return "upstream: not sent: YCLIENTS refuses the employee's token, usually since a change of the password; get a new one with zapis token renew"
}

// NotSent reports true.
func (e *TokenDead) NotSent() bool { return true }

// TokenChange is what OnChange is told.
type TokenChange struct {
	Token TokenKind
	Dead  bool // false: YCLIENTS accepts it, as the first call with it or after it was dead
	At    time.Time
}

// TokensConfig says which tokens to watch. Next and the tokens are needed.
type TokensConfig struct {
	Next http.RoundTripper
	// Key and User are compared with the header of each call: other users' tokens may pass along the same road, and
	// theirs is not the employee's death.
	Key, User string
	// Probe is how often one call may try a dead token again: YCLIENTS may have been wrong. Default 5 min for the
	// user's, a minute for the key, without which nothing works.
	UserProbe, KeyProbe time.Duration
	Now                 func() time.Time  // default time.Now
	OnChange            func(TokenChange) // called one after another, outside of any lock; default nobody
}

// Tokens watches whether YCLIENTS still accepts the tokens of an account. It stands above the road: the first 401 that
// blames a token stops all calls that need it, and one call in a while may try whether it lives again. It writes no
// header and keeps no body.
type Tokens struct {
	TokensConfig

	mu    sync.Mutex
	state map[TokenKind]*tokenState
	tell  sync.Mutex
}

type tokenState struct {
	known bool // accepted or refused at least once
	dead  bool
	since time.Time
	tried time.Time // the last probe
}

// NewTokens makes the watch.
func NewTokens(c TokensConfig) *Tokens {
	if c.UserProbe == 0 {
		c.UserProbe = 5 * time.Minute
	}
	if c.KeyProbe == 0 {
		c.KeyProbe = time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnChange == nil {
		c.OnChange = func(TokenChange) {}
	}
	return &Tokens{TokensConfig: c, state: map[TokenKind]*tokenState{KeyToken: {}, UserToken: {}}}
}

// Client is an http.Client over the watch, as Road.Client is over the road.
func (t *Tokens) Client() *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Dead tells whether a token is refused, and since when.
func (t *Tokens) Dead(kind TokenKind) (since time.Time, dead bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state[kind]
	return s.since, s.dead
}

// RoundTrip implements http.RoundTripper.
func (t *Tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	used := t.usedBy(req.Header.Get("Authorization"))
	if err := t.admit(used); err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.Next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.listen(used, resp)
	return resp, nil
}

// usedBy names which of the watched tokens a header carries.
func (t *Tokens) usedBy(authorization string) (used []TokenKind) {
	for part := range strings.SplitSeq(authorization, ",") {
		words := strings.Fields(part)
		if len(words) != 2 {
			continue
		}
		switch {
		case strings.EqualFold(words[0], "bearer") && words[1] == t.Key:
			used = append(used, KeyToken)
		case strings.EqualFold(words[0], "user") && words[1] == t.User:
			used = append(used, UserToken)
		}
	}
	return used
}

// admit refuses a call whose token is dead, but for the one that may try it again.
func (t *Tokens) admit(used []TokenKind) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	for _, kind := range used {
		s := t.state[kind]
		if !s.dead {
			continue
		}
		every := t.UserProbe
		if kind == KeyToken {
			every = t.KeyProbe
		}
		if now.Sub(s.tried) < every {
			return &TokenDead{kind, s.since}
		}
		s.tried = now
	}
	return nil
}

// listen learns from an answer what became of the tokens.
func (t *Tokens) listen(used []TokenKind, resp *http.Response) {
	if len(used) == 0 {
		return
	}
	if resp.StatusCode == http.StatusUnauthorized {
		if kind, blamed := blames(used, peek(resp)); blamed {
			t.set(true, kind)
		}
		return
	}
	if t.news(used) && proves(resp) {
		t.set(false, used...)
	}
}

// news reports that hearing that the tokens are accepted would be something new. It spares all other answers a look.
func (t *Tokens) news(used []TokenKind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, kind := range used {
		if s := t.state[kind]; s.dead || !s.known {
			return true
		}
	}
	return false
}

// proves reports that an answer was given by the API to somebody it knows. A refusal for the rate, a web page or a
// failure proves nothing.
func proves(resp *http.Response) bool {
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return true
	case resp.StatusCode >= 400 && resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusUnprocessableEntity,
		!isJSON(resp.Header):
		return false
	}
	return !isRefusal(resp.StatusCode, peek(resp))
}

// blames reads the text of a 401. YCLIENTS has three texts for what did not arrive or is unknown, and a fourth for a
// token that was good once. A header that did not arrive is no token's death.
func blames(used []TokenKind, body []byte) (TokenKind, bool) {
	said := strings.ToLower(messageOf(body))
	switch {
	case strings.Contains(said, "авторизационные данные"):
		return "", false
	case strings.Contains(said, "идентификатор партн"):
		return KeyToken, slices.Contains(used, KeyToken)
	case said == "": // a page of a proxy
		return "", false
	}
	return UserToken, slices.Contains(used, UserToken)
}

// messageOf is what a small answer says in its meta or errors.
func messageOf(body []byte) string {
	var a struct {
		Meta   json.RawMessage `json:"meta"`
		Errors json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &a) != nil {
		return ""
	}
	if m := message(a.Meta); m != "" {
		return m
	}
	return message(a.Errors)
}

// peek reads the beginning of an answer's body and puts it back.
func peek(resp *http.Response) []byte {
	head, err := io.ReadAll(io.LimitReader(resp.Body, peekCap+1))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = &failing{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), resp.Body}
	return head
}

// failing gives the error that a body broke off with, after what came before it.
type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// set notes that tokens are refused or accepted, and tells of what is new.
func (t *Tokens) set(dead bool, kinds ...TokenKind) {
	t.tell.Lock()
	defer t.tell.Unlock()
	now := t.Now()
	var changes []TokenChange
	t.mu.Lock()
	for _, kind := range kinds {
		s := t.state[kind]
		if s.known && s.dead == dead {
			continue
		}
		s.known, s.dead, s.since, s.tried = true, dead, now, now
		changes = append(changes, TokenChange{kind, dead, now})
	}
	t.mu.Unlock()
	for _, c := range changes {
		t.OnChange(c)
	}
}
