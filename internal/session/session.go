// Package session knows people by their phones: it has YCLIENTS send the code and check it, keeps the client's own
// token sealed, and hands out tokens of ours. It also guards codes against guessing, wherever they are used: YCLIENTS
// sends five digits and promises no cap, so the caps here are the defence.
package session

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"zapis/internal/problem"
	"zapis/internal/salon"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/internal/verdict"
	"zapis/yclients"
)

// Tokens lives: access 15 minutes, refresh 90 days from its last use. The refresh token before the present one
// gives the same pair again for 30 s, for a phone that lost the answer; any later use ends the family.
var lives = store.SessionPolicy{Access: 15 * time.Minute, Refresh: 90 * 24 * time.Hour, Grace: 30 * time.Second}

// signInTime bounds what goes on after the app has hung up: the code is good once, so a sign-in that has begun is
// brought to its end.
const signInTime = 20 * time.Second

// Config is what a Service is made of. All but Logger are needed.
type Config struct {
	Store    *store.Store
	Client   *yclients.Client // speaks with the API key alone
	Account  string           // id of the account whose people these are
	Branches []salon.BranchID // that may send a code
	Logger   *slog.Logger     // slog.Default() when nil
}

// Service signs people in and out. It is safe for concurrent use and keeps nothing in memory.
type Service struct {
	store    *store.Store
	client   *yclients.Client
	account  string
	branches []salon.BranchID
	log      *slog.Logger
}

// New makes a Service.
func New(c Config) *Service {
	s := &Service{store: c.Store, client: c.Client.AsPartner(), account: c.Account, branches: c.Branches, log: c.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

// SendCode has YCLIENTS send an SMS code in the branch's name (sendBookCode). The way is the same for every phone, so
// neither the answer nor its time tells whether the phone is known. Failures: branch_unknown, phone_invalid,
// code_sends_exceeded, too_many_requests, code_unavailable, and those of the road to YCLIENTS.
func (s *Service) SendCode(ctx context.Context, who salon.Caller, branch salon.BranchID, phone string) error {
	number, err := s.named(branch, phone)
	if err != nil {
		return err
	}
	id, err := s.reserveSend(ctx, number, who.Addr)
	if err != nil {
		return err
	}
	err = s.sendCode(upstream.WithLane(ctx, upstream.Person), branch, number)
	switch {
	case err == nil:
		return nil
	case verdict.NotSent(err):
		s.void(ctx, id)
		return verdict.Of(err)
	}
	// From here on an SMS may have gone out, or YCLIENTS was asked in vain: either way it stays counted.
	switch p := verdict.Of(err); p.Code {
	case problem.PhoneInvalid, problem.UpstreamLimited, problem.UpstreamUnavailable, problem.UpstreamBusy:
		return p
	default:
		return problem.Because(problem.CodeUnavailable, err)
	}
}

// SignIn has YCLIENTS check the code (authUserByPhoneCode) and opens a session. Failures: branch_unknown,
// phone_invalid, code_wrong, code_tries_exceeded, and those of the road to YCLIENTS.
func (s *Service) SignIn(ctx context.Context, who salon.Caller, branch salon.BranchID, phone, code string) (salon.Tokens, error) {
	number, err := s.named(branch, phone)
	if err != nil {
		return salon.Tokens{}, err
	}
	if !looksLikeCode(code) {
		return salon.Tokens{}, problem.New(problem.CodeWrong)
	}
	try, err := s.ReserveTry(ctx, number, who.Addr)
	if err != nil {
		return salon.Tokens{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTime)
	defer cancel()
	token, err := s.clientToken(upstream.WithLane(ctx, upstream.Person), number, code)
	if verdict.NotSent(err) {
		s.void(ctx, try)
		return salon.Tokens{}, verdict.Of(err)
	}
	if err != nil {
		return salon.Tokens{}, refusedCode(err)
	}
	if err := s.ForgiveTry(ctx, try); err != nil {
		s.log.WarnContext(ctx, "a right code stays counted as a failed try", "error", err)
	}
	tokens, _, err := s.store.StartSession(ctx, store.SignIn{AccountID: s.account, Phone: number, ClientToken: token}, lives)
	if err != nil {
		return salon.Tokens{}, stored(err)
	}
	return handOut(tokens), nil
}

// Refresh exchanges a refresh token for the next pair. Failures: refresh_invalid, store_unavailable.
func (s *Service) Refresh(ctx context.Context, refresh string) (salon.Tokens, error) {
	if !secret.IsToken(secret.RefreshToken, refresh) {
		return salon.Tokens{}, problem.New(problem.RefreshInvalid)
	}
	tokens, err := s.store.Rotate(ctx, secret.Text(refresh), lives)
	switch {
	case errors.Is(err, store.ErrReused):
		s.log.WarnContext(ctx, "a refresh token was used twice: its session has ended")
		return salon.Tokens{}, problem.Because(problem.RefreshInvalid, err)
	case errors.Is(err, store.ErrNotFound):
		return salon.Tokens{}, problem.New(problem.RefreshInvalid)
	case err != nil:
		return salon.Tokens{}, stored(err)
	}
	return handOut(tokens), nil
}

// SignOut ends the session of an access token, on this phone only. Failures: session_invalid, store_unavailable.
func (s *Service) SignOut(ctx context.Context, access string) error {
	id, err := s.identity(ctx, access)
	if err != nil {
		return err
	}
	return stored(s.store.EndSession(ctx, id.FamilyID))
}

// Person says whom an access token speaks for. Failures: session_invalid, store_unavailable.
func (s *Service) Person(ctx context.Context, access string) (string, error) {
	id, err := s.identity(ctx, access)
	return id.PersonID, err
}

func (s *Service) identity(ctx context.Context, access string) (store.Identity, error) {
	if !secret.IsToken(secret.AccessToken, access) {
		return store.Identity{}, problem.New(problem.SessionInvalid)
	}
	id, err := s.store.Authenticate(ctx, secret.Text(access))
	if errors.Is(err, store.ErrNotFound) {
		return store.Identity{}, problem.New(problem.SessionInvalid)
	}
	return id, stored(err)
}

// named checks what a person typed before anything is counted.
func (s *Service) named(branch salon.BranchID, phone string) (salon.Phone, error) {
	if !slices.Contains(s.branches, branch) {
		return "", problem.New(problem.BranchUnknown)
	}
	number, err := salon.ParsePhone(phone)
	if err != nil {
		return "", problem.Because(problem.PhoneInvalid, err).At("body.phone", "not a phone number")
	}
	return number, nil
}

func handOut(t store.Tokens) salon.Tokens {
	return salon.Tokens{
		Access: t.Access.Reveal(), AccessExpires: t.AccessExpires,
		Refresh: t.Refresh.Reveal(), RefreshEnds: t.RefreshExpires,
	}
}

// stored words a failure of the store; nil stays nil.
func stored(err error) error {
	if err == nil {
		return nil
	}
	return problem.Because(problem.StoreUnavailable, err)
}
