package gateway

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"zapis/internal/problem"
	"zapis/internal/salon"
)

//go:embed page
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// documents are the API's description in both versions, ready to be sent, and what the readable page shows of it.
type documents struct {
	v31, v30 sheet
	api      *huma.OpenAPI
}

type sheet struct {
	body []byte
	tag  string
}

func newDocuments(api *huma.OpenAPI) *documents {
	v31, err := json.Marshal(api)
	if err != nil {
		panic(err) // made of our own types, and a test makes it too
	}
	v30, err := api.Downgrade()
	if err != nil {
		panic(err)
	}
	return &documents{sheet{v31, entityTag(v31)}, sheet{v30, entityTag(v30)}, api}
}

func (d *documents) serve(w http.ResponseWriter, r *http.Request, doc sheet) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Header().Set("Cache-Control", forAll)
	w.Header().Set("Access-Control-Allow-Origin", "*") // public text, for tools in a browser
	write(w, r, doc.body, doc.tag)
}

// pagePolicy lets the pages use their own two files and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func pageFile(name, contentType string) http.HandlerFunc {
	body, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err)
	}
	tag := entityTag(body)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", forAll)
		write(w, r, body, tag)
	}
}

func showPage(w http.ResponseWriter, r *http.Request, name string, data any) error {
	var buf bytes.Buffer
	if err := pages.ExecuteTemplate(&buf, name, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Language")
	write(w, r, buf.Bytes(), entityTag(buf.Bytes()))
	return nil
}

type docsView struct {
	Lang   string
	Base   string
	Groups []docsGroup
}

type docsGroup struct {
	Title string
	Calls []example
}

// docsPage shows every operation of the document with calls that can be pasted as they stand, in the order of a visit.
func (g *Gateway) docsPage(w http.ResponseWriter, r *http.Request) {
	view := docsView{Lang: pageLanguage(r), Base: baseAddress(r)}
	real := g.samples(r.Context())
	byID := map[string]*huma.Operation{}
	for _, op := range g.operations {
		byID[op.OperationID] = op
	}
	for _, part := range walk {
		group := docsGroup{Title: part.title}
		for _, id := range part.calls {
			group.Calls = append(group.Calls, illustrate(g.docs.api, byID[id], view.Base, real))
		}
		view.Groups = append(view.Groups, group)
	}
	if err := showPage(w, r, "docs.html", view); err != nil {
		g.fail(w, r, problem.Because(problem.Internal, err))
	}
}

type problemsView struct {
	Lang string
	Rows []problem.Meaning
}

func (g *Gateway) problemsPage(w http.ResponseWriter, r *http.Request) {
	if err := showPage(w, r, "problems.html", problemsView{pageLanguage(r), problem.All()}); err != nil {
		g.fail(w, r, problem.Because(problem.Internal, err))
	}
}

// sampleTime is how long the page waits for real ids: long enough for the first calls after a start.
const sampleTime = 5 * time.Second

// samples are ids that exist here, so that the examples work; made up where the catalogue cannot say in time.
func (g *Gateway) samples(ctx context.Context) samples {
	real := samples{branch: 4564, service: 331, date: g.now().AddDate(0, 0, 1).Format(time.DateOnly)}
	if g.catalogue == nil || g.serving(false) != nil {
		return real
	}
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	branches, _, err := g.catalogue.Branches(ctx)
	if err != nil || len(branches) == 0 {
		return real
	}
	branch := easiest(branches)
	real.branch, real.codeRequired, real.commentRequired = branch.ID, branch.Rules.CodeRequired, branch.Rules.CommentRequired
	if branch.Consent.Required {
		real.consent = branch.Consent.Version
	}
	if zone, err := time.LoadLocation(branch.Zone); err == nil {
		real.date = g.now().In(zone).AddDate(0, 0, 1).Format(time.DateOnly)
	}
	list, err := g.catalogue.Services(ctx, real.branch, salon.AnyStaff)
	if err != nil {
		return real
	}
	for _, s := range list.Services {
		if real.service = s.ID; s.Prepaid != "required" {
			break
		}
	}
	return real
}

// easiest is the first branch where a guest books without a code, else the first: the code of the sign-in is used up.
func easiest(branches []salon.Branch) salon.Branch {
	i := slices.IndexFunc(branches, func(b salon.Branch) bool { return !b.Rules.CodeRequired })
	return branches[max(i, 0)]
}

// pageLanguage is ?lang=, else what the browser prefers.
func pageLanguage(r *http.Request) string {
	switch lang := r.URL.Query().Get("lang"); lang {
	case "ru", "en":
		return lang
	}
	return callerFrom(r.Context()).Lang
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?$`)

// baseAddress is the address under which the reader reached this page.
func baseAddress(r *http.Request) string {
	host := r.Host
	if !plainHost.MatchString(host) {
		host = "localhost" // a Host that is no host would end in somebody's shell
	}
	if requestFrom(r.Context()).tls {
		return "https://" + host
	}
	return "http://" + host
}
