package problem

// Exit codes of the commands.
const (
	ExitFailure     = 1 // something of ours failed
	ExitUsage       = 2 // the command line is wrong
	ExitConfig      = 3 // settings are missing or wrong
	ExitRefused     = 4 // YCLIENTS refused: key, token, rights
	ExitUnreachable = 5 // YCLIENTS could not be asked
	ExitLocal       = 6 // a busy port, a folder that cannot be written
)

// The codes. The comment of each group says who can mend it.
const (
	// The request.
	MalformedJSON    Code = "malformed_json"
	InvalidRequest   Code = "invalid_request"
	BodyTooLarge     Code = "body_too_large"
	UnsupportedMedia Code = "unsupported_media_type"
	NotAcceptable    Code = "not_acceptable"
	RouteUnknown     Code = "route_unknown"
	MethodNotAllowed Code = "method_not_allowed"
	TooManyRequests  Code = "too_many_requests"
	CrossOrigin      Code = "cross_origin"

	// What the request names.
	BranchUnknown  Code = "branch_unknown"
	ServiceUnknown Code = "service_unknown"
	StaffUnknown   Code = "staff_unknown"
	BookingUnknown Code = "booking_unknown"
	StartInvalid   Code = "start_invalid"
	StartPast      Code = "start_past"
	DateInvalid    Code = "date_invalid"
	PhoneInvalid   Code = "phone_invalid"
	NameRequired   Code = "name_required"

	// Repeating.
	KeyMissing Code = "idempotency_key_missing"
	KeyInvalid Code = "idempotency_key_invalid"
	KeyReused  Code = "idempotency_key_reused"
	KeyRunning Code = "idempotency_key_running"

	// Who is asking.
	SessionRequired Code = "session_required"
	SessionInvalid  Code = "session_invalid"
	RefreshInvalid  Code = "refresh_invalid"
	CodeRequired    Code = "code_required"
	CodeWrong       Code = "code_wrong"
	CodeTries       Code = "code_tries_exceeded"
	CodeSends       Code = "code_sends_exceeded"
	CodeUnavailable Code = "code_unavailable"
	ConsentRequired Code = "consent_required"
	ConsentOutdated Code = "consent_outdated"
	ClientBlocked   Code = "client_blocked"
	PilotOnly       Code = "pilot_only"

	// The booking.
	SlotTaken           Code = "slot_taken"
	SlotsOverlap        Code = "slots_overlap"
	NoStaffFree         Code = "no_staff_free"
	ServicesUnavailable Code = "services_unavailable"
	StaffService        Code = "staff_service_mismatch"
	PrepaymentRequired  Code = "prepayment_required"
	BookingRefused      Code = "booking_refused"
	BookingPending      Code = "booking_pending"
	BookingFinished     Code = "booking_finished"
	MoveForbidden       Code = "move_forbidden"
	MoveTooLate         Code = "move_too_late"
	MoveOtherIdentity   Code = "move_other_identity"
	CancelForbidden     Code = "cancel_forbidden"
	CancelTooLate       Code = "cancel_too_late"
	OutcomeUnknown      Code = "outcome_unknown"

	// The server's settings.
	NotConfigured Code = "not_configured"
	Disabled      Code = "disabled"
	ReadOnly      Code = "readonly"
	ConfigInvalid Code = "config_invalid"

	// YCLIENTS.
	UpstreamUnavailable Code = "upstream_unavailable"
	UpstreamBusy        Code = "upstream_busy"
	UpstreamLimited     Code = "upstream_limited"
	UpstreamMalformed   Code = "upstream_malformed"
	UpstreamKey         Code = "upstream_key_refused"
	UpstreamToken       Code = "upstream_token_refused"
	UpstreamForbidden   Code = "upstream_forbidden"
	UpstreamCompany     Code = "upstream_company_unknown"
	UpstreamLogin       Code = "upstream_login_refused"
	SecondFactor        Code = "upstream_second_factor"

	// Setting up.
	InputUnusable Code = "input_unusable"
	BranchChoice  Code = "branch_choice_needed"
	HooksFull     Code = "hooks_full"
	HooksChanged  Code = "hooks_changed"
	HooksAddress  Code = "hooks_address_unusable"
	EnvTracked    Code = "env_file_tracked"
	EnvChanged    Code = "env_file_changed"
	LinkInvalid   Code = "setup_link_invalid"
	LinkUsed      Code = "setup_link_used"

	// This machine.
	StoreUnavailable Code = "store_unavailable"
	StoreNewer       Code = "store_newer"
	KeyWrong         Code = "encryption_key_wrong"
	BackupUnusable   Code = "backup_unusable"
	StoreNotEmpty    Code = "store_not_empty"
	PortBusy         Code = "port_busy"
	AddressUnusable  Code = "address_unusable"
	FolderUnusable   Code = "folder_unusable"
	Internal         Code = "internal"
)

var table = []Meaning{
	{MalformedJSON, 400, ExitFailure, false,
		Text{"Тело запроса — не JSON", "The request body is not JSON"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Отправьте один документ JSON в UTF-8 с заголовком Content-Type: application/json.", "Send one JSON document in UTF-8 with Content-Type: application/json."}},
	{InvalidRequest, 422, ExitUsage, false,
		Text{"Запрос не соответствует описанию API", "The request does not fit the API's description"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Исправьте места, перечисленные в errors; описание — в /docs.", "Correct the places listed in errors; /docs describes each."}},
	{BodyTooLarge, 413, ExitFailure, false,
		Text{"Тело запроса слишком большое", "The request body is too large"},
		Text{"Слишком длинный текст. Сократите его и попробуйте снова.", "The text is too long. Shorten it and try again."},
		Text{"Тело запроса — не больше 64 КБ.", "Keep the body within 64 KB."}},
	{UnsupportedMedia, 415, ExitFailure, false,
		Text{"Неизвестный вид тела запроса", "The body's media type is not supported"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Отправьте Content-Type: application/json.", "Send Content-Type: application/json."}},
	{NotAcceptable, 406, ExitFailure, false,
		Text{"Такого вида ответа нет", "No answer of the wanted media type"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Примите application/json и application/problem+json.", "Accept application/json and application/problem+json."}},
	{RouteUnknown, 404, ExitFailure, false,
		Text{"Такого адреса в API нет", "No such address in the API"},
		Text{"Страница не найдена.", "Page not found."},
		Text{"Все адреса перечислены в /docs и /openapi.json.", "All addresses are listed in /docs and /openapi.json."}},
	{MethodNotAllowed, 405, ExitFailure, false,
		Text{"Этот адрес не знает такого метода", "This address does not know that method"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Методы адреса — в заголовке Allow и в /docs.", "The Allow header and /docs list the methods."}},
	{TooManyRequests, 429, ExitFailure, true,
		Text{"Слишком много запросов", "Too many requests"},
		Text{"Слишком много попыток. Подождите немного.", "Too many tries. Please wait a little."},
		Text{"Подождите время из Retry-After.", "Wait for the time in Retry-After."}},
	{CrossOrigin, 403, ExitFailure, false,
		Text{"Запрос с чужого сайта", "A request from another site"},
		Text{"Откройте страницу записи заново.", "Open the booking page again."},
		Text{"Назовите сайт в ZAPIS_ORIGINS, если он ваш.", "Name the site in ZAPIS_ORIGINS if it is yours."}},

	{BranchUnknown, 404, ExitFailure, false,
		Text{"Такого филиала нет", "No such branch"},
		Text{"Такого филиала нет.", "There is no such branch."},
		Text{"Филиалы перечисляет GET /v1/branches; в настройках — YCLIENTS_COMPANY_ID и ZAPIS_COMPANY_IDS.", "GET /v1/branches lists them; in the settings they are YCLIENTS_COMPANY_ID and ZAPIS_COMPANY_IDS."}},
	{ServiceUnknown, 422, ExitFailure, false,
		Text{"Такой услуги в филиале нет", "The branch has no such service"},
		Text{"Этой услуги больше нет. Выберите другую.", "This service is no longer offered. Please choose another."},
		Text{"Обновите список: GET /v1/branches/{branch}/services.", "Refresh the list: GET /v1/branches/{branch}/services."}},
	{StaffUnknown, 422, ExitFailure, false,
		Text{"Такого мастера в филиале нет", "The branch has no such master"},
		Text{"К этому мастеру записаться нельзя. Выберите другого.", "This master cannot be booked. Please choose another."},
		Text{"Обновите список: GET /v1/branches/{branch}/staff.", "Refresh the list: GET /v1/branches/{branch}/staff."}},
	{BookingUnknown, 404, ExitFailure, false,
		Text{"Такой записи нет, или она не ваша", "No such booking, or it is not yours"},
		Text{"Запись не найдена.", "The booking was not found."},
		Text{"Нужна сессия владельца или заголовок Zapis-Booking-Secret этой записи.", "It takes the owner's session, or the booking's secret in Zapis-Booking-Secret."}},
	{StartInvalid, 422, ExitFailure, false,
		Text{"Начало не из списка времён", "The start is not one that slots gave"},
		Text{"Выберите время ещё раз.", "Please choose the time again."},
		Text{"Верните start без изменений, как его дал GET /v1/branches/{branch}/slots.", "Pass start back unchanged, as GET /v1/branches/{branch}/slots gave it."}},
	{StartPast, 422, ExitFailure, false,
		Text{"Это время уже прошло", "The start is in the past"},
		Text{"Это время уже прошло. Выберите другое.", "This time has passed. Please choose another."},
		Text{"Запросите свежие времена.", "Ask for fresh slots."}},
	{DateInvalid, 422, ExitFailure, false,
		Text{"Неверная дата", "The date is wrong"},
		Text{"Выберите другой день.", "Please choose another day."},
		Text{"Дата — yyyy-mm-dd по календарю филиала, не в прошлом и не дальше года.", "A date is yyyy-mm-dd in the branch's calendar, not past and within a year."}},
	{PhoneInvalid, 422, ExitFailure, false,
		Text{"Это не номер телефона", "Not a phone number"},
		Text{"Проверьте номер телефона.", "Please check the phone number."},
		Text{"Отправьте номер с кодом страны: +7 900 000-00-01.", "Send the number with its country code: +7 900 000-00-01."}},
	{NameRequired, 422, ExitFailure, false,
		Text{"Нужно имя клиента", "The client's name is needed"},
		Text{"Напишите, как вас зовут.", "Please tell us your name."},
		Text{"Заполните client.name.", "Fill in client.name."}},

	{KeyMissing, 400, ExitFailure, false,
		Text{"Нет заголовка Idempotency-Key", "The Idempotency-Key header is missing"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Придумайте ключ на каждое намерение (UUID) и повторяйте его при повторах.", "Make one key for each intention (a UUID) and send it again with every repeat."}},
	{KeyInvalid, 400, ExitFailure, false,
		Text{"Неверный Idempotency-Key", "The Idempotency-Key is wrong"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Ключ — от 8 до 255 видимых знаков ASCII, для гостя не меньше 16.", "A key is 8 to 255 visible ASCII characters, a guest's at least 16."}},
	{KeyReused, 422, ExitFailure, false,
		Text{"Этот Idempotency-Key уже был с другим телом", "This Idempotency-Key was used with another body"},
		Text{"Приложение отправило неверный запрос. Обновите приложение.", "The app sent a wrong request. Please update it."},
		Text{"Новое намерение — новый ключ.", "A new intention takes a new key."}},
	{KeyRunning, 409, ExitFailure, true,
		Text{"Запрос с этим ключом ещё выполняется", "A request with this key is still running"},
		Text{"Запись ещё оформляется. Подождите несколько секунд.", "The booking is still being made. Please wait a few seconds."},
		Text{"Повторите тот же запрос через Retry-After.", "Repeat the same request after Retry-After."}},

	{SessionRequired, 401, ExitFailure, false,
		Text{"Нужен вход", "A session is needed"},
		Text{"Войдите по номеру телефона.", "Please sign in with your phone number."},
		Text{"POST /v1/auth/codes, затем POST /v1/auth/sessions; токен — в Authorization: Bearer.", "POST /v1/auth/codes, then POST /v1/auth/sessions; send the token as Authorization: Bearer."}},
	{SessionInvalid, 401, ExitFailure, false,
		Text{"Токен доступа неизвестен или истёк", "The access token is unknown or has expired"},
		Text{"Войдите ещё раз.", "Please sign in again."},
		Text{"POST /v1/auth/refresh; если и он отказан — вход заново.", "POST /v1/auth/refresh; if that is refused too, sign in again."}},
	{RefreshInvalid, 401, ExitFailure, false,
		Text{"Токен обновления неизвестен, истёк или использован дважды", "The refresh token is unknown, expired or was used twice"},
		Text{"Войдите ещё раз.", "Please sign in again."},
		Text{"Храните последний полученный токен; вход заново.", "Keep the latest token received; sign in again."}},
	{CodeRequired, 422, ExitFailure, false,
		Text{"Филиал просит код из СМС", "The branch asks for an SMS code"},
		Text{"Введите код из СМС.", "Enter the code from the SMS."},
		Text{"POST /v1/auth/codes, затем тот же запрос с code и тем же Idempotency-Key.", "POST /v1/auth/codes, then the same request with code and the same Idempotency-Key."}},
	{CodeWrong, 422, ExitFailure, false,
		Text{"Код не подошёл", "The code is wrong"},
		Text{"Код не подошёл. Проверьте и введите ещё раз.", "The code does not fit. Check it and enter it again."},
		Text{"Спросите код ещё раз; неверных попыток — не больше пяти на код.", "Ask for the code again; a code takes five wrong tries at most."}},
	{CodeTries, 429, ExitFailure, true,
		Text{"Слишком много неверных кодов", "Too many wrong codes"},
		Text{"Слишком много неверных попыток. Попробуйте позже или позвоните в салон.", "Too many wrong tries. Try later, or call the salon."},
		Text{"Подождите время из Retry-After; новый код счёт не обнуляет.", "Wait for Retry-After; a new code does not reset the count."}},
	{CodeSends, 429, ExitFailure, true,
		Text{"Слишком много СМС на этот номер", "Too many SMS to this number"},
		Text{"Код уже отправлен. Новый можно попросить позже.", "A code was sent already. You can ask for a new one later."},
		Text{"Подождите время из Retry-After.", "Wait for the time in Retry-After."}},
	{CodeUnavailable, 503, ExitUnreachable, true,
		Text{"Код сейчас не отправить", "A code cannot be sent now"},
		Text{"СМС сейчас не отправляются. Попробуйте позже или позвоните в салон.", "SMS cannot be sent right now. Try later, or call the salon."},
		Text{"Проверьте баланс СМС филиала и zapis doctor.", "Check the branch's SMS balance and zapis doctor."}},
	{ConsentRequired, 422, ExitFailure, false,
		Text{"Нужно согласие на обработку персональных данных", "Consent to the processing of personal data is needed"},
		Text{"Подтвердите согласие на обработку персональных данных.", "Please agree to the processing of your personal data."},
		Text{"Покажите текст GET /v1/branches/{branch}/consent и пришлите consent.version.", "Show the text of GET /v1/branches/{branch}/consent and send consent.version."}},
	{ConsentOutdated, 422, ExitFailure, false,
		Text{"Текст согласия изменился", "The text of the consent has changed"},
		Text{"Текст согласия изменился. Прочитайте и подтвердите его снова.", "The text of the consent has changed. Please read it and agree again."},
		Text{"Запросите свежий текст и пришлите его версию.", "Fetch the fresh text and send its version."}},
	{ClientBlocked, 403, ExitFailure, false,
		Text{"Салон закрыл этому клиенту онлайн-запись", "The salon does not let this client book online"},
		Text{"Онлайн-запись для вас недоступна. Позвоните в салон.", "Online booking is not available to you. Please call the salon."},
		Text{"Клиент в чёрном списке YCLIENTS (код 434); решает салон.", "The client is on the black list of YCLIENTS (code 434); the salon decides."}},
	{PilotOnly, 403, ExitFailure, false,
		Text{"Идёт пробный режим", "Pilot mode"},
		Text{"Запись через приложение скоро откроется. Пока позвоните в салон.", "Booking through the app opens soon. Please call the salon for now."},
		Text{"ZAPIS_MODE=pilot записывает только телефоны из ZAPIS_PILOT_PHONES.", "ZAPIS_MODE=pilot books only the phones of ZAPIS_PILOT_PHONES."}},

	{SlotTaken, 409, ExitFailure, false,
		Text{"Это время уже занято", "The time has been taken"},
		Text{"Это время только что заняли. Выберите другое.", "This time has just been taken. Please choose another."},
		Text{"Свежие времена — в alternatives; новый выбор — новый Idempotency-Key.", "Fresh starts are in alternatives; a new choice takes a new Idempotency-Key."}},
	{SlotsOverlap, 422, ExitFailure, false,
		Text{"Визиты в запросе пересекаются", "Appointments of the request overlap"},
		Text{"Выбранные времена пересекаются. Измените одно из них.", "The chosen times overlap. Please change one."},
		Text{"Разведите appointments по времени (код YCLIENTS 437).", "Set the appointments apart (YCLIENTS code 437)."}},
	{NoStaffFree, 409, ExitFailure, false,
		Text{"Свободных мастеров на это время нет", "No master is free at this time"},
		Text{"На это время не осталось свободных мастеров. Выберите другое.", "No master is free at this time any more. Please choose another."},
		Text{"Свежие времена — в alternatives (код YCLIENTS 436).", "Fresh starts are in alternatives (YCLIENTS code 436)."}},
	{ServicesUnavailable, 409, ExitFailure, false,
		Text{"Эти услуги больше нельзя записать", "These services cannot be booked any more"},
		Text{"Эту услугу сейчас нельзя записать. Выберите другую.", "This service cannot be booked right now. Please choose another."},
		Text{"Обновите каталог (код YCLIENTS 438).", "Refresh the catalogue (YCLIENTS code 438)."}},
	{StaffService, 422, ExitFailure, false,
		Text{"Мастер не выполняет эту услугу", "The master does not do this service"},
		Text{"Этот мастер не выполняет выбранную услугу.", "This master does not do the chosen service."},
		Text{"Спросите мастеров с services=, или услуги с staff=.", "Ask for masters with services=, or services with staff=."}},
	{PrepaymentRequired, 409, ExitFailure, false,
		Text{"Услуга требует предоплаты", "The service needs a prepayment"},
		Text{"Эту услугу бронируют с предоплатой на странице салона.", "This service is booked with a prepayment on the salon's page."},
		Text{"У YCLIENTS нет вызова для предоплаты: откройте widget_url.", "YCLIENTS has no call for a prepayment: open widget_url."}},
	{BookingRefused, 409, ExitFailure, false,
		Text{"YCLIENTS отказал в записи", "YCLIENTS refused the booking"},
		Text{"Салон не смог принять запись. Позвоните, пожалуйста.", "The salon could not take the booking. Please call."},
		Text{"Причина, которой нет среди кодов 431–438; слова YCLIENTS — в журнале по instance.", "A reason outside codes 431 to 438; the words of YCLIENTS are in the log under instance."}},
	{BookingPending, 409, ExitFailure, true,
		Text{"Исход записи ещё выясняется", "The booking's outcome is being established"},
		Text{"Мы ещё уточняем вашу запись. Подождите немного.", "We are still checking your booking. Please wait a little."},
		Text{"Повторите после того, как GET /v1/bookings/{id} даст не pending.", "Try again when GET /v1/bookings/{id} is no longer pending."}},
	{BookingFinished, 409, ExitFailure, false,
		Text{"Запись уже прошла или отменена", "The booking is over or cancelled"},
		Text{"Эту запись уже нельзя изменить.", "This booking can no longer be changed."},
		Text{"Смотрите status и time записи.", "See the booking's status and time."}},
	{MoveForbidden, 403, ExitFailure, false,
		Text{"Филиал не разрешает переносить запись", "The branch does not allow moving"},
		Text{"Перенести запись может только салон. Позвоните, пожалуйста.", "Only the salon can move this booking. Please call."},
		Text{"Настройка онлайн-записи филиала; показывайте перенос только при can_move.", "A setting of the branch's online booking; offer moving only when can_move."}},
	{MoveTooLate, 409, ExitFailure, false,
		Text{"Переносить уже поздно", "It is too late to move"},
		Text{"Переносить запись уже поздно. Позвоните в салон.", "It is too late to move the booking. Please call the salon."},
		Text{"Срок — в move_until.", "The deadline is in move_until."}},
	{MoveOtherIdentity, 403, ExitFailure, false,
		Text{"Запись сделана от другого лица, её может перенести только салон", "The record was made by another identity; only the salon can move it"},
		Text{"Перенести эту запись может только салон. Позвоните, пожалуйста.", "Only the salon can move this booking. Please call."},
		Text{"YCLIENTS ответил 403 на перенос; дайте сотруднику приложения право менять чужие записи.", "YCLIENTS answered 403 to the move; give the app's employee the right to change others' records."}},
	{CancelForbidden, 403, ExitFailure, false,
		Text{"Филиал не разрешает отменять запись", "The branch does not allow cancelling"},
		Text{"Отменить запись может только салон. Позвоните, пожалуйста.", "Only the salon can cancel this booking. Please call."},
		Text{"Настройка онлайн-записи филиала; показывайте отмену только при can_cancel.", "A setting of the branch's online booking; offer cancelling only when can_cancel."}},
	{CancelTooLate, 409, ExitFailure, false,
		Text{"Отменять уже поздно", "It is too late to cancel"},
		Text{"Отменять запись уже поздно. Позвоните в салон.", "It is too late to cancel. Please call the salon."},
		Text{"Срок — в cancel_until.", "The deadline is in cancel_until."}},
	{OutcomeUnknown, 503, ExitUnreachable, false,
		Text{"Исход не удалось установить", "The outcome could not be established"},
		Text{"Мы не смогли узнать, записаны ли вы. Салон свяжется с вами, или позвоните сами.", "We could not learn whether you are booked. The salon will contact you, or call it."},
		Text{"Запись ждёт решения оператора.", "The booking waits for the operator's decision."}},

	{NotConfigured, 503, ExitConfig, false,
		Text{"Сервер ещё не настроен", "The server is not configured yet"},
		Text{"Запись через приложение ещё не настроена. Позвоните в салон.", "Booking through the app is not set up yet. Please call the salon."},
		Text{"Выполните zapis setup.", "Run zapis setup."}},
	{Disabled, 503, ExitConfig, false,
		Text{"Связь с YCLIENTS выключена", "The connection to YCLIENTS is switched off"},
		Text{"Запись через приложение временно закрыта. Позвоните в салон.", "Booking through the app is closed for now. Please call the salon."},
		Text{"YCLIENTS_ENABLED=True включает её.", "YCLIENTS_ENABLED=True switches it on."}},
	{ReadOnly, 503, ExitConfig, false,
		Text{"Сервер только читает", "The server only reads"},
		Text{"Запись через приложение временно закрыта. Позвоните в салон.", "Booking through the app is closed for now. Please call the salon."},
		Text{"ZAPIS_MODE=live разрешает запись.", "ZAPIS_MODE=live allows booking."}},
	{ConfigInvalid, 500, ExitConfig, false,
		Text{"Настройки неверны", "The settings are wrong"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Исправьте перечисленное; zapis doctor проверит.", "Correct what is listed; zapis doctor checks it."}},

	{UpstreamUnavailable, 503, ExitUnreachable, true,
		Text{"YCLIENTS сейчас не отвечает", "YCLIENTS does not answer right now"},
		Text{"Сейчас не получается спросить систему салона. Позвоните в салон или попробуйте позже.", "We cannot ask the salon's system right now. Call the salon, or try later."},
		Text{"Повторите после Retry-After; это не «нет свободного времени».", "Repeat after Retry-After; this is not \"no free time\"."}},
	{UpstreamBusy, 503, ExitUnreachable, true,
		Text{"Очередь к YCLIENTS полна", "The queue to YCLIENTS is full"},
		Text{"Сейчас очень много запросов. Попробуйте через минуту или позвоните в салон.", "There are very many requests right now. Try in a minute, or call the salon."},
		Text{"Повторите после Retry-After; предел — 200 вызовов в минуту с одного адреса.", "Repeat after Retry-After; the limit is 200 calls a minute for one address."}},
	{UpstreamLimited, 503, ExitUnreachable, true,
		Text{"YCLIENTS ограничил число запросов", "YCLIENTS refused for its rate limit"},
		Text{"Сейчас очень много запросов. Попробуйте через минуту или позвоните в салон.", "There are very many requests right now. Try in a minute, or call the salon."},
		Text{"Кто-то ещё ходит в YCLIENTS с этого адреса: дайте всем один шлюз.", "Something else calls YCLIENTS from this address: put all of it behind one gateway."}},
	{UpstreamMalformed, 503, ExitUnreachable, true,
		Text{"YCLIENTS ответил непонятно", "YCLIENTS gave an answer that cannot be read"},
		Text{"Сейчас не получается спросить систему салона. Позвоните в салон или попробуйте позже.", "We cannot ask the salon's system right now. Call the salon, or try later."},
		Text{"Отрывок ответа — в журнале по instance; проверьте YCLIENTS_BASE_URL.", "An excerpt is in the log under instance; check YCLIENTS_BASE_URL."}},
	{UpstreamKey, 503, ExitRefused, false,
		Text{"YCLIENTS не принял ключ API", "YCLIENTS refused the API key"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Проверьте YCLIENTS_API_TOKEN: ключ из кабинета разработчика, целиком.", "Check YCLIENTS_API_TOKEN: the whole key from the developer's account."}},
	{UpstreamToken, 503, ExitRefused, false,
		Text{"YCLIENTS не принял токен сотрудника", "YCLIENTS refused the employee's token"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Токен меняется вместе с паролем: zapis setup получит новый.", "The token changes with the password: zapis setup gets a new one."}},
	{UpstreamForbidden, 503, ExitRefused, false,
		Text{"Сотруднику не хватает прав в филиале", "The employee lacks rights in the branch"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Дайте сотруднику приложения права, которые назовёт zapis doctor.", "Give the app's employee the rights that zapis doctor names."}},
	{UpstreamCompany, 503, ExitRefused, false,
		Text{"YCLIENTS не знает такого филиала", "YCLIENTS does not know the branch"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Проверьте YCLIENTS_COMPANY_ID: число из адреса журнала /timetable/<id>, а не номер формы записи.", "Check YCLIENTS_COMPANY_ID: the number in the timetable's address /timetable/<id>, not a booking form's."}},
	{UpstreamLogin, 503, ExitRefused, false,
		Text{"YCLIENTS не принял логин или пароль", "YCLIENTS refused the login or password"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Логин — телефон цифрами (79…) или почта; пароль — тот, что в веб-кабинете.", "The login is the phone in digits (79...) or the e-mail; the password is the web cabinet's."}},
	{SecondFactor, 503, ExitRefused, false,
		Text{"Вход защищён вторым фактором", "The account is protected by a second factor"},
		Text{"Сервис записи временно не работает. Позвоните в салон.", "The booking service is not working for now. Please call the salon."},
		Text{"Заведите отдельного сотрудника «Мобильное приложение» или скопируйте токен из кабинета.", "Create an employee of its own (\"Mobile app\"), or copy the token from the web cabinet."}},

	{InputUnusable, 422, ExitUsage, false,
		Text{"Введённое не подходит", "What was entered cannot be used"},
		Text{"Проверьте введённое и попробуйте ещё раз.", "Check what you entered and try again."},
		Text{"Скопируйте значение ещё раз целиком; место ошибки названо.", "Copy the whole value again; the place of the mistake is named."}},
	{BranchChoice, 422, ExitUsage, false,
		Text{"Нужно выбрать филиал", "A branch has to be chosen"},
		Text{"Выберите филиал из списка.", "Choose a branch from the list."},
		Text{"Назовите один из перечисленных: --company НОМЕР.", "Name one of those listed: --company ID."}},
	{HooksFull, 409, ExitRefused, false,
		Text{"Все десять адресов уведомлений YCLIENTS заняты", "All ten webhook addresses of YCLIENTS are taken"},
		Text{"Подключить уведомления не удалось: все места заняты.", "Notifications could not be connected: all places are taken."},
		Text{"Отключите в YCLIENTS ненужное приложение, которое занимает адрес, и повторите; чужие адреса Zapis не трогает.", "Disconnect an application in YCLIENTS that no longer needs its address and try again; Zapis touches no address of others."}},
	{HooksChanged, 409, ExitRefused, true,
		Text{"Настройки уведомлений изменились или сохранились не так", "The webhook settings changed meanwhile, or were not kept as written"},
		Text{"Настройки в YCLIENTS только что изменил кто-то другой. Повторите.", "Somebody else has just changed the settings in YCLIENTS. Try again."},
		Text{"Посмотрите, что там сейчас: zapis hooks show; потом повторите.", "Look at what is there now: zapis hooks show; then try again."}},
	{HooksAddress, 422, ExitConfig, false,
		Text{"Адрес сервера не годится для уведомлений", "The server's address will not do for webhooks"},
		Text{"Адрес сервера не подходит для уведомлений.", "The server's address will not do for notifications."},
		Text{"Нужен адрес, видимый из интернета, с https: ZAPIS_PUBLIC_URL=https://zapis.example.ru.", "An address seen from the internet is needed, with https: ZAPIS_PUBLIC_URL=https://book.example.com."}},
	{EnvTracked, 409, ExitConfig, false,
		Text{"Файл настроек хранится в git", "The env file is tracked by git"},
		Text{"Файл настроек лежит в репозитории: ключи туда не записаны.", "The env file lies in a repository: no keys were written to it."},
		Text{"Уберите файл из git (git rm --cached ФАЙЛ), добавьте его в .gitignore и повторите.", "Take the file out of git (git rm --cached FILE), add it to .gitignore and try again."}},
	{EnvChanged, 409, ExitConfig, true,
		Text{"Файл настроек изменили, пока мы спрашивали", "The env file was changed while we asked"},
		Text{"Файл настроек только что изменил кто-то другой. Повторите.", "Somebody else has just changed the settings. Try again."},
		Text{"Повторите: разница будет показана заново.", "Try again: the difference will be shown anew."}},
	{LinkInvalid, 403, ExitRefused, false,
		Text{"Ссылка не действует", "The link is not valid"},
		Text{"Ссылка не действует или её срок истёк. Попросите новую.", "The link is not valid or has expired. Ask for a new one."},
		Text{"Новая ссылка: zapis setup --link или zapis invite.", "A new link: zapis setup --link or zapis invite."}},
	{LinkUsed, 403, ExitRefused, false,
		Text{"Ссылка уже использована", "The link has been used already"},
		Text{"Ссылкой уже воспользовались. Если это были не вы, скажите об этом тому, кто её прислал, и попросите новую.", "The link has been used already. If it was not you, tell whoever sent it, and ask for a new one."},
		Text{"Новая ссылка: zapis setup --link или zapis invite.", "A new link: zapis setup --link or zapis invite."}},

	{StoreUnavailable, 503, ExitLocal, true,
		Text{"Хранилище недоступно", "The store is not available"},
		Text{"Запись сейчас недоступна. Попробуйте позже или позвоните в салон.", "Booking is not available right now. Try later, or call the salon."},
		Text{"Проверьте место на диске и доступ к базе; без хранилища ничего не бронируется.", "Check disk space and the database; nothing is booked without the store."}},
	{StoreNewer, 503, ExitLocal, false,
		Text{"База новее этой программы", "The database is newer than this program"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Запустите более новую версию zapis или верните резервную копию.", "Run a newer zapis, or restore a backup."}},
	{KeyWrong, 503, ExitConfig, false,
		Text{"Ключ шифрования не подходит к базе", "The encryption key does not fit the database"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Верните ZAPIS_KEY или файл key, с которым создана база.", "Bring back the ZAPIS_KEY or the key file that the database was created with."}},
	{BackupUnusable, 500, ExitLocal, false,
		Text{"Это не целая резервная копия Zapis", "This is not a whole backup of Zapis"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Скопируйте файл ещё раз или возьмите копию постарше. База не изменена.", "Copy the file again, or take an older one. The database was not changed."}},
	{StoreNotEmpty, 500, ExitLocal, false,
		Text{"В базе уже есть данные, и восстановление ничего не заменяет", "The database holds data already, and a restore replaces nothing"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Остановите сервер, отложите папку данных в сторону (или создайте новую базу) и повторите.", "Stop the server, move the data folder aside (or create a new database), and try again."}},
	{PortBusy, 500, ExitLocal, true,
		Text{"Порт занят", "The port is busy"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Остановите другую программу или назовите другой адрес: --addr 127.0.0.1:8500.", "Stop the other program, or name another address: --addr 127.0.0.1:8500."}},
	{AddressUnusable, 500, ExitUsage, false,
		Text{"На этом адресе нельзя слушать", "This address cannot be listened on"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Напишите узел:порт этой машины: --addr 127.0.0.1:8500.", "Write host:port of this machine: --addr 127.0.0.1:8500."}},
	{FolderUnusable, 500, ExitLocal, false,
		Text{"Папка недоступна", "The folder cannot be used"},
		Text{"Сервис записи не запущен.", "The booking service is not running."},
		Text{"Назовите папку, в которую можно писать: --data.", "Name a folder that can be written: --data."}},
	{Internal, 500, ExitFailure, true,
		Text{"Внутренняя ошибка", "Internal error"},
		Text{"Что-то пошло не так. Попробуйте ещё раз или позвоните в салон.", "Something went wrong. Try again, or call the salon."},
		Text{"Сообщите instance: по нему запись в журнале.", "Report the instance: it finds the line in the log."}},
}
