package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const connections = 16

// target is one address under load, asked over connections that stay open between rounds.
type target struct {
	request []byte
	conns   []*client
}

// client is one kept-alive connection. It writes ready-made bytes and skips bodies by their Content-Length, so
// that the load, which shares the processors with what it measures, costs little beside it.
type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(address string) (*target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	t := &target{request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", u.RequestURI(), u.Host)}
	for range connections {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.close()
			return nil, err
		}
		t.conns = append(t.conns, &client{conn, bufio.NewReaderSize(conn, 64<<10)})
	}
	return t, nil
}

func (t *target) close() {
	for _, c := range t.conns {
		c.Close()
	}
}

// flood asks as fast as answers come and returns requests a second.
func (t *target) flood(ctx context.Context, length time.Duration) (float64, error) {
	begin := time.Now()
	took, err := t.run(ctx, func(int) time.Time { return time.Time{} }, begin.Add(length))
	return float64(len(took)) / time.Since(begin).Seconds(), err
}

// stroll asks at a steady rate, whatever the answers do, and returns how long each took from the moment it was
// due: an answer that comes late also delays those behind it, and they say so.
func (t *target) stroll(ctx context.Context, rate float64, length time.Duration) ([]time.Duration, error) {
	begin := time.Now()
	gap := time.Duration(connections / rate * float64(time.Second))
	return t.run(ctx, func(n int) time.Time { return begin.Add(time.Duration(n) * gap) }, begin.Add(length))
}

func (t *target) run(ctx context.Context, due func(n int) time.Time, end time.Time) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	var errs []error
	var loops sync.WaitGroup
	for i, c := range t.conns {
		loops.Go(func() {
			shift := time.Duration(i) * time.Millisecond / connections // not all at one instant
			took, err := c.loop(ctx, t.request, func(n int) time.Time {
				at := due(n)
				if at.IsZero() {
					return at
				}
				return at.Add(shift)
			}, end)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			errs = append(errs, err)
		})
	}
	loops.Wait()
	return all, errors.Join(errs...)
}

func (c *client) loop(ctx context.Context, request []byte, due func(n int) time.Time, end time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, 1<<14)
	for n := 0; ctx.Err() == nil; n++ {
		at := due(n)
		if wait := time.Until(at); wait > 0 && at.Before(end) {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		now := time.Now()
		if at.IsZero() {
			at = now
		}
		if !at.Before(end) {
			return took, nil
		}
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
		if err := c.skipAnswer(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
	}
	return nil, ctx.Err()
}

// skipAnswer reads one answer, which must be a 200 with a length.
func (c *client) skipAnswer() error {
	length := -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch {
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
			return fmt.Errorf("under load: %s", line)
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[16:]))); err != nil {
				return err
			}
		case len(bytes.TrimSpace(line)) == 0:
			if length < 0 {
				return errors.New("under load: an answer without Content-Length")
			}
			_, err := io.CopyN(io.Discard, c.r, int64(length))
			return err
		}
	}
}
