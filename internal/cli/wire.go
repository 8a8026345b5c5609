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

// wired are the real commands. Tests of the command line put others in their place.
var wired = Commands{
	Serve:     app.Serve,
	Demo:      app.Demo,
	Sandbox:   app.Sandbox,
	Client:    app.PacedClient,
	OpenStore: app.ProbeStore,
	Doctor:    app.EquipDoctor,
	Version:   app.Version,
}
