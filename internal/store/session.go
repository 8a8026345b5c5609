package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

// ErrReused reports a refresh token that was replaced before: somebody else holds a copy, and its family has ended.
var ErrReused = errors.New("refresh token was used before: the session is ended, sign in again")

// SessionPolicy says how long tokens live.
type SessionPolicy struct {
	Access  time.Duration // of an access token; 15 min
	Refresh time.Duration // of a refresh token, counted anew with each rotation; 90 days
	Grace   time.Duration // in which the previous refresh token gives the same successor; 30 s
}

// SignIn is a phone that has just been proven.
type SignIn struct {
	AccountID   string
	Phone       salon.Phone
	Name        string        // kept when the person has none yet
	ClientToken secret.String // C, from YCLIENTS
}

// Tokens is what the app gets. The store keeps hashes; the tokens exist here and in the phone.
type Tokens struct {
	PersonID       string
	FamilyID       string
	Access         secret.String
	Refresh        secret.String
	AccessExpires  time.Time
	RefreshExpires time.Time
}

// Identity is whom an access token speaks for.
type Identity struct {
	PersonID  string
	FamilyID  string
	AccountID string
	Expires   time.Time
}

// StartSession makes or finds the person, and opens a new family of tokens.
func (s *Store) StartSession(ctx context.Context, in SignIn, policy SessionPolicy) (t Tokens, p Person, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if p, err = s.signedIn(ctx, tx, in.AccountID, in.Phone, in.Name); err != nil {
			return err
		}
		now, family := s.now(), secret.NewID(secret.FamilyID)
		_, err = tx.exec(ctx, `INSERT INTO families (id, person_id, sealed_client_token, revoked_reason, expires_at, created_at, updated_at)
			VALUES ($1, $2, $3, '', $4, $5, $5)`, family, p.ID, s.sealText("families.client_token", family, in.ClientToken),
			millis(now.Add(policy.Refresh)), millis(now))
		if err != nil {
			return err
		}
		t, err = s.issue(ctx, tx, p.ID, family, now, policy)
		return err
	})
	if err != nil {
		return Tokens{}, Person{}, err
	}
	return t, p, nil
}

// Authenticate says whom an access token speaks for. ErrNotFound: unknown, expired or ended, which look the same.
func (s *Store) Authenticate(ctx context.Context, access secret.String) (id Identity, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var expires int64
		err := tx.row(ctx, `SELECT p.id, f.id, p.account_id, t.expires_at FROM access_tokens t
			JOIN families f ON f.id = t.family_id JOIN people p ON p.id = f.person_id
			WHERE t.hash = $1 AND t.expires_at > $2 AND f.revoked_at IS NULL`, secret.HashToken(access), millis(s.now())).
			Scan(&id.PersonID, &id.FamilyID, &id.AccountID, &expires)
		id.Expires = moment(expires)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	return id, nil
}

// Rotate exchanges a refresh token for the next pair. The token before the last gives the same pair again within
// the grace period, for a phone that lost the answer; any other reuse ends the family with ErrReused.
// ErrNotFound: unknown, expired or ended.
func (s *Store) Rotate(ctx context.Context, refresh secret.String, policy SessionPolicy) (t Tokens, err error) {
	reused := false
	hash := secret.HashToken(refresh)
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		now := s.now()
		var family, person string
		err := tx.row(ctx, `SELECT f.id, f.person_id FROM refresh_tokens r JOIN families f ON f.id = r.family_id WHERE r.hash = $1`, hash).Scan(&family, &person)
		if err != nil {
			return err
		}
		if err := tx.lock(ctx, "family:"+family); err != nil {
			return err
		}
		var expires int64
		var replaced, revoked *int64
		var successor []byte
		// Read under the lock: another request may just have replaced it.
		err = tx.row(ctx, `SELECT r.expires_at, r.replaced_at, r.sealed_successor, f.revoked_at FROM refresh_tokens r
			JOIN families f ON f.id = r.family_id WHERE r.hash = $1`, hash).Scan(&expires, &replaced, &successor, &revoked)
		switch {
		case err != nil:
			return err
		case revoked != nil || expires <= millis(now):
			return ErrNotFound
		case replaced == nil:
			t, err = s.replace(ctx, tx, hash, person, family, now, policy)
			return err
		case now.Sub(moment(*replaced)) < policy.Grace && successor != nil:
			t, err = s.successor(hash, successor)
			return err
		}
		reused = true
		return revoke(ctx, tx, `id = $1`, family, "refresh token reused", now)
	})
	switch {
	case err != nil:
		return Tokens{}, err
	case reused:
		return Tokens{}, ErrReused
	}
	return t, nil
}

// replace issues the next pair and remembers it, sealed, for the grace period.
func (s *Store) replace(ctx context.Context, tx *Tx, hash, person, family string, now time.Time, policy SessionPolicy) (Tokens, error) {
	t, err := s.issue(ctx, tx, person, family, now, policy)
	if err != nil {
		return Tokens{}, err
	}
	plain, err := json.Marshal(sealedTokens{person, family, t.Access.Reveal(), t.Refresh.Reveal(), millis(t.AccessExpires), millis(t.RefreshExpires)})
	if err != nil {
		return Tokens{}, err
	}
	_, err = tx.exec(ctx, `UPDATE refresh_tokens SET replaced_at = $2, sealed_successor = $3 WHERE hash = $1`,
		hash, millis(now), s.seal("refresh_tokens.successor", hash, plain))
	if err != nil {
		return Tokens{}, err
	}
	// One link back is enough for the grace period: the successors before that are needed by nobody.
	_, err = tx.exec(ctx, `UPDATE refresh_tokens SET sealed_successor = NULL WHERE family_id = $1 AND hash <> $2 AND sealed_successor IS NOT NULL`, family, hash)
	if err != nil {
		return Tokens{}, err
	}
	_, err = tx.exec(ctx, `UPDATE families SET expires_at = $2, updated_at = $3 WHERE id = $1`, family, millis(t.RefreshExpires), millis(now))
	return t, err
}

type sealedTokens struct {
	Person, Family, Access, Refresh string
	AccessExpires, RefreshExpires   int64
}

// successor opens the remembered pair. Only the previous token has one: rotating further forgets it.
func (s *Store) successor(hash string, sealed []byte) (Tokens, error) {
	plain, err := s.open("refresh_tokens.successor", hash, sealed)
	if err != nil {
		return Tokens{}, err
	}
	var st sealedTokens
	err = json.Unmarshal(plain, &st)
	return Tokens{PersonID: st.Person, FamilyID: st.Family, Access: secret.Text(st.Access), Refresh: secret.Text(st.Refresh),
		AccessExpires: moment(st.AccessExpires), RefreshExpires: moment(st.RefreshExpires)}, err
}

// issue makes a pair of tokens and stores their hashes.
func (s *Store) issue(ctx context.Context, tx *Tx, person, family string, now time.Time, policy SessionPolicy) (Tokens, error) {
	now = moment(millis(now))
	t := Tokens{PersonID: person, FamilyID: family,
		Access: secret.NewToken(secret.AccessToken), Refresh: secret.NewToken(secret.RefreshToken),
		AccessExpires: now.Add(policy.Access), RefreshExpires: now.Add(policy.Refresh)}
	_, err := tx.exec(ctx, `INSERT INTO access_tokens (hash, family_id, expires_at) VALUES ($1, $2, $3)`,
		secret.HashToken(t.Access), family, millis(t.AccessExpires))
	if err != nil {
		return Tokens{}, err
	}
	_, err = tx.exec(ctx, `INSERT INTO refresh_tokens (hash, family_id, expires_at) VALUES ($1, $2, $3)`,
		secret.HashToken(t.Refresh), family, millis(t.RefreshExpires))
	return t, err
}

// ClientToken is the client's own token of YCLIENTS (C) behind a session; empty when there is none any more.
func (s *Store) ClientToken(ctx context.Context, familyID string) (token secret.String, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var sealed []byte
		err := tx.row(ctx, `SELECT sealed_client_token FROM families WHERE id = $1 AND revoked_at IS NULL`, familyID).Scan(&sealed)
		if err != nil {
			return err
		}
		token, err = s.openText("families.client_token", familyID, sealed)
		return err
	})
	return token, err
}

// SetClientToken replaces C, or forgets it when empty (YCLIENTS no longer accepts it).
func (s *Store) SetClientToken(ctx context.Context, familyID string, token secret.String) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		n, err := tx.exec(ctx, `UPDATE families SET sealed_client_token = $2, updated_at = $3 WHERE id = $1 AND revoked_at IS NULL`,
			familyID, s.sealText("families.client_token", familyID, token), millis(s.now()))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// EndSession ends one family: sign out on this phone. Ending it twice is no error.
func (s *Store) EndSession(ctx context.Context, familyID string) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		return revoke(ctx, tx, `id = $1`, familyID, "signed out", s.now())
	})
}

// EndSessions ends all families of a person.
func (s *Store) EndSessions(ctx context.Context, personID string) error {
	return s.outcome(ctx, func(ctx context.Context, tx *Tx) error {
		return revoke(ctx, tx, `person_id = $1`, personID, "signed out everywhere", s.now())
	})
}

// revoke ends families and forgets C and the remembered successors at once.
func revoke(ctx context.Context, tx *Tx, where, id, reason string, now time.Time) error {
	_, err := tx.exec(ctx, `UPDATE refresh_tokens SET sealed_successor = NULL WHERE sealed_successor IS NOT NULL
		AND family_id IN (SELECT id FROM families WHERE `+where+`)`, id)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE families SET revoked_at = $2, revoked_reason = $3, sealed_client_token = NULL, updated_at = $2
		WHERE revoked_at IS NULL AND `+where, id, millis(now), reason)
	return err
}
