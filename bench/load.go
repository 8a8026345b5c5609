package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const connections = 16

// load asks for one address in a closed loop over kept-alive connections and returns requests a second. It
// writes ready-made bytes and reads by Content-Length, so that the load costs little beside what it measures.
func load(ctx context.Context, address string, length time.Duration) (float64, error) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	request := []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", u.RequestURI(), u.Host))
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var done atomic.Int64
	var failure atomic.Pointer[error]
	var loops sync.WaitGroup
	begin := time.Now()
	for range connections {
		loops.Go(func() {
			if err := loop(ctx, u.Host, request, &done); err != nil {
				failure.Store(&err)
			}
		})
	}
	loops.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(begin).Seconds(), nil
}

func loop(ctx context.Context, host string, request []byte, done *atomic.Int64) error {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	for ctx.Err() == nil {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d under load", resp.StatusCode)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}
