package store

import (
	"context"
	"encoding/json"
	"time"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

// Person is somebody who has proven to own a phone.
type Person struct {
	ID        string // p-…
	AccountID string
	Profile   Profile
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Profile is a person's data, stored sealed as one value.
type Profile struct {
	Phone salon.Phone `json:"phone"`
	Name  string      `json:"name,omitempty"`
	Email string      `json:"email,omitempty"`
}

// Person reads one person.
func (s *Store) Person(ctx context.Context, id string) (p Person, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		p, err = s.person(ctx, tx, `id = $1`, id)
		return err
	})
	return p, err
}

// UpdatePerson changes what is not nil of a person's profile.
func (s *Store) UpdatePerson(ctx context.Context, id string, name, email *string) (p Person, err error) {
	err = s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "person:"+id); err != nil {
			return err
		}
		if p, err = s.person(ctx, tx, `id = $1`, id); err != nil {
			return err
		}
		if name != nil {
			p.Profile.Name = *name
		}
		if email != nil {
			p.Profile.Email = *email
		}
		return s.writeProfile(ctx, tx, &p)
	})
	return p, err
}

// ErasePerson forgets a person: sessions end, profile and consents go, the bookings lose name, phone, email and
// comment. A booking with an open change keeps them until that has settled and Purge comes by, because the
// change cannot be carried out without them. A booking that is being written at the same time is forgotten as well,
// or not written. The records in YCLIENTS are not touched.
func (s *Store) ErasePerson(ctx context.Context, id string, also ...TxFunc) error {
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.lock(ctx, "person:"+id); err != nil {
			return err
		}
		var phone string
		if err := tx.row(ctx, `SELECT phone_hmac FROM people WHERE id = $1`, id).Scan(&phone); err != nil {
			return err
		}
		for _, step := range []struct {
			sql  string
			args []any
		}{
			{`UPDATE bookings SET erase_wanted = 1, owner = '' WHERE owner = $1 OR phone_hmac = $2`, []any{id, phone}},
			{`DELETE FROM consents WHERE who = $1 OR who = $2`, []any{id, phone}},
			{`DELETE FROM idempotency WHERE (owner_key = $1 OR owner_key = $2)
				AND (state = 'done' OR intent_id IN (SELECT id FROM intents WHERE state IN ('done', 'refused')))`, []any{id, phone}},
			{`DELETE FROM people WHERE id = $1`, []any{id}}, // families and tokens go along
		} {
			if _, err := tx.exec(ctx, step.sql, step.args...); err != nil {
				return err
			}
		}
		if err := eraseWanted(ctx, tx); err != nil {
			return err
		}
		return runAlso(ctx, tx, also)
	})
}

// holdPerson makes sure that a person is there, and is not erased before the transaction has ended. Else ErrNotFound.
func holdPerson(ctx context.Context, tx *Tx, id string) error {
	if err := tx.lock(ctx, "person:"+id); err != nil {
		return err
	}
	var found string
	return tx.row(ctx, `SELECT id FROM people WHERE id = $1`, id).Scan(&found)
}

// eraseWanted blanks the bookings whose erasure was asked for, except where a change still needs the data.
func eraseWanted(ctx context.Context, tx *Tx) error {
	const free = `erase_wanted = 1 AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.booking_id = bookings.id AND i.state NOT IN ('done', 'refused'))`
	_, err := tx.exec(ctx, `UPDATE intents SET sealed_payload = NULL WHERE sealed_payload IS NOT NULL AND booking_id IN (SELECT id FROM bookings WHERE `+free+`)`)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE bookings SET erase_wanted = 0, sealed_client = NULL, phone_hmac = '', secret_hash = '' WHERE `+free)
	return err
}

// signedIn finds or makes the person behind a phone that has just been proven.
func (s *Store) signedIn(ctx context.Context, tx *Tx, accountID string, phone salon.Phone, name string) (Person, error) {
	hmac := s.PhoneHMAC(phone)
	if err := tx.lock(ctx, "person:"+accountID+"/"+hmac); err != nil {
		return Person{}, err
	}
	_, err := tx.exec(ctx, `INSERT INTO people (id, account_id, phone_hmac, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (account_id, phone_hmac) DO NOTHING`, secret.NewID(secret.PersonID), accountID, hmac, millis(s.now()))
	if err != nil {
		return Person{}, err
	}
	p, err := s.person(ctx, tx, `account_id = $1 AND phone_hmac = $2`, accountID, hmac)
	if err != nil || p.Profile.Phone == phone && (name == "" || p.Profile.Name != "") {
		return p, err
	}
	p.Profile.Phone = phone
	if p.Profile.Name == "" {
		p.Profile.Name = name
	}
	return p, s.writeProfile(ctx, tx, &p)
}

func (s *Store) writeProfile(ctx context.Context, tx *Tx, p *Person) error {
	plain, err := json.Marshal(p.Profile)
	if err != nil {
		return err
	}
	p.UpdatedAt = moment(millis(s.now()))
	_, err = tx.exec(ctx, `UPDATE people SET sealed_profile = $2, updated_at = $3 WHERE id = $1`,
		p.ID, s.seal("people.profile", p.ID, plain), millis(p.UpdatedAt))
	return err
}

func (s *Store) person(ctx context.Context, tx *Tx, where string, args ...any) (p Person, err error) {
	var sealed []byte
	var created, updated int64
	err = tx.row(ctx, `SELECT id, account_id, sealed_profile, created_at, updated_at FROM people WHERE `+where, args...).
		Scan(&p.ID, &p.AccountID, &sealed, &created, &updated)
	if err != nil {
		return p, err
	}
	p.CreatedAt, p.UpdatedAt = moment(created), moment(updated)
	plain, err := s.open("people.profile", p.ID, sealed)
	if err != nil || plain == nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p.Profile)
}
