package cli

import (
	"strings"

	"github.com/alecthomas/kong"

	"zapis/internal/config"
)

// vars are the texts of the grammar in one language. The parser substitutes ${…} in them, so $ is doubled.
func vars(lang string) kong.Vars {
	v := kong.Vars{}
	for key, text := range texts {
		v[key] = strings.ReplaceAll(text.In(lang), "$", "$$")
	}
	return v
}

var texts = map[string]config.Text{
	"about": config.T("Zapis: запись в салон через YCLIENTS из своего мобильного приложения.\nПосмотреть без договора и ключей: zapis demo",
		"Zapis: the backend of a salon's own mobile app on YCLIENTS.\nTo look around without an account: zapis demo"),
	"exit_codes": config.T("Коды выхода: 0 хорошо, 1 сбой, 2 неверная командная строка, 3 настройки, 4 YCLIENTS отказал, 5 YCLIENTS не отвечает, 6 порт занят или папка недоступна.",
		"Exit codes: 0 ok, 1 failure, 2 wrong command line, 3 configuration, 4 YCLIENTS refused, 5 YCLIENTS unreachable, 6 busy port or unusable folder."),

	"cmd_demo":        config.T("песочница, API и страница записи одной командой, без договора", "sandbox, API and booking page in one command, no account needed"),
	"cmd_serve":       config.T("сервер для мобильного приложения", "the server of the mobile app"),
	"cmd_sandbox":     config.T("эмулятор YCLIENTS отдельно, для своих проверок", "the YCLIENTS emulator alone, for your own tests"),
	"cmd_setup":       config.T("получить ключи, проверить их и записать в .env", "obtain the keys, prove them and write them to .env"),
	"cmd_doctor":      config.T("проверить настройки и сказать, что делать", "check the configuration and say what to do"),
	"cmd_rehearse":    config.T("прожить одну запись на настоящем аккаунте и убрать её", "live through one booking on the real account, and clean it up"),
	"cmd_config":      config.T("настройки", "configuration"),
	"cmd_config_show": config.T("какие переменные есть и откуда они взялись (значения под маской)", "which variables there are and where they come from (values masked)"),
	"cmd_backup":      config.T("резервная копия данных, сервер при этом работает", "back up the data of a running server"),
	"cmd_restore":     config.T("восстановить копию в пустую папку или базу", "restore a backup into an empty folder or database"),
	"cmd_api":         config.T("вызвать любую операцию YCLIENTS по имени", "call any operation of YCLIENTS by its id"),
	"cmd_version":     config.T("версия программы", "version of the program"),

	"ph_phone": config.T("ТЕЛЕФОН", "PHONE"), "ph_name": config.T("ИМЯ", "NAME"),
	"rehearse_branch":  config.T("филиал; иначе YCLIENTS_COMPANY_ID", "branch; else YCLIENTS_COMPANY_ID"),
	"rehearse_staff":   config.T("мастер, к которому сделать запись", "the master to book"),
	"rehearse_service": config.T("услуга этого мастера", "a service of that master"),
	"rehearse_phone":   config.T("ваш собственный телефон; иначе первый из ZAPIS_PILOT_PHONES", "your own phone; else the first of ZAPIS_PILOT_PHONES"),
	"rehearse_name":    config.T("имя клиента в записи", "name of the client in the record"),
	"rehearse_yes":     config.T("согласие на запись, перенос и отмену; без него спросит терминал", "consent to the record, its move and its cancellation; else the terminal asks"),
	"rehearse_clean":   config.T("только убрать за прерванной репетицией", "only clean up after an interrupted rehearsal"),
	"rehearse_report":  config.T("записать отчёт в файл, без телефонов и токенов", "write a report to a file, without phones and tokens"),
	"rehearse_json":    config.T("отчёт для скриптов", "a report for scripts"),

	"flag_help":     config.T("эта справка", "this help"),
	"flag_lang":     config.T("язык: ru или en; иначе по LC_ALL и LANG", "language: ru or en; else from LC_ALL and LANG"),
	"flag_env_file": config.T("файл настроек; иначе .env в текущей папке", "file of settings; else .env in the working folder"),

	"ph_file": config.T("ФАЙЛ", "FILE"), "ph_addr": config.T("УЗЕЛ:ПОРТ", "HOST:PORT"), "ph_dir": config.T("ПАПКА", "DIR"), "ph_key": config.T("КЛЮЧ", "KEY"),
	"ph_login": config.T("ТЕЛЕФОН", "PHONE"), "ph_company": config.T("НОМЕР|АДРЕС", "ID|URL"),

	"demo_addr":       config.T("где открыть страницу", "where to open the page"),
	"demo_data":       config.T("папка данных; иначе временная, потом удаляется", "data folder; else a temporary one, removed at the end"),
	"demo_lan":        config.T("пустить телефоны из той же сети и показать QR-код", "let phones of the same network in and show a QR code"),
	"demo_no_browser": config.T("не открывать браузер", "do not open a browser"),

	"serve_addr":   config.T("где слушать приложение (ZAPIS_ADDR); иначе :8484", "where to listen for the app (ZAPIS_ADDR); else :8484"),
	"serve_admin":  config.T("где слушать оператора (ZAPIS_ADMIN_ADDR); иначе 127.0.0.1:8486", "where to listen for the operator (ZAPIS_ADMIN_ADDR); else 127.0.0.1:8486"),
	"backup_file":  config.T("новый файл копии; - для стандартного вывода", "the new file; - for the standard output"),
	"restore_file": config.T("файл копии; - для стандартного ввода", "the backup; - for the standard input"),

	"serve_data": config.T("папка данных (ZAPIS_DATA); иначе zapis-data", "data folder (ZAPIS_DATA); else zapis-data"),

	"sandbox_addr":   config.T("где слушать", "where to listen"),
	"sandbox_json":   config.T("напечатать адрес и ключи одной строкой JSON", "print address and keys as one line of JSON"),
	"sandbox_limits": config.T("пределы запросов: real как в жизни, off без них, xN в N раз выше", "rate limits: real as in life, off for none, xN for N times as many"),
	"sandbox_seed":   config.T("с каких салонов начать: small, chain (30 филиалов), chain:ФИЛИАЛЫ,МАСТЕРА,ЗАПИСИ, файл JSON, или число, из которого они растут", "which salons to begin with: small, chain (30 branches), chain:BRANCHES,MASTERS,RECORDS, a JSON file, or a number to grow them from"),

	"cmd_sandbox_record":  config.T("записать ответы настоящего аккаунта без личных данных", "record what a real account answers, without personal data"),
	"cmd_sandbox_compare": config.T("сравнить запись с ответами песочницы", "compare a recording with what the sandbox answers"),
	"record_upstream":     config.T("чьи ответы записывать", "whose answers to record"),
	"record_out":          config.T("папка записи", "folder of the recording"),
	"record_writes":       config.T("пропускать и то, что меняет данные", "let through what changes data, too"),
	"compare_dir":         config.T("папка записи", "folder of the recording"),
	"compare_json":        config.T("различия как JSON", "the differences as JSON"),

	"sandbox_tls":    config.T("https под именами yclients.com и yclients.ru, для клиентов с зашитым адресом", "https under the names yclients.com and yclients.ru, for clients with the address compiled in"),
	"sandbox_ca_out": config.T("записать сюда сертификат, который за неё ручается (включает --tls)", "write the certificate that vouches for it here (implies --tls)"),

	"setup_api_key":          config.T("API-ключ аккаунта Маркетплейса, он же партнёрский токен; @ФАЙЛ читает его из файла, чтобы он не остался в истории команд; иначе тот, что уже настроен", "API key of the Marketplace account, also called partner token; @FILE reads it from a file, so that it does not stay in the history of commands; else the one configured already"),
	"setup_login":            config.T("логин сотрудника: телефон или почта", "login of an employee: phone or e-mail"),
	"setup_password_stdin":   config.T("прочитать пароль из стандартного ввода; он нигде не сохраняется", "read the password from standard input; it is kept nowhere"),
	"setup_user_token_stdin": config.T("вместо пароля прочитать готовый токен сотрудника", "read the employee's token instead of a password"),
	"setup_company":          config.T("филиал: номер или любой адрес с ним; не нужен, если филиал один; можно назвать несколько", "branch: its id or any address with it; not needed if there is one only; may be given several times"),
	"setup_base_url":         config.T("адрес YCLIENTS или песочницы", "address of YCLIENTS or of a sandbox"),

	"cmd_token":         config.T("токены: показать, проверить, обновить", "the tokens: show, check, renew"),
	"cmd_token_show":    config.T("какие токены настроены и откуда (под маской)", "which tokens are configured and where they come from (masked)"),
	"cmd_token_check":   config.T("примет ли их YCLIENTS, и чей это токен", "whether YCLIENTS accepts them, and whose the token is"),
	"cmd_token_renew":   config.T("получить новый токен сотрудника: прежний умер вместе с паролем", "obtain a new token of the employee: the former died with the password"),
	"cmd_company":       config.T("филиалы: список, поиск по адресу", "the branches: list, find by address"),
	"cmd_company_list":  config.T("филиалы, которыми управляет сотрудник; * настроены", "the branches that the employee manages; * are configured"),
	"cmd_company_find":  config.T("какой филиал значит номер или адрес, в том числе формы записи", "which branch an id or an address means, a booking form's too"),
	"cmd_hooks":         config.T("уведомления YCLIENTS: показать, подключить, убрать, проверить", "webhooks of YCLIENTS: show, install, remove, test"),
	"cmd_hooks_show":    config.T("что настроено в каждом филиале", "what is set in every branch"),
	"cmd_hooks_install": config.T("добавить наш адрес, не трогая чужих", "add our address and touch nobody else's"),
	"cmd_hooks_remove":  config.T("убрать наш адрес, не трогая чужих", "take our address out and touch nobody else's"),
	"cmd_hooks_test":    config.T("позвать наш адрес, как это сделает YCLIENTS", "call our address as YCLIENTS would"),
	"cmd_invite":        config.T("ссылка или карточка для администратора салона", "a link or a card for the salon's administrator"),

	"company_find_where": config.T("номер филиала или любой адрес YCLIENTS", "id of a branch, or any address of YCLIENTS"),
	"hooks_public_url":   config.T("адрес сервера, видимый из интернета; иначе ZAPIS_PUBLIC_URL", "the server's address as seen from the internet; else ZAPIS_PUBLIC_URL"),
	"hooks_yes":          config.T("записать без вопроса", "write without asking"),
	"invite_from":        config.T("кто просит: имя разработчика или студии", "who asks: the developer's or the studio's name"),
	"invite_for":         config.T("для чего: название приложения", "for what: the app's name"),
	"invite_card":        config.T("вместо ссылки — карточка «что прислать разработчику»", "a card, «what to send to the developer», in place of a link"),
	"invite_list":        config.T("какие ссылки есть", "which links there are"),
	"invite_revoke":      config.T("отозвать ссылку", "take a link back"),

	"setup_link":       config.T("напечатать ссылку на настройку в браузере, на 15 минут и на один раз", "print a link to the setup in a browser, for 15 minutes and once"),
	"setup_json":       config.T("итог как JSON; ничего не спрашивать", "the outcome as JSON; ask nothing"),
	"setup_restart":    config.T("начать сначала, а не с места, где остановились", "begin anew, and not where it was left"),
	"setup_accessible": config.T("без цвета и выделений, для чтения с экрана вслух", "no colour and no emphasis, for screen readers"),

	"setup_allow_missing": config.T("записать файл и без права смотреть журнал: тогда судьбу записи, ответ на которую потерялся, не узнать", "write the file even without the right to the timetable: a booking whose answer was lost cannot be looked up then"),

	"api_words": config.T("операция и её параметры", "the operation and its parameters"),

	"cmd_alert":      config.T("оповещения о беде", "alerts of trouble"),
	"cmd_alert_test": config.T("послать пробное сообщение всеми настроенными способами", "send a test message in every configured way"),
	"doctor_all":     config.T("показать и то, что в порядке", "show what is well, too"),
	"doctor_fix":     config.T("исправить безопасное (права файлов, строки .gitignore) и сказать, что сделано", "mend what is safe (rights of files, lines of .gitignore) and say what was done"),
	"doctor_report":  config.T("записать zapis-report.json без токенов, телефонов и имён, чтобы послать тому, кто помогает", "write zapis-report.json without tokens, phones and names, to send to whoever helps"),
	"doctor_deep":    config.T("спросить всё о каждом филиале и сравнить ответы с договором API", "ask everything of every branch, and compare the answers with the API's contract"),
	"doctor_json":    config.T("отчёт как JSON", "the report as JSON"),
}

// examples stand under the help of each command.
var examples = map[string]config.Text{
	"demo": config.T(`Примеры:
  zapis demo                          всё сразу, откроется браузер
  zapis demo --lan                    и на телефоне в той же сети
  zapis demo --addr 127.0.0.1:9000    если порт 8484 занят`, `Examples:
  zapis demo                          everything at once, opens the browser
  zapis demo --lan                    on a phone of the same network too
  zapis demo --addr 127.0.0.1:9000    if port 8484 is busy`),
	"serve": config.T(`Настройки: окружение процесса сильнее файла, ключи командной строки сильнее обоих.

Примеры:
  zapis serve                                   по .env в текущей папке
  zapis serve --env-file backend/.env           по другому файлу
  ZAPIS_MODE=readonly zapis serve --addr :8080  только чтение, другой порт`, `Settings: the process environment beats the file, flags beat both.

Examples:
  zapis serve                                   by .env in the working folder
  zapis serve --env-file backend/.env           by another file
  ZAPIS_MODE=readonly zapis serve --addr :8080  reading only, another port`),
	"sandbox": config.T(`Примеры:
  zapis sandbox                       адрес и ключи на экране
  zapis sandbox --json --limits x10   для скрипта, пределы в 10 раз выше
  zapis sandbox --addr 127.0.0.1:8443 --ca-out ca.pem   https под именем api.yclients.com
  zapis sandbox --seed chain:100,1000,1000000   сто филиалов, миллион записей
  curl http://127.0.0.1:8585/_sandbox/sms   «отправленные» СМС
  zapis sandbox record --out tape     записать ответы настоящего аккаунта
  zapis sandbox compare tape          и сравнить с ними песочницу`, `Examples:
  zapis sandbox                       address and keys on the screen
  zapis sandbox --json --limits x10   for a script, limits ten times higher
  zapis sandbox --addr 127.0.0.1:8443 --ca-out ca.pem   https under the name api.yclients.com
  zapis sandbox --seed chain:100,1000,1000000   a hundred branches, a million records
  curl http://127.0.0.1:8585/_sandbox/sms   the SMS "sent"
  zapis sandbox record --out tape     record what a real account answers
  zapis sandbox compare tape          and hold the sandbox against it`),
	"sandbox record": config.T(`Направьте свою программу на этот адрес вместо https://api.yclients.com: ответы пройдут без изменений, а их вид ляжет в папку.
Имена, телефоны, почта, тексты, токены и номера заменяются раньше, чем что-либо попадёт на диск. Меняющие вызовы не пропускаются без --writes.

Примеры:
  zapis sandbox record --out tape
  zapis sandbox record --out tape --upstream https://api.yclients.ru --addr 127.0.0.1:8586`, `Point your program here instead of https://api.yclients.com: answers pass unchanged, and their form is put into the folder.
Names, phones, mail, texts, tokens and ids are replaced before anything touches the disk. Calls that change something need --writes.

Examples:
  zapis sandbox record --out tape
  zapis sandbox record --out tape --upstream https://api.yclients.ru --addr 127.0.0.1:8586`),
	"sandbox compare": config.T(`Песочницу спрашивают то же самое и сравнивают вид ответов: статус, поля, типы. Код выхода 1, если есть различия.

Пример:
  zapis sandbox compare tape`, `The sandbox is asked the same, and the form of the answers is compared: status, fields, kinds. Exit code 1 if there are differences.

Example:
  zapis sandbox compare tape`),
	"setup": config.T(`Ключ: зарегистрируйтесь на https://yclients.com/appstore/developers и скопируйте API-ключ. Отдельный «партнёрский токен» не нужен.
Файл меняется, только когда каждая часть проверена; чужие строки остаются как были, прежний файл сохраняется с .bak.
В терминале без ключей спрашивает по шагам; прерванное продолжается. Без терминала ничего не спрашивает.

Примеры:
  zapis setup                                  спросить по шагам
  zapis setup --link                           настроить в браузере
  zapis setup --api-key @ключ.txt --login 79000000001 --password-stdin < пароль.txt
  zapis setup --api-key @ключ.txt --login 79000000001 --password-stdin --company https://yclients.com/timetable/4564
  zapis setup --user-token-stdin --company 4564 < токен.txt     ключ уже настроен, пароль не нужен
  zapis setup --env-file backend/.env --api-key @ключ.txt --login 79000000001 --password-stdin`,
		`The key: register at https://yclients.com/appstore/developers and copy the API key. No separate "partner token" is needed.
The file changes only when every part is proven; other lines stay as they were, the former file is kept with .bak.
At a terminal without flags it asks step by step; what was interrupted goes on. Without a terminal it asks nothing.

Examples:
  zapis setup                                  ask step by step
  zapis setup --link                           set up in a browser
  zapis setup --api-key @key.txt --login 79000000001 --password-stdin < password.txt
  zapis setup --api-key @key.txt --login 79000000001 --password-stdin --company https://yclients.com/timetable/4564
  zapis setup --user-token-stdin --company 4564 < token.txt     the key is configured, no password needed
  zapis setup --env-file backend/.env --api-key @key.txt --login 79000000001 --password-stdin`),
	"doctor": config.T(`Примеры:
  zapis doctor                          проверить .env и YCLIENTS
  zapis doctor --env-file backend/.env  другой файл
  zapis doctor --fix                    исправить права файлов и .gitignore, потом проверить
  zapis doctor --report                 ещё и отчёт без секретов, чтобы послать тому, кто помогает
  zapis doctor --json                   для мониторинга; код выхода говорит правду`, `Examples:
  zapis doctor                          check .env and YCLIENTS
  zapis doctor --env-file backend/.env  another file
  zapis doctor --fix                    mend rights of files and .gitignore, then check
  zapis doctor --report                 with a report without secrets, to send to whoever helps
  zapis doctor --json                   for monitoring; the exit code tells the truth`),
	"alert test": config.T(`Пример:
  zapis alert test`, `Example:
  zapis alert test`),
	"backup": config.T(`В копии всё, что хранит сервер, кроме ключа шифрования: его храните отдельно. Персональные данные в копии зашифрованы этим ключом.
Копия SQLite восстанавливается и в PostgreSQL (ZAPIS_DATABASE_URL), и обратно.

Примеры:
  zapis backup zapis-2026-11-23.backup
  zapis backup - > zapis.backup`, `A backup has all that the server keeps, but not the encryption key: keep that elsewhere. Personal data in it stay sealed under the key.
A backup of SQLite can be restored into PostgreSQL (ZAPIS_DATABASE_URL), and the other way round.

Examples:
  zapis backup zapis-2026-11-23.backup
  zapis backup - > zapis.backup`),
	"restore": config.T(`Сначала положите ключ шифрования (файл key в папку данных или ZAPIS_KEY), потом восстанавливайте; сервер остановлен.
Изменения, которые не были отправлены к моменту копии, сервер сперва ищет в YCLIENTS: записи не задвоятся.
Кто вошёл или записался после копии, войдёт ещё раз; сами записи в YCLIENTS целы.

Пример:
  zapis restore --data zapis-data zapis-2026-11-23.backup`, `First put the encryption key in place (the file key in the data folder, or ZAPIS_KEY), then restore; the server is stopped.
Changes not sent when the backup was made are first looked up in YCLIENTS: no booking is doubled.
Who signed in after the backup signs in again; the bookings in YCLIENTS are whole.

Example:
  zapis restore --data zapis-data zapis-2026-11-23.backup`),
	"rehearse": config.T(`Делает одну запись на дальнее время выбранного мастера на ваш телефон, читает, переносит и отменяет её; напоминания выключены.
Перед записью покажет, что будет сделано, и спросит. За прерванной репетицией убирает следующий запуск.

Примеры:
  zapis rehearse --staff 564501 --service 564001 --phone 79000000001
  zapis rehearse --branch 4564 --staff 564501 --service 564001 --phone 79000000001 --yes --report отчёт.txt
  zapis rehearse --clean`, `Makes one record at a far time of the chosen master for your phone, reads, moves and cancels it; reminders are off.
Before that it shows what will be done, and asks. The next start cleans up after an interrupted rehearsal.

Examples:
  zapis rehearse --staff 564501 --service 564001 --phone 79000000001
  zapis rehearse --branch 4564 --staff 564501 --service 564001 --phone 79000000001 --yes --report report.txt
  zapis rehearse --clean`),
	"api": config.T(`Вызов: zapis api ОПЕРАЦИЯ [--параметр значение] [--body @файл|-|JSON] [--all-pages] [--yes]
       zapis api ОПЕРАЦИЯ --template | zapis api --list [НАЧАЛО]

Параметры называются как в документации YCLIENTS; филиал берётся из настроек, если не назван. Ответ печатается как пришёл,
токены в нём скрыты. Рассылки, удаления, деньги и права ничего не делают без --yes.

Примеры:
  zapis api listRecords --start_date 2026-11-24 --all-pages    все записи с этого дня
  zapis api getRecord --record_id 10                           одна запись
  zapis api createRecord --template                            какие параметры и какое тело
  zapis api createRecord --body @record.json                   тело из файла, - читает стандартный ввод
  zapis api --list getUser                                     операции, чьи имена так начинаются`, `Usage: zapis api OPERATION [--param value] [--body @file|-|JSON] [--all-pages] [--yes]
       zapis api OPERATION --template | zapis api --list [PREFIX]

Parameters have the names of YCLIENTS' documentation; the branch is that of the settings unless given. The answer is printed
as it came, with the tokens in it hidden. Mailings, deletions, money and rights do nothing without --yes.

Examples:
  zapis api listRecords --start_date 2026-11-24 --all-pages    all records from that day on
  zapis api getRecord --record_id 10                           one record
  zapis api createRecord --template                            which parameters, and a body to fill in
  zapis api createRecord --body @record.json                   the body from a file, - reads standard input
  zapis api --list getUser                                     operations whose ids begin so`),
	"token show": config.T(`Пример:
  zapis token                         то же, что zapis token show`, `Example:
  zapis token                         the same as zapis token show`),
	"token check": config.T(`Токен сотрудника умирает, когда тот меняет пароль: тогда здесь будет код выхода 4.

Пример:
  zapis token check --json`, `An employee's token dies when the password changes: the exit code is 4 then.

Example:
  zapis token check --json`),
	"token renew": config.T(`В терминале спросит логин и пароль. Работающий сервер возьмёт новый токен сам, без перезапуска.

Примеры:
  zapis token renew
  zapis token renew --login 79000000001 --password-stdin < пароль.txt
  zapis token renew --user-token-stdin < токен.txt`, `At a terminal it asks for login and password. A running server takes the new token by itself, without a restart.

Examples:
  zapis token renew
  zapis token renew --login 79000000001 --password-stdin < password.txt
  zapis token renew --user-token-stdin < token.txt`),
	"company list": config.T(`Пример:
  zapis company --json`, `Example:
  zapis company --json`),
	"company find": config.T(`Число в адресе формы записи (n123.yclients.com) — номер формы, а не филиала: Zapis спросит, чья она.

Примеры:
  zapis company find https://yclients.com/timetable/4564
  zapis company find n123.yclients.ru`, `The number in a booking form's address (n123.yclients.com) is the form's and not the branch's: Zapis asks whose it is.

Examples:
  zapis company find https://yclients.com/timetable/4564
  zapis company find n123.yclients.ru`),
	"hooks show": config.T(`Чужие адреса показаны только узлом: остальное в них часто секрет.

Пример:
  zapis hooks`, `Addresses of others are shown by their host only: the rest is often a secret.

Example:
  zapis hooks`),
	"hooks install": config.T(`Настройки общие для всего филиала, и YCLIENTS заменяет их целиком. Поэтому Zapis читает их, добавляет своё, показывает
разницу, перед записью читает ещё раз и после записи сверяет. Всё чужое отправляется обратно таким, каким прочитано.

Примеры:
  zapis hooks install --public-url https://zapis.example.ru    спросит перед записью
  zapis hooks install --yes                                    без вопроса, для скриптов`, `The settings belong to the whole branch, and YCLIENTS replaces them as a whole. So Zapis reads them, adds its own, shows the
difference, reads again before it writes and compares afterwards. All that is others' is sent back as it was read.

Examples:
  zapis hooks install --public-url https://book.example.com    asks before it writes
  zapis hooks install --yes                                    without asking, for scripts`),
	"hooks remove": config.T(`Пример:
  zapis hooks remove --yes`, `Example:
  zapis hooks remove --yes`),
	"hooks test": config.T(`Пример:
  zapis hooks test --public-url https://zapis.example.ru`, `Example:
  zapis hooks test --public-url https://book.example.com`),
	"invite": config.T(`Ссылка действует 72 часа и открывается один раз. Администратор входит сам; API-ключа он не видит. Без публичного адреса
(ZAPIS_PUBLIC_URL) печатается карточка: что прислать разработчику.

Примеры:
  zapis invite --from Студия --for Сирень      ссылка для администратора
  zapis invite --card html > card.html         карточка, чтобы отправить
  zapis invite --list                          какие ссылки есть`, `The link is good for 72 hours and opens once. The administrator signs in alone, and never sees the API key. Without a public
address (ZAPIS_PUBLIC_URL) it is a card: what to send to the developer.

Examples:
  zapis invite --from Studio --for Lilac       a link for the administrator
  zapis invite --card html > card.html         a card to send
  zapis invite --list                          which links there are`),
	"config show": config.T(`Пример:
  zapis config show --env-file backend/.env`, `Example:
  zapis config show --env-file backend/.env`),
}
