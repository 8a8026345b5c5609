package ui

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	inline    = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=`)
)

// Every page refers only to files that are there, and has nothing that its content policy would block.
func TestPagesAreWhole(t *testing.T) {
	for _, tc := range []struct {
		name, at, frames string
		page, files      http.Handler
	}{
		{"booking", "/", "frame-ancestors 'self'", Booking(), Booking()},
		{"demo", "/demo", "frame-ancestors 'none'", Demo(), Booking()},
		{"console", "/", "frame-ancestors 'none'", Console(), Console()},
		{"walk", "/", "frame-ancestors 'none'", Walk(), Walk()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := get(t, tc.page, tc.at)
			html := body(t, res)
			if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
				t.Fatalf("GET %s: got %d %s, want a page", tc.at, res.StatusCode, res.Header.Get("Content-Type"))
			}
			csp := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, tc.frames) || strings.Contains(csp, "unsafe") {
				t.Errorf("content policy: got %q", csp)
			}
			if m := inline.FindString(html); m != "" {
				t.Errorf("the page has something inline: %q", m)
			}
			scripts := 0
			for _, m := range reference.FindAllStringSubmatch(html, -1) {
				name, ok := strings.CutPrefix(m[1], "./")
				if !ok {
					t.Errorf("reference %q: want one relative to the page", m[1])
					continue
				}
				if file := get(t, tc.files, "/"+name); file.StatusCode != http.StatusOK {
					t.Errorf("reference %q: got %d", m[1], file.StatusCode)
				}
				if path.Ext(name) == ".js" {
					scripts++
				}
			}
			if scripts == 0 {
				t.Error("the page runs no script")
			}
		})
	}
}

// Files whose names change with their content are kept for ever; documents are asked about each time.
func TestCaching(t *testing.T) {
	names, err := fs.Glob(dist, "dist/assets/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("built scripts: got %v, %v", names, err)
	}
	for _, name := range names {
		res := get(t, Booking(), strings.TrimPrefix(name, "dist"))
		if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control is %q", name, got)
		}
	}
	res := get(t, Booking(), "/")
	if got := res.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("page: Cache-Control is %q", got)
	}
	again := get(t, Booking(), "/", "If-None-Match", "W/"+res.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("page with its ETag: got %d, want 304", again.StatusCode)
	}
}

func TestCompressedIsTheSame(t *testing.T) {
	plain := get(t, Booking(), "/")
	zipped := get(t, Booking(), "/", "Accept-Encoding", "br, gzip;q=0.8")
	if got := zipped.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding: got %q, want gzip", got)
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || string(b) != body(t, plain) {
		t.Errorf("unzipped page differs from the plain one: %v", err)
	}
	if got := get(t, Booking(), "/", "Accept-Encoding", "gzip;q=0").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("with gzip refused: Content-Encoding is %q", got)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, target := range []string{"/demo.html", "/console.html", "/admin", "/assets/", "/assets/nothing.js", "/../ui.go", "/v1/none"} {
		if res := get(t, Booking(), target); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: got %d, want 404", target, res.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	Booking().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: got %d, want 405", w.Code)
	}
	if res := get(t, Demo(), "/demo/"); res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != "/demo" {
		t.Errorf("GET /demo/: got %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
}
