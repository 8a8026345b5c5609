// Command zapis is the backend of a salon's mobile app on YCLIENTS. Begin with: zapis demo
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"zapis/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	stop()
	os.Exit(code)
}
