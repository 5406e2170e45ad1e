# Meanwhile: `make run` serves on http://localhost:8080, `make test` runs every test. Both install what is missing.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO_FILES := $(wildcard $(shell git ls-files -co --exclude-standard '*.go' 'go.*' '*.sql' 'server/pages/*.html' 'server/pages/alone/*.html'))
WEB_FILES := $(wildcard $(shell git ls-files -co --exclude-standard 'web/src/*' 'web/*.json' 'web/*.ts' 'web/scripts/*'))
GO_PACKAGES := ./...

# One set of flags, so that the build, vet, the linter and the tests compile their dependencies once. With trimmed paths,
# another checkout can use them from Go's cache, too.
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath
PLAIN := CGO_ENABLED=0

# The race detector watches our code. SQLite is C that was translated into Go, and has its own locks. If it is watched,
# each of its steps costs ten times as much, and shows nothing that we could repair.
RACE := -race $(foreach package,sqlite/lib libc memory,-gcflags=modernc.org/$(package)=-race=false)

# Tools are kept in the user's cache folder, so that a new checkout does not build them again.
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/meanwhile/bin
GOLANGCI := $(TOOLS)/golangci-lint-v2.15.0
GOTESTSUM := $(TOOLS)/gotestsum-v1.13.0
VERSITYGW := $(TOOLS)/versitygw-v1.8.0

RESULTS := bin/tests

.PHONY: help run dev build api api-check test check soak authz lint fmt-check web-check go-quick go-test alone e2e e2e-scaled lane-recorder lane-go lane-spare install install-test fmt clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: install build ## Install what is missing, build, and serve on http://localhost:8080 with data under ./data
	exec bin/meanwhile

dev: install web/node_modules/.stamp ## Like run, and build again whenever a source file changes
	@while true; do
	  $(MAKE) --no-print-directory build && { bin/meanwhile & pid=$$!; } || pid=
	  stamp=$$(mktemp)
	  while [ -z "$$(find . -path ./web/node_modules -prune -o -path ./web/dist -prune -o -path ./data -prune -o -path ./bin -prune -o -path ./.git -prune -o -type f -newer $$stamp -print -quit)" ]; do sleep 1; done
	  rm -f $$stamp; [ -z "$$pid" ] || { kill $$pid; wait $$pid || true; }
	done

build: bin/meanwhile ## Build bin/meanwhile, one binary that holds the web page

bin/meanwhile: $(GO_FILES) web/dist/manifest.json
	@mkdir -p bin
	$(PLAIN) go build -o bin/meanwhile ./cmd/meanwhile

web/dist/manifest.json: web/node_modules/.stamp $(WEB_FILES)
	@cd web && npm run --silent build

web/node_modules/.stamp: web/package.json web/package-lock.json
	@echo "Installing the web packages named in web/package-lock.json"
	# Not npm ci: it refuses a lock file without the optional builds of other platforms, which some registries lack.
	(cd web && npm install --no-save --no-audit --no-fund --loglevel=error)
	@touch $@

install: ## Install the programs that serving needs
	@deploy/install.sh run

install-test: $(GOLANGCI) $(GOTESTSUM) $(VERSITYGW) ## Install the programs that the tests need
	@deploy/install.sh run test

$(GOLANGCI):
	@deploy/install-tool.sh github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 $@

$(VERSITYGW): # an S3 server
	@deploy/install-tool.sh github.com/versity/versitygw/cmd/versitygw@v1.8.0 $@

$(GOTESTSUM):
	@deploy/install-tool.sh gotest.tools/gotestsum@v1.13.0 $@

# If the machine has a file system in memory with enough space, tests write there: none of it must survive a power cut.
TEST_TMPDIR := $(shell room=$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}'); [ "$${room:-0}" -gt 6000000 ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")

# Two lanes run side by side. One has the pages, and then the recorder, which waits for what it records. The other has Go's
# tests, which wait for ffmpeg, and then the other browser tests. It has a lower priority: the recorder works in real time. The lane that is free first takes a spare group of pages,
# and then the next one: machines differ in what they are slow at.
test: install-test ## Run every test: make check, Go with -race, browser tests; print the ten slowest
	@rm -rf $(RESULTS) bin/taken
	deploy/timed.sh $(MAKE) --no-print-directory QUICK_GO=go-vet check
	deploy/timed.sh $(MAKE) --no-print-directory build api-check
	export TMPDIR=$(TEST_TMPDIR) MEANWHILE_E2E_SHOTS=off
	deploy/timed.sh $(MAKE) --no-print-directory --jobs=2 lane-recorder lane-go
	node deploy/test-report.mjs $(RESULTS) go.jsonl $(addprefix e2e-,$(addsuffix .json,pages player scaled $(SPARE)))

# A run that fails does not end its lane: the report reads what failed.
SPARE := settings links accounts
lane-recorder: build
	@$(MAKE) --no-print-directory e2e ONLY='pages recorder' || true
	$(MAKE) --no-print-directory lane-spare

lane-go: build
	@renice -n 10 $$$$ >/dev/null
	deploy/timed.sh $(MAKE) --no-print-directory go-test || true
	deploy/timed.sh $(MAKE) --no-print-directory e2e-scaled || true
	$(MAKE) --no-print-directory e2e ONLY='player' || true
	$(MAKE) --no-print-directory lane-spare

lane-spare: # who makes a group's folder has taken it
	@mkdir -p bin/taken
	for group in $(SPARE); do
	  ! mkdir bin/taken/$$group 2>/dev/null || $(MAKE) --no-print-directory e2e ONLY=$$group || true
	done

# make test runs all Go tests with -race, so it leaves the quick ones out here.
QUICK_GO := go-vet go-quick
check: ## Run the fast checks that need no service and no browser: before every commit
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target fmt-check lint web-check $(QUICK_GO)

fmt-check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt these:"; gofmt -l $$(git ls-files '*.go'); exit 1; }

lint: $(GOLANGCI) ## Run golangci-lint, and check the width of lines
	@node deploy/check-width.mjs
	$(PLAIN) $(GOLANGCI) run $(GO_PACKAGES)

go-vet: web/dist/manifest.json
	$(PLAIN) go vet -tags bench $(GO_PACKAGES)

go-quick: web/dist/manifest.json
	$(PLAIN) go test -short -vet=off ./server/... ./storage/... ./cmd/...

web-check: web/node_modules/.stamp
	@cd web && npm run --silent check && npm run --silent test

api: web/node_modules/.stamp ## Generate the TypeScript types of the API from the program's own OpenAPI document
	@mkdir -p bin web/dist && touch web/dist/.keep
	$(PLAIN) go run ./cmd/meanwhile openapi > bin/openapi.json
	(cd web && npx openapi-typescript ../bin/openapi.json -o src/api/schema.d.ts >/dev/null)

api-check: build
	@bin/meanwhile openapi > bin/openapi.json
	(cd web && npx openapi-typescript ../bin/openapi.json -o ../bin/schema.d.ts >/dev/null)
	diff -u web/src/api/schema.d.ts bin/schema.d.ts || { echo "web/src/api/schema.d.ts is behind the API: run make api"; exit 1; }

go-test: $(GOTESTSUM)
	@mkdir -p $(RESULTS)
	deploy/with-services.sh $(GOTESTSUM) --format pkgname --hide-summary skipped --jsonfile $(RESULTS)/go.jsonl -- \
	  $(RACE) -vet=off -count=1 -timeout 20m $(GO_PACKAGES)

alone: # one Go test of one package: make alone PACKAGE=./server TEST=TestName
	@deploy/with-services.sh go test $(RACE) -vet=off -count=1 -timeout 20m -json -run '^$(TEST)$$' $(PACKAGE)

# Fuzzes every function for a minute each. Then runs the tests that kill processes, again and again.
soak: install-test build ## Run the tests that need hours, with FUZZ_TIME=1m and KILLS=30
	@export MEANWHILE_SOAK=on
	deploy/with-services.sh go test $(RACE) -vet=off -count=1 -timeout 120m $(GO_PACKAGES)
	for package in $$(go list $(GO_PACKAGES)); do
	  for fuzz in $$(go test -vet=off -list '^Fuzz' $$package | grep '^Fuzz' || true); do
	    go test -vet=off -run '^$$' -fuzz "^$$fuzz\$$" -fuzztime $(or $(FUZZ_TIME),1m) $$package
	  done
	done
	deploy/with-services.sh go test -vet=off -count=$(or $(KILLS),30) -timeout 240m -run 'Kill|TakesOver' ./cmd/meanwhile
	cd web && npm run --silent e2e && ../deploy/with-services.sh npm run --silent e2e:scaled

authz: ## Prove the tables of who may do what, and show them: every route and every link for everyone
	@go test -count=1 -run '^(TestEveryRouteForEveryone|TestEveryLinkForEveryone)$$' ./server >/dev/null || { echo "The server does not do what the tables say: run go test ./server"; exit 1; }
	cat server/testdata/access.golden
	echo
	cat server/testdata/visibility.golden

e2e: build ## Run the browser tests against bin/meanwhile in one process; screenshots go to web/e2e/out; ONLY=pages for some of them
	@mkdir -p $(RESULTS)
	cd web && npm run --silent e2e -- $(addprefix --project=,$(ONLY)) \
	  --reporter=default --reporter=json --outputFile.json=../$(RESULTS)/e2e-$(or $(firstword $(ONLY)),all).json

e2e-scaled: build ## Run the browser tests against servers and workers as separate processes
	@mkdir -p $(RESULTS)
	cd web && ../deploy/with-services.sh npm run --silent e2e:scaled -- --reporter=default --reporter=json --outputFile.json=../$(RESULTS)/e2e-scaled.json

.PHONY: bench
bench: install-test build ## Measure beside the bare tools and write docs/benchmarks.md: an hour on an idle machine; ONLY=page measures one figure again
	@MEANWHILE_TEST_DURABLE=on deploy/with-services.sh go test -tags bench -run '^TestBench$$$(if $(ONLY),/^$(ONLY)$$)' -count=1 -timeout 120m -v ./cmd/meanwhile

fmt: ## Format Go and web sources
	gofmt -w $$(git ls-files '*.go')
	(cd web && npx biome check --write .)

clean: ## Remove the build; data stays
	rm -rf bin web/dist web/node_modules web/e2e/out
	mkdir -p web/dist && touch web/dist/.keep
