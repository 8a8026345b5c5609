package store

import (
	"context"

	"zapis/internal/secret"
)

// PersonClientToken is C of the person's youngest live session that has one. ErrNotFound: there is none.
func (s *Store) PersonClientToken(ctx context.Context, personID string) (token secret.String, err error) {
	err = s.view(ctx, func(ctx context.Context, tx *Tx) error {
		var family string
		var sealed []byte
		err := tx.row(ctx, `SELECT id, sealed_client_token FROM families
			WHERE person_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND sealed_client_token IS NOT NULL
			ORDER BY created_at DESC, id DESC LIMIT 1`, personID, millis(s.now())).Scan(&family, &sealed)
		if err != nil {
			return err
		}
		token, err = s.openText("families.client_token", family, sealed)
		return err
	})
	return token, err
}
