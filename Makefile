# Two targets matter: `make test` proves everything, `make lint` holds the manners. The rest are their parts.
# What is missing on the machine (PostgreSQL, a browser, Node) is installed by the scripts, or named loudly.

GO      ?= go
BIN     := $(CURDIR)/.cache/bin
LINTER  := $(BIN)/golangci-lint-2.15.0

.PHONY: test inner ui e2e kill tools docs lint bench chaos fuzz build generate clean help

help:
	@echo "make test      everything, on SQLite and PostgreSQL, with a real browser (under 15 minutes)"
	@echo "make inner     go test ./... (under a minute; says loudly what it left out)"
	@echo "make lint      formatting, vet, linters, dead code"
	@echo "make bench     benchmarks beside their baselines, written to docs/benchmarks.md"
	@echo "make chaos     long reliability runs        make fuzz   long fuzzing"
	@echo "make build     bin/zapis                    make generate   SDK, documents, pages"

# Everything. The PostgreSQL suite runs on a private server that lives as long as the command.
test: ui
	scripts/need.sh go postgres chromium
	ZAPIS_TEST_REQUIRE_POSTGRES=1 ZAPIS_TEST_REQUIRE_BROWSER=1 scripts/with-postgres.sh $(GO) test -timeout 10m ./...
	$(GO) test -race -timeout 10m ./internal/upstream ./internal/booking ./internal/mirror ./internal/session ./yclients ./sandbox
	ZAPIS_TEST_DAYS=100000 $(GO) test -timeout 10m -run NaiveReference ./sandbox
	cd tools && $(GO) vet ./... && $(GO) test ./...
	$(MAKE) fuzz FUZZTIME=2s
	$(MAKE) e2e

inner:
	$(GO) test ./...

# The pages: types, build, and the comparison of the build with what is committed.
ui:
	scripts/need.sh node
	scripts/ui-check.sh

# The real binary as a process: the page in a browser at phone size, kill -9 in the middle of bookings,
# guesses of SMS codes over a restart, commands printed in the documents.
e2e: build
	scripts/need.sh go chromium php python node
	ZAPIS_BIN=$(CURDIR)/bin/zapis scripts/with-postgres.sh scripts/e2e.sh

build:
	$(GO) build -trimpath -ldflags "-s -w" -o bin/zapis ./cmd/zapis

generate:
	cd tools && $(GO) run ./sdkgen && $(GO) run ./openapi && $(GO) run ./coverage
	$(GO) test ./internal/gateway -run OpenAPI -update
	cd ui && npm ci && npm run types && npm run build

lint: $(LINTER)
	scripts/lint.sh $(LINTER)

$(LINTER):
	mkdir -p $(BIN)
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	mv $(BIN)/golangci-lint $@

bench: build
	$(GO) run ./bench -out docs/benchmarks.md

# Kill -9 at random points of many bookings, on both databases.
chaos: build
	ZAPIS_BIN=$(CURDIR)/bin/zapis ZAPIS_CHAOS=1 scripts/with-postgres.sh $(GO) test -tags e2e -count=1 -timeout 60m -run 'Kill|Guess' -v ./e2e/...

FUZZTIME ?= 5m
fuzz:
	scripts/fuzz.sh $(FUZZTIME)

clean:
	rm -rf bin artifacts .cache/tmp
