package store

import (
	"context"
	"encoding/json"
	"fmt"

	"zapis/internal/salon"
	"zapis/internal/secret"
)

// EnvAccount is the id of the account that the .env file describes.
const EnvAccount = "env"

// Account is one set of YCLIENTS credentials with the branches it serves.
type Account struct {
	ID        string
	Title     string
	Branches  []salon.BranchID // the first is the main one
	APIKey    secret.String    // B
	UserToken secret.String    // E
}

// SaveAccount writes an account, new or known. Empty secrets keep what is stored.
func (s *Store) SaveAccount(ctx context.Context, a Account) error {
	branches, err := json.Marshal(a.Branches)
	if err != nil {
		return err
	}
	return s.update(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO accounts (id, title, branches, sealed_api_key, sealed_user_token, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6)
			ON CONFLICT (id) DO UPDATE SET title = excluded.title, branches = excluded.branches, updated_at = excluded.updated_at,
				sealed_api_key = COALESCE(excluded.sealed_api_key, accounts.sealed_api_key),
				sealed_user_token = COALESCE(excluded.sealed_user_token, accounts.sealed_user_token)`,
			a.ID, a.Title, string(branches), s.sealText("accounts.api_key", a.ID, a.APIKey),
			s.sealText("accounts.user_token", a.ID, a.UserToken), millis(s.now()))
		return err
	})
}

// Accounts lists all accounts by id.
func (s *Store) Accounts(ctx context.Context) (list []Account, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		return tx.each(ctx, func(row scanner) error {
			a, err := s.scanAccount(row)
			list = append(list, a)
			return err
		}, `SELECT id, title, branches, sealed_api_key, sealed_user_token FROM accounts ORDER BY id`)
	})
	return list, err
}

// Account reads one account.
func (s *Store) Account(ctx context.Context, id string) (a Account, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		a, err = s.scanAccount(tx.row(ctx, `SELECT id, title, branches, sealed_api_key, sealed_user_token FROM accounts WHERE id = $1`, id))
		return err
	})
	return a, err
}

func (s *Store) scanAccount(row scanner) (a Account, err error) {
	var branches string
	var key, token []byte
	if err = row.Scan(&a.ID, &a.Title, &branches, &key, &token); err != nil {
		return a, err
	}
	if err = json.Unmarshal([]byte(branches), &a.Branches); err != nil {
		return a, fmt.Errorf("branches of account %s: %w", a.ID, err)
	}
	if a.APIKey, err = s.openText("accounts.api_key", a.ID, key); err != nil {
		return a, err
	}
	a.UserToken, err = s.openText("accounts.user_token", a.ID, token)
	return a, err
}
