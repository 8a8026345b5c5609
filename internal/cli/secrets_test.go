package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zapis/sandbox"
)

// secretsOfStories must stand nowhere but in files of settings: what the sandbox's people own, and what stories type.
var secretsOfStories = []string{
	sandbox.PartnerToken, sandbox.UserToken, sandbox.AppUserToken, sandbox.NoRightsUserToken, sandbox.StrangerUserToken,
	sandbox.Password, sandbox.AppLogin, "canary",
}

// spelt is a secret in every spelling in which it could slip out.
func spelt(secret string) map[string]string {
	all := map[string]string{
		"plain": secret, "URL-encoded": url.QueryEscape(secret), "path-encoded": url.PathEscape(secret), "hex": hex.EncodeToString([]byte(secret)),
		"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	// Inside a longer text, base64 shifts by one or two bytes; what does not depend on the neighbours is looked for.
	for _, shift := range []int{1, 2} {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		if len(text) > 12 {
			all["base64 shifted"+strings.Repeat("'", shift)] = text[4 : len(text)-4]
		}
	}
	for name, text := range all {
		if len(text) < 6 {
			delete(all, name)
		}
	}
	return all
}

// leaked names the secrets that stand in a text.
func leaked(text []byte, secrets []string) []string {
	var found []string
	for _, s := range secrets {
		for how, spelling := range spelt(s) {
			if bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(spelling))) {
				found = append(found, s[:3]+"… ("+how+")")
			}
		}
	}
	return found
}

func TestLeakedFindsEverySpelling(t *testing.T) {
	for _, text := range []string{
		"x" + sandbox.Password + "y", base64.StdEncoding.EncodeToString([]byte("a:" + sandbox.Password + ":b")), base64.URLEncoding.EncodeToString([]byte("u:" + sandbox.Password)),
		"q=" + url.QueryEscape("p a"+sandbox.Password), hex.EncodeToString([]byte(sandbox.Password)),
	} {
		if len(leaked([]byte(text), secretsOfStories)) == 0 {
			t.Errorf("not found in %q", text)
		}
	}
	if found := leaked([]byte("YCLIENTS_API_TOKEN=•••• (18 characters)"), secretsOfStories); len(found) != 0 {
		t.Errorf("found %v where nothing is", found)
	}
}

// isSettings tells files that may hold tokens: those of settings, with their backup, and what a story brought itself.
func isSettings(path string) bool {
	name := filepath.Base(path)
	return strings.HasSuffix(strings.TrimSuffix(name, ".bak"), ".env") || strings.HasSuffix(name, ".txt") || name == "login.json"
}

// searched looks through everything that a story left behind: whatever any command printed, and every file.
func searched(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isSettings(path) || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, what := range leaked(data, secretsOfStories) {
			t.Errorf("%s holds %s", filepath.Base(path), what)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
