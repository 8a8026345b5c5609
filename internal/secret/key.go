package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize      = 32
	sealedFormat = 1                               // first byte of every sealed value
	sealedHeader = 2 + chacha20poly1305.NonceSizeX // format, key id, nonce
	sealedMin    = sealedHeader + chacha20poly1305.Overhead
)

var (
	// ErrOtherKey reports a value sealed under a key other than this one.
	ErrOtherKey = errors.New("sealed under another key: start with the key that wrote this database (ZAPIS_KEY or the file \"key\" in the data folder)")
	// ErrDamaged reports a value that was changed, cut, or moved to another row since it was sealed.
	ErrDamaged = errors.New("sealed value is damaged or belongs to another row: restore the database from a backup")
)

// Key is the one secret from which everything at rest is protected. It lives outside the database.
type Key struct {
	id          byte // first byte of the fingerprint: tells keys apart when they are rotated
	fingerprint string
	sealing     []byte
	lookup      []byte
}

// NewKey makes a Key of 32 bytes.
func NewKey(raw []byte) (*Key, error) {
	if len(raw) != keySize {
		return nil, fmt.Errorf("encryption key has %d bytes, needs %d", len(raw), keySize)
	}
	k := &Key{}
	var mark []byte
	for _, part := range []struct {
		to   *[]byte
		use  string
		size int
	}{
		{&mark, "zapis key fingerprint v1", 8},
		{&k.sealing, "zapis seal v1", chacha20poly1305.KeySize},
		{&k.lookup, "zapis lookup v1", sha256.Size},
	} {
		derived, err := hkdf.Key(sha256.New, raw, nil, part.use, part.size)
		if err != nil {
			return nil, fmt.Errorf("derive keys from the encryption key: %w", err)
		}
		*part.to = derived
	}
	k.id, k.fingerprint = mark[0], hex.EncodeToString(mark)
	return k, nil
}

// Load takes the key from envValue (base64 of 32 bytes, the variable ZAPIS_KEY) or, when that is empty, from the
// file. A missing file is created with a new random key, readable by its owner only; when several processes
// start at once they all end with the same key.
func Load(envValue, file string) (*Key, error) {
	if envValue != "" {
		k, err := parse(envValue)
		if err != nil {
			return nil, fmt.Errorf("ZAPIS_KEY: %w", err)
		}
		return k, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(file); err != nil {
			return nil, fmt.Errorf("create the encryption key %s: %w", file, err)
		}
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the encryption key: %w", err)
	}
	if err := private(file); err != nil {
		return nil, err
	}
	k, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("encryption key %s: %w", file, err)
	}
	return k, nil
}

func parse(text string) (*Key, error) {
	// Both alphabets of base64, with or without padding: people generate keys with whatever is at hand.
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) != keySize {
		return nil, errors.New("not a key: base64 of 32 random bytes is needed, for example from `openssl rand -base64 32`")
	}
	return NewKey(raw)
}

func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("look at the encryption key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("encryption key %s can be read by others (mode %04o): run `chmod 600 %s`", file, info.Mode().Perm(), file)
	}
	return nil
}

// create writes a new key aside and links it into place: a reader sees no file or a whole one, and of two
// processes the second keeps the key of the first.
func create(file string) (err error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// syncDir makes the new name itself durable: data sealed under a key whose file vanishes with the power is lost.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Fingerprint names the key without telling anything of it: 16 hex digits.
func (k *Key) Fingerprint() string { return k.fingerprint }

// String keeps the key out of logs.
func (k *Key) String() string { return "[key " + k.fingerprint + "]" }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return k.String() }

// Seal encrypts plain with XChaCha20-Poly1305 and a random nonce. The context ("table.column:row") is not stored
// but must be given again to Open, so that a sealed value cannot be moved to another place.
func (k *Key) Seal(plain []byte, context string) []byte {
	aead, err := chacha20poly1305.NewX(k.sealing)
	if err != nil {
		panic(err) // the size of the key is fixed above
	}
	out := make([]byte, sealedHeader, sealedHeader+len(plain)+aead.Overhead())
	out[0], out[1] = sealedFormat, k.id
	_, _ = rand.Read(out[2:sealedHeader])
	return aead.Seal(out, out[2:sealedHeader], plain, []byte(context))
}

// Open decrypts what Seal made under the same key and context; else ErrOtherKey or ErrDamaged.
func (k *Key) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < sealedMin || sealed[0] != sealedFormat {
		return nil, ErrDamaged
	}
	if sealed[1] != k.id {
		return nil, ErrOtherKey
	}
	aead, err := chacha20poly1305.NewX(k.sealing)
	if err != nil {
		panic(err)
	}
	plain, err := aead.Open(nil, sealed[2:sealedHeader], sealed[sealedHeader:], []byte(context))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// Lookup is a stable name of s that only the holder of the key can compute: HMAC-SHA256 in hex. Phones and
// addresses are found by it without being stored in the clear.
func (k *Key) Lookup(s string) string {
	mac := hmac.New(sha256.New, k.lookup)
	mac.Write([]byte(s))
	return hex.EncodeToString(mac.Sum(nil))
}
