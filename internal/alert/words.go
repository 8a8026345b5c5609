package alert

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zapis/internal/problem"
)

// Names of incidents.
const (
	UserToken = "user_token"
	APIKey    = "api_key"
)

// works says what goes on and what does not while an incident lasts.
var works = map[string]problem.Text{
	UserToken: {
		RU: "Каталог, свободное время и новые записи работают. Не работают: перенос и отмена записей, сделанных не в приложении, и розыск записи, ответ на которую потерялся.",
		EN: "The catalogue, free times and new bookings work. What does not: moving and cancelling bookings made elsewhere, and looking up a booking whose answer was lost.",
	},
	APIKey: {
		RU: "Не работает ничего: клиенты видят телефон салона.",
		EN: "Nothing works: customers are shown the salon's phone.",
	},
}

func (a *Alerts) in(ru, en string) string { return problem.Text{RU: ru, EN: en}.In(a.Lang) }

func (a *Alerts) message(kind, name string, at time.Time) Message {
	return Message{Kind: kind, Incident: name, Server: a.Name, At: at.UTC().Truncate(time.Second)}
}

func (a *Alerts) trouble(ctx context.Context, name string, code problem.Code, at time.Time) Message {
	m := a.message(kindTrouble, name, at)
	m.Code = code
	meaning := problem.Of(code)
	m.Title = meaning.Title.In(a.Lang)
	lines := []string{m.Title + "."}
	if w, known := works[name]; known {
		lines = append(lines, w.In(a.Lang))
	}
	lines = append(lines, a.in("Что делать: ", "What to do: ")+meaning.Fix.In(a.Lang))
	if name == UserToken && a.Invite != nil {
		if m.Link = a.Invite(ctx); m.Link != "" {
			lines = append(lines, a.in("Ссылка для администратора салона, на один раз: ", "A link for the salon's administrator, good once: ")+m.Link)
		}
	}
	m.Text = a.signed(lines)
	return m
}

func (a *Alerts) clear(name string, was incident) Message {
	now := a.Now()
	m := a.message("clear", name, now)
	m.Code = was.Code
	m.Title = a.in("Устранено: ", "Resolved: ") + lowerFirst(problem.Of(was.Code).Title.In(a.Lang))
	m.Text = a.signed([]string{
		a.in("Больше не так: ", "Over: ") + problem.Of(was.Code).Title.In(a.Lang) + ".",
		fmt.Sprintf(a.in("Длилось %s.", "It lasted %s."), now.Sub(was.Since).Round(time.Second)),
	})
	return m
}

func (a *Alerts) test() Message {
	m := a.message("test", "test", a.Now())
	m.Title = a.in("Проверка оповещений", "A test of the alerts")
	m.Text = a.signed([]string{a.in("Это проверка: делать ничего не нужно.", "This is a test: nothing has to be done.")})
	return m
}

// signed ends a text with who says it.
func (a *Alerts) signed(lines []string) string {
	if a.Name != "" {
		lines = append(lines, "— Zapis, "+a.Name)
	}
	return strings.Join(lines, "\n")
}

func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 1 && strings.ToUpper(string(r[1])) != string(r[1]) {
		return strings.ToLower(string(r[0])) + string(r[1:])
	}
	return s
}
