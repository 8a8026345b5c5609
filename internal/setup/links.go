package setup

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/secret"
)

// LinkKind says what a link opens.
type LinkKind string

const (
	// LinkSetup opens the whole walk, for whoever can start programs on the server.
	LinkSetup LinkKind = "setup"
	// LinkInvite opens sign-in, branch and rights, for the salon's administrator.
	LinkInvite LinkKind = "invite"
)

// How long a link waits to be opened, and how long the browser that opened it may go on.
const (
	setupLinkLife  = 15 * time.Minute
	inviteLinkLife = 72 * time.Hour
	setupCookie    = time.Hour
	inviteCookie   = 24 * time.Hour
)

// linkToken and linkCookie are the prefixes of the two secrets of a link.
const (
	linkToken  = "zl"
	linkCookie = "zc"
)

// Link is one way in. Its secrets are handed out once and kept as hashes only.
type Link struct {
	// ID names it to people: List shows it, Revoke takes it.
	ID   string   `json:"id"`
	Kind LinkKind `json:"kind"`
	// From says who asks, For what is asked for (the app's name), Lang in which language (ru or en); as given.
	From string `json:"from,omitempty"`
	For  string `json:"for,omitempty"`
	Lang string `json:"lang,omitempty"`
	// Branches are those expected; empty = the administrator chooses.
	Branches []int64   `json:"branches,omitempty"`
	Created  time.Time `json:"created"`
	// Expires is the end of the link, and after it was opened the end of the cookie.
	Expires time.Time `json:"expires"`
	// Opened is when it was redeemed; zero = not yet. Finished is when its work was done.
	Opened   time.Time `json:"opened,omitzero"`
	Finished time.Time `json:"finished,omitzero"`

	TokenHash  string `json:"token_hash"`
	CookieHash string `json:"cookie_hash,omitempty"`
}

// Links are kept in one file of the data folder, where commands write them and the server reads them. They hold no secret.
type Links struct {
	file string
	now  func() time.Time
}

// OpenLinks gives the links of a data folder; now may be nil. Nothing is made before the first New.
func OpenLinks(dataDir string, now func() time.Time) *Links {
	if now == nil {
		now = time.Now
	}
	return &Links{filepath.Join(dataDir, "links.json"), now}
}

// keptLinks is how many links are remembered; keptFor how long one is remembered after its end, so that an old link is
// told that it was used.
const (
	keptLinks = 200
	keptFor   = 30 * 24 * time.Hour
)

// New makes a link and its token, which goes into the fragment of the address: /setup/#TOKEN, /invite/#TOKEN. Only Kind, From,
// For, Lang and Branches of the offer are read. A new setup link ends those not yet opened.
func (l *Links) New(ctx context.Context, offer Link) (token secret.String, link Link, err error) {
	token = secret.NewToken(linkToken)
	now := l.now()
	link = Link{
		ID: secret.NewID("l"), Kind: offer.Kind, From: line(offer.From), For: line(offer.For), Lang: offer.Lang, Branches: offer.Branches,
		Created: now, Expires: now.Add(setupLinkLife), TokenHash: secret.HashToken(token),
	}
	if link.Kind == LinkInvite {
		link.Expires = now.Add(inviteLinkLife)
	}
	err = l.change(ctx, func(all []Link) ([]Link, error) {
		all = slices.DeleteFunc(all, func(old Link) bool {
			return link.Kind == LinkSetup && old.Kind == LinkSetup && old.Opened.IsZero() || now.Sub(old.Expires) > keptFor
		})
		if len(all) >= keptLinks {
			all = all[len(all)-keptLinks+1:]
		}
		return append(all, link), nil
	})
	return token, link, err
}

// Peek tells what a link is, without opening it: LinkInvalid or LinkUsed when it cannot be opened any more.
func (l *Links) Peek(ctx context.Context, token secret.String) (Link, error) {
	all, err := l.List(ctx)
	if err != nil {
		return Link{}, err
	}
	i, err := l.find(all, token)
	if err != nil {
		return Link{}, err
	}
	return all[i], nil
}

// Redeem opens a link, once, and gives the value for a cookie (HttpOnly, SameSite=Strict, until the link's Expires).
func (l *Links) Redeem(ctx context.Context, token secret.String) (cookie secret.String, link Link, err error) {
	cookie = secret.NewToken(linkCookie)
	err = l.change(ctx, func(all []Link) ([]Link, error) {
		i, err := l.find(all, token)
		if err != nil {
			return nil, err
		}
		life := setupCookie
		if all[i].Kind == LinkInvite {
			life = inviteCookie
		}
		all[i].Opened, all[i].Expires, all[i].CookieHash = l.now(), l.now().Add(life), secret.HashToken(cookie)
		link = all[i]
		return all, nil
	})
	if err != nil {
		return secret.String{}, Link{}, err
	}
	return cookie, link, nil
}

// find gives the link of a token that can still be opened.
func (l *Links) find(all []Link, token secret.String) (int, error) {
	i := -1
	if secret.IsToken(linkToken, token.Reveal()) {
		hash := secret.HashToken(token)
		i = slices.IndexFunc(all, func(link Link) bool { return link.TokenHash == hash })
	}
	switch {
	case i < 0:
		return i, refusal(problem.LinkInvalid, config.T("такой ссылки нет", "there is no such link"), Text{})
	case !all[i].Opened.IsZero():
		return i, refusal(problem.LinkUsed, config.T("ссылка уже открыта", "the link was opened already"), Text{})
	case !l.now().Before(all[i].Expires):
		return i, refusal(problem.LinkInvalid, config.T("срок ссылки истёк", "the link has expired"), Text{})
	}
	return i, nil
}

// Session tells which opened link a cookie belongs to; LinkInvalid when it is over.
func (l *Links) Session(ctx context.Context, cookie secret.String) (Link, error) {
	all, err := l.List(ctx)
	if err != nil {
		return Link{}, err
	}
	i, err := l.session(all, cookie)
	if err != nil {
		return Link{}, err
	}
	return all[i], nil
}

func (l *Links) session(all []Link, cookie secret.String) (int, error) {
	if secret.IsToken(linkCookie, cookie.Reveal()) {
		hash := secret.HashToken(cookie)
		i := slices.IndexFunc(all, func(link Link) bool { return link.CookieHash == hash })
		if i >= 0 && all[i].Finished.IsZero() && l.now().Before(all[i].Expires) {
			return i, nil
		}
	}
	return -1, refusal(problem.LinkInvalid, config.T("вход по ссылке окончен", "what the link opened is over"), Text{})
}

// Finish ends the session of a cookie: its work is done.
func (l *Links) Finish(ctx context.Context, cookie secret.String) error {
	return l.change(ctx, func(all []Link) ([]Link, error) {
		i, err := l.session(all, cookie)
		if err != nil {
			return nil, err
		}
		all[i].Finished = l.now()
		return all, nil
	})
}

// Revoke takes a link back, opened or not; LinkInvalid when there is none with this id.
func (l *Links) Revoke(ctx context.Context, id string) error {
	return l.change(ctx, func(all []Link) ([]Link, error) {
		i := slices.IndexFunc(all, func(link Link) bool { return link.ID == id })
		if i < 0 {
			return nil, refusal(problem.LinkInvalid, config.T("ссылки с таким именем нет", "there is no link of this name"), Text{})
		}
		return slices.Delete(all, i, i+1), nil
	})
}

// List gives all links that are remembered, oldest first.
func (l *Links) List(ctx context.Context) ([]Link, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := lockedfile.Read(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unusable(err)
	}
	return readLinks(data)
}

func readLinks(data []byte) ([]Link, error) {
	var all []Link
	if len(data) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, unusable(err)
	}
	return all, nil
}

// change rewrites the file under its lock; several processes may do so.
func (l *Links) change(ctx context.Context, fn func([]Link) ([]Link, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.file), 0o700); err != nil {
		return unusable(err)
	}
	// lockedfile makes new files for everybody to read: this one is made before, for its owner alone.
	if f, err := os.OpenFile(l.file, os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
		_ = f.Close()
	}
	var refused error
	err := lockedfile.Transform(l.file, func(old []byte) ([]byte, error) {
		all, err := readLinks(old)
		if err != nil {
			refused = err
			return nil, err
		}
		if all, refused = fn(all); refused != nil {
			return nil, refused
		}
		return json.MarshalIndent(all, "", " ")
	})
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return unusable(err)
	}
	return nil
}

// unusable is a failure of this machine's disk.
func unusable(err error) error {
	r := refusal(problem.FolderUnusable, config.Tf("файл в папке данных недоступен: %v", "a file of the data folder cannot be used: %v", err),
		config.T("дайте себе права на папку данных или назовите другую: ZAPIS_DATA", "give yourself the right to the data folder, or name another: ZAPIS_DATA"))
	r.cause = err
	return r
}
