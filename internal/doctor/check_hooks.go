package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

var hookChecks = []Check{
	{
		Code: CheckHookReachable, Area: AreaHooks, Severity: Warning, Who: WhoNetwork, DependsOn: []string{CheckVariables},
		Title:    config.T("публичный адрес отвечает", "the public address answers"),
		Cause:    config.T("домен не указывает на этот сервер, закрыт порт, просрочен сертификат или прокси не передаёт запросы дальше", "the domain does not point at this server, the port is closed, the certificate has expired, or the proxy passes nothing on"),
		WhatToDo: config.T("откройте публичный адрес с телефона без Wi-Fi; проверьте DNS, порт 443, сертификат и прокси", "open the public address from a phone without Wi-Fi; check DNS, port 443, certificate and proxy"), run: checkHookReachable,
	},
	{
		Code: CheckHookInstalled, Area: AreaHooks, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckAllowed}, Calls: 1,
		Title:    config.T("наш адрес вебхука записан", "our webhook address is there"),
		Cause:    config.T("адрес в этот филиал ещё не записывали", "the address was not written to this branch yet"),
		WhatToDo: config.T("запишите его: zapis hooks install", "write it: zapis hooks install"), run: checkHookInstalled,
	},
	{
		Code: CheckHookOverwritten, Area: AreaHooks, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckAllowed},
		Title:    config.T("наш адрес вебхука не затёрт", "our webhook address was not overwritten"),
		Cause:    config.T("другая программа сохранила настройки вебхуков целиком: YCLIENTS заменяет весь список адресов", "another program saved the webhook settings as a whole: YCLIENTS replaces the list of addresses"),
		WhatToDo: config.T("запишите его снова: zapis hooks install; и скажите той программе, что адреса надо дополнять", "write it again: zapis hooks install; and tell that program's maker to add to the list"), run: checkHookOverwritten,
	},
	{
		Code: CheckHookActive, Area: AreaHooks, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckHookInstalled},
		Title:    config.T("вебхуки включены", "webhooks are on"),
		Cause:    config.T("адрес записан, а отправка выключена в настройках филиала", "the address is there, and sending is off in the branch's settings"),
		WhatToDo: config.T("включите: zapis hooks install", "switch it on: zapis hooks install"), run: checkHookActive,
	},
	{
		Code: CheckHookEvents, Area: AreaHooks, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckHookInstalled},
		Title:    config.T("события записей присылаются", "events of records are sent"),
		Cause:    config.T("в настройках вебхуков снят флаг записей", "the flag of records is off in the webhook settings"),
		WhatToDo: config.T("включите: zapis hooks install", "switch it on: zapis hooks install"), run: checkHookEvents,
	},
	{
		Code: CheckHookOnce, Area: AreaHooks, Severity: Warning, Who: WhoDeveloper, PerBranch: true, Thorough: true, DependsOn: []string{CheckHookInstalled},
		Title:    config.T("наш адрес вебхука стоит один раз", "our webhook address stands once"),
		Cause:    config.T("адрес записан дважды или остался прежний с тем же узлом: каждое событие придёт не раз", "the address was written twice, or a former one with the same host was left: each event comes more than once"),
		WhatToDo: config.T("уберите лишние: zapis hooks remove, потом zapis hooks install", "remove the others: zapis hooks remove, then zapis hooks install"), run: checkHookOnce,
	},
	{
		Code: CheckHookRoom, Area: AreaHooks, Severity: Warning, Who: WhoSalon, PerBranch: true, Thorough: true, DependsOn: []string{CheckAllowed},
		Title:    config.T("есть место для адреса вебхука", "there is room for a webhook address"),
		Cause:    config.T("YCLIENTS хранит не больше десяти адресов, и все заняты другими программами", "YCLIENTS keeps ten addresses at most, and other programs have taken them all"),
		WhatToDo: config.T("удалите в YCLIENTS адрес программы, которой больше не пользуетесь", "remove the address of a program that is no longer used, in YCLIENTS"), run: checkHookRoom,
	},
}

// maxHooks is how many addresses YCLIENTS keeps.
const maxHooks = 10

// hookSettings are the webhook settings of a branch, as far as they concern us.
type hookSettings struct {
	URLs   []string `json:"urls"`
	Active any      `json:"active"`
	Record any      `json:"record"`
}

// isOn reads a flag: true, 1 and "1" have all been seen.
func isOn(v any) bool { return v == true || v == float64(1) || v == "1" || v == "true" }

func notUsed() []Finding {
	return ok(config.T("вебхуки не используются", "webhooks are not used"))
}

func (e *exam) usesHooks() bool { return !e.HookURL.IsZero() && e.Carrier != nil }

// hooks reads the settings of a branch (getHooksSettings).
func (e *exam) hooks(ctx context.Context, branch int64) (*hookSettings, error) {
	return e.about(branch).hooks.get(func() (*hookSettings, error) {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		status, body, err := e.get(ctx, "/hooks_settings/"+idText(branch), true)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("HTTP %d", status)
		}
		var a struct {
			Success bool          `json:"success"`
			Data    *hookSettings `json:"data"`
		}
		if err := json.Unmarshal(body, &a); err != nil {
			return nil, err
		}
		if !a.Success || a.Data == nil {
			return nil, errors.New("success is false")
		}
		return a.Data, nil
	})
}

// get reads a path of the API without the SDK, which knows no such method or would hide what is compared.
func (e *exam) get(ctx context.Context, path string, asUser bool) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Config.BaseURL+"/api/v1"+path, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	authorization := "Bearer " + e.Config.Account.PartnerToken.Reveal()
	if asUser {
		authorization += ", User " + e.Config.Account.UserToken.Reveal()
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/vnd.yclients.v2+json")
	resp, err := e.Carrier.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	return resp.StatusCode, body, err
}

// judgeHooks asks for the settings of a branch and judges them.
func (e *exam) judgeHooks(ctx context.Context, branch int64, judge func(*hookSettings) []Finding) []Finding {
	if !e.usesHooks() {
		return notUsed()
	}
	s, err := e.hooks(ctx, branch)
	if err != nil {
		return []Finding{{Status: StatusSkipped, Found: config.T("настройки вебхуков не прочитаны", "the webhook settings could not be read")}}
	}
	return judge(s)
}

func (e *exam) has(s *hookSettings) bool { return slices.Contains(s.URLs, e.HookURL.Reveal()) }

// wasInstalled asks the store, whose server has looked before.
func (e *exam) wasInstalled(ctx context.Context, branch int64) bool {
	f, err := e.storeFacts(ctx)
	return err == nil && f != nil && slices.Contains(f.Hooked, branch)
}

func checkHookInstalled(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		if !e.has(s) {
			return []Finding{{Found: config.Tf("нашего адреса нет среди %d", "our address is not among %d", len(s.URLs))}}
		}
		e.hooked = append(e.hooked, branch)
		return ok(Text{})
	})
}

func checkHookOverwritten(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		if e.wasInstalled(ctx, branch) && !e.has(s) {
			return []Finding{{Found: config.T("наш адрес был записан, а теперь его нет", "our address was written, and is gone")}}
		}
		return ok(Text{})
	})
}

func checkHookActive(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		if !isOn(s.Active) {
			return []Finding{{Found: config.T("отправка выключена", "sending is off")}}
		}
		return ok(Text{})
	})
}

func checkHookEvents(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		if !isOn(s.Record) {
			return []Finding{{Found: config.T("флаг record выключен", "the flag record is off")}}
		}
		return ok(Text{})
	})
}

func checkHookOnce(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		ours, err := url.Parse(e.HookURL.Reveal())
		if err != nil {
			return nil
		}
		n := 0
		for _, text := range s.URLs {
			u, err := url.Parse(text)
			if err == nil && strings.EqualFold(u.Host, ours.Host) && strings.HasPrefix(u.Path, "/hooks/yclients/") {
				n++
			}
		}
		if n > 1 {
			return []Finding{{Found: config.Tf("адресов этого сервера в списке: %d", "addresses of this server in the list: %d", n)}}
		}
		return ok(Text{})
	})
}

func checkHookRoom(ctx context.Context, e *exam, branch int64) []Finding {
	return e.judgeHooks(ctx, branch, func(s *hookSettings) []Finding {
		if !e.has(s) && len(s.URLs) >= maxHooks {
			return []Finding{{Found: config.Tf("заняты все адреса: %d", "all addresses are taken: %d", len(s.URLs))}}
		}
		return ok(Text{})
	})
}

// checkHookReachable opens the public address as YCLIENTS would. It asks for /healthz there: the secret of the hook
// stays here, and nothing is delivered.
func checkHookReachable(ctx context.Context, e *exam, _ int64) []Finding {
	if e.HookURL.IsZero() {
		return notUsed()
	}
	u, err := url.Parse(e.HookURL.Reveal())
	if err != nil || u.Host == "" {
		return failed(problem.ConfigInvalid, config.T("публичный адрес не читается", "the public address cannot be read"), Text{})
	}
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/healthz"}).String(), http.NoBody)
	if err != nil {
		return nil
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ResponseHeaderTimeout: 5 * time.Second}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return []Finding{{Found: config.Tf("%s не отвечает", "%s does not answer", u.Host)}}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return []Finding{{Found: config.Tf("%s отвечает %d вместо Zapis", "%s answers %d in place of Zapis", u.Host, resp.StatusCode)}}
	}
	return ok(Text{RU: u.Host, EN: u.Host})
}
