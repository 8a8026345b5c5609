package config

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"zapis/internal/salon"
)

// CompanyRef is a branch as people name it: by id, or by an address from the browser.
type CompanyRef struct {
	// Company is the id of the branch; 0 when only a booking form is known.
	Company int64
	// Form is the number of a booking form (n123.yclients.com). It is NOT the id of a branch, though it looks
	// like one: getBookform tells the branch behind it.
	Form int64
}

// ErrCompany reports a text that names no branch.
var ErrCompany = errors.New("not a company id and not an address with one")

var (
	formHost    = regexp.MustCompile(`^[a-z]([0-9]+)\.yclients\.[a-z]+$`)
	cabinetHost = regexp.MustCompile(`^([a-z0-9-]+\.)?yclients\.[a-z]+$`)
	cabinetPath = regexp.MustCompile(`^/(?:[a-z_-]+/)*?([0-9]+)(?:/|$)`)
	formPath    = regexp.MustCompile(`/company[/:]([0-9]+)(?:/|$)`)
)

// ParseCompany reads an id ("4564") or an address pasted from the browser: the timetable, the overview or
// any other page of the web cabinet on any yclients domain, or a booking form.
func ParseCompany(text string) (CompanyRef, error) {
	text = strings.TrimFunc(text, func(r rune) bool {
		return isBlank(r) || isInvisible(r) || strings.ContainsRune("\n"+openingQuotes+closingQuotes+"<>", r)
	})
	if isDigits(text) {
		id, err := companyID(text)
		return CompanyRef{Company: id}, err
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return CompanyRef{}, ErrCompany
	}
	host := strings.ToLower(u.Hostname())
	if m := formHost.FindStringSubmatch(host); m != nil {
		return parseForm(m[1], u)
	}
	if !cabinetHost.MatchString(host) {
		return CompanyRef{}, ErrCompany
	}
	m := cabinetPath.FindStringSubmatch(u.Path)
	if m == nil {
		return CompanyRef{}, ErrCompany
	}
	id, err := companyID(m[1])
	return CompanyRef{Company: id}, err
}

// parseForm reads a form's address. Once a branch is chosen its address says /company/<id>/, and in older forms /company:<id>/.
func parseForm(number string, u *url.URL) (CompanyRef, error) {
	form, err := companyID(number)
	if err != nil {
		return CompanyRef{}, err
	}
	ref := CompanyRef{Form: form}
	for _, part := range []string{u.Path, u.Fragment} {
		if m := formPath.FindStringSubmatch(part); m != nil {
			if ref.Company, err = companyID(m[1]); err != nil {
				return CompanyRef{}, err
			}
		}
	}
	return ref, nil
}

func companyID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, ErrCompany
	}
	return id, nil
}

// CleanLogin brings a login into the form of YCLIENTS: a phone as digits (79000000001), anything else as it is.
func CleanLogin(text string) string {
	text = strings.TrimSpace(text)
	if phone, err := salon.ParsePhone(text); err == nil {
		return phone.Digits()
	}
	return text
}
