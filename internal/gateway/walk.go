package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// walk is the order of the readable page: pasted from top to bottom, the curl examples are a whole visit, from the
// first look to signing out. What a call needs, an earlier one has put into a shell variable.
var walk = []struct {
	title string
	calls []string
}{
	{tagService, []string{"getApp"}},
	{tagCatalogue, []string{"listBranches", "getBranch", "getConsent", "listServices", "listStaff", "listDates", "listSlots", "listNearestSlots"}},
	{tagAuth, []string{"sendCode", "openSession"}},
	{tagProfile, []string{"getMe", "changeMe", "listMyBookings"}},
	{tagBookings, []string{"createBooking", "getBooking", "moveBooking", "getCalendar", "cancelBooking"}},
	{"Session's end", []string{"refreshSession", "eraseMe", "closeSession"}},
}

// How values are taken out of an answer with nothing but grep: the forms of our tokens and ids stand in no other member.
const (
	takeStart   = `grep -o 's1\.[^"]*' | head -n 1`
	takeLast    = `grep -o 's1\.[^"]*' | tail -n 1`
	takeAccess  = `grep -o 'za_[A-Za-z0-9_-]*' | head -n 1`
	takeRefresh = `grep -o 'zr_[A-Za-z0-9_-]*' | head -n 1`
	takeBooking = `grep -o '"id":"b-[^"]*' | grep -o 'b-.*' | head -n 1`
	takeSecret  = `grep -o 'zs_[A-Za-z0-9_-]*' | head -n 1`
	takeStaff   = `grep -o '"staff":{"id":[0-9]*' | grep -o '[0-9]*$' | head -n 1`
	takeCode    = `grep -o '"code": *"[0-9]*' | grep -o '[0-9]*$' | head -n 1`
)

// script is the call for a shell, with the lines that fill the variables of this call and of those after it.
func (s samples) script(id, base string, call wire) string {
	curl := call.curl()
	switch id {
	case "listSlots", "listNearestSlots":
		return lines(curl, "", assign("START", curl, takeStart))
	case "openSession":
		return lines(codeFrom(base), keep(curl), fromAnswer("TOKEN", takeAccess), fromAnswer("REFRESH", takeRefresh))
	case "refreshSession":
		return lines(keep(curl), fromAnswer("TOKEN", takeAccess), fromAnswer("REFRESH", takeRefresh))
	case "createBooking":
		// A guest's key must not be guessed, and stays the same when the call is repeated.
		made := lines(`KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')`, keep(curl),
			fromAnswer("BOOKING", takeBooking), fromAnswer("SECRET", takeSecret), fromAnswer("STAFF", takeStaff))
		if s.codeRequired {
			again := wire{method: http.MethodPost, url: base + "/v1/auth/codes", headers: [][2]string{jsonBody},
				body: fmt.Sprintf(`{"branch":%d,"phone":%q}`, s.branch, samplePhone)}
			made = lines(again.curl(), codeFrom(base), made)
		}
		return made
	case "moveBooking":
		// Only a start of the master who was found for the booking can be moved to.
		near := wire{method: http.MethodGet, url: fmt.Sprintf("%s/v1/branches/%d/nearest-slots?services=%d&staff=STAFF", base, s.branch, s.service)}
		return lines(assign("START", near.curl(), takeLast), curl)
	case "eraseMe":
		return lines("ERASE=no", `[ "$ERASE" = no ] || `+curl) // who pastes the whole page does not mean this
	}
	return curl
}

// codeFrom asks for the code to be written in; what is left empty is looked up in the demo's inbox.
func codeFrom(base string) string {
	return lines("CODE=", "CODE=${CODE:-$(curl -sS "+shellQuote(base+"/_sandbox/sms")+" | "+takeCode+")}")
}

func lines(l ...string) string { return strings.Join(l, "\n") }

func assign(name, command, take string) string {
	return name + "=$(" + command + " | " + take + ")"
}

// keep shows an answer and keeps it: a call that changes something is not made twice to read two values.
func keep(curl string) string {
	return lines("ANSWER=$("+curl+")", `printf '%s\n' "$ANSWER"`)
}

func fromAnswer(name, take string) string {
	return assign(name, `printf '%s\n' "$ANSWER"`, take)
}

// withQuery keeps the commas of lists readable.
func withQuery(address string, query url.Values) string {
	if len(query) == 0 {
		return address
	}
	return address + "?" + strings.ReplaceAll(query.Encode(), "%2C", ",")
}
