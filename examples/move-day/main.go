// Command move-day gives all records of one day from one master to another, for a master who is ill.
//
//	go run ./examples/move-day -date 2026-12-01 -from 4501 -to 4502          # shows what it would do
//	go run ./examples/move-day -date 2026-12-01 -from 4501 -to 4502 -yes
//
// The API wants the whole record for any change, and what is left out is lost: Record.Request makes a body that
// changes nothing, and the program changes the master in it. A record whose new time is busy, or which this token may
// not change, stays and is named. No SMS is sent, and a lost answer stops the program: that record is to be looked at
// before anything else.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "move-day:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	day := flag.String("date", "", "the day, as 2026-12-01")
	from := flag.Int64("from", 0, "id of the master who has the records")
	to := flag.Int64("to", 0, "id of the master who gets them")
	yes := flag.Bool("yes", false, "do it")
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
	date := yclients.Date(*day)
	opts := &yclients.RecordListOptions{StartDate: date, EndDate: date, StaffID: *from, Count: 200}
	var records []*yclients.Record
	for r, err := range client.Records.All(ctx, companyID, opts) {
		if err != nil {
			return err // moving a part of the day would be worse than nothing
		}
		records = append(records, r)
	}
	moved, stay := 0, 0
	for _, r := range records {
		if !*yes {
			fmt.Printf("would move record %d at %s\n", r.ID, r.Moment())
			continue
		}
		body := r.Request()
		body.StaffID = *to
		_, _, err := client.Records.Update(ctx, companyID, r.ID, body)
		switch {
		case err == nil:
			moved++
			fmt.Printf("moved record %d at %s\n", r.ID, r.Moment())
		case errors.Is(err, yclients.ErrSlotTaken), errors.Is(err, yclients.ErrInvalid), errors.Is(err, yclients.ErrForbidden):
			stay++
			fmt.Printf("record %d at %s stays: %v\n", r.ID, r.Moment(), err)
		case errors.Is(err, yclients.ErrOutcomeUnknown):
			return fmt.Errorf("record %d may have moved, look at it first: %w", r.ID, err)
		default:
			return err
		}
	}
	fmt.Printf("%d records, %d moved, %d stay\n", len(records), moved, stay)
	return nil
}
