package setup

import "zapis/internal/config"

// Ids of the steps.
const (
	StepAPIKey = "api_key"
	StepUser   = "user"
	StepBranch = "branch"
	StepRights = "rights"
	StepHooks  = "hooks"
	StepWrite  = "write"
	StepDone   = "done"
)

// Step is one part of the walk, as a person reads it.
type Step struct {
	ID string
	// Title names it; Why says what it is for, in one or two sentences; Help is for whoever is stuck, one paragraph each.
	Title, Why Text
	Help       []Text
	// Links are addresses that people need here.
	Links []Reference
	// Inputs are what is asked. Alternatives (sign in, or paste a token) are inputs of different Ways.
	Inputs []Input
	// Checks are the calls that prove it, in words, for the progress line.
	Checks []Text
	// Optional steps can be passed over. Invited: the step is a part of an invitation too.
	Optional, Invited bool
}

// Reference is an address with its name.
type Reference struct {
	Title Text
	URL   string
}

// Input is one thing to type, to paste or to choose.
type Input struct {
	// Name is stable: api_key, login, password, user_token, branch, public_url.
	Name string
	// Label asks for it; Hint is an example or where to find it.
	Label, Hint Text
	// Hidden input is never shown or kept by the face: passwords and tokens.
	Hidden bool
	// Way groups inputs of one alternative: "" is the only one, else login or token.
	Way string
}

// StepByID is nil for an unknown id.
func StepByID(id string) *Step {
	for i := range Steps {
		if Steps[i].ID == id {
			return &Steps[i]
		}
	}
	return nil
}

// TokenWasSeen is said of a token that was pasted: it lay somewhere before.
var TokenWasSeen = config.T("Токен, который побывал в переписке, документе или репозитории, считайте чужим: смените пароль сотрудника, и старый токен перестанет действовать.",
	"Take a token that was in a chat, a document or a repository for lost: change the employee's password, and the old token stops working.")

// Steps are the walk, in order.
var Steps = []Step{
	{
		ID: StepAPIKey, Title: config.T("API-ключ", "API key"),
		Why: config.T("Этим ключом Zapis представляется YCLIENTS. Он один на разработчика и общий для всех салонов.",
			"With this key Zapis tells YCLIENTS who is calling. A developer has one, for all salons."),
		Help: []Text{
			config.T("Где взять: войдите на yclients.com/appstore/developers, зарегистрируйтесь как разработчик, откройте «Настройки аккаунта» и скопируйте API-ключ.",
				"Where to get it: sign in at yclients.com/appstore/developers, register as a developer, open the account's settings («Настройки аккаунта») and copy the API key."),
			config.T("В других текстах этот же ключ называют «Bearer-токен» и «партнёрский токен» (partner token). Второго, отдельного партнёрского токена не бывает и искать его не нужно.",
				"Other texts call the same key \"Bearer token\" and \"partner token\". There is no second, separate partner token to look for."),
			config.T("Ключ, который уже побывал в переписке, в документе или в репозитории, замените: кто его видел, может звать YCLIENTS от вашего имени. Новый ключ делается там же.",
				"Replace a key that was ever in a chat, a document or a repository: whoever saw it can call YCLIENTS in your name. A new one is made in the same place."),
		},
		Links: []Reference{
			{config.T("регистрация разработчика и ключ", "developer's registration and key"), "https://yclients.com/appstore/developers"},
			{config.T("руководство поддержки YCLIENTS", "the guide of YCLIENTS' support"), "https://support.yclients.com/67-68-189--poshagovyj-gajd-po-razmesheniyu-v-marketplejse/"},
			{config.T("документация API", "documentation of the API"), "https://developers.yclients.com/ru/"},
		},
		Inputs: []Input{{Name: "api_key", Label: config.T("API-ключ", "API key"), Hint: config.T("вставьте целиком; он не будет показан", "paste the whole of it; it will not be shown"), Hidden: true}},
		Checks: []Text{config.T("вид ключа", "the key's form"), config.T("вызов YCLIENTS, которому нужен только он", "a call to YCLIENTS that needs nothing else")},
	},
	{
		ID: StepUser, Invited: true, Title: config.T("Сотрудник", "Employee"),
		Why: config.T("От имени этого сотрудника Zapis смотрит журнал, переносит и отменяет записи.",
			"In this employee's name Zapis reads the timetable, moves and cancels bookings."),
		Help: []Text{
			config.T("Лучше всего завести отдельного сотрудника «Мобильное приложение» с нужными правами (YCLIENTS → Настройки → Пользователи): тогда никто не вводит пароль владельца, и приложение не остановится, когда кто-то сменит свой пароль.",
				"Best is an employee of its own, «Мобильное приложение», with just the rights needed (YCLIENTS → Settings → Users): no owner's password is typed, and the app does not stop when somebody changes a password."),
			config.T("Пароль нужен один раз, чтобы получить токен. Он не сохраняется и не попадает в журнал.",
				"The password is needed once, to obtain the token. It is not stored and never logged."),
			config.T("Токен умирает, когда сотрудник меняет пароль. Тогда его обновляют: zapis token renew.",
				"The token dies when the employee changes the password. It is then renewed: zapis token renew."),
			config.T("Вместо пароля можно вставить готовый токен из веб-кабинета; обычно он там: «Интеграции» → «API».",
				"Instead of the password a token from the web cabinet can be pasted; it is usually there: «Интеграции» → «API»."),
			TokenWasSeen,
		},
		Inputs: []Input{
			{Name: "login", Way: "login", Label: config.T("телефон или почта сотрудника", "phone or e-mail of the employee"), Hint: config.T("например 79000000001", "for example 79000000001")},
			{Name: "password", Way: "login", Label: config.T("пароль", "password"), Hint: config.T("не показывается и не сохраняется", "neither shown nor stored"), Hidden: true},
			{Name: "user_token", Way: "token", Label: config.T("токен сотрудника", "the employee's token"), Hint: config.T("вставьте целиком; он не будет показан", "paste the whole of it; it will not be shown"), Hidden: true},
		},
		Checks: []Text{config.T("вход", "signing in"), config.T("вызов YCLIENTS, которому нужны ключ и токен", "a call to YCLIENTS that needs key and token"), config.T("чей это токен", "whose token it is")},
	},
	{
		ID: StepBranch, Invited: true, Title: config.T("Филиал", "Branch"),
		Why: config.T("В какой салон записывать. Филиалов может быть несколько.", "Which salon to book into. There may be several branches."),
		Help: []Text{
			config.T("Подойдёт номер или адрес любой страницы кабинета, например журнала записи: yclients.com/timetable/НОМЕР или yclients.ru/timetable/НОМЕР.",
				"An id will do, or the address of any page of the cabinet, such as the timetable: yclients.com/timetable/ID or yclients.ru/timetable/ID."),
			config.T("Число в адресе формы записи (n123.yclients.com) — номер формы, а не филиала. Вставить его можно: Zapis спросит, чья это форма.",
				"The number in a booking form's address (n123.yclients.com) is that of the form, not of the branch. It may be pasted: Zapis asks whose form it is."),
		},
		Inputs: []Input{{Name: "branch", Label: config.T("филиал", "branch"), Hint: config.T("номер из списка, номер филиала или адрес; несколько через запятую", "number in the list, id of the branch or an address; several separated by commas")}},
		Checks: []Text{config.T("филиал есть, и сотрудник им управляет", "the branch exists and the employee manages it")},
	},
	{
		ID: StepRights, Invited: true, Title: config.T("Права", "Rights"),
		Why: config.T("Что сотрудник может в этом филиале, и что без этого не заработает.", "What the employee may do in this branch, and what will not work without it."),
		Help: []Text{config.T("Права меняет администратор: YCLIENTS → Настройки → Пользователи → этот сотрудник. После этого проверьте ещё раз.",
			"An administrator changes them: YCLIENTS → Settings → Users → this employee. Then check again.")},
		Checks: []Text{config.T("права сотрудника в филиале", "the employee's rights in the branch")},
	},
	{
		ID: StepHooks, Optional: true, Title: config.T("Уведомления от YCLIENTS", "Webhooks of YCLIENTS"),
		Why: config.T("YCLIENTS сам сообщает об изменениях, и приложение видит их через секунды. Нужен адрес сервера, видимый из интернета. Без этого всё работает, но изменения видны позже.",
			"YCLIENTS tells of changes by itself, and the app sees them within seconds. It needs an address of the server seen from the internet. All works without it, and changes are seen later."),
		Help: []Text{config.T("Настройки общие для филиала: Zapis читает их, добавляет свой адрес, ничего чужого не меняет и показывает разницу, прежде чем записать.",
			"The settings belong to the whole branch: Zapis reads them, adds its own address, changes nothing of others and shows the difference before it writes.")},
		Inputs: []Input{{Name: "public_url", Label: config.T("адрес сервера", "address of the server"), Hint: config.T("https://zapis.example.ru; пусто = пока не нужно", "https://book.example.com; empty = not now")}},
		Checks: []Text{config.T("настройки прочитаны", "the settings are read"), config.T("за это время ничего не изменилось", "nothing changed meanwhile"), config.T("сохранилось так, как записано", "they were kept as written")},
	},
	{
		ID: StepWrite, Invited: true, Title: config.T("Запись настроек", "Writing the settings"),
		Why: config.T("Меняются только переменные YCLIENTS; остальное в файле остаётся как было. Прежний файл сохраняется рядом.",
			"Only the variables of YCLIENTS change; all else in the file stays as it was. The former file is kept beside it."),
		Help: []Text{config.T("Этот же файл читает и ваш собственный бэкенд на Python или PHP, если он есть: имена переменных прежние.",
			"Your own backend in Python or PHP reads the same file, if you have one: the names are the usual ones.")},
		Checks: []Text{config.T("файл не хранится в git", "the file is not tracked by git"), config.T("файл читается обратно", "the file reads back")},
	},
	{
		ID: StepDone, Invited: true, Title: config.T("Готово", "Done"),
		Why: config.T("Проверка всего сразу. Работающий сервер возьмёт новые настройки сам, без перезапуска.",
			"Everything checked at once. A running server takes the new settings by itself, without a restart."),
	},
}
