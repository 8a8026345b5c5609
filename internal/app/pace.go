package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"zapis/internal/config"
	"zapis/internal/secret"
	"zapis/internal/store"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// YCLIENTS counts calls by the address they come from, so the log of the last minute belongs to the machine
// and not to a data folder: a server, a second server and every command beside them share one file. Replicas
// on several machines behind one address share a row in their PostgreSQL instead.

// paceLog is a file that several processes may change, one at a time. It holds times of calls and nothing else.
type paceLog string

// PaceUpdate implements upstream.GrantStore. The lock is held for microseconds.
func (f paceLog) PaceUpdate(ctx context.Context, _ string, fn func(old []byte) ([]byte, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return lockedfile.Transform(string(f), fn)
}

// machineLog is the log of the calls from this machine to one address of YCLIENTS. It lies in the user's cache
// folder, or in the data folder where a service has no home.
func machineLog(cfg *config.Config) (paceLog, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = cfg.DataDir
	}
	dir = filepath.Join(dir, "zapis")
	sum := sha256.Sum256([]byte(cfg.BaseURL))
	return paceLog(filepath.Join(dir, "pace-"+hex.EncodeToString(sum[:6]))), os.MkdirAll(dir, 0o700)
}

// PacedClient makes clients of YCLIENTS for setup and doctor, whose calls spend the same budget as those of a
// server beside them. close ends what is behind them.
func PacedClient(cfg *config.Config) (newClient func(partner, user yclients.Token) (*yclients.Client, error), end func(), err error) {
	c := upstream.Config{Scale: cfg.LimitsScale, CAFile: cfg.CAFile}
	closeStore := func() {}
	if shared, err := replicasLog(cfg); err == nil {
		c.Store, closeStore = shared, func() { _ = shared.Close() }
	} else if log, err := machineLog(cfg); err == nil {
		c.Store = log
	} else {
		c.Fresh = true // no log can be kept here: without this, every command would wait out a minute
	}
	road, err := upstream.New(c)
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	carrier := road.Client()
	newClient = func(partner, user yclients.Token) (*yclients.Client, error) {
		opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner), yclients.WithHTTPClient(carrier)}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
	end = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = road.Close(ctx) // every call has ended; what is closed are idle connections
		closeStore()
	}
	return newClient, end, nil
}

// serverLog is the log of a server's calls.
func serverLog(cfg *config.Config, s *store.Store) upstream.GrantStore {
	if log, err := machineLog(cfg); err == nil && cfg.DatabaseURL.IsZero() {
		return log
	}
	return s
}

// replicasLog is the database that replicas share, as the server left it: a command never migrates it.
func replicasLog(cfg *config.Config) (*store.Store, error) {
	if cfg.DatabaseURL.IsZero() {
		return nil, os.ErrNotExist
	}
	keyFile := filepath.Join(cfg.DataDir, "key")
	if _, err := os.Stat(keyFile); err != nil && cfg.Key.IsZero() {
		return nil, err // loading would make a new key
	}
	key, err := secret.Load(cfg.Key.Reveal(), keyFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return store.Open(ctx, store.Config{URL: cfg.DatabaseURL.Reveal(), Key: key, Existing: true})
}
