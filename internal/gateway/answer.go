package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"zapis/internal/salon"
)

const (
	forOneOnly = "private, no-store"
	forAll     = "public, no-cache" // kept, but asked about each time: the ETag answers cheaply
)

// entityTag is made of the bytes themselves: whoever holds an answer with this tag holds this answer.
func entityTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// age is the Age header of an answer: whole seconds since YCLIENTS said it; empty when that is not known.
func (g *Gateway) age(f salon.Freshness) string {
	if f.AsOf.IsZero() {
		return ""
	}
	return strconv.FormatInt(max(0, int64(g.now().Sub(f.AsOf)/time.Second)), 10)
}

// matches reports whether an If-None-Match header names the tag. Tags are compared weakly, as RFC 9110 wants it for reads.
func matches(header []string, tag string) bool {
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			part = strings.TrimSpace(part)
			if part == "*" || strings.TrimPrefix(part, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// tagged gives the answers of a handler an ETag, and 304 to who has them.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buf := &buffered{ResponseWriter: w}
		next.ServeHTTP(buf, r)
		if buf.status != 0 && buf.status != http.StatusOK {
			w.WriteHeader(buf.status)
			_, _ = w.Write(buf.body.Bytes())
			return
		}
		write(w, r, buf.body.Bytes(), entityTag(buf.body.Bytes()))
	})
}

// write sends an answer that everybody may keep. Content-Type, Cache-Control and Age are set already.
func write(w http.ResponseWriter, r *http.Request, body []byte, tag string) {
	e := encode(body, tag)
	e.write(w, r)
}

// encoded is an answer as it goes out, with the values of its own headers made once.
type encoded struct {
	body        []byte
	tag, length []string
}

func encode(body []byte, tag string) encoded {
	return encoded{body, []string{tag}, []string{strconv.Itoa(len(body))}}
}

func (e *encoded) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Etag"] = e.tag
	if matches(r.Header["If-None-Match"], e.tag[0]) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Length"] = e.length
	_, _ = w.Write(e.body) // the caller may have gone
}

// buffered holds an answer back until it is whole.
type buffered struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
func (b *buffered) Unwrap() http.ResponseWriter { return b.ResponseWriter }
