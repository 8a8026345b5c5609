package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// On a terminal a password is asked for and not shown.
func TestPasswordOnATerminalIsNotShown(t *testing.T) {
	master, terminal := openPTY(t)
	var errs bytes.Buffer
	r := &runner{ctx: t.Context(), lang: "en", stdin: terminal, stderr: &errs}
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		s, err := r.readSecret()
		answered <- answer{s.Reveal(), err}
	}()
	waitForNoEcho(t, terminal)
	if _, err := master.WriteString("canary pass word\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.err != nil || got.text != "canary pass word" {
		t.Errorf("read %q, %v", got.text, got.err)
	}
	if err := master.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Skipf("no deadlines on this terminal: %v", err)
	}
	echoed := make([]byte, 256)
	n, _ := master.Read(echoed)
	if strings.Contains(string(echoed[:n]), "canary") || strings.Contains(errs.String(), "canary") {
		t.Errorf("the password was shown: %q %q", echoed[:n], errs.String())
	}
	if !strings.Contains(errs.String(), "not shown") {
		t.Errorf("nothing asked for it: %q", errs.String())
	}
}

// Ctrl-C at the question gives the echo back and writes nothing.
func TestInterruptedQuestionGivesTheEchoBack(t *testing.T) {
	_, terminal := openPTY(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := &runner{ctx: ctx, lang: "en", stdin: terminal, stderr: io.Discard}
	answered := make(chan error, 1)
	go func() {
		_, err := r.readSecret()
		answered <- err
	}()
	waitForNoEcho(t, terminal)
	cancel()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal stays without echo, %v", err)
	}
}

// Ctrl-C ends a command that waits for a password from a pipe which nobody closes.
func TestInterruptedPipeIsLeft(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &runner{ctx: ctx, lang: "en", stdin: in, stderr: io.Discard}
	if _, err := r.readSecret(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

// openPTY gives both ends of a pseudo-terminal.
func openPTY(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

// waitForNoEcho waits until the reader has switched the echo off: what is typed before would be shown.
func waitForNoEcho(t *testing.T, terminal *os.File) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the echo was never switched off")
		}
	}
}
