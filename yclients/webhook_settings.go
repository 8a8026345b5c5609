package yclients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// maxHookURLs is how many addresses a company can have.
const maxHookURLs = 10

// Add makes a company send events to an address, beside whatever it sends
// already. events are members of [HooksSettings], as in "record", "client",
// "master"; they are switched on for all addresses of the company, because
// the API knows no other way.
//
// Writing the settings replaces them whole, the addresses of other
// applications included. So they are read, completed, written with every
// member that was read, known or not, and read again. What another application
// writes between the two readings may be lost; the second one notices that, and
// the error says so. When nothing is missing, nothing is written.
//
// It calls getHooksSettings, setHooksSettings and getHooksSettings again, and
// needs a user token with the right to webhook settings.
func (s *HooksService) Add(ctx context.Context, companyID int64, address string, events ...string) (*HooksSettings, error) {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("yclients: the address of a webhook begins with https:// and a host")
	}
	if err := knownEvents(events); err != nil {
		return nil, err
	}
	before, _, err := s.Get(ctx, companyID)
	if err != nil {
		return nil, err
	}
	body, err := completed(before, address, events)
	if err != nil || body == nil {
		return before, err
	}
	if _, _, err := s.Set(ctx, companyID, body); err != nil {
		return before, err
	}
	after, _, err := s.Get(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("yclients: the webhook settings were written, but not read again: %w", err)
	}
	return after, keptSettings(before, after, address, events)
}

// knownEvents refuses words that the API would ignore without a word.
func knownEvents(events []string) error {
	for _, event := range events {
		if !slices.Contains(hookEvents, event) {
			return fmt.Errorf("yclients: %q is no event of the webhook settings: they are %s", event, strings.Join(hookEvents, ", "))
		}
	}
	if len(events) == 0 {
		return errors.New("yclients: name at least one event of the webhook settings")
	}
	return nil
}

var hookEvents = []string{
	"salon", "service_category", "service", "master", "good", "client", "record", "schedule", "loyalty_card",
	"goods_operations_sale", "goods_operations_receipt", "goods_operations_consumable", "goods_operations_stolen",
	"goods_operations_move", "finances_operation", "self_sending",
}

// completed returns the body that adds what is missing, nil when nothing is.
func completed(before *HooksSettings, address string, events []string) (*HooksSettingsRequest, error) {
	body := &HooksSettingsRequest{URLs: slices.Clone(before.URLs), Active: true, Extra: map[string]any{}}
	missing := !before.Active
	if !slices.Contains(body.URLs, address) {
		body.URLs = append(body.URLs, address)
		missing = true
	}
	if len(body.URLs) > maxHookURLs {
		return nil, fmt.Errorf("yclients: the company has %d webhook addresses already, and can have no more: one must go first", maxHookURLs)
	}
	settings := settingsOf(before)
	for name, value := range settings {
		body.Extra[name] = value
	}
	for _, event := range events {
		if on, _ := boolean(orNull(settings[event])); !on {
			missing = true
		}
		body.Extra[event] = 1
	}
	if !missing {
		return nil, nil
	}
	return body, nil
}

// settingsOf are the members as received, but for the two that have fields of
// their own in the body.
func settingsOf(s *HooksSettings) map[string]json.RawMessage {
	settings := map[string]json.RawMessage{}
	raw := s.Raw()
	if len(raw) == 0 || raw[0] != '{' {
		return settings
	}
	members(raw, func(m member) {
		if m.key != "urls" && m.key != "active" {
			settings[m.key] = m.value
		}
	})
	return settings
}

// keptSettings compares what was written with what is there.
func keptSettings(before, after *HooksSettings, address string, events []string) error {
	for _, u := range append(slices.Clone(before.URLs), address) {
		if !slices.Contains(after.URLs, u) {
			return errors.New("yclients: an address is missing from the webhook settings after writing them: somebody else wrote at the same time; do it again")
		}
	}
	now := settingsOf(after)
	for name, value := range settingsOf(before) {
		if slices.Contains(events, name) {
			value = json.RawMessage("1")
		}
		if !sameSetting(value, now[name]) {
			return fmt.Errorf("yclients: %q of the webhook settings is not as it was written: somebody else wrote at the same time; do it again", name)
		}
	}
	if !after.Active {
		return errors.New("yclients: the webhooks are still switched off after switching them on")
	}
	return nil
}

// sameSetting takes 1, "1" and true for the same. What is no switch, such as
// the time of a change, may have changed, but not gone.
func sameSetting(before, after json.RawMessage) bool {
	if after == nil {
		return false
	}
	on, ok := boolean(before)
	stillOn, stillOK := boolean(after)
	return on == stillOn || !ok || !stillOK
}
