// Package yclients is a client of the YCLIENTS REST API.
//
//	client, err := yclients.New(
//		yclients.WithPartnerToken("partner-token-example"),
//		yclients.WithUserToken("user-token-example"),
//	)
//	records, _, err := client.Records.List(ctx, companyID, &yclients.RecordListOptions{StartDate: "2026-12-01"})
//
// Each section of the API is a service of the client. Every method is one call
// of one documented operation, which its comment names. Methods return the
// data, a [Response] with what the answer said beside it, and an error. Filters
// are in types ending in Options, bodies in types ending in Request.
//
// # Tokens
//
// Every call carries the partner token. Calls for a person carry a user token
// beside it: [WithUserToken] sets one, [Client.As] makes a copy of the client
// that acts for another user and [Client.AsPartner] one that acts for nobody.
// Tokens, passwords, SMS codes and record hashes have a type that prints
// redacted, phones one that prints masked.
//
// # Errors
//
// A failed call is an [*Error]. Its kind is compared with errors.Is:
//
//	switch {
//	case errors.Is(err, yclients.ErrSlotTaken): // offer other times
//	case errors.Is(err, yclients.ErrNotSent): // nothing happened, may be sent again
//	case errors.Is(err, yclients.ErrOutcomeUnknown): // may have happened: look it up
//	}
//
// The API has no idempotency key, so the difference between the last two
// decides whether a client is booked twice. The package never repeats a call
// by itself and follows no redirect. (The transport of net/http may resend a
// read whose kept connection turned out to be closed; never a write of which a
// byte was written.) A write counts as not sent only when that is certain;
// transports of your own can say so through [NotSender].
//
// A refusal is never an empty list: an answer without its data, a refusal
// inside a 200, a web page in place of JSON are errors.
//
// # Lenient types
//
// The API writes ids, prices and flags as numbers or strings, an empty object
// as [], and times in four spellings. Fields have the Go type of what they
// mean and accept every spelling. [Time] and [Money] keep the text.
//
// Nothing that was received is lost. Every decoded type has the methods Raw,
// the object as received; Extra, the members without a field; Misfits, the
// members whose value did not fit their field; and Has, which tells a zero from
// a member that was not sent. Encoding a decoded value gives the received
// document back byte for byte, with the changes made since; only secrets are
// redacted. A decoded value keeps the body of its answer in memory.
//
// # Pages
//
// Lists with pages have a method All that walks them:
//
//	for record, err := range client.Records.All(ctx, companyID, opts) {
//		if err != nil {
//			return err // the list is not complete
//		}
//	}
package yclients
