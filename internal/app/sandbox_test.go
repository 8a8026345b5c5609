package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zapis/internal/problem"
)

// A client with the address of YCLIENTS compiled in is led here by its hosts file and believes the certificate.
func TestSandboxUnderTheNameOfYCLIENTS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	end := make(chan error, 1)
	go func() {
		err := Sandbox(ctx, SandboxOptions{Addr: "127.0.0.1:0", JSON: true, Limits: "off", CAOut: file, Lang: "en", Stdout: w, Stderr: t.Output()})
		_ = w.CloseWithError(err)
		end <- err
	}()
	t.Cleanup(func() { stop(); <-end })
	var info sandboxInfo
	if err := json.NewDecoder(r).Decode(&info); err != nil {
		t.Fatal(err)
	}
	addr, ok := strings.CutPrefix(info.BaseURL, "https://")
	if !ok {
		t.Fatalf("got %s, want https", info.BaseURL)
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}}
	resp, err := client.Get("https://api.yclients.com/_sandbox/info")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got %s", resp.Status)
	}

	refused(t, "a certificate into nowhere", func() error {
		return Sandbox(t.Context(), SandboxOptions{Addr: "127.0.0.1:0", Limits: "off", CAOut: filepath.Join(file, "x"), Stdout: io.Discard, Stderr: t.Output()})
	}, problem.FolderUnusable, nil)
}

func TestParseSeed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "salons.json")
	if err := os.WriteFile(file, []byte(`{"branches":[{"id":5,"title":"Один","services":[{"title":"Стрижка"}],"staff":[{"name":"Анна"}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]struct {
		number int64
		salons int
		ok     bool
	}{
		"": {0, 0, true}, "small": {0, 0, true}, "7": {7, 0, true}, "chain": {0, 1, true}, "chain:2,4,10": {0, 1, true}, file: {0, 1, true},
		"chain:": {}, "chain:0,0,0": {}, "chain:2,1,0": {}, "chain:1001,2000,0": {}, "chain:1,1,-1": {}, file + "x": {}, filepath.Dir(file): {},
	} {
		number, salons, err := parseSeed(text)
		if (err == nil) != want.ok || number != want.number || len(salons) != want.salons {
			t.Errorf("%q: got %d, %d options, %v", text, number, len(salons), err)
		}
	}
}
