package session

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"unicode"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
)

// Profile is what we keep of a person. YCLIENTS is not asked: its profile belongs to the client of all its salons.
func (s *Service) Profile(ctx context.Context, person string) (salon.Profile, error) {
	p, err := s.store.Person(ctx, person)
	return profile(p, err)
}

// ChangeProfile changes what is present. Failures: invalid_request, session_invalid, store_unavailable.
func (s *Service) ChangeProfile(ctx context.Context, person string, change salon.ProfileChange) (salon.Profile, error) {
	name, email := trimmed(change.Name), trimmed(change.Email)
	if name != nil && (*name == "" || !plain(*name)) {
		return salon.Profile{}, problem.New(problem.InvalidRequest).At("body.name", "one line of text")
	}
	if email != nil && *email != "" && !isEmail(*email) {
		return salon.Profile{}, problem.New(problem.InvalidRequest).At("body.email", "not an e-mail address")
	}
	p, err := s.store.UpdatePerson(ctx, person, name, email)
	return profile(p, err)
}

// Erase deletes what we keep of a person: sessions, profile, consents, stored answers, and the personal data of the
// bookings. The salon's own records and client card stay with the salon. Failures: session_invalid, store_unavailable.
func (s *Service) Erase(ctx context.Context, person string) error {
	err := s.store.ErasePerson(ctx, person)
	if errors.Is(err, store.ErrNotFound) {
		return problem.New(problem.SessionInvalid)
	}
	return stored(err)
}

// ClientToken is the person's own token of YCLIENTS (C) and phone, for that person's bookings and nothing else. The
// token is empty when no live session has one any more. Failures: session_invalid, store_unavailable.
func (s *Service) ClientToken(ctx context.Context, person string) (secret.String, salon.Phone, error) {
	p, err := s.store.Person(ctx, person)
	if errors.Is(err, store.ErrNotFound) {
		return secret.String{}, "", problem.New(problem.SessionInvalid)
	}
	if err != nil {
		return secret.String{}, "", stored(err)
	}
	token, err := s.store.PersonClientToken(ctx, person)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return secret.String{}, "", stored(err)
	}
	return token, p.Profile.Phone, nil
}

func profile(p store.Person, err error) (salon.Profile, error) {
	if errors.Is(err, store.ErrNotFound) {
		return salon.Profile{}, problem.New(problem.SessionInvalid)
	}
	if err != nil {
		return salon.Profile{}, stored(err)
	}
	return salon.Profile{ID: p.ID, Phone: p.Profile.Phone.String(), Name: p.Profile.Name, Email: p.Profile.Email}, nil
}

func trimmed(text *string) *string {
	if text == nil {
		return nil
	}
	t := strings.TrimSpace(*text)
	return &t
}

// plain refuses what a person does not type into a name: controls, and the marks that turn a line around.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar
	})
}

func isEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && plain(text)
}
