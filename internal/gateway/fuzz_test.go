package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// What strict lets through, every reader reads alike.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{
		bookBody, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `"\\ud83d"`,
		`[[[[]]]]`, strings.Repeat("[", 33), `1 2`, ``, `{"a":"\u0000"}`, "\"\xff\"", `{"":{"":1},"x":[{}]}`, `"\u00"`, `"\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first any
		if err := strictJSON.Unmarshal(data, &first); err != nil {
			return
		}
		if !utf8.Valid(data) || !json.Valid(data) {
			t.Fatalf("accepted %q", data)
		}
		if got, want := members(t, data), count(first, 1); got != want {
			t.Fatalf("%q names %d members and decodes to %d", data, got, want)
		}
		if strings.ContainsRune(string(data), utf8.RuneError) {
			return // written so by the sender
		}
		if b, _ := json.Marshal(first); bytes.Contains(b, []byte("\ufffd")) || bytes.Contains(b, []byte(`\ufffd`)) && !bytes.Contains(bytes.ToLower(data), []byte(`\ufffd`)) {
			t.Fatalf("%q was repaired to %s", data, b)
		}
	})
}

// members counts the keys as written.
func members(t *testing.T, data []byte) (n int) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var value func()
	value = func() {
		tok, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch tok {
		case json.Delim('{'):
			for dec.More() {
				if _, err := dec.Token(); err != nil {
					t.Fatal(err)
				}
				n++
				value()
			}
			_, _ = dec.Token()
		case json.Delim('['):
			for dec.More() {
				value()
			}
			_, _ = dec.Token()
		}
	}
	value()
	return n
}

// count counts the keys as decoded.
func count(v any, depth int) (n int) {
	if depth > maxDepth+1 {
		panic("deeper than promised")
	}
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			n += 1 + count(inner, depth+1)
		}
	case []any:
		for _, inner := range v {
			n += count(inner, depth+1)
		}
	}
	return n
}

// Whatever is sent, there is an answer, it is not a 5xx, and a failure is a problem document.
func FuzzRequest(f *testing.F) {
	f.Add("GET", slotsPath, "", "", "", "", "", "")
	f.Add("GET", "/v1/me/bookings?when=past", "Bearer "+goodAccess, "", "en", `W/"x", *`, "1.2.3.4, [::1]:5", "")
	f.Add("POST", "/v1/auth/refresh", "", hostCookie+"="+goodRefresh, "ru;q=0.1", "", "", "")
	f.Add("POST", "/v1/auth/sessions", "Bearer", "a=b; =c;;", "*", `"`, ",", signBody)
	f.Add("PATCH", "/v1/bookings/r-1-2?x=1", "Basic x", "", "", "", "", `{"start":"s1.x"}`)
	f.Add("POST", "/v1/bookings", "", "", "", "", "", bookBody)
	f.Add("DELETE", "/v1/bookings/%2e%2e%2f", "", "", "", "", "", "")
	f.Add("GET", "/docs?lang=en", "", "", "", "", "", "")
	g, _ := over(newFake(), func(c *Config) {
		c.Rate = -1
		c.Origins = []string{"https://book.example"}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	f.Fuzz(func(t *testing.T, method, target, authorization, cookie, language, tag, forwarded, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || len(method) > 20 {
			return // net/http answers these itself
		}
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, target
		r.Header = http.Header{
			"Authorization": {authorization}, "Cookie": {cookie}, "Accept-Language": {language}, "If-None-Match": {tag},
			"X-Forwarded-For": {forwarded}, "Origin": {authorization}, "Sec-Fetch-Site": {"same-origin"}, "Accept": {language},
			"Zapis-Booking-Secret": {cookie}, "Idempotency-Key": {tag}, "Content-Type": {"application/json"},
		}
		if authorization == "" {
			r.Header.Del("Authorization")
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		answer := w.Result()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 500 {
			t.Fatalf("%s %q: %d %.300s %v", method, target, answer.StatusCode, b, err)
		}
		if answer.StatusCode >= 400 {
			var p Problem
			if err := json.Unmarshal(b, &p); err != nil || p.Code == "" || p.Status != answer.StatusCode {
				t.Fatalf("%s %q: %d %.300s", method, target, answer.StatusCode, b)
			}
		}
		for name, values := range answer.Header {
			if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
				t.Fatalf("header %s: %q", name, values)
			}
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add("10.0.0.1:1", "1.1.1.1, 10.0.0.2", "en;q=1,ru;q=0.5", `W/"a","b"`, "Bearer x")
	f.Add("[fe80::1%eth0]:1", "[::ffff:1.2.3.4]:99,,", "ru-RU;q=nan", `*`, "bearer")
	f.Add("", "::", ";;;,", ``, " ")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	f.Fuzz(func(t *testing.T, remote, forwarded, lang, tags, authorization string) {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		from := client(r, trusted)
		if !within(address(remote), trusted) && from.addr != address(remote) {
			t.Fatalf("%q may say that it is %s", remote, from.addr)
		}
		if from.addr.IsValid() && len(from.counted()) > 45 {
			t.Fatalf("counted under %q", from.counted())
		}
		if l := language(lang); l != "ru" && l != "en" {
			t.Fatalf("language %q of %q", l, lang)
		}
		if matches([]string{tags}, `"q"`) && !strings.Contains(tags, `"q"`) && !strings.Contains(tags, "*") {
			t.Fatalf("%q matches", tags)
		}
		if token := bearer([]string{authorization}); token != "" && !strings.Contains(authorization, token) {
			t.Fatalf("token %q of %q", token, authorization)
		}
	})
}
