package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// house is `zapis serve` as in production, with `zapis sandbox` in place of YCLIENTS.
type house struct {
	dir     string
	sandbox *process
	gateway *process
	info    sandboxInfo
	base    string // of the gateway
}

func openHouse(ctx context.Context, bin string) (_ *house, err error) {
	h := &house{}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.dir, err = os.MkdirTemp("", "zapis-bench-"); err != nil {
		return nil, err
	}
	if h.sandbox, err = launch(ctx, h.dir, nil, nil, bin, "sandbox", "--json", "--addr", "127.0.0.1:0", "--limits", "off"); err != nil {
		return nil, err
	}
	line, err := h.sandbox.line(`"base_url"`)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(line), &h.info); err != nil {
		return nil, err
	}
	h.gateway, err = launch(ctx, h.dir, h.info.env(), nil, bin,
		"serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--data", filepath.Join(h.dir, "data"), "--lang", "en")
	if err != nil {
		return nil, err
	}
	said, err := h.gateway.line("described at ")
	if err != nil {
		return nil, err
	}
	_, docs, _ := strings.Cut(said, "described at ")
	h.base = strings.TrimSuffix(docs, "/docs")
	return h, nil
}

func (h *house) close() {
	for _, p := range []*process{h.gateway, h.sandbox} {
		if p != nil {
			p.stop()
		}
	}
	os.RemoveAll(h.dir)
}

// demo is a running `zapis demo`.
type demo struct {
	*process
	dir  string
	base string
}

// openDemo returns when the demo says that it is there.
func openDemo(ctx context.Context, bin string) (*demo, error) {
	dir, err := os.MkdirTemp("", "zapis-bench-")
	if err != nil {
		return nil, err
	}
	d := &demo{dir: dir}
	if d.process, err = launch(ctx, dir, nil, nil, bin, "demo", "--no-browser", "--addr", "127.0.0.1:0", "--lang", "en"); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	said, err := d.line("/v1/branches")
	if err != nil {
		d.close()
		return nil, err
	}
	d.base = strings.TrimSuffix(strings.TrimPrefix(said, "curl -s "), "/v1/branches")
	return d, nil
}

func (d *demo) close() {
	d.stop()
	os.RemoveAll(d.dir)
}
