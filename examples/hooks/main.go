// Command hooks makes a branch send its events to an address, without breaking another application's.
//
//	go run ./examples/hooks -url https://example.com/hooks/A-LONG-SECRET -events record,client
//
// Writing the settings replaces them whole, the addresses of other applications included, and many a hand-written
// integration has silenced its neighbours that way. Hooks.Add reads, completes, writes every member back and reads
// again. The events carry no signature: only the secret in the address tells YCLIENTS from anybody.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "hooks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	address := flag.String("url", "", "where to send the events; without it the settings are shown")
	events := flag.String("events", "record,client", "which events")
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
	settings, _, err := client.Hooks.Get(ctx, companyID)
	if err != nil {
		return err
	}
	if *address != "" {
		if settings, err = client.Hooks.Add(ctx, companyID, *address, strings.Split(*events, ",")...); err != nil {
			return err
		}
	}
	fmt.Printf("active: %t\n", settings.Active)
	for _, u := range settings.URLs {
		fmt.Println(host(u)) // the rest may be a secret
	}
	return nil
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is no URL"
	}
	return u.Host
}
