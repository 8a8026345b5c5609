// Command clients-csv writes all clients of a branch as CSV.
//
//	go run ./examples/clients-csv > clients.csv
//
// The iterator reads page after page until an empty one. It ends with an error rather than early, so the program
// writes to standard output only after the last page: a file that lacks half of the clients looks like a whole one.
// Phones print masked in logs and errors; string(client.Phone) is the number itself.
package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"

	"zapis/yclients"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "clients-csv:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
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
	pageSize := int64(200) // the most that the search gives
	search := &yclients.ClientSearchRequest{
		PageSize: &pageSize,
		Fields:   []string{"id", "name", "phone", "email", "visits_count"},
		OrderBy:  "id", OrderByDirection: "ASC", // pages must not shift while they are read
	}
	rows := [][]string{{"id", "name", "phone", "email"}}
	for c, err := range client.Clients.SearchAll(ctx, companyID, search) {
		if err != nil {
			return err
		}
		rows = append(rows, []string{strconv.FormatInt(c.ID, 10), cell(c.Name), c.Phone.E164(), cell(c.Email)})
	}
	return csv.NewWriter(os.Stdout).WriteAll(rows)
}

// cell keeps a spreadsheet from taking a client's name for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
