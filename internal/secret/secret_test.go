package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

const canary = "canary-0123456789"

func TestStringNeverPrintsItself(t *testing.T) {
	s := Text(canary)
	type hidden struct{ inner String }
	type open struct {
		S  String            `json:"s"`
		P  *String           `json:"p"`
		M  map[string]String `json:"m"`
		Ss []String          `json:"ss"`
	}
	values := []any{s, &s, hidden{s}, &hidden{s}, []hidden{{s}}, open{s, &s, map[string]String{"k": s}, []String{s}}}
	var out bytes.Buffer
	logText, logJSON := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10s"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		logText.Info("m", "v", v)
		logJSON.Info("m", "v", v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	fmt.Fprintln(&out, errors.New(fmt.Sprint("wrapped ", s)))
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), base64.StdEncoding.EncodeToString([]byte(canary))} {
		if strings.Contains(out.String(), form) {
			t.Fatalf("the secret is in the output as %q", form)
		}
	}
	if got := s.Reveal(); got != canary {
		t.Fatalf("got %q from Reveal, want the text", got)
	}
}

func TestStringReadsAndCompares(t *testing.T) {
	var v struct{ Token String }
	if err := json.Unmarshal([]byte(`{"Token":"abc"}`), &v); err != nil {
		t.Fatal(err)
	}
	if v.Token.Reveal() != "abc" || v.Token.IsZero() || !v.Token.Equal(Text("abc")) || v.Token.Equal(Text("abd")) {
		t.Fatal("a secret read from JSON differs from its text")
	}
	if !(String{}).IsZero() || !Text("").IsZero() || (String{}).Reveal() != "" {
		t.Fatal("the zero value is not the empty secret")
	}
}

func testKey(t testing.TB, fill byte) *Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{fill}, keySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedOpensOnlyWhereItWasSealed(t *testing.T) {
	k, other := testKey(t, 1), testKey(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		context := rapid.String().Draw(t, "context")
		sealed := k.Seal(plain, context)
		got, err := k.Open(sealed, context)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v; want the plain text back", got, err)
		}
		if len(plain) >= 4 && bytes.Contains(sealed, plain) {
			t.Fatal("the plain text is visible in the sealed one")
		}
		if _, err := k.Open(sealed, context+"x"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("in another context: got %v, want ErrDamaged", err)
		}
		if _, err := other.Open(sealed, context); !errors.Is(err, ErrOtherKey) {
			t.Fatalf("under another key: got %v, want ErrOtherKey", err)
		}
		bit := rapid.IntRange(16, len(sealed)*8-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := k.Open(sealed, context); !errors.Is(err, ErrDamaged) {
			t.Fatalf("with a flipped bit: got %v, want ErrDamaged", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := testKey(f, 1)
	f.Add(k.Seal([]byte("x"), "c"))
	f.Add([]byte{})
	f.Add([]byte{sealedFormat, k.id})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := k.Open(sealed, "other"); err == nil {
			t.Fatal("opened in a context it was not sealed in")
		}
	})
}

func TestLookupIsStableAndKeyed(t *testing.T) {
	a, b := testKey(t, 1), testKey(t, 2)
	first, again := a.Lookup("+79000000001"), a.Lookup("+79000000001")
	if first != again || a.Lookup("1") == a.Lookup("2") || a.Lookup("1") == b.Lookup("1") {
		t.Fatal("lookup is not a keyed function of the text")
	}
	if a.Fingerprint() == b.Fingerprint() {
		t.Fatal("two keys have one fingerprint")
	}
}

func TestLoad(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, keySize))
	t.Run("from the variable, in every spelling", func(t *testing.T) {
		want := testKey(t, 0xfb).Fingerprint()
		for _, spelling := range []string{encoded, strings.TrimRight(encoded, "="), " " + encoded + "\n", strings.NewReplacer("+", "-", "/", "_").Replace(encoded)} {
			k, err := Load(spelling, "/does/not/exist")
			if err != nil || k.Fingerprint() != want {
				t.Errorf("Load(%q): %v, want the key", spelling, err)
			}
		}
	})
	t.Run("a wrong variable is not shown", func(t *testing.T) {
		_, err := Load(canary, "")
		if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "ZAPIS_KEY") {
			t.Fatalf("got %v, want an error that names the variable and not its value", err)
		}
	})
	t.Run("made once by many starters", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "key")
		prints := make([]string, 16)
		var wg sync.WaitGroup
		for i := range prints {
			wg.Go(func() {
				k, err := Load("", file)
				if err != nil {
					t.Error(err)
					return
				}
				prints[i] = k.Fingerprint()
			})
		}
		wg.Wait()
		for _, p := range prints {
			if p != prints[0] {
				t.Fatal("two starters have different keys")
			}
		}
		info, err := os.Stat(file)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Fatalf("key file: %v, %v; want mode 0600", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".key-*")); len(left) != 0 {
			t.Fatalf("left behind: %v", left)
		}
	})
	t.Run("refuses a file others can read, a broken one and a missing folder", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("modes mean nothing on Windows")
		}
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(encoded), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load("", file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Fatalf("got %v, want the fix", err)
		}
		if err := errors.Join(os.Chmod(file, 0o600), os.WriteFile(file, []byte("half"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := Load("", file); err == nil || strings.Contains(err.Error(), "half") {
			t.Fatalf("got %v, want an error without the content", err)
		}
		if _, err := Load("", filepath.Join(t.TempDir(), "none", "key")); err == nil {
			t.Fatal("a key was created in a folder that does not exist")
		}
	})
}

func TestRandomNames(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, token, mark := NewID(BookingID), NewToken(AccessToken), NewAPIID()
		if len(id) != 28 || !strings.HasPrefix(id, "b-") || strings.ContainsAny(id[2:], "ilou") || strings.ToLower(id) != id {
			t.Fatalf("bad id %q", id)
		}
		if !IsToken(AccessToken, token.Reveal()) || IsToken(RefreshToken, token.Reveal()) || IsToken(AccessToken, token.Reveal()+"A") {
			t.Fatal("a token does not know its own form")
		}
		if n, err := strconv.ParseUint(mark, 10, 64); err != nil || n == 0 || n >= 1<<52 {
			t.Fatalf("bad api id %q", mark)
		}
		if len(HashToken(token)) != 64 {
			t.Fatal("bad hash")
		}
		for _, s := range []string{id, token.Reveal(), mark} {
			if seen[s] {
				t.Fatalf("%q came twice", s)
			}
			seen[s] = true
		}
	}
}
