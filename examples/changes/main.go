// Command changes prints what was booked, moved or deleted in a branch since yesterday: the heart of every
// synchronisation.
//
//	go run ./examples/changes -since 24h
//
// Deleted records come only when they are asked for. A synchronisation keeps the moment at which it began to read,
// less a few minutes for clocks that differ, and begins there the next time; webhooks make it quicker, never
// unnecessary, because they get lost.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "changes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	since := flag.Duration("since", 24*time.Hour, "how far to look back")
	flag.Parse()
	companyID, err := strconv.ParseInt(os.Getenv("YCLIENTS_COMPANY_ID"), 10, 64)
	if err != nil {
		return fmt.Errorf("set YCLIENTS_COMPANY_ID to the number of the branch: %w", err)
	}
	client, err := yclients.New(
		yclients.WithPartnerToken(yclients.Token(os.Getenv("YCLIENTS_API_TOKEN"))),
		yclients.WithUserToken(yclients.Token(os.Getenv("YCLIENTS_USER_TOKEN"))),
		yclients.WithBaseURL(cmp.Or(os.Getenv("YCLIENTS_BASE_URL"), yclients.DefaultBaseURL)),
	)
	if err != nil {
		return err
	}
	company, _, err := client.Companies.Get(ctx, companyID, nil)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(company.TimezoneName)
	if err != nil {
		return err
	}
	changed, deleted := 0, 0
	for r, err := range client.Records.Changed(ctx, companyID, time.Now().Add(-*since).In(zone), nil) {
		if err != nil {
			return err // do not move the mark forward: the rest was not seen
		}
		what := "changed"
		if r.Deleted {
			what = "deleted"
			deleted++
		}
		changed++
		fmt.Printf("%s  record %d  %s  %s\n", r.LastChangeDate, r.ID, what, r.Moment())
	}
	fmt.Printf("%d changes, %d of them deletions\n", changed, deleted)
	return nil
}
