// Package zapis_test holds the manners of the whole house: who may import whom, which libraries are
// allowed, and what must never stand in the repository. ARCHITECTURE.md shows the same picture.
package zapis_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms says which of our packages a room may import, and why no others. Tests may reach further, except
// where noTest says that they may not either.
var rooms = map[string]struct {
	may    []string
	why    string
	noTest []string
}{
	"contract":                 {nil, "data about the API, for everybody", nil},
	"yclients":                 {nil, "an SDK for outsiders: standard library only", []string{"sandbox"}},
	"sandbox":                  {[]string{"contract"}, "an emulator made from the contract alone: it must not repeat a mistake of the SDK", []string{"yclients"}},
	"sandbox/tape":             {[]string{"contract", "sandbox"}, "recordings of an account, held against the sandbox", []string{"yclients"}},
	"internal/salon":           {nil, "words depend on nothing", nil},
	"internal/problem":         {nil, "failures depend on nothing", nil},
	"internal/secret":          {nil, "redaction and sealing depend on nothing", nil},
	"internal/store":           {[]string{"internal/salon", "internal/problem", "internal/secret"}, "all SQL, and nothing about YCLIENTS", nil},
	"internal/jobs":            {[]string{"internal/store"}, "durable work does not know what the work is", nil},
	"internal/upstream":        {[]string{"internal/problem"}, "the road carries any request: it knows neither the SDK nor the store", nil},
	"internal/verdict":         {[]string{"yclients", "internal/upstream", "internal/problem"}, "the one translation of YCLIENTS' failures into ours", nil},
	"internal/mirror":          {[]string{"yclients", "internal/salon", "internal/problem", "internal/store", "internal/upstream", "internal/verdict"}, "reading; SDK types stop here", nil},
	"internal/booking":         {[]string{"yclients", "internal/salon", "internal/problem", "internal/store", "internal/jobs", "internal/upstream", "internal/secret", "internal/verdict"}, "writing; SDK types stop here", nil},
	"internal/session":         {[]string{"yclients", "internal/salon", "internal/problem", "internal/store", "internal/secret", "internal/upstream", "internal/verdict"}, "signing in; SDK types stop here", nil},
	"internal/gateway":         {[]string{"internal/salon", "internal/problem"}, "HTTP speaks the domain's words and nothing else", nil},
	"internal/admin":           {[]string{"internal/salon", "internal/problem"}, "the operator's HTTP, likewise", nil},
	"internal/config":          {[]string{"internal/salon", "internal/secret", "internal/problem"}, "settings are read by everybody and read nobody", nil},
	"internal/doctor":          {[]string{"contract", "internal/config", "yclients", "internal/upstream", "internal/verdict", "internal/problem", "internal/secret", "internal/salon", "internal/rehearse"}, "checks as data", nil},
	"internal/setup":           {[]string{"internal/doctor", "internal/config", "yclients", "internal/problem", "internal/secret", "internal/verdict"}, "doctor with hands", nil},
	"internal/walk":            {[]string{"internal/setup", "internal/doctor", "internal/config", "internal/problem", "internal/secret"}, "the setup over HTTP: another face of the same steps", nil},
	"internal/rehearse":        {[]string{"internal/config", "yclients", "internal/verdict", "internal/problem", "internal/secret", "internal/salon"}, "a customer of the real account, once", nil},
	"internal/alert":           {[]string{"internal/config", "internal/problem"}, "tells of failures of the table, and knows nothing of how they came", nil},
	"ui":                       {nil, "embedded files", nil},
	"internal/app":             {[]string{"*"}, "wiring", nil},
	"internal/cli":             {[]string{"contract", "internal/alert", "internal/verdict", "internal/app", "internal/config", "internal/setup", "internal/doctor", "internal/rehearse", "internal/salon", "internal/problem", "internal/secret", "yclients", "internal/upstream"}, "commands", nil},
	"cmd/zapis":                {[]string{"internal/cli", "internal/app"}, "five lines", nil},
	"bench":                    {[]string{"*"}, "measures the whole house", nil},
	"examples":                 {[]string{"yclients"}, "what an outsider can write, with the SDK alone", nil},
	"docs/sandbox":             {[]string{"sandbox", "yclients"}, "the guide's program, which its readers copy", nil},
	"e2e":                      {nil, "drives the binary from outside", nil},
	"internal/store/storetest": {[]string{"internal/store", "internal/salon", "internal/secret"}, "a fresh store for a test", nil},
}

type goPackage struct {
	ImportPath                         string
	Dir                                string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
	Standard                           bool
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-tags", "e2e", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p goPackage
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestImportsGoDownTheHouse(t *testing.T) {
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, "zapis/")
		if room == "zapis" {
			continue // this test
		}
		if strings.HasPrefix(room, "examples/") {
			room = "examples" // each folder is a program
		}
		rule, ok := rooms[room]
		if !ok {
			t.Errorf("%s is not in the table of rooms: say what it may import and why", room)
			continue
		}
		for _, path := range p.Imports {
			to, ours := strings.CutPrefix(path, "zapis/")
			if !ours || slices.Contains(rule.may, to) || slices.Contains(rule.may, "*") {
				continue
			}
			t.Errorf("%s imports %s, but: %s", room, to, rule.why)
		}
		for _, path := range append(p.TestImports, p.XTestImports...) {
			if to := strings.TrimPrefix(path, "zapis/"); slices.Contains(rule.noTest, to) {
				t.Errorf("the tests of %s import %s, but: %s", room, to, rule.why)
			}
		}
		if room == "yclients" {
			for _, path := range p.Imports {
				if strings.Contains(strings.Split(path, "/")[0], ".") {
					t.Errorf("yclients imports %s: standard library only", path)
				}
			}
		}
	}
}

// libraries are the modules we depend on directly. A new one is a decision: add it with its use.
var libraries = []string{
	"github.com/alecthomas/kong",              // command line
	"github.com/arran4/golang-ical",           // calendar files
	"github.com/chromedp/cdproto",             // browser tests
	"github.com/chromedp/chromedp",            // browser tests
	"github.com/danielgtaylor/huma/v2",        // routes, validation and documents of the mobile API
	"github.com/failsafe-go/failsafe-go",      // breaker
	"github.com/getkin/kin-openapi",           // contract tests
	"github.com/google/go-cmp",                // tests
	"github.com/huandu/go-clone",              // snapshots of the sandbox
	"github.com/jackc/pgx/v5",                 // PostgreSQL
	"github.com/joho/godotenv",                // reading .env
	"github.com/maypok86/otter/v2",            // cache
	"github.com/nicksnyder/go-i18n/v2",        // plurals
	"github.com/nyaruka/phonenumbers",         // phones
	"github.com/pressly/goose/v3",             // migrations
	"github.com/prometheus/client_golang",     // metrics
	"github.com/riverqueue/river",             // jobs
	"github.com/riverqueue/river/riverdriver", // jobs
	"github.com/riverqueue/river/riverdriver/riverdatabasesql",
	"github.com/riverqueue/river/riverdriver/riverpgxv5",
	"github.com/riverqueue/river/riverdriver/riversqlite",
	"github.com/riverqueue/river/rivershared",
	"github.com/riverqueue/river/rivertype",
	"github.com/rogpeppe/go-internal", // command-line stories in tests
	"github.com/skip2/go-qrcode",      // QR code of the demo
	"go.uber.org/goleak",              // tests
	"golang.org/x/crypto",             // sealing
	"golang.org/x/net",                // in tests and HTML text
	"golang.org/x/sync",               // errgroup, singleflight
	"golang.org/x/sys",                // file ownership
	"golang.org/x/term",               // is this a terminal
	"golang.org/x/text",               // names, languages
	"modernc.org/sqlite",              // SQLite without cgo
	"pgregory.net/rapid",              // property tests
}

func TestLibrariesAreTheAllowedOnes(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		if !slices.Contains(libraries, m[1]) {
			t.Errorf("%s is a direct dependency but not in the list of libraries: add it with its use, or do without", m[1])
		}
	}
}

func TestOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, "zapis/e2e") || len(p.GoFiles) == 0 {
			continue
		}
		commented := 0
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				commented++
			}
		}
		if commented != 1 {
			t.Errorf("%s has %d package comments, want 1", p.ImportPath, commented)
		}
	}
}

// forbidden never stands in a committed text file.
var forbidden = []struct {
	re  *regexp.Regexp
	why string
}{
	{regexp.MustCompile(`(^|[\s"'=(])/(home|root|Users|work)/[a-z]`), "a path of one machine"},
	{regexp.MustCompile(`"resolved":\s*"https?:`), "where a package was downloaded from: set omit-lockfile-registry-resolved"},
	{regexp.MustCompile(`(?i)(api_token|user_token|partner_token)["' ]*[:=]["' ]*[0-9a-f]{32}\b`), "what looks like a real token"},
	{regexp.MustCompile(`(^|\D)\+?79[1-9]\d{8}(\D|$)`), "a phone that may be somebody's: use 790000000.."},
}

func TestNothingForbiddenIsCommitted(t *testing.T) {
	out, err := exec.Command("git", "-c", "safe.directory=*", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		if path == "house_test.go" || strings.HasPrefix(path, "ui/dist/") {
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() || info.Mode()&fs.ModeType != 0 || info.Size() > 4<<20 {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range forbidden {
			if at := f.re.Find(text); at != nil {
				t.Errorf("%s holds %s: %.20q", path, f.why, at)
			}
		}
	}
}
