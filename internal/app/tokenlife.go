package app

import (
	"context"
	"net/url"
	"time"

	"zapis/internal/alert"
	"zapis/internal/config"
	"zapis/internal/problem"
	"zapis/internal/setup"
	"zapis/internal/upstream"
)

// openAlerts makes the house's voice. The incidents that last are kept in its store.
func (h *house) openAlerts() {
	c := alert.Config{Channels: alert.Channels(h.cfg.Alert), Lang: h.cfg.Alert.Lang, Name: serverName(h.cfg), Invite: h.invite, Logger: h.log}
	if h.store != nil {
		c.Keeper = h.store
	}
	h.alerts = alert.New(c)
}

// serverName is what people know the server by.
func serverName(cfg *config.Config) string {
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Host != "" {
		return u.Host
	}
	return cfg.Addr
}

// invite makes a link for the salon's administrator, where the server can be reached from outside.
func (h *house) invite(ctx context.Context) string {
	if h.cfg.PublicURL == "" {
		return ""
	}
	token, _, err := setup.OpenLinks(h.cfg.DataDir, nil).New(ctx, setup.Link{
		Kind: setup.LinkInvite, For: serverName(h.cfg), Lang: h.cfg.Alert.Lang, Branches: h.cfg.Account.Branches,
	})
	if err != nil {
		h.log.WarnContext(ctx, "no invitation for the alert", "error", err)
		return ""
	}
	return h.cfg.PublicURL + "/invite/#" + token.Reveal()
}

// watchTokens puts the watch over the tokens above the road.
func (h *house) watchTokens() {
	h.tokens = upstream.NewTokens(upstream.TokensConfig{
		Next: h.road, Key: h.cfg.Account.PartnerToken.Reveal(), User: h.cfg.Account.UserToken.Reveal(), OnChange: h.tokenChanged,
	})
}

// incidents are the two ways in which a token's death is told.
var incidents = map[upstream.TokenKind]struct {
	name string
	code problem.Code
}{
	upstream.KeyToken:  {alert.APIKey, problem.UpstreamKey},
	upstream.UserToken: {alert.UserToken, problem.UpstreamToken},
}

// tellLimit bounds what a call waits for its death to be noted in the store.
const tellLimit = 5 * time.Second

// tokenChanged tells the operator by log, metric and alert. A renewed token comes with a new house, whose first call with
// it gives the all-clear.
func (h *house) tokenChanged(c upstream.TokenChange) {
	ctx, cancel := context.WithTimeout(context.Background(), tellLimit)
	defer cancel()
	i := incidents[c.Token]
	if !c.Dead {
		h.metrics.dead.WithLabelValues(string(c.Token)).Set(0)
		h.log.InfoContext(ctx, "YCLIENTS accepts the token", "token", string(c.Token))
		h.alerts.Clear(ctx, i.name)
		return
	}
	h.metrics.dead.WithLabelValues(string(c.Token)).Set(1)
	h.log.ErrorContext(ctx, "YCLIENTS refuses a token; calls that need it are not made any more", "token", string(c.Token),
		"code", string(i.code), "fix", problem.Of(i.code).Fix.EN)
	h.alerts.Raise(ctx, i.name, i.code)
}

// deadTokens are the failures of tokens that last.
func (h *house) deadTokens() (codes []problem.Code) {
	if h.tokens == nil {
		return nil
	}
	for _, kind := range []upstream.TokenKind{upstream.KeyToken, upstream.UserToken} {
		if _, dead := h.tokens.Dead(kind); dead {
			codes = append(codes, incidents[kind].code)
		}
	}
	return codes
}
