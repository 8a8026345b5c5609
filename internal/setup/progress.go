package setup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zapis/internal/config"
	"zapis/internal/secret"
)

// Progress is how far a walk has come, and what was proven on the way. It lies sealed in the data folder until the file
// is written; the password is never a part of it.
type Progress struct {
	// APIKey and UserToken are set once proven.
	APIKey, UserToken secret.String
	// User is whose token it is, as far as told.
	User string
	// BaseURL is the address of YCLIENTS that they were proven at; empty = the configured one.
	BaseURL string
	// PublicURL is the server's address from outside, when it was given on the way.
	PublicURL string
	// Branches are the branches chosen, the first for YCLIENTS_COMPANY_ID.
	Branches []Branch
	// RightsAccepted: the person has seen that a needed right is missing and goes on.
	RightsAccepted bool
	// HooksDone: webhooks are installed, or were declined.
	HooksDone bool
	// Changed is when it was kept last.
	Changed time.Time
}

// Next is the id of the first step that is not done: api_key, user, branch, rights, hooks or write.
func (p *Progress) Next() string {
	switch {
	case p.APIKey.IsZero():
		return StepAPIKey
	case p.UserToken.IsZero():
		return StepUser
	case len(p.Branches) == 0:
		return StepBranch
	case !p.RightsAccepted:
		return StepRights
	case !p.HooksDone:
		return StepHooks
	}
	return StepWrite
}

// IsZero tells that nothing was proven yet.
func (p *Progress) IsZero() bool { return p.APIKey.IsZero() && p.UserToken.IsZero() }

// Values are the variables to write.
func (p *Progress) Values() map[string]string {
	ids := make([]int64, 0, len(p.Branches))
	for _, b := range p.Branches {
		ids = append(ids, b.ID)
	}
	v := Values(p.APIKey, p.UserToken, ids)
	if p.BaseURL != "" {
		v["YCLIENTS_BASE_URL"] = p.BaseURL
	}
	if p.PublicURL != "" {
		v[publicURL] = p.PublicURL
	}
	return v
}

// progressLife is how long an unfinished walk is kept.
const progressLife = 7 * 24 * time.Hour

// sealedProgress is a Progress on its way to the file, the secrets as texts.
type sealedProgress struct {
	APIKey, UserToken, User, BaseURL, PublicURL string
	Branches                                    []Branch
	RightsAccepted, HooksDone                   bool
	Changed                                     time.Time
}

const progressFile, progressSeal = "setup.sealed", "setup.progress:1"

// OpenProgress gives the walk that was left, or a new one when there is none, when it is older than a week or cannot be
// opened any more (another key). It makes nothing.
func (e *Engine) OpenProgress() (*Progress, error) {
	cfg, _ := e.Config()
	data, err := os.ReadFile(filepath.Join(cfg.DataDir, progressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &Progress{}, nil
	}
	if err != nil {
		return nil, unusable(err)
	}
	key, err := sealKey(cfg, false)
	if err != nil {
		return &Progress{}, nil
	}
	plain, err := key.Open(data, progressSeal)
	var s sealedProgress
	if err != nil || json.Unmarshal(plain, &s) != nil || e.now().Sub(s.Changed) > progressLife {
		return &Progress{}, nil
	}
	return &Progress{
		APIKey: secret.Text(s.APIKey), UserToken: secret.Text(s.UserToken), User: s.User, BaseURL: s.BaseURL, PublicURL: s.PublicURL,
		Branches: s.Branches, RightsAccepted: s.RightsAccepted, HooksDone: s.HooksDone, Changed: s.Changed,
	}, nil
}

// Keep stores how far the walk has come, sealed and readable by its owner only.
func (e *Engine) Keep(p *Progress) error {
	cfg, _ := e.Config()
	key, err := sealKey(cfg, true)
	if err != nil {
		return unusable(err)
	}
	p.Changed = e.now()
	plain, err := json.Marshal(sealedProgress{
		APIKey: p.APIKey.Reveal(), UserToken: p.UserToken.Reveal(), User: p.User, BaseURL: p.BaseURL, PublicURL: p.PublicURL,
		Branches: p.Branches, RightsAccepted: p.RightsAccepted, HooksDone: p.HooksDone, Changed: p.Changed,
	})
	if err != nil {
		return err
	}
	if err := config.WriteFile(filepath.Join(cfg.DataDir, progressFile), key.Seal(plain, progressSeal)); err != nil {
		return unusable(err)
	}
	return nil
}

// Forget ends the walk: what was proven is in the file, or was given up.
func (e *Engine) Forget() error {
	cfg, _ := e.Config()
	if err := os.Remove(filepath.Join(cfg.DataDir, progressFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unusable(err)
	}
	return nil
}

// sealKey is the key of the data folder. Only who writes may make one, and the folder.
func sealKey(cfg *config.Config, writes bool) (*secret.Key, error) {
	file := filepath.Join(cfg.DataDir, "key")
	if writes {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(file); err != nil && cfg.Key.IsZero() {
		return nil, err
	}
	return secret.Load(cfg.Key.Reveal(), file)
}
