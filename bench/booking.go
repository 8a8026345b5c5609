package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// sandboxInfo is the line of `zapis sandbox --json`.
type sandboxInfo struct {
	BaseURL      string  `json:"base_url"`
	PartnerToken string  `json:"partner_token"`
	UserToken    string  `json:"user_token"`
	CompanyIDs   []int64 `json:"company_ids"`
}

func (i sandboxInfo) env() []string {
	return []string{
		"YCLIENTS_BASE_URL=" + i.BaseURL, "YCLIENTS_API_TOKEN=" + i.PartnerToken, "YCLIENTS_USER_TOKEN=" + i.UserToken,
		fmt.Sprintf("YCLIENTS_COMPANY_ID=%d", i.CompanyIDs[0]),
		fmt.Sprintf("ZAPIS_COMPANY_IDS=%s", strings.Trim(strings.ReplaceAll(fmt.Sprint(i.CompanyIDs), " ", ","), "[]")),
		"ZAPIS_LIMITS_SCALE=1000",
	}
}

// headers are those of a call to YCLIENTS.
func (i sandboxInfo) headers() map[string]string {
	return map[string]string{"Accept": "application/vnd.yclients.v2+json", "Authorization": "Bearer " + i.PartnerToken}
}

// offer is a free start of a branch that takes guests.
type offer struct {
	branch, service, staff int64
	day, start             string
	consent                string
}

type branch struct {
	ID    int64
	Rules struct {
		CodeRequired bool `json:"code_required"`
	}
	Consent struct {
		Required bool
		Version  string
	}
}

// findOffers walks the catalogue for n free starts that leave room for each other.
func findOffers(ctx context.Context, base string, n int) ([]offer, error) {
	var list struct{ Branches []branch }
	if err := ask(ctx, base+"/v1/branches", &list); err != nil {
		return nil, err
	}
	var found []offer
	for _, b := range list.Branches {
		if b.Rules.CodeRequired {
			continue
		}
		more, err := offersOf(ctx, base, b, n-len(found))
		if err != nil {
			return nil, err
		}
		if found = append(found, more...); len(found) >= n {
			return found, nil
		}
	}
	return nil, fmt.Errorf("only %d free starts, want %d", len(found), n)
}

func offersOf(ctx context.Context, base string, b branch, n int) ([]offer, error) {
	at := fmt.Sprintf("%s/v1/branches/%d", base, b.ID)
	var catalogue struct {
		Services []struct {
			ID       int64
			Duration *int64 `json:"duration_s"`
			Prepaid  string
		}
	}
	if err := ask(ctx, at+"/services", &catalogue); err != nil {
		return nil, err
	}
	var found []offer
	busy := map[int64]bool{}
	for _, s := range catalogue.Services {
		if s.Duration == nil || *s.Duration > 7200 || s.Prepaid == "required" {
			continue
		}
		var staff struct{ Staff []struct{ ID int64 } }
		if err := ask(ctx, fmt.Sprintf("%s/staff?services=%d", at, s.ID), &staff); err != nil {
			return nil, err
		}
		for _, m := range staff.Staff {
			if m.ID == 0 || busy[m.ID] {
				continue
			}
			busy[m.ID] = true
			more, err := startsOf(ctx, at, b, s.ID, m.ID, time.Duration(*s.Duration)*time.Second, n-len(found))
			if err != nil {
				return nil, err
			}
			if found = append(found, more...); len(found) >= n {
				return found, nil
			}
		}
	}
	return found, nil
}

func startsOf(ctx context.Context, at string, b branch, service, staff int64, length time.Duration, n int) ([]offer, error) {
	query := fmt.Sprintf("services=%d&staff=%d", service, staff)
	var days struct{ Dates []string }
	if err := ask(ctx, at+"/dates?"+query, &days); err != nil {
		return nil, err
	}
	var found []offer
	for _, day := range days.Dates {
		var slots struct {
			Slots []struct {
				Start string
				Time  time.Time
			}
		}
		if err := ask(ctx, at+"/slots?"+query+"&date="+day, &slots); err != nil {
			return nil, err
		}
		var last time.Time
		for _, s := range slots.Slots {
			if s.Time.Sub(last) < length {
				continue
			}
			last = s.Time
			if found = append(found, offer{b.ID, service, staff, day, s.Start, b.Consent.Version}); len(found) >= n {
				return found, nil
			}
		}
	}
	return found, nil
}

func ask(ctx context.Context, url string, v any) error {
	body, err := send(ctx, http.MethodGet, url, nil, nil, http.StatusOK)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

func send(ctx context.Context, method, url string, body any, header map[string]string, want int) ([]byte, error) {
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %d %.300s", method, url, resp.StatusCode, answer)
	}
	return answer, err
}

func bookThrough(ctx context.Context, base string, o offer) error {
	body := map[string]any{
		"branch":       o.branch,
		"appointments": []any{map[string]any{"services": []int64{o.service}, "staff": o.staff, "start": o.start}},
		"client":       map[string]any{"name": "Тест", "phone": "79000000125"},
	}
	if o.consent != "" {
		body["consent"] = map[string]any{"version": o.consent}
	}
	_, err := send(ctx, http.MethodPost, base+"/v1/bookings", body, map[string]string{"Idempotency-Key": rand.Text()}, http.StatusCreated)
	return err
}

// bookDirect is what a hand-written backend does: one call, nothing stored.
func bookDirect(ctx context.Context, info sandboxInfo, o offer) error {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(o.start, "s1."))
	if err != nil {
		return err
	}
	var start struct{ D string }
	if err := json.Unmarshal(raw, &start); err != nil {
		return err
	}
	_, err = send(ctx, http.MethodPost, fmt.Sprintf("%s/api/v1/book_record/%d", info.BaseURL, o.branch), map[string]any{
		"phone": "79000000125", "fullname": "Тест", "email": "",
		"appointments": []any{map[string]any{"id": 1, "services": []int64{o.service}, "staff_id": o.staff, "datetime": start.D}},
	}, info.headers(), http.StatusCreated)
	return err
}
