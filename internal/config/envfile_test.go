package config

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"
	"pgregory.net/rapid"
)

// fileGen draws a .env file as people leave them: any order, quotes, comments, exports, multi-line values.
// The lines of our keys are drawn separately so that a test can take them out and compare the rest.
func fileGen(t *rapid.T) (lines []string, eol string) {
	eol = rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
	foreign := rapid.SampledFrom([]string{
		"", "   ", "# a note", "  # indented note = 1", "FOO=bar", "export BAR=\"baz qux\"", "QUX='single # not a note'", "EMPTY=",
		"SPACED = value with spaces  # and a note", "DOLLAR=pre${FOO}post", "yaml: value", "URL=https://example.org/a?b=c#d",
		`ESC="a\nb\"c\\d"`, "MULTI=\"one" + eol + "two\"", "UMLAUT=ä ё", "#YCLIENTS_API_TOKEN=old", "SALON=Салон «Сирень» # по-русски", "# \xef\xf0\xe8\xe2\xe5\xf2 in Windows-1251", "KEY='-----BEGIN" + eol + "# no note" + eol + "END-----'", "FOO=twice", "DB=postgres://u:p@h/d", "N=1 # c1 # c2",
	})
	own := rapid.SampledFrom([]string{
		"YCLIENTS_API_TOKEN=old-token", "export YCLIENTS_USER_TOKEN='old user'", "YCLIENTS_COMPANY_ID=\"12\" # branch", "  YCLIENTS_ENABLED = False",
		"YCLIENTS_API_TOKEN= # paste here", "YCLIENTS_USER_TOKEN=", "YCLIENTS_COMPANY_ID=1 # a # b",
	})
	lines = rapid.SliceOfN(rapid.OneOf(foreign, foreign, foreign, own), 0, 12).Draw(t, "lines")
	return lines, eol
}

func isOwn(line string) bool {
	trimmed := strings.TrimPrefix(strings.TrimSpace(line), "export ")
	return strings.HasPrefix(trimmed, "YCLIENTS_")
}

// TestEnvFileSurvivesAndReadsBack draws 1,000 files, a tenth with -short.
func TestEnvFileSurvivesAndReadsBack(t *testing.T) {
	rounds := 10 // of rapid's 100
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		checkEnvFiles(t)
	}
}

func checkEnvFiles(t *testing.T) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		lines, eol := fileGen(t)
		text := strings.Join(lines, eol)
		if rapid.Bool().Draw(t, "final newline") && text != "" {
			text += eol
		}
		if rapid.Bool().Draw(t, "bom") {
			text = string(bom) + text
		}
		if !strings.Contains(text, eol) {
			eol = "\n" // one line tells nothing about line ends
		}
		f, err := ParseEnvFile([]byte(text))
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		before := f.Values()
		want := maps.Clone(before)
		value := rapid.OneOf(
			rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`), rapid.StringMatching(`[ !"$-~]{0,20}`), rapid.SampledFrom([]string{"True", "a'b", `a"b`, "a b", "a$B", "x\ny", ""})) // a # would confuse the comparison of comments below; see TestSetReadsBack
		for _, key := range []string{"YCLIENTS_ENABLED", "YCLIENTS_COMPANY_ID", "YCLIENTS_API_TOKEN", "YCLIENTS_USER_TOKEN"} {
			v := value.Draw(t, key)
			if err := f.Set(key, v); err != nil {
				continue // a value no style can hold (a final backslash, quotes of both kinds at the ends)
			}
			want[key] = v
		}
		got, err := godotenv.UnmarshalBytes(bytes.TrimPrefix(f.Bytes(), bom))
		if err != nil {
			t.Fatalf("godotenv cannot read back: %v\n%q", err, f.Bytes())
		}
		for k := range got {
			if strings.HasPrefix(got[k], "# ") && want[k] == "" { // godotenv's reading of "KEY= # note"
				got[k] = ""
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("values (-want +got):\n%s\nfile %q", diff, f.Bytes())
		}
		assertOthersUntouched(t, text, string(f.Bytes()), eol)
	})
}

// assertOthersUntouched compares everything but the values of our keys, the header and what stands below it.
func assertOthersUntouched(t *rapid.T, before, after, eol string) {
	head, _, _ := strings.Cut(after, envHeader)
	strip := func(text string) []string {
		var kept []string
		for line := range strings.SplitSeq(text, eol) {
			if isOwn(strings.TrimPrefix(line, string(bom))) {
				_, note, _ := strings.Cut(line, " #")
				line = "<own> " + note
			}
			kept = append(kept, line)
		}
		return kept
	}
	want, got := strip(before), strip(head)
	if len(got) < len(want) {
		t.Fatalf("lines lost: before %q, after %q", before, after)
	}
	if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
		t.Fatalf("foreign lines changed (-before +after):\n%s", diff)
	}
	for _, extra := range got[len(want):] {
		if extra != "" {
			t.Fatalf("unexpected line %q above the header", extra)
		}
	}
}

func TestSetReadsBack(t *testing.T) {
	for _, value := range []string{"#x", "a #b", "a'b #c", `a"b`, "a\nb", "${HOME}", `a\b`, "привет", "", " a "} {
		for _, start := range []string{"", "YCLIENTS_API_TOKEN=x", "YCLIENTS_API_TOKEN='x' # note", "YCLIENTS_API_TOKEN=\"x\" # note\nB=1", "YCLIENTS_API_TOKEN=# note"} {
			f, err := ParseEnvFile([]byte(start))
			if err != nil {
				t.Fatal(err)
			}
			set(t, f, "YCLIENTS_API_TOKEN", value)
			got, err := godotenv.UnmarshalBytes(f.Bytes())
			if err != nil || got["YCLIENTS_API_TOKEN"] != value {
				t.Errorf("%q in %q: read back %q, %v", value, start, got["YCLIENTS_API_TOKEN"], err)
			}
			if strings.Contains(start, "# note") != strings.Contains(string(f.Bytes()), "# note") {
				t.Errorf("%q in %q: the comment is lost: %q", value, start, f.Bytes())
			}
		}
	}
}

func TestEnvFileGolden(t *testing.T) {
	in := "\ufeff# my salon\r\nFOO=bar\r\nexport YCLIENTS_API_TOKEN='old' # from the cabinet\r\n\r\nYCLIENTS_COMPANY_ID = \"1\"\r\nLAST=1"
	want := "\ufeff# my salon\r\nFOO=bar\r\nexport YCLIENTS_API_TOKEN='partner-token-example' # from the cabinet\r\n\r\nYCLIENTS_COMPANY_ID = \"4564\"\r\nLAST=1\r\n\r\n" +
		envHeader + "\r\nYCLIENTS_ENABLED=True\r\nYCLIENTS_USER_TOKEN=user-token-example\r\n"
	f, err := ParseEnvFile([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range [][2]string{
		{"YCLIENTS_ENABLED", "True"}, {"YCLIENTS_COMPANY_ID", "4564"},
		{"YCLIENTS_API_TOKEN", "partner-token-example"}, {"YCLIENTS_USER_TOKEN", "user-token-example"},
	} {
		if err := f.Set(kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, string(f.Bytes())); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	wantDiff := "+ YCLIENTS_ENABLED=True\n- YCLIENTS_COMPANY_ID=1\n+ YCLIENTS_COMPANY_ID=4564\n" +
		"- YCLIENTS_API_TOKEN=••••••••\n+ YCLIENTS_API_TOKEN=••••••••\n+ YCLIENTS_USER_TOKEN=••••••••\n"
	if diff := cmp.Diff(wantDiff, f.Diff()); diff != "" {
		t.Errorf("shown diff (-want +got):\n%s", diff)
	}
}

// A token once pasted into the line of the company must not be shown when that line is mended.
func TestDiffMasksMisplacedToken(t *testing.T) {
	f, _ := ParseEnvFile([]byte("YCLIENTS_COMPANY_ID=canary-token\nYCLIENTS_BASE_URL=https://u:canary-token@h\n"))
	for key, v := range map[string]string{"YCLIENTS_COMPANY_ID": "1", "YCLIENTS_BASE_URL": "https://api.yclients.com"} {
		if err := f.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(f.Diff(), "canary") {
		t.Errorf("the diff shows a secret:\n%s", f.Diff())
	}
}

func TestEnvFileSyntaxErrorsNameTheLineOnly(t *testing.T) {
	for name, in := range map[string]string{
		"no equals":     "A=1\ncanary-secret-value\n",
		"open quote":    "A=1\nB=\"canary\nC=2\n",
		"no name":       "A=1\n=canary\n",
		"strange name":  "A=1\nB-C=canary\n",
		"word at end":   "A=1\ncanary",
		"stray newline": "A=1\ncanary more\nB=2",
	} {
		_, err := ParseEnvFile([]byte(in))
		if err == nil {
			t.Errorf("%s: got no error", name)
			continue
		}
		if !strings.HasPrefix(err.Error(), "line 2:") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %q, want line 2 named and nothing quoted", name, err)
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real.env")
	link := filepath.Join(dir, ".env")
	if err := os.WriteFile(real, []byte("FOO=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.env", link); err != nil {
		t.Fatal(err)
	}
	f, err := ReadEnvFile(link)
	if err != nil {
		t.Fatal(err)
	}
	set(t, f, "YCLIENTS_ENABLED", "True")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "real.env" {
		t.Errorf("the link became %q, %v; want it kept", to, err)
	}
	info, err := os.Stat(real)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	got, _ := os.ReadFile(real)
	if want := "FOO=1\n\n" + envHeader + "\nYCLIENTS_ENABLED=True\n"; string(got) != want {
		t.Errorf("file = %q, want %q", got, want)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 {
		t.Errorf("the folder holds %v, want no temporary file left", entries)
	}
	// A second key joins the block made before, without a second header.
	set(t, f, "YCLIENTS_COMPANY_ID", "1")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	got, _ = os.ReadFile(real)
	if want := "FOO=1\n\n" + envHeader + "\nYCLIENTS_ENABLED=True\nYCLIENTS_COMPANY_ID=1\n"; string(got) != want {
		t.Errorf("file = %q, want %q", got, want)
	}
}

func TestSaveRefusesToOverwriteAnothersChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	for _, start := range []string{"", "FOO=1\n"} {
		_ = os.Remove(path)
		if start != "" {
			write(t, path, start)
		}
		f, err := ReadEnvFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set(t, f, "YCLIENTS_ENABLED", "True")
		write(t, path, "FOO=2\n")
		if err := f.Save(); err == nil {
			t.Errorf("start %q: Save overwrote a file changed meanwhile", start)
		}
		if got, _ := os.ReadFile(path); string(got) != "FOO=2\n" {
			t.Errorf("start %q: file = %q, want the other's", start, got)
		}
	}
}

func TestSaveThroughDanglingLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, ".env")
	if err := os.Symlink(filepath.Join(dir, "later.env"), link); err != nil {
		t.Fatal(err)
	}
	f, err := ReadEnvFile(link)
	if err != nil {
		t.Fatal(err)
	}
	set(t, f, "YCLIENTS_ENABLED", "True")
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "later.env")); err != nil {
		t.Errorf("the link's target was not written: %v", err)
	}
}

func set(t *testing.T, f *EnvFile, key, value string) {
	t.Helper()
	if err := f.Set(key, value); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// FuzzEnvFile holds our scanner to godotenv: it reads what godotenv reads, finds the same names, and a value
// set is read back by godotenv.
func FuzzEnvFile(f *testing.F) {
	for _, seed := range []string{
		"", "A=1", "\ufeffA=1\r\n", "export A='x y'\n#c\nB=\"a\\\"b\"", "A= # n", "A:1\nB", "A=\"1\" B=2", "A=1\rB=2", "export=1", "A=\u00a01", "YCLIENTS_API_TOKEN=\n=", "A='\\'", "\xa0A\x85=1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		theirs, theirErr := godotenv.UnmarshalBytes(bytes.TrimPrefix(data, bom))
		file, err := ParseEnvFile(data)
		if err != nil {
			if _, nameless := theirs[""]; theirErr == nil && !nameless {
				t.Fatalf("godotenv reads %q, we say %v", data, err)
			}
			return
		}
		ours := map[string]bool{}
		statements, _ := scanEnv(data)
		for _, st := range statements {
			ours[st.key] = true
		}
		for k := range theirs {
			if !ours[k] {
				t.Fatalf("godotenv finds %q in %q, we do not", k, data)
			}
		}
		if len(ours) != len(theirs) {
			t.Fatalf("we find %v in %q, godotenv %d names", ours, data, len(theirs))
		}
		if err := file.Set("YCLIENTS_API_TOKEN", "partner-token-example"); err != nil {
			t.Fatalf("cannot set a token in %q: %v", data, err)
		}
		if got := file.Values()["YCLIENTS_API_TOKEN"]; got != "partner-token-example" {
			t.Fatalf("read back %q", got)
		}
	})
}
