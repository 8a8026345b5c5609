package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"time"
)

// serveBare is the baseline: net/http and one handler that writes the headers and bytes of stdin.
func serveBare(ctx context.Context, addr string) error {
	in := bufio.NewReader(os.Stdin)
	header, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String() + "/")
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		_, _ = w.Write(body)
	})}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// startBare starts the baseline in a process of its own. Content-Length is among the headers it repeats: without
// it net/http would send a body of this size in chunks, which costs more. Date is its own affair.
func startBare(ctx context.Context, dir string, header http.Header, body []byte) (*process, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	header = header.Clone()
	header.Del("Date")
	var in bytes.Buffer
	if err := header.Write(&in); err != nil {
		return nil, "", err
	}
	in.WriteString("\r\n")
	in.Write(body)
	p, err := launch(ctx, dir, nil, &in, self, "-bare", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	address, err := p.line("http://")
	return p, address, err
}
