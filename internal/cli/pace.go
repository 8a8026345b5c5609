package cli

import (
	"context"
	"time"

	"zapis/internal/config"
	"zapis/internal/upstream"
	"zapis/yclients"
)

// openClient never fails: what is wrong with the address or the roots is one of doctor's findings, and a call
// made nevertheless fails with the reason.
func (r *runner) openClient(cfg *config.Config) (NewClient, func()) {
	newClient, end, err := r.commands.Client(cfg)
	if err != nil {
		return func(_, _ yclients.Token) (*yclients.Client, error) { return nil, err }, func() {}
	}
	return newClient, end
}

// PacedClient is a Commands.Client whose calls keep the pace of this process: setup and doctor make a dozen
// calls, and YCLIENTS refuses the sixth within a second. It does not know of a server beside it; whoever has
// the server's store gives the commands a client that does.
func PacedClient(cfg *config.Config) (NewClient, func(), error) {
	road, err := upstream.New(upstream.Config{Scale: cfg.LimitsScale, CAFile: cfg.CAFile, Fresh: true})
	if err != nil {
		return nil, nil, err
	}
	carrier := road.Client()
	newClient := func(partner, user yclients.Token) (*yclients.Client, error) {
		opts := []yclients.Option{yclients.WithBaseURL(cfg.BaseURL), yclients.WithPartnerToken(partner), yclients.WithHTTPClient(carrier)}
		if user != "" {
			opts = append(opts, yclients.WithUserToken(user))
		}
		return yclients.New(opts...)
	}
	end := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = road.Close(ctx) // every call has ended; what is closed are idle connections
	}
	return newClient, end, nil
}
