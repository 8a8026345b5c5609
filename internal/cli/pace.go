package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"zapis/internal/config"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// openClient never fails: what is wrong with the address or the roots is one of doctor's findings, and a call
// made nevertheless fails with the reason.
func (r *runner) openClient(cfg *config.Config) (NewClient, func()) {
	newClient, end, err := r.commands.Client(cfg)
	if err != nil {
		return func(_, _ yclients.Token) (*yclients.Client, error) { return nil, err }, func() {}
	}
	return newClient, end
}

// PacedClient is a Commands.Client whose calls keep the pace: setup and doctor make a dozen calls, and
// YCLIENTS refuses the sixth within a second. Commands started one after another share one log of their
// calls, a file in the user's cache folder. A server beside them keeps its own log; the guard of both windows
// and doctor's patience stand between the two.
func PacedClient(cfg *config.Config) (NewClient, func(), error) {
	c := upstream.Config{Scale: cfg.LimitsScale, CAFile: cfg.CAFile}
	if file, err := paceFile(cfg.BaseURL); err == nil {
		c.Store = paceLog(file)
	} else {
		c.Fresh = true // without a log the minute before would have to be waited out
	}
	road, err := upstream.New(c)
	if err != nil {
		return nil, nil, err
	}
	carrier := road.Client()
	newClient := func(partner, user yclients.Token) (*yclients.Client, error) {
		opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner), yclients.WithHTTPClient(carrier)}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
	end := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = road.Close(ctx) // every call has ended; what is closed are idle connections
	}
	return newClient, end, nil
}

// paceFile names the log of the calls to one address.
func paceFile(baseURL string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "zapis")
	sum := sha256.Sum256([]byte(baseURL))
	return filepath.Join(dir, "pace-"+hex.EncodeToString(sum[:6])), os.MkdirAll(dir, 0o700)
}

// paceLog is a file that several processes may change, one at a time. It holds times of calls and nothing else.
type paceLog string

// PaceUpdate implements upstream.GrantStore. The lock is held for microseconds.
func (f paceLog) PaceUpdate(ctx context.Context, _ string, fn func(old []byte) ([]byte, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return lockedfile.Transform(string(f), fn)
}
