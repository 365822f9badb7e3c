# make check mutants is what CI runs. Each target can be run by itself.

GO ?= go
MODULES = . $(patsubst %/go.mod,%,$(wildcard */go.mod */*/go.mod */*/*/go.mod))
NESTED = $(filter-out . tools,$(MODULES))
FUZZTIME ?= 5s

.PHONY: check fmt tidy vet static test race cpus 386 fuzz nested examples bench etcd-faults explore whole

check: fmt tidy vet static test race cpus 386 fuzz nested examples model leaks cover
	@echo "make check: all passed"

fmt:
	@out=$$(gofmt -l $$(git ls-files '*.go')) || exit 1; test -z "$$out" || { echo "not gofmt-clean: $$out"; exit 1; }

vet:
	@for m in $(filter-out tools,$(MODULES)); do echo "vet $$m"; $(GO) -C $$m vet ./... || exit 1; done

static:
	@for m in $(filter-out tools,$(MODULES)); do echo "staticcheck $$m"; \
		( cd $$m && $(GO) tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./... ) || exit 1; done

test:
	$(GO) test ./...

race:
	$(GO) test -race ./...

cpus:
	$(GO) test -short -cpu 1,2,4 ./...

386:
	GOARCH=386 $(GO) test -short ./...

fuzz:
	@fs=$$($(GO) test -list '^Fuzz' ./fuzz) || exit 1; fs=$$(echo "$$fs" | grep ^Fuzz) || exit 1; \
	for f in $$fs; do echo "fuzz $$f $(FUZZTIME)"; \
		$(GO) test ./fuzz -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; done

nested:
	@for m in $(NESTED); do echo "test $$m"; $(GO) -C $$m test ./... || exit 1; done
	$(GO) -C examples test -race ./...

tidy:
	@for m in $(MODULES); do echo "tidy $$m"; $(GO) -C $$m mod tidy -diff || exit 1; done

examples:
	$(GO) -C examples run ./hotreload
	$(GO) -C examples run ./supervised

bench:
	$(GO) run ./bench/cmd/eventbench

# Kills and pauses etcd servers: some minutes, Linux only, not part of check.
etcd-faults:
	$(GO) -C etcd/etcdtest test -count 1 -timeout 15m . ./integration -faults

# The whole suite of eventtest on each broken value: every subtest must fail on one. Some minutes.
whole:
	$(GO) test ./eventtest -run TestBugsAreCaught -count 1 -timeout 1h -args -whole

# Large bounds. The table of what was searched goes to internal/verify/explore/README.md.
explore:
	$(GO) test ./internal/verify/explore -run TestEveryInterleaving -v -timeout 2h -args -full -update

# Shows that each seeded bug is caught. UPDATE=-update writes the table, internal/verify/mutants/README.md.
mutants:
	$(GO) test ./internal/verify/mutants -run TestMutantsAreCaught -v -timeout 25m -args -catch $(UPDATE)

.PHONY: model model-full linear soak cover leaks mutants
# The model, for spin; says so where that is missing. Some minutes and 12 GB: make model-full.
model:
	@./internal/verify/spin/check smoke || test $$? = 3

model-full:
	./internal/verify/spin/check full

# Histories of concurrent calls, checked; make nested checks some thousands.
LINEAR ?= 2m
linear:
	$(GO) -C internal/verify/linear test -run TestHistories -v -count 1 -timeout 0 . -args -for $(LINEAR)

# Part of the release checklist in CONTRIBUTING.md.
SOAK ?= 10m
soak:
	$(GO) run ./internal/verify/soak -for $(SOAK)

# Every statement of event, notify and internal/park is run by a test, or a comment at it says why not.
cover:
	$(GO) test -coverpkg=.,./notify,./internal/park -coverprofile=cover.out $$($(GO) list ./... | grep -vE '/(bench|internal/verify|internal/testkit)(/|$$)')
	$(GO) run ./internal/verify/uncovered cover.out

# No goroutine waits for ever after the whole suite.
leaks:
	EVENT_LEAKS=1 GOEXPERIMENT=goroutineleakprofile $(GO) test -count 1 . ./notify ./internal/park ./internal/verify/leak
