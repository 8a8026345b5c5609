package cli

import (
	"context"
	"io"

	"zapis/internal/app"
)

// Main is the program: the commands with the wired house behind them.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	return wired.Main(ctx, args, stdin, stdout, stderr, environ)
}

// wired are the real commands. The options are declared on both sides, field by field the same, so that the
// command line can be tested without the house.
var wired = Commands{
	Serve:     func(ctx context.Context, o ServeOptions) error { return app.Serve(ctx, app.ServeOptions(o)) },
	Demo:      func(ctx context.Context, o DemoOptions) error { return app.Demo(ctx, app.DemoOptions(o)) },
	Sandbox:   func(ctx context.Context, o SandboxOptions) error { return app.Sandbox(ctx, app.SandboxOptions(o)) },
	Client:    app.PacedClient,
	OpenStore: app.ProbeStore,
	Version:   app.Version,
}
