# make help lists the targets. make check mutants is what CI runs.

GO ?= go
MODULES = . $(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod */*/*/go.mod))
NESTED = $(filter-out . tools,$(MODULES))
FUZZTIME ?= 5s
SOAK ?= 10m
VERIFY = internal/verify

# Each target that help lists has a comment that begins with two #. The durations
# are those that make durations measured last. A target that runs as long as the
# user says shows the default. A target without a duration shows the sum of its parts.
.PHONY: help quick check fmt tidy vet static test race cpus 386 fuzz nested examples bench etcd-faults etcd-soak explore whole files browser screenshots
.PHONY: model model-full linear soak cover leaks mutants durations simulation statements

help: ## this list, with measured durations
	@awk 'FILENAME != "Makefile" { seconds[$$1] = $$2 " s"; next } \
		$$2 == "?=" { seconds[$$1] = $$3 } \
		/^[a-z0-9-]+:.*## / { name = needs = $$0; sub(/:.*/, "", name); sub(/^[^:]*:/, "", needs); sub(/ *##.*/, "", needs); sub(/.*## /, ""); \
			sum = 0; n = split(needs, parts); for (i in parts) sum += seconds[parts[i]]; \
			for (v in seconds) if (!seconds[name] && index($$0, "for " v)) seconds[name] = seconds[v]; \
			if (!seconds[name] && n) seconds[name] = sum " s"; \
			printf "%-12s %7s  %s\n", name, seconds[name], $$0 }' \
		$(VERIFY)/durations.txt Makefile

quick: fmt ## after each edit: format, vet and the short tests of what is edited most
	$(GO) vet . ./internal/park ./internal/get ./internal/capability ./notify ./eventtest ./remote/...
	$(GO) test -short . ./internal/park ./internal/get ./internal/capability ./notify ./remote $(addprefix ./$(VERIFY)/,explore mutants spin)

check: fmt tidy vet static test race cpus 386 fuzz nested files simulation examples model leaks cover ## all that CI runs, except mutants
	@echo "make check: all passed"

fmt: ## all Go files are formatted
	@out=$$(gofmt -l $$(git ls-files '*.go')) || exit 1; test -z "$$out" || { echo "not gofmt-clean: $$out"; exit 1; }

vet: ## go vet, in every module
	@for m in $(filter-out tools,$(MODULES)); do echo "vet $$m"; $(GO) -C $$m vet ./... || exit 1; done

static: ## staticcheck, in every module
	@for m in $(filter-out tools,$(MODULES)); do echo "staticcheck $$m"; \
		( cd $$m && $(GO) tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./... ) || exit 1; done

test: ## the tests of the root module
	$(GO) test ./...

race: ## the same under the race detector
	$(GO) test -race ./...

cpus: ## the short tests with one, two and four processors
	$(GO) test -short -cpu 1,2,4 ./...

386: ## the short tests on a 32-bit machine; where none can run, they are built
	@dir=$$(mktemp -d) && printf 'package main\nfunc main() {}\n' >$$dir/main.go; \
	if GOARCH=386 $(GO) run $$dir/main.go; then run=; else run="-exec true"; echo "no 32-bit program runs here: the tests are built only"; fi; \
	rm -r $$dir; GOARCH=386 $(GO) test -short $$run ./...

fuzz: ## each fuzz target for FUZZTIME
	@fs=$$($(GO) test -list '^Fuzz' ./fuzz) || exit 1; fs=$$(echo "$$fs" | grep ^Fuzz) || exit 1; \
	for f in $$fs; do echo "fuzz $$f $(FUZZTIME)"; \
		$(GO) test ./fuzz -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; done

nested: ## the tests of the nested modules
	@for m in $(NESTED); do echo "test $$m"; $(GO) -C $$m test ./... || exit 1; done
	$(GO) -C examples test -race ./...

FILES ?= ^TestModel$$
files: ## package file: a minute of random operations against a model; FILES=Mixed, a minute of each swap
	$(GO) -C file test -run '$(FILES)' -count 1 -timeout 20m . -args -long

browser: ## the page of inspect in Chromium, which is installed where it is missing
	CI=1 $(GO) -C inspect/browsertest test -count 1 ./...

screenshots: ## the same, and it writes docs/images
	CI=1 SCREENSHOTS=1 $(GO) -C inspect/browsertest test -count 1 ./...

tidy: ## every go.mod is tidy
	@for m in $(MODULES); do echo "tidy $$m"; $(GO) -C $$m mod tidy -diff || exit 1; done

examples: ## the examples run
	$(GO) -C examples run ./hotreload
	$(GO) -C examples run ./supervised
	$(GO) -C examples run ./https -connections 200

bench: ## the benchmarks; writes BENCHMARKS.md, REPORT.md and a part of README.md
	$(GO) run ./bench/cmd/eventbench

etcd-faults: ## kills and pauses etcd servers and clients; Linux only, not part of check
	$(GO) -C etcd/etcdtest test -count 1 -timeout 15m . ./integration -faults

etcd-soak: ## cuts, slow lines, short watches and mass deletions on etcd for SOAK; part of a release
	$(GO) -C etcd/etcdtest test -count 1 -timeout 0 -v ./integration -run '^TestSoak$$' -soak $(SOAK)

SEEDS ?= 5000
simulation: ## twice SEEDS seeds of the simulated etcd, on two processors
	@one="$(GO) -C etcd test -run ^TestSimulation$$ -count 1 -timeout 30m . -args -seeds $(SEEDS)"; \
		$$one & $$one -first $$(( $(SEEDS) + 1 )); second=$$?; wait $$! && exit $$second

whole: ## all of eventtest on each broken value: every subtest must fail on one
	$(GO) test ./eventtest -run TestBugsAreCaught -count 1 -timeout 1h -args -whole

explore: ## every interleaving within large bounds; writes internal/verify/explore/README.md
	$(GO) test ./$(VERIFY)/explore -run TestEveryInterleaving -v -timeout 2h -args -full -update

mutants: ## each seeded bug is caught; UPDATE=-update writes the table
	$(GO) test ./$(VERIFY)/mutants -run TestMutantsAreCaught -v -timeout 45m -args -catch $(UPDATE)
	$(GO) -C etcd test -run TestSimulationFindsMutants -v -timeout 25m . -args -mutants

STATEMENTS ?= etcd/watch.go etcd/follow.go etcd/errors.go
statements: ## a short test of etcd fails without each statement of STATEMENTS; not part of check
	$(GO) run ./$(VERIFY)/statements $(STATEMENTS)

model: ## the model for spin, small configurations and seeded bugs
	@./$(VERIFY)/spin/check smoke || test $$? = 3

model-full: ## the model for spin, large configurations; needs 12 GB
	./$(VERIFY)/spin/check full

LINEAR ?= 2m
linear: ## histories of concurrent calls, checked for LINEAR
	$(GO) -C $(VERIFY)/linear test -run TestHistories -v -count 1 -timeout 0 . -args -for $(LINEAR)

soak: ## thousands of watchers for SOAK; part of a release
	$(GO) run ./$(VERIFY)/soak -for $(SOAK)

cover: ## a test runs every statement of event, notify and internal, or a comment there explains why not
	$(GO) test -coverpkg=.,./notify,./internal/park,./internal/get,./internal/capability -coverprofile=cover.out \
		$$($(GO) list ./... | grep -vE '/(bench|internal/verify|internal/testkit)(/|$$)')
	$(GO) run ./$(VERIFY)/uncovered cover.out

leaks: ## no goroutine waits for good after the tests
	EVENT_LEAKS=1 GOEXPERIMENT=goroutineleakprofile $(GO) test -count 1 . ./notify ./internal/park ./$(VERIFY)/leak

TARGETS ?= quick fmt tidy vet static test race cpus 386 fuzz nested examples model leaks cover mutants explore model-full linear whole etcd-faults
durations: ## measures each of TARGETS, for help; the machine must be idle
	@for t in $(TARGETS); do $(GO) clean -testcache; start=$$(date +%s); $(MAKE) -s $$t >durations.out 2>&1 || { tail -40 durations.out; echo "$$t failed"; exit 1; }; \
		s=$$(( $$(date +%s) - start )); echo "$$t $$s"; \
		{ grep -v "^$$t " $(VERIFY)/durations.txt; echo "$$t $$s"; } | sort >durations.out; mv durations.out $(VERIFY)/durations.txt; done
