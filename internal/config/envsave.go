package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrFileChanged reports that somebody else wrote the file between ReadEnvFile and Save.
var ErrFileChanged = errors.New("the file was changed meanwhile; run the command again")

// Save writes the file with permissions 0600, as a whole or not at all: a temporary file beside it, synced,
// then renamed. A symbolic link stays a link, its target is written.
func (f *EnvFile) Save() error {
	target, err := followLinks(f.path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", target)
	case err == nil:
		present, err := os.ReadFile(target)
		if err != nil {
			return err
		}
		if !bytes.Equal(present, f.before) || !f.exists {
			return fmt.Errorf("%s: %w", f.path, ErrFileChanged)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := writeAtomically(target, f.now, info); err != nil {
		return err
	}
	f.before, f.exists, f.mode = bytes.Clone(f.now), true, 0o600
	return nil
}

// writeAtomically replaces target with data. CreateTemp makes the file 0600 from the first moment on.
func writeAtomically(target string, data []byte, was fs.FileInfo) (err error) {
	dir := filepath.Dir(target)
	tmp, err := os.CreateTemp(dir, ".env-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(tmp.Close()), os.Remove(tmp.Name()))
		}
	}()
	keepOwner(tmp, was)
	if _, err = tmp.Write(data); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), target); err != nil {
		return err
	}
	syncDir(dir)
	return nil
}

// WriteFile writes a private file (0600) as a whole or not at all, for what lies beside an env file or in the data
// folder. An existing file keeps its owner.
func WriteFile(path string, data []byte) error {
	target, err := followLinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeAtomically(target, data, info)
}

// BackupName is where the former contents of an env file are kept: beside it, one generation.
func BackupName(path string) string { return path + ".bak" }

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// syncDir makes the rename survive a power cut where the system allows to sync a folder; where it does not,
// the file is still whole, old or new.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// followLinks resolves the symbolic links of path itself, also one whose target does not exist yet.
func followLinks(path string) (string, error) {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // not a link, or nothing there
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

// Folder is where Save makes files: that of the file itself, or of what a symbolic link leads to.
func (f *EnvFile) Folder() (string, error) {
	target, err := followLinks(f.path)
	return filepath.Dir(target), err
}

// Changes are the variables set so far whose value really differs.
func (f *EnvFile) Changes() []Change { return f.changes }

// Diff shows what Save would change, line by line, with everything secret masked.
func (f *EnvFile) Diff() string {
	var b strings.Builder
	for _, c := range f.changes {
		if c.Had {
			fmt.Fprintf(&b, "- %s=%s\n", c.Key, shown(c.Old, c.Secret))
		}
		fmt.Fprintf(&b, "+ %s=%s\n", c.Key, shown(c.New, c.Secret))
	}
	return b.String()
}

// shown is a value as a person may see it. An old value that should be a number or a switch and is not
// might be a misplaced token, so anything but short harmless text is masked.
func shown(value string, secret bool) string {
	if value == "" {
		return ""
	}
	if _, err := ParseBool(value); !secret && (err == nil || isDigits(value) || isAddress(value)) {
		return value
	}
	return "••••••••"
}

// harmless are forms in which no token comes.
var harmless = regexp.MustCompile(`^(live|readonly|pilot|(debug|info|warn|error)(,json)?|[\[\]0-9a-f.:]*:[0-9]{1,5}|[0-9]+(, ?[0-9]+)*)$`)

// masked is a value for config show: what may be a secret is a mask with its length, and of a long one the last four
// characters, by which its owner knows it.
func masked(key, value string) Text {
	if value == "" {
		return Text{}
	}
	if text := shown(value, IsSecret(key)); !strings.HasPrefix(text, "•") || !IsSecret(key) && harmless.MatchString(value) {
		return Text{RU: value, EN: value}
	}
	letters := []rune(value)
	mask := "••••"
	if isToken := key == "YCLIENTS_API_TOKEN" || key == "YCLIENTS_USER_TOKEN"; isToken && len(letters) >= 20 {
		mask += string(letters[len(letters)-4:])
	}
	return Tf("%s (%s)", "%s (%s)", mask, Count(len(letters), "символ", "символа", "символов", "character", "characters"))
}

func isDigits(s string) bool {
	return s != "" && len(s) < 20 && strings.Trim(s, "0123456789") == ""
}

func isAddress(s string) bool {
	u, err := parseBaseURL(s)
	return err == nil && u == strings.TrimRight(s, "/")
}
