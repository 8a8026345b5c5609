package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"zapis/internal/config"
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

// machineLog is the log of the calls from this machine. It lies in the data folder, which outlives containers and
// is known to the server and to the commands beside it. Before the first start there is no such folder, and setup
// does not make one: its calls are remembered in the user's cache folder, where the first start finds them.
func machineLog(cfg *config.Config) (paceLog, error) {
	if _, err := os.Stat(filepath.Join(cfg.DataDir, databaseFile)); err == nil {
		return paceLog(filepath.Join(cfg.DataDir, logName(cfg.BaseURL))), nil
	}
	return commandsLog(cfg)
}

func commandsLog(cfg *config.Config) (paceLog, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "zapis")
	return paceLog(filepath.Join(dir, logName(cfg.BaseURL))), os.MkdirAll(dir, 0o700)
}

// realLog is the name of the log of calls to YCLIENTS itself.
const realLog = "pace"

// logName is one for all hosts of YCLIENTS, because they count together, and another for each sandbox.
func logName(baseURL string) string {
	if u, err := url.Parse(baseURL); err == nil && (strings.HasSuffix(u.Hostname(), ".yclients.com") || strings.HasSuffix(u.Hostname(), ".yclients.ru")) {
		return realLog
	}
	sum := sha256.Sum256([]byte(baseURL))
	return realLog + "-" + hex.EncodeToString(sum[:6])
}

// PacedClient makes clients of YCLIENTS for setup and doctor, whose calls spend the same budget as those of a
// server beside them. close ends what is behind them.
func PacedClient(cfg *config.Config) (newClient func(partner, user yclients.Token) (*yclients.Client, error), end func(), err error) {
	road, end, err := pacedRoad(cfg)
	if err != nil {
		return nil, nil, err
	}
	return clientsOf(cfg, road.Client()), end, nil
}

// pacedRoad is the road of a command beside a server.
func pacedRoad(cfg *config.Config) (road *upstream.Road, end func(), err error) {
	c := upstream.Config{Scale: cfg.LimitsScale, CAFile: cfg.CAFile}
	closeStore := func() {}
	if shared, err := replicasLog(cfg); err == nil {
		c.Store, closeStore = shared, func() { _ = shared.Close() }
	} else {
		c.Fresh = true // where no log is or can be kept, a command does not wait out a minute
		if log, err := machineLog(cfg); err == nil {
			c.Store = log
		}
	}
	road, err = upstream.New(c)
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	end = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = road.Close(ctx) // every call has ended; what is closed are idle connections
		closeStore()
	}
	return road, end, nil
}

// serverLog is the log of a server's calls, and whether a missing one is a first start. On the first start it goes
// on from what setup and doctor have called.
func serverLog(cfg *config.Config, s *store.Store) (log upstream.GrantStore, fresh bool) {
	if !cfg.DatabaseURL.IsZero() {
		return s, s.Created()
	}
	name := logName(cfg.BaseURL)
	file := filepath.Join(cfg.DataDir, name)
	if before, err := commandsLog(cfg); err == nil && s.Created() {
		if called, err := os.ReadFile(string(before)); err == nil {
			_ = os.WriteFile(file, called, 0o600) // what cannot be written here fails aloud at the first call
		}
	}
	return paceLog(file), s.Created() || name != realLog // a sandbox without a log was never called
}

// replicasLog is the database that replicas share, as the server left it: a command never migrates it.
func replicasLog(cfg *config.Config) (*store.Store, error) {
	if cfg.DatabaseURL.IsZero() {
		return nil, os.ErrNotExist
	}
	key, err := existingKey(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return store.Open(ctx, store.Config{URL: cfg.DatabaseURL.Reveal(), Key: key, Existing: true})
}
