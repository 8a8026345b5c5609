package app

import (
	"context"
	"errors"

	"zapis/internal/rehearse"
	"zapis/yclients"
)

// endRehearsal deletes the test record that an interrupted `zapis rehearse` has left in YCLIENTS. Where it cannot, the
// journal stays, and doctor and the next start see it.
func (h *house) endRehearsal(ctx context.Context, api *yclients.Client) {
	cleaned, err := rehearse.Clean(ctx, rehearse.Options{
		DataDir: h.cfg.DataDir, Partner: api.AsPartner(), Employee: api, Quiet: rehearse.Quiet(h.cfg.LimitsScale),
	})
	switch {
	case errors.Is(err, rehearse.ErrRunning), ctx.Err() != nil:
	case err != nil:
		h.log.Warn("the test record of a rehearsal may still stand: zapis rehearse --clean", "error", err)
	case cleaned.Found:
		h.log.Info("cleaned up after an interrupted rehearsal", "records", cleaned.Deleted)
	}
}
