package config

import "zapis/internal/secret"

// Key is one variable: its name, default and meaning, and how its text becomes a field of Config.
type Key struct {
	Name string
	// Secret values are never shown.
	Secret bool
	// Default is what an absent or empty variable means; empty = nothing.
	Default string
	// About is one line for config show and help.
	About Text
	// Fix tells what to write instead of something wrong.
	Fix Text
	// set parses value into the field. It returns what is wrong, without quoting value.
	set func(c *Config, value string) *Text
}

// Keys are all variables that Zapis reads, in the order in which people meet them.
var Keys = append([]Key{
	{Name: "YCLIENTS_ENABLED", Default: "True",
		About: T("включён ли обмен с YCLIENTS", "whether YCLIENTS is spoken to at all"),
		Fix:   T("напишите YCLIENTS_ENABLED=True или YCLIENTS_ENABLED=False", "write YCLIENTS_ENABLED=True or YCLIENTS_ENABLED=False"),
		set:   func(_ *Config, v string) *Text { _, err := ParseBool(v); return sayIf(err, notABool) }},
	{Name: "YCLIENTS_COMPANY_ID",
		About: T("номер филиала", "id of the branch"),
		Fix: T("напишите номер филиала: он в адресе журнала записи, yclients.com/timetable/НОМЕР; или запустите zapis setup",
			"write the id of the branch: it stands in the timetable's address, yclients.com/timetable/ID; or run zapis setup"),
		set: setCompany},
	{Name: "YCLIENTS_API_TOKEN", Secret: true,
		About: T("API-ключ аккаунта Маркетплейса (он же Bearer, он же партнёрский токен)", "API key of the Marketplace account (the Bearer token, elsewhere called partner token)"),
		Fix: T("скопируйте ключ заново на https://yclients.com/appstore/developers и вставьте через zapis setup",
			"copy the key again from https://yclients.com/appstore/developers and give it to zapis setup"),
		set: setToken("YCLIENTS_API_TOKEN", func(c *Config) *secret.String { return &c.Account.PartnerToken })},
	{Name: "YCLIENTS_USER_TOKEN", Secret: true,
		About: T("токен сотрудника", "token of an employee"),
		Fix:   T("получите токен заново: zapis setup", "obtain the token again: zapis setup"),
		set:   setToken("YCLIENTS_USER_TOKEN", func(c *Config) *secret.String { return &c.Account.UserToken })},
	{Name: "YCLIENTS_BASE_URL", Default: "https://api.yclients.com",
		About: T("адрес YCLIENTS", "address of YCLIENTS"),
		Fix:   T("напишите YCLIENTS_BASE_URL=https://api.yclients.com (или https://api.yclients.ru)", "write YCLIENTS_BASE_URL=https://api.yclients.com (or https://api.yclients.ru)"),
		set:   func(c *Config, v string) (bad *Text) { c.BaseURL, bad = text(parseBaseURL(v)); return bad }},
	{Name: "YCLIENTS_CA_FILE",
		About: T("файл с дополнительными корневыми сертификатами, PEM", "file of additional root certificates, PEM"),
		Fix:   T("укажите существующий файл с сертификатами PEM или уберите переменную", "name an existing file of PEM certificates, or remove the variable"),
		set:   setCAFile},
	{Name: "ZAPIS_COMPANY_IDS",
		About: T("другие филиалы, через запятую", "further branches, separated by commas"),
		Fix:   T("перечислите номера через запятую: ZAPIS_COMPANY_IDS=1,2", "list the ids separated by commas: ZAPIS_COMPANY_IDS=1,2"),
		set: func(c *Config, v string) *Text {
			ids, err := parseIDs(v)
			c.Account.Branches = append(c.Account.Branches, ids...)
			return textOf(err)
		}},
	{Name: "ZAPIS_MODE", Default: "live",
		About: T("live: читать и записывать; readonly: только читать; pilot: записывать лишь ZAPIS_PILOT_PHONES", "live: read and book; readonly: read only; pilot: book for ZAPIS_PILOT_PHONES only"),
		Fix:   T("напишите live, readonly или pilot", "write live, readonly or pilot"),
		set:   setMode},
	{Name: "ZAPIS_PILOT_PHONES", Secret: true,
		About: T("кого записывать в режиме pilot, через запятую", "whom to book for in pilot mode, separated by commas"),
		Fix:   T("перечислите телефоны через запятую: ZAPIS_PILOT_PHONES=+79000000001", "list the phones separated by commas: ZAPIS_PILOT_PHONES=+79000000001"),
		set:   setPilotPhones},
	{Name: "ZAPIS_KEY", Secret: true,
		About: T("ключ шифрования, base64 от 32 байт; иначе файл key в папке данных", "encryption key, base64 of 32 bytes; else the file key in the data folder"),
		Fix:   T("создайте ключ: openssl rand -base64 32; а если база уже есть, верните её прежний ключ", "make one: openssl rand -base64 32; if a database exists already, give back its former key"),
		set:   setKey},
	{Name: "ZAPIS_DATABASE_URL", Secret: true,
		About: T("postgres://…; пусто = SQLite в папке данных", "postgres://…; empty = SQLite in the data folder"),
		Fix:   T("напишите адрес вида postgres://имя:пароль@узел/база или уберите переменную", "write an address like postgres://name:password@host/database, or remove the variable"),
		set:   setDatabase},
	{Name: "ZAPIS_DATA", Default: "zapis-data",
		About: T("папка данных", "data folder"),
		Fix:   T("укажите папку", "name a folder"),
		set:   func(c *Config, v string) *Text { c.DataDir = v; return nil }},
	{Name: "ZAPIS_ADDR", Default: ":8484",
		About: T("где слушает API для приложения", "where the mobile API listens"),
		Fix:   T("напишите узел:порт, например :8484 или 127.0.0.1:8484", "write host:port, for example :8484 or 127.0.0.1:8484"),
		set:   func(c *Config, v string) *Text { c.Addr = v; return badAddr(v) }},
	{Name: "ZAPIS_ADMIN_ADDR", Default: "127.0.0.1:8486",
		About: T("где слушает пульт оператора", "where the operator's console listens"),
		Fix:   T("напишите адрес этой машины, например 127.0.0.1:8486", "write an address of this machine alone, for example 127.0.0.1:8486"),
		set:   setAdminAddr},
	{Name: "ZAPIS_PUBLIC_URL",
		About: T("адрес сервера, видимый из интернета: для уведомлений YCLIENTS и ссылок администратору", "the server's address as seen from the internet: for webhooks of YCLIENTS and links to an administrator"),
		Fix:   T("напишите адрес с https и без пути: https://zapis.example.ru", "write an address with https and without a path: https://book.example.com"),
		set:   setPublicURL},
	{Name: "ZAPIS_ORIGINS",
		About: T("сайты, которым можно звать API из браузера, через запятую", "web origins that may call the API from a browser, separated by commas"),
		Fix:   T("напишите без пути: https://zapis.example.ru", "write without a path: https://book.example.com"),
		set:   setOrigins},
	{Name: "ZAPIS_TRUSTED_PROXIES",
		About: T("чьему X-Forwarded-For верить: адреса и подсети через запятую", "whose X-Forwarded-For counts: addresses and networks, separated by commas"),
		Fix:   T("напишите адреса или подсети: 127.0.0.1,10.0.0.0/8", "write addresses or networks: 127.0.0.1,10.0.0.0/8"),
		set:   setProxies},
	{Name: "ZAPIS_TEST_PHONES", Secret: true,
		About: T("телефоны для проверки магазинами приложений, телефон:код через запятую; эта версия их читает, но ещё не применяет", "phones of store reviewers, phone:code separated by commas; read, and not in force in this version"),
		Fix:   T("напишите телефон:код, например 79000000001:1234", "write phone:code, for example 79000000001:1234"),
		set:   setTestPhones},
	{Name: "ZAPIS_HIDDEN_STAFF",
		About: T("мастера, которых не показывать, номера или имена через запятую", "masters never offered, ids or names separated by commas"),
		Fix:   T("перечислите номера или имена мастеров через запятую", "list the masters' ids or names separated by commas"),
		set:   setHidden},
	{Name: "ZAPIS_LIMITS_SCALE", Default: "1",
		About: T("во сколько раз ускорить оба предела запросов; только для проверок с песочницей", "factor on both rate limits; only for tests against a sandbox"),
		Fix:   T("напишите целое число от 1 до 1000 или уберите переменную", "write a whole number from 1 to 1000, or remove the variable"),
		set:   setScale},
	{Name: "ZAPIS_LOG", Default: "info",
		About: T("подробность журнала: debug, info, warn, error; с «,json» строками JSON", "how much is logged: debug, info, warn, error; with \",json\" as JSON lines"),
		Fix:   T("напишите, например, info или debug,json", "write, for example, info or debug,json"),
		set:   setLog},
}, alertKeys...)

// IsSecret reports whether values of the variable must never be shown. Unknown variables are secret.
func IsSecret(name string) bool {
	k := keyByName(name)
	return k.Name == "" || k.Secret
}

func keyByName(name string) Key {
	for _, k := range Keys {
		if k.Name == name {
			return k
		}
	}
	return Key{}
}
