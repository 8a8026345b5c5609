package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A client that speaks to https://api.yclients.com and trusts the authority reaches the sandbox; no other name or
// address is vouched for, whatever certificate the authority's key might sign.
func TestAuthority(t *testing.T) {
	a, err := NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	sb := New(WithLimits(Off))
	t.Cleanup(sb.Close)
	server := httptest.NewUnstartedServer(sb.Handler())
	server.TLS = a.Config()
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("the certificate is not PEM")
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) { // what a hosts entry does
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}}
	t.Cleanup(client.CloseIdleConnections)
	for url, want := range map[string]bool{
		"https://api.yclients.com/api/v1/book_services/4564": true,
		"https://n4564.yclients.com/":                        true,
		"https://yclients.ru/":                               true,
		"https://example.com/":                               false,
		"https://127.0.0.1/":                                 false,
	} {
		resp, err := client.Get(url)
		if (err == nil) != want {
			t.Errorf("GET %s: got %v, want reached: %t", url, err, want)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
	if len(a.root.PermittedDNSDomains) != 2 || !a.root.PermittedDNSDomainsCritical || len(a.root.ExcludedIPRanges) != 2 {
		t.Errorf("the authority is not held to its names: %+v", a.root.PermittedDNSDomains)
	}
}

// Even a certificate for something else that the root's key signed is not believed.
func TestRootIsHeldToItsNames(t *testing.T) {
	root, rootKey, err := newRoot(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	for name, c := range map[string]struct {
		x509.Certificate
		believed bool
	}{
		"its own name":   {x509.Certificate{DNSNames: []string{"api.yclients.com"}}, true},
		"another name":   {x509.Certificate{DNSNames: []string{"example.com"}}, false},
		"a likely name":  {x509.Certificate{DNSNames: []string{"notyclients.com"}}, false},
		"both":           {x509.Certificate{DNSNames: []string{"api.yclients.com", "example.com"}}, false},
		"an address":     {x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, false},
		"a long address": {x509.Certificate{IPAddresses: []net.IP{net.IPv6loopback}}, false},
		"a mail address": {x509.Certificate{EmailAddresses: []string{"a@example.com"}}, false},
	} {
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		c.NotBefore, c.NotAfter, c.ExtKeyUsage = root.NotBefore, root.NotAfter, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		leaf, err := sign(&c.Certificate, root, &key.PublicKey, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots}); (err == nil) != c.believed {
			t.Errorf("%s: got %v, want believed: %t", name, err, c.believed)
		}
	}
}
