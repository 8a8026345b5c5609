package cli

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"zapis/internal/config"
	"zapis/internal/doctor"
	"zapis/internal/problem"
	"zapis/internal/setup"
)

type inviteCmd struct {
	taught `kong:"-"`
	From   string `placeholder:"${ph_name}" help:"${invite_from}"`
	For    string `placeholder:"${ph_name}" help:"${invite_for}"`
	Card   string `enum:",text,html" default:"" placeholder:"text|html" help:"${invite_card}"`
	List   bool   `xor:"what" help:"${invite_list}"`
	Revoke string `xor:"what" placeholder:"ID" help:"${invite_revoke}"`
	JSON   bool   `name:"json" help:"${doctor_json}"`
}

func (c inviteCmd) Help() string { return examples["invite"].In(c.lang) }

// Run makes a link for the salon's administrator, or without a public address the card of what to send.
func (c inviteCmd) Run(r *runner) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, _ := e.Config() // faults are what an invitation mends
	links := setup.OpenLinks(cfg.DataDir, nil)
	switch {
	case c.List:
		return c.list(r, links)
	case c.Revoke != "":
		if err := links.Revoke(r.ctx, c.Revoke); err != nil {
			return r.end(err)
		}
		r.good(config.T("ссылка больше не действует", "the link is no longer valid"))
		return nil
	case c.Card != "" || cfg.PublicURL == "":
		return c.card(r, cfg)
	}
	return c.link(r, e, cfg, links)
}

// link makes a link. Without an API key there is nothing that the administrator could sign in with.
func (c inviteCmd) link(r *runner, e *setup.Engine, cfg *config.Config, links *setup.Links) error {
	walk, err := e.OpenProgress()
	if err != nil {
		return r.end(err)
	}
	if cfg.Account.PartnerToken.IsZero() && walk.APIKey.IsZero() {
		return r.end(&setup.Refusal{
			Problem: problem.NotConfigured, Found: config.T("ещё нет API-ключа: администратор его не увидит и не введёт", "there is no API key yet: the administrator neither sees nor enters it"),
			Next: config.T("сначала: zapis setup, шаг 1", "first: zapis setup, step 1"),
		})
	}
	token, link, err := links.New(r.ctx, setup.Link{Kind: setup.LinkInvite, From: c.From, For: c.For, Lang: r.lang, Branches: cfg.Account.Branches})
	if err != nil {
		return r.end(err)
	}
	address := cfg.PublicURL + "/invite/#" + token.Reveal()
	if c.JSON {
		return r.writeJSON(map[string]any{"id": link.ID, "url": address, "expires": link.Expires})
	}
	r.say("Отправьте администратору салона эту ссылку. Она действует 72 часа и открывается один раз:\n\n  %s\n\nОтозвать: zapis invite --revoke %s",
		"Send this link to the salon's administrator. It is good for 72 hours and opens once:\n\n  %s\n\nTo take it back: zapis invite --revoke %s", address, link.ID)
	return nil
}

func (c inviteCmd) list(r *runner, links *setup.Links) error {
	all, err := links.List(r.ctx)
	if err != nil {
		return r.end(err)
	}
	if c.JSON {
		return c.listJSON(r, all)
	}
	if len(all) == 0 {
		r.say("ссылок нет; сделать: zapis invite", "there are no links; to make one: zapis invite")
	}
	for _, l := range all {
		const stamp = "2006-01-02 15:04"
		state := config.Tf("действует до %s", "good until %s", l.Expires.Local().Format(stamp))
		switch {
		case !l.Finished.IsZero():
			state = config.T("выполнена", "done")
		case !l.Opened.IsZero():
			state = config.Tf("открыта %s", "opened %s", l.Opened.Local().Format(stamp))
		}
		fmt.Fprintf(r.stdout, "%s  %s  %s  %s\n", l.ID, l.Kind, state.In(r.lang), l.For)
	}
	return nil
}

func (c inviteCmd) listJSON(r *runner, all []setup.Link) error {
	type link struct {
		ID      string    `json:"id"`
		Kind    string    `json:"kind"`
		For     string    `json:"for,omitempty"`
		Expires time.Time `json:"expires"`
		Opened  bool      `json:"opened"`
		Done    bool      `json:"done"`
	}
	list := []link{}
	for _, l := range all {
		list = append(list, link{l.ID, string(l.Kind), l.For, l.Expires, !l.Opened.IsZero(), !l.Finished.IsZero()})
	}
	return r.writeJSON(map[string]any{"links": list})
}

// linkTo prints a one-time link to the walk in a browser.
func (r *runner) linkTo(asJSON bool) error {
	e, end := r.setupEngine("")
	defer end()
	cfg, _ := e.Config()
	token, link, err := setup.OpenLinks(cfg.DataDir, nil).New(r.ctx, setup.Link{Kind: setup.LinkSetup, Lang: r.lang})
	if err != nil {
		return r.end(err)
	}
	address := (&url.URL{Scheme: "http", Host: cfg.AdminAddr, Path: "/setup/"}).String() + "#" + token.Reveal()
	if asJSON {
		return r.writeJSON(map[string]any{"url": address, "expires": link.Expires})
	}
	r.say("Ссылка на настройку в браузере, на 15 минут и на один раз:\n\n  %s\n\nОна открывается на той машине, где работает zapis serve.",
		"A link to the setup in a browser, for 15 minutes and once:\n\n  %s\n\nIt opens on the machine where zapis serve runs.", address)
	return nil
}

// card is one page for whoever holds the accounts, for sending by hand.
func (c inviteCmd) card(r *runner, cfg *config.Config) error {
	if c.JSON {
		return c.cardJSON(r)
	}
	if c.Card == "html" {
		return htmlCard.Execute(r.stdout, map[string]any{
			"Lang": r.lang, "Title": cardTitle, "Intro": c.intro(), "Never": cardNever, "Steps": cardSteps, "Rights": doctor.Rights,
		})
	}
	fmt.Fprintf(r.stdout, "%s\n\n%s\n\n", cardTitle.In(r.lang), c.intro().In(r.lang))
	for i, s := range cardSteps {
		fmt.Fprintf(r.stdout, "%d. %s\n", i+1, s.In(r.lang))
		if i > 0 {
			continue
		}
		for _, right := range doctor.Rights {
			fmt.Fprintf(r.stdout, "   - %s (%s)\n", right.Title.In(r.lang), right.Lost.In(r.lang))
		}
	}
	fmt.Fprintf(r.stdout, "\n%s\n", cardNever.In(r.lang))
	if cfg.PublicURL == "" && c.Card == "" {
		fmt.Fprintln(r.stderr, config.T("\nАдрес сервера в интернете не задан (ZAPIS_PUBLIC_URL), поэтому вместо ссылки — карточка", "\nThe server has no public address (ZAPIS_PUBLIC_URL), so this is a card and not a link").In(r.lang))
	}
	return nil
}

// cardJSON is the card for a program: there is no link without a public address.
func (c inviteCmd) cardJSON(r *runner) error {
	steps, rights := []string{}, []string{}
	for _, s := range cardSteps {
		steps = append(steps, s.In(r.lang))
	}
	for _, right := range doctor.Rights {
		rights = append(rights, right.Title.In(r.lang))
	}
	return r.writeJSON(map[string]any{"card": map[string]any{
		"title": cardTitle.In(r.lang), "intro": c.intro().In(r.lang), "steps": steps, "rights": rights, "never": cardNever.In(r.lang),
	}})
}

var (
	cardTitle = config.T("Что прислать разработчику", "What to send to the developer")
	cardSteps = []config.Text{
		config.T("Заведите в YCLIENTS отдельного сотрудника «Мобильное приложение» (Настройки → Пользователи) и дайте ему права:",
			"Make an employee of its own in YCLIENTS, «Мобильное приложение» (Настройки → Пользователи), with these rights:"),
		config.T("Войдите этим сотрудником и скопируйте его токен: «Интеграции» → «API». Если такого раздела нет, разработчик войдёт сам: понадобятся телефон или почта этого сотрудника и его пароль.",
			"Sign in as this employee and copy the token: «Интеграции» → «API». Where there is no such section, the developer signs in: it takes this employee's phone or e-mail and password."),
		config.T("Откройте журнал записи нужного филиала и скопируйте адрес страницы: yclients.com/timetable/НОМЕР.",
			"Open the timetable of the branch and copy the page's address: yclients.com/timetable/ID."),
		config.T("Передайте токен и адрес лично, по телефону или в исчезающем сообщении; не почтой и не в общем чате. Переписку потом удалите.",
			"Hand over token and address in person, by phone or in a message that vanishes; not by e-mail and not in a group. Delete the conversation afterwards."),
	}
	cardNever = config.T("Никогда не присылайте пароль владельца. API-ключ разработчик получает сам. Если сотрудник сменит пароль, токен перестанет действовать и понадобится новый.",
		"Never send an owner's password. The developer obtains the API key alone. When the employee changes the password, the token stops working and a new one is needed.")
)

// intro says who asks, and for what.
func (c inviteCmd) intro() config.Text {
	who, what := config.T("Разработчик", "The developer"), config.T("мобильное приложение салона", "the salon's mobile app")
	if name := strings.TrimSpace(c.From); name != "" {
		who = config.Text{RU: name, EN: name}
	}
	if name := strings.TrimSpace(c.For); name != "" {
		what = config.Text{RU: "приложение «" + name + "»", EN: "the app \"" + name + "\""}
	}
	return config.Tf("%s подключает %s к YCLIENTS. Для этого нужен доступ сотрудника, который видит журнал записи.", "%s connects %s to YCLIENTS. It takes the access of an employee who sees the timetable.", who, what)
}

var htmlCard = template.Must(template.New("card").Parse(`<!doctype html>
<html lang="{{.Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title.In .Lang}}</title>
<style>body{font:17px/1.5 system-ui,sans-serif;max-width:38em;margin:2em auto;padding:0 1em}li{margin:.5em 0}</style>
<h1>{{.Title.In .Lang}}</h1>
<p>{{.Intro.In .Lang}}</p>
<ol>{{range $i, $s := .Steps}}
<li>{{$s.In $.Lang}}{{if eq $i 0}}<ul>{{range $.Rights}}<li>{{.Title.In $.Lang}} ({{.Lost.In $.Lang}})</li>{{end}}</ul>{{end}}</li>{{end}}
</ol>
<p><strong>{{.Never.In .Lang}}</strong></p>
</html>
`))
