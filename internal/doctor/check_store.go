package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/problem"
)

var storeChecks = []Check{
	{
		Code: CheckStoreFolder, Area: AreaStore, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("в папку данных можно писать", "the data folder can be written"),
		Cause:    config.T("папка принадлежит другому пользователю, диск подключён только для чтения, или путь неверен", "the folder belongs to another user, the disk is mounted read-only, or the path is wrong"),
		WhatToDo: config.T("назовите в ZAPIS_DATA папку, в которую можно писать", "name a folder that can be written in ZAPIS_DATA"), run: storeFails(problem.FolderUnusable),
	},
	{
		Code: CheckStoreKey, Area: AreaStore, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckStoreFolder},
		Title:    config.T("ключ подходит к базе", "the key fits the database"),
		Cause:    config.T("базу восстановили без её файла key, или ZAPIS_KEY заменили", "the database was restored without its file key, or ZAPIS_KEY was replaced"),
		WhatToDo: problem.Of(problem.KeyWrong).Fix, run: storeFails(problem.KeyWrong),
	},
	{
		Code: CheckStoreNewer, Area: AreaStore, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckStoreKey},
		Title:    config.T("база не новее программы", "the database is not newer than the program"),
		Cause:    config.T("программу вернули к прежней версии, а базу успела обновить новая", "the program was put back to an earlier version, and the newer one had changed the database"),
		WhatToDo: problem.Of(problem.StoreNewer).Fix, run: storeFails(problem.StoreNewer),
	},
	{
		Code: CheckStore, Area: AreaStore, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckStoreNewer},
		Title:    config.T("хранилище доступно", "the store can be used"),
		Cause:    config.T("PostgreSQL не запущен или не пускает, файл базы повреждён или занят", "PostgreSQL does not run or lets nobody in, the database file is damaged or in use"),
		WhatToDo: problem.Of(problem.StoreUnavailable).Fix, run: checkStore,
	},
	{
		Code: CheckStoreOlder, Area: AreaStore, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckStore},
		Title:    config.T("база той же версии", "the database is of this version"),
		Cause:    config.T("программу обновили, а сервер ещё не перезапускали", "the program was updated, and the server was not started since"),
		WhatToDo: config.T("сделайте копию базы и запустите zapis serve: он её обновит", "make a copy of the database and start zapis serve: it changes it"), run: checkStoreOlder,
	},
	{
		Code: CheckDisk, Area: AreaStore, Severity: Warning, Who: WhoNetwork, DependsOn: []string{CheckVariables},
		Title:    config.T("на диске есть место", "there is room on the disk"),
		Cause:    config.T("диск заняли журналы, копии или другая программа; на полном диске не сохранится ни одна запись", "logs, backups or another program took the disk; on a full one not one booking is kept"),
		WhatToDo: config.T("освободите место на диске с папкой данных", "make room on the disk of the data folder"), run: checkDisk,
	},
	{
		Code: CheckCodes, Area: AreaStore, Severity: Warning, Who: WhoSalon, DependsOn: []string{CheckStore},
		Title:    config.T("коды из SMS доходят", "SMS codes arrive"),
		Cause:    config.T("SMS отправляет YCLIENTS за счёт салона: кончился баланс, не оплачено имя отправителя или филиал отключил SMS", "YCLIENTS sends SMS at the salon's cost: the balance is spent, the sender's name is not paid, or the branch has switched SMS off"),
		WhatToDo: config.T("СМС не доходят, проверьте баланс: YCLIENTS → Настройки → SMS", "SMS do not arrive, check the balance: YCLIENTS → Settings → SMS"), run: checkCodes,
	},
	{
		Code: CheckAttention, Area: AreaStore, Severity: Warning, Who: WhoSalon, DependsOn: []string{CheckStore},
		Title:    config.T("все записи выяснены", "every booking is decided"),
		Cause:    config.T("ответ YCLIENTS потерялся, а посмотреть в журнал нечем: нет права или токен мёртв", "YCLIENTS' answer was lost, and nobody can look into the timetable: the right is missing or the token dead"),
		WhatToDo: config.T("откройте пульт, найдите эти записи в журнале YCLIENTS и позвоните клиентам", "open the console, find these bookings in YCLIENTS' timetable, and call the customers"), run: checkAttention,
	},
}

var errNotRunning = errors.New("no server runs")

var serverChecks = []Check{
	{
		Code: CheckFiles, Area: AreaServer, Severity: Warning, Who: WhoNetwork,
		Title:    config.T("открытых файлов хватит", "enough files may be open"),
		Cause:    config.T("у службы низкий предел открытых файлов; каждый клиент — это соединение", "the service has a low limit of open files; each customer is a connection"),
		WhatToDo: config.T("поднимите предел: LimitNOFILE=65536 в службе systemd или ulimit -n 65536", "raise the limit: LimitNOFILE=65536 in the systemd unit, or ulimit -n 65536"), run: checkOpenFiles,
	},
	{
		Code: CheckServer, Area: AreaServer, Severity: Failure, Who: WhoDeveloper, DependsOn: []string{CheckVariables},
		Title:    config.T("запущенный сервер работает", "the running server works"),
		Cause:    config.T("сервер запущен, но не может обслуживать: нет настроек, базы, или YCLIENTS не принял ключ", "the server runs and cannot serve: no settings, no database, or YCLIENTS refused the key"),
		WhatToDo: config.T("смотрите журнал сервера и пульт; остальные проверки назовут причину", "look at the server's log and the console; the other checks name the cause"), run: checkServer,
	},
	{
		Code: CheckServerVersion, Area: AreaServer, Severity: Warning, Who: WhoDeveloper, DependsOn: []string{CheckServer},
		Title:    config.T("сервер той же версии", "the server is of this version"),
		Cause:    config.T("программу обновили, а сервер работает на прежней", "the program was updated, and the server runs the former one"),
		WhatToDo: config.T("перезапустите сервер", "start the server again"), run: checkServerVersion,
	},
}

func (e *exam) openStore(ctx context.Context) error {
	_, err := e.probe.get(func() (struct{}, error) { return struct{}{}, e.OpenStore(ctx, e.Config) })
	return err
}

// storeFails is a check for one way in which the store cannot be used.
func storeFails(code problem.Code) func(context.Context, *exam, int64) []Finding {
	return func(ctx context.Context, e *exam, _ int64) []Finding {
		if e.OpenStore == nil {
			return nil
		}
		if err := e.openStore(ctx); problem.Has(err, code) {
			return []Finding{storeFinding(err)}
		}
		return ok(Text{})
	}
}

// checkStore asks whether a server could keep what it must remember.
func checkStore(ctx context.Context, e *exam, _ int64) []Finding {
	if e.OpenStore == nil {
		return nil
	}
	if err := e.openStore(ctx); err != nil {
		return []Finding{storeFinding(err)}
	}
	return ok(Text{})
}

func storeFinding(err error) Finding {
	p := problem.From(err)
	found := lower(p.Meaning().Title)
	if p.Detail != "" {
		found = config.Tf("%s: %s", "%s: %s", found, clip(p.Detail))
	}
	return Finding{Status: StatusFailure, Problem: p.Code, Found: found}
}

// storeFacts are nil where there is no store yet.
func (e *exam) storeFacts(ctx context.Context) (*StoreFacts, error) {
	return e.facts.get(func() (*StoreFacts, error) {
		if e.Facts == nil {
			return nil, nil
		}
		return e.Facts(ctx, e.Config)
	})
}

// withFacts asks for the facts and judges them; a store that does not tell is skipped.
func (e *exam) withFacts(ctx context.Context, judge func(*StoreFacts) []Finding) []Finding {
	f, err := e.storeFacts(ctx)
	switch {
	case err != nil:
		return []Finding{{Status: StatusSkipped, Found: config.T("хранилище не ответило", "the store did not answer")}}
	case f == nil:
		return ok(config.T("базы ещё нет", "there is no database yet"))
	}
	return judge(f)
}

func checkStoreOlder(ctx context.Context, e *exam, _ int64) []Finding {
	return e.withFacts(ctx, func(f *StoreFacts) []Finding {
		if f.Older {
			return []Finding{{Found: config.T("схема базы старше этой программы", "the database's schema is older than this program")}}
		}
		return ok(Text{})
	})
}

// Room on the disk, in bytes.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
)

func checkDisk(_ context.Context, e *exam, _ int64) []Finding {
	dir, err := filepath.Abs(e.Config.DataDir)
	if err != nil {
		return nil
	}
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir) // it will be made in the nearest one there is
	}
	free, err := e.FreeSpace(dir)
	if err != nil {
		return []Finding{{Status: StatusSkipped, Found: config.T("система не сказала, сколько места", "the system did not tell how much room there is")}}
	}
	found := config.Tf("свободно %d МБ", "%d MB are free", free>>20)
	switch {
	case free < noSpace:
		return []Finding{{Status: StatusFailure, Problem: problem.StoreUnavailable, Found: found}}
	case free < littleSpace:
		return []Finding{{Found: found}}
	}
	return ok(found)
}

// fewCodes is up to how many codes without one right entry may be chance.
const fewCodes = 5

func checkCodes(ctx context.Context, e *exam, _ int64) []Finding {
	return e.withFacts(ctx, func(f *StoreFacts) []Finding {
		if f.CodesSent >= fewCodes && f.CodesUsed == 0 {
			return []Finding{{Found: config.Tf("за сутки запрошено %s, верно введено 0", "%s asked for in 24 h, none entered rightly", config.Count(f.CodesSent, "код", "кода", "кодов", "code", "codes"))}}
		}
		return ok(config.Tf("за сутки запрошено %d, введено %d", "asked for in 24 h: %d, entered: %d", f.CodesSent, f.CodesUsed))
	})
}

func checkAttention(ctx context.Context, e *exam, _ int64) []Finding {
	return e.withFacts(ctx, func(f *StoreFacts) []Finding {
		if f.Attention > 0 {
			return []Finding{{Found: config.Tf("ждут решения: %s", "waiting for a decision: %s", config.Count(f.Attention, "запись", "записи", "записей", "booking", "bookings"))}}
		}
		return ok(Text{})
	})
}

func checkOpenFiles(_ context.Context, e *exam, _ int64) []Finding {
	n, err := e.OpenFiles()
	switch {
	case err != nil:
		return []Finding{{Status: StatusSkipped, Found: config.T("система не сказала", "the system did not tell")}}
	case n < 1024:
		return []Finding{{Found: config.Tf("предел %d, нужно хотя бы 1024", "the limit is %d, 1024 at least are needed", n)}}
	}
	return ok(Text{})
}

// serverAnswer is what a server on this machine says about itself at the operator's address.
type serverAnswer struct {
	Status  string `json:"status"`
	Code    string `json:"code"`
	Version string `json:"version"`
}

// askServer asks a server beside us, on this machine and not through YCLIENTS. errNotRunning: none answers there.
func (e *exam) askServer(ctx context.Context, path string) (int, serverAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var a serverAnswer
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Config.AdminAddr+path, http.NoBody)
	if err != nil {
		return 0, a, errNotRunning
	}
	transport := &http.Transport{DisableKeepAlives: true} // no proxy: it is this machine
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, a, errNotRunning
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&a); err != nil {
		return resp.StatusCode, a, err
	}
	return resp.StatusCode, a, nil
}

func checkServer(ctx context.Context, e *exam, _ int64) []Finding {
	if e.InServer {
		return nil
	}
	status, a, err := e.askServer(ctx, "/readyz")
	switch {
	case errors.Is(err, errNotRunning):
		return ok(config.Tf("на %s сервера нет", "no server at %s", e.Config.AdminAddr))
	case err != nil:
		return []Finding{{Status: StatusWarning, Found: config.Tf("на %s отвечает не Zapis", "it is not Zapis that answers at %s", e.Config.AdminAddr),
			Next: config.T("освободите этот адрес или смените ZAPIS_ADMIN_ADDR", "free this address, or change ZAPIS_ADMIN_ADDR")}}
	case status != http.StatusOK:
		code := problem.Code(a.Code)
		m := problem.Of(code)
		if m.Code != code {
			return []Finding{{Problem: problem.Internal, Found: config.T("сервер не готов", "the server is not ready")}}
		}
		return []Finding{{Problem: code, Found: config.Tf("сервер не готов: %s", "the server is not ready: %s", lower(m.Title)), Next: m.Fix}}
	}
	return ok(config.Tf("%s: готов", "%s: ready", e.Config.AdminAddr))
}

func checkServerVersion(ctx context.Context, e *exam, _ int64) []Finding {
	if e.InServer || e.Version == "" {
		return nil
	}
	_, a, err := e.askServer(ctx, "/admin/api/state")
	if err != nil || a.Version == "" || strings.EqualFold(a.Version, e.Version) {
		return ok(Text{})
	}
	return []Finding{{Found: config.Tf("сервер %s, эта программа %s", "the server is %s, this program %s", clip(a.Version), e.Version)}}
}
