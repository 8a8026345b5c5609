package setup

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// serverPatience is how long a running server may take to notice the file, prove its tokens and change over.
const serverPatience = 20 * time.Second

// AwaitServer waits until the server of this configuration, if one runs beside us, can serve with what was written.
// running is false where none answers; took tells that it is ready.
func (e *Engine) AwaitServer(ctx context.Context) (running, took bool) {
	cfg, _ := e.Config()
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}, Timeout: 5 * time.Second}
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.AdminAddr+"/readyz", http.NoBody)
		if err != nil {
			return running, false
		}
		resp, err := client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
			_ = resp.Body.Close()
			running = true
			if resp.StatusCode == http.StatusOK {
				return true, true
			}
		} else if !running {
			return false, false
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return running, false
		}
	}
}
