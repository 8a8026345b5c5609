package cli

import (
	"zapis/internal/config"
	"zapis/yclients"
)

// openClient never fails: what is wrong with the address or the roots is one of doctor's findings, and a call
// made nevertheless fails with the reason.
func (r *runner) openClient(cfg *config.Config) (NewClient, func()) {
	newClient, end, err := r.commands.Client(cfg)
	if err != nil {
		return failing(err), func() {}
	}
	return newClient, end
}

// failing makes clients that cannot be made, for the reason given.
func failing(err error) NewClient {
	return func(_, _ yclients.Token) (*yclients.Client, error) { return nil, err }
}
