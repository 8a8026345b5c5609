// Command revenue adds up what the visits of each master cost in the last days.
//
//	go run ./examples/revenue -days 30
//
// It counts visits that took place, by the cost of their services after discounts. What was paid, in cash, by card or
// from a deposit, is another question: see FinanceTransactions. Money is a decimal text, added in kopecks, never as
// a float.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "revenue:", err)
		os.Exit(1)
	}
}

type total struct {
	visits  int
	kopecks int64
}

func run(ctx context.Context) error {
	days := flag.Int("days", 30, "how many days, today included")
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
	today := time.Now().In(zone)
	opts := &yclients.RecordListOptions{
		StartDate: yclients.DateOf(today.AddDate(0, 0, 1-*days)), EndDate: yclients.DateOf(today), Count: 200,
	}
	totals := map[string]total{}
	for r, err := range client.Records.All(ctx, companyID, opts) {
		if err != nil {
			return err
		}
		if r.Attendance != 1 || r.Staff == nil { // 1: the client came
			continue
		}
		t := totals[r.Staff.Name]
		t.visits++
		for _, s := range r.Services {
			cost, ok := s.Cost.Minor()
			if !ok {
				return fmt.Errorf("record %d: the cost of a service is not a whole number of kopecks", r.ID)
			}
			t.kopecks += cost
		}
		totals[r.Staff.Name] = t
	}
	for _, name := range slices.Sorted(maps.Keys(totals)) {
		t := totals[name]
		fmt.Printf("%-20s  %4d visits  %12s\n", name, t.visits, yclients.MoneyFromMinor(t.kopecks))
	}
	return nil
}
