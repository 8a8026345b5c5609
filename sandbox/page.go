package sandbox

import (
	"embed"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// servePage shows the sandbox in a browser. What it shows is the control API, for the eye.
func servePage(w http.ResponseWriter, r *http.Request) {
	name := "index.html"
	switch r.URL.Path {
	case "/_sandbox/page.js", "/_sandbox/page.css":
		name = r.URL.Path[len("/_sandbox/"):]
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, pageFiles, "page/"+name)
}
