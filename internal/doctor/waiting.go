package doctor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zapis/internal/config"
	"zapis/yclients"
)

// waitingWords stand in the names of masters who are no people: salons keep a waiting list as a column of the timetable.
var waitingWords = []string{"лист ожидания", "ожидани", "waiting list", "waitlist", "очередь", "резерв"}

// checkWaiting looks for bookable masters that seem to be waiting lists: "any master" would fall on them.
func checkWaiting(ctx context.Context, e *exam, branch int64) []Finding {
	staff, err := e.bookable(ctx, branch)
	if err != nil {
		return couldNotAsk(err)
	}
	var names []string
	for _, s := range staff {
		if s.Bookable && isWaitingList(s.Name) && !e.isHidden(s) {
			names = append(names, "«"+clip(s.Name)+"»")
			e.waiting = append(e.waiting, strconv.FormatInt(s.ID, 10))
		}
	}
	if len(names) == 0 {
		return ok(Text{})
	}
	list := strings.Join(names, ", ")
	return []Finding{{
		Found: config.Tf("похоже на лист ожидания, а не на мастера: %s; запись к «любому мастеру» может попасть туда", "looks like a waiting list and not like a master: %s; a booking with \"any master\" may land there", list),
		Next:  config.Tf("скройте его от приложения, строкой в файле настроек: ZAPIS_HIDDEN_STAFF=%s", "hide it from the app, by a line in the env file: ZAPIS_HIDDEN_STAFF=%s", strings.Join(slices.Concat(e.Config.HiddenStaff, e.waiting), ",")),
	}}
}

func isWaitingList(name string) bool {
	name = plainName(name)
	return slices.ContainsFunc(waitingWords, func(word string) bool { return strings.Contains(name, word) })
}

// isHidden compares as the server does: by id, or by name in any case.
func (e *exam) isHidden(s *yclients.BookStaff) bool {
	return slices.ContainsFunc(e.Config.HiddenStaff, func(hidden string) bool {
		return hidden == strconv.FormatInt(s.ID, 10) || plainName(hidden) == plainName(s.Name)
	})
}

func plainName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }
