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
