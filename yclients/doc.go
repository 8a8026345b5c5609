// Package yclients is a client of the YCLIENTS REST API: every operation, typed, with the standard library alone.
//
//	client, err := yclients.New(
//		yclients.WithPartnerToken("partner-token-example"), // the API key of the developer account
//		yclients.WithUserToken("user-token-example"),       // of an employee of the salon
//	)
//	if err != nil {
//		return err
//	}
//	for record, err := range client.Records.All(ctx, companyID, &yclients.RecordListOptions{StartDate: "2026-12-01"}) {
//		if err != nil {
//			return err // the list is not complete
//		}
//		fmt.Println(record.Date, record.Staff.Name, record.SeanceLength)
//	}
//
// Each section of the API is a service of the client, and each method is one call of one documented operation, which
// its comment names: client.Records.List is GET /records/{company_id}, operation listRecords. A method returns the
// data, a [Response] with what the answer said beside it, and an error. Filters are in types ending in Options, bodies
// in types ending in Request; in both, zero values are left out unless the API wants them. What an operation needs and
// the documentation does not know goes into the Extra map of its body; a member there takes the place of the field with
// its name, which is how null is said: Extra: map[string]any{"comment": nil}. [Client.Do] makes a call by its parts.
//
// A company of the API is a branch of a salon; a record is an appointment; staff are the masters.
//
// # Tokens
//
// Every call carries the partner token. Calls for a person carry a user token beside it: [WithUserToken] sets one,
// [Client.As] makes a cheap copy of the client that acts for another user, and [Client.AsPartner] one that acts for
// nobody. An employee's token comes from [AuthService.Login], a client's from [UserRecordsService.Login] with a code
// from an SMS.
//
// Tokens, passwords, SMS codes and record hashes have the type [Token], which prints redacted, and phones the type
// [Phone], which prints masked, whatever prints them. Convert them to a string to have them.
//
// # Errors
//
// A failed call is an [*Error]. Compare its kind with errors.Is, and read the rest from its fields:
//
//	switch {
//	case errors.Is(err, yclients.ErrSlotTaken): // offer other times
//	case errors.Is(err, yclients.ErrNotSent): // nothing happened, may be sent again
//	case errors.Is(err, yclients.ErrOutcomeUnknown): // may have happened: look it up
//	}
//
// The API has no idempotency key, so the difference between the last two decides whether a client is booked twice.
// The package never repeats a call by itself and follows no redirect. (The transport of net/http may resend a read
// whose kept connection turned out to be closed; never a write of which a byte was written.) A write counts as not
// sent only when that is certain; transports of your own can say so through [NotSender]. Error.SafeToRepeat says
// whether sending a call again could apply it twice.
//
// A refusal is never an empty list: an answer without its data, a refusal inside a 200, a web page in place of JSON
// are errors. An error never tells a token, a code or a whole phone number, though the API's words may have had them.
//
// # Pace
//
// The API takes 5 calls a second and 200 a minute from one address. The package knows nothing of that: give it a
// transport that does ([WithTransport]), shared by everything behind your address. A refusal is [ErrRateLimited],
// [ErrRateLimitedInside] when it hid inside a 200.
//
// # Times, money, phones
//
// The API writes moments in several spellings, some without an offset. [Time] keeps the text beside the moment.
// [Time.In] gives the moment in a zone and reads a bare clock as the clock of that zone, which is the company's: load
// it from Company.TimezoneName. The start of a booking must be passed back exactly as it was received: use Time.Raw.
// Days in filters are [Date], durations time.Duration. [Money] is the decimal text of the API; Minor gives kopecks.
// [Phone.E164] brings every spelling of a phone into one.
//
// # What does not fit
//
// The API writes ids, prices and flags as numbers or texts and an empty object as []; fields have the type of what
// they mean and take every spelling. Nothing that was received is lost. Every decoded type has the methods Raw, the
// object as received; Extra, the members without a field; Misfits, the members whose value did not fit their field;
// and Has, which tells a zero from a member that was not sent. Encoding a decoded value gives the received document
// back byte for byte, with the changes made since; only secrets are redacted. (That is what MarshalJSON returns;
// json.Marshal then takes out white space and escapes <, > and &.) A decoded value keeps the body of its
// answer in memory. An answer is read up to 64 MB, and refused when it holds more objects than any list of the API.
//
// # Lists
//
// Lists with pages have a method All, or one that ends in All, which reads on until an empty page: a short page is not the
// last one, because the API silently lowers a page size that it finds too large. A failure is the last pair of the
// walk. [RecordsService.Changed] reads what changed since a moment, deletions included, which the API leaves out unless
// asked for them; [ClientsService.Changed], [GoodsService.Changed] and [GoodsTransactionsService.Changed] have their like.
//
// # Webhooks
//
// [HooksService.Add] makes a company send its events to an address without breaking another application's.
// [NewWebhookHandler] receives them, and the requests that the API sends to applications of the marketplace, SMS
// operators and fiscalization partners. Events carry no signature: put a secret into the address, take an event as a
// hint, and read back what it speaks of.
package yclients
