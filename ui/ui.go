// Package ui is the web pages: the customer's booking page, the demo's split screen, the operator's console and
// the walk through the setup. Their sources are in src, what they build to is committed in dist and embedded here, so running
// needs only Go. The pages load nothing from other hosts and run no inline script or style; the content
// policy of each says so to the browser.
package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

const (
	// policy lets a page use its own files and its own API, show the salon's pictures, and nothing else.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; " +
		"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
	framedByUs = policy + "frame-ancestors 'self'" // the demo shows the booking page in a frame
	framesUs   = policy + "frame-src 'self'; frame-ancestors 'none'"
	unframed   = policy + "frame-ancestors 'none'"
)

// Booking serves the customer's page at / and the built files of all pages at /assets/.
func Booking() http.Handler { return page("/", "index.html", framedByUs) }

// Demo serves the split screen at /demo. It takes its built files from where Booking serves them, on the
// same address, so the two are mounted together. Only the demo command mounts it.
func Demo() http.Handler { return page("/demo", "demo.html", framesUs) }

// Console serves the operator's page at /, and the built files at /assets/ beside it: mount it with its
// prefix stripped.
func Console() http.Handler { return page("/", "console.html", unframed) }

// Walk serves the page of the setup and of the invitation at /, and the built files beside it: mount it with its
// prefix stripped. The door it stands behind tells it which of the two it is.
func Walk() http.Handler { return page("/", "walk.html", unframed) }

// file is a built file, ready to be sent.
type file struct {
	body, zipped []byte // zipped is nil where compression does not pay
	kind, etag   string
}

// files reads, hashes and compresses everything once, on the first request and not at start.
var files = sync.OnceValue(func() map[string]*file {
	all := map[string]*file{}
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		all[name] = prepare(name, body)
		return nil
	})
	if err != nil {
		panic(err) // reading embedded files does not fail
	}
	return all
})

// kinds are spelled out, because what the system's MIME table says differs between machines.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

func prepare(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{body: body, kind: kinds[path.Ext(name)], etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	if f.kind == "" {
		f.kind = mime.TypeByExtension(path.Ext(name))
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	_, _ = z.Write(body)                                  // a buffer takes everything
	_ = z.Close()
	if b.Len() < len(body)*9/10 {
		f.zipped = b.Bytes()
	}
	return f
}

// page answers at with the document, and any other path with the built file of that name.
func page(at, document, policy string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if at != "/" && r.URL.Path == at+"/" {
			http.Redirect(w, r, at, http.StatusMovedPermanently) // the page names its files relative to the root
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if r.URL.Path == at {
			name = document
		}
		f, ok := files()[name]
		if !ok || path.Ext(name) == ".html" && name != document {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache") // kept, but asked about each time
		if strings.HasPrefix(name, "assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable") // their names change with their content
		}
		if name == document {
			h.Set("Content-Security-Policy", policy)
		}
		f.send(w, r)
	})
}

func (f *file) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", f.etag)
	h.Set("Vary", "Accept-Encoding")
	if knows(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if f.zipped != nil && accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the reader has gone away: nothing to do
	}
}

func knows(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// accepts tells whether an Accept-Encoding names a coding, and not with the weight 0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return weight != "q=0" && weight != "q=0.0"
		}
	}
	return false
}
