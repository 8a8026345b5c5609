package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
	_ "github.com/oapi-codegen/runtime" // what the generated client is built with

	"zapis/sandbox"
)

// Somebody else's generator makes a client from the document; it compiles, and
// what it makes is a client: it reads the companies and the records of the sandbox.
func TestForeignGeneratorMakesAWorkingClient(t *testing.T) {
	spec, err := util.LoadSwagger(committed)
	if err != nil {
		t.Fatal(err)
	}
	code, err := codegen.Generate(spec, codegen.Configuration{
		PackageName:   "client",
		Generate:      codegen.GenerateOptions{Client: true, Models: true},
		OutputOptions: codegen.OutputOptions{ResponseTypeSuffix: "Answer", SkipPrune: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("client/client.go", code)
	write("main.go", program)
	write("go.mod", goMod(t))
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sum))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "foreign", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the generated client does not compile: %v\n%.4000s", err, out)
	}
	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "foreign"), sb.URL(), sandbox.PartnerToken, sandbox.UserToken).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !regexp.MustCompile(`(?m)^companies: [1-9]\d*, first 4564\nrefused: 401$`).Match(out) {
		t.Errorf("the client said:\n%s", out)
	}
}

// goMod lets the client be built with the versions that this module has.
func goMod(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("module foreign\n\ngo 1.26.0\n\nrequire (\n")
	for _, m := range regexp.MustCompile(`(?m)^\s*(github\.com/(?:oapi-codegen/runtime|apapsch/go-jsonmerge/v2|google/uuid)) (\S+)`).FindAllStringSubmatch(string(text), -1) {
		fmt.Fprintf(&b, "\t%s %s\n", m[1], m[2])
	}
	return b.String() + ")\n"
}

const program = `package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"foreign/client"
)

func main() {
	address, partner, user := os.Args[1], os.Args[2], os.Args[3]
	headers := func(authorization string) client.RequestEditorFn {
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Accept", "application/vnd.yclients.v2+json")
			r.Header.Set("Authorization", authorization)
			return nil
		}
	}
	c, err := client.NewClientWithResponses(address)
	check(err)
	my := int64(1)
	got, err := c.ListCompaniesWithResponse(context.Background(), &client.ListCompaniesParams{My: &my}, headers("Bearer "+partner+", User "+user))
	check(err)
	if got.JSON200 == nil || got.JSON200.Data == nil {
		check(fmt.Errorf("%s: %s", got.Status(), got.Body))
	}
	companies := *got.JSON200.Data
	fmt.Printf("companies: %d, first %v\n", len(companies), *companies[0].Id)
	refused, err := c.GetRecordWithResponse(context.Background(), 4564, 1, nil, headers("Bearer nobody"))
	check(err)
	fmt.Printf("refused: %d\n", refused.StatusCode())
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
`
