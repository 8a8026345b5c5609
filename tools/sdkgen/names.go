package main

import (
	"strings"
	"unicode"
)

// whole are the words that keep their capitals.
var whole = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "api": "API", "sms": "SMS", "html": "HTML", "ip": "IP",
	"ios": "IOS", "vk": "VK", "ab": "AB", "qr": "QR", "uid": "UID", "uuid": "UUID", "vat": "VAT", "pdf": "PDF", "crm": "CRM", "utc": "UTC", "js": "JS", "inn": "INN", "json": "JSON",
}

// foreign are the words of the API that are Russian in Latin letters or
// German, in English.
var foreign = map[string]string{
	"abonement": "Membership", "abonements": "Memberships", "kkm": "CashRegister", "netto": "NetWeight", "brutto": "GrossWeight",
	"fulname": "Fulname", "banalce": "Balance",
}

// goName turns a name of the API into an exported one.
func goName(name string) string {
	var words []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		words = append(words, splitCamel(part)...)
	}
	var b strings.Builder
	for _, w := range words {
		lower := strings.ToLower(w)
		if cap, ok := whole[lower]; ok {
			b.WriteString(cap)
			continue
		}
		if english, ok := foreign[lower]; ok {
			b.WriteString(english)
			continue
		}
		b.WriteString(strings.ToUpper(lower[:1]) + lower[1:])
	}
	if n := b.String(); n != "" && unicode.IsDigit(rune(n[0])) {
		return "Key" + n // a Go name cannot begin with a digit
	}
	return b.String()
}

func splitCamel(s string) []string {
	var words []string
	start := 0
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(s[i-1])) {
			words = append(words, s[start:i])
			start = i
		}
	}
	return append(words, s[start:])
}

// arguments are path parameters that the API calls by several words, or by
// long ones.
var arguments = map[string]string{
	"salon_id": "companyID", "salonId": "companyID", "master_id": "staffID", "group_id": "chainID",
	"loyalty_abonement_type_id": "typeID", "loyalty_program_id": "programID", "master_tips_settings_id": "settingsID",
	"langCode": "language", "field_category": "category", "payment_transaction_id": "transactionID",
}

// argName turns a path parameter into an argument.
func argName(name string) string {
	if short, ok := arguments[name]; ok {
		return short
	}
	n := goName(name)
	for _, initialism := range []string{"ID", "URL"} {
		if n == initialism {
			return strings.ToLower(n)
		}
	}
	return strings.ToLower(n[:1]) + n[1:]
}

// singular is good enough for the plurals of the API.
func singular(name string) string {
	switch {
	case strings.HasSuffix(name, "us"), strings.HasSuffix(name, "ics"), strings.HasSuffix(name, "is"):
		return name
	case strings.HasSuffix(name, "ies"):
		return name[:len(name)-3] + "y"
	case strings.HasSuffix(name, "sses"), strings.HasSuffix(name, "xes"):
		return name[:len(name)-2]
	case strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss"):
		return name[:len(name)-1]
	}
	return name
}
