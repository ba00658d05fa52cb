# make test runs everything that CI runs; the other targets are its parts, and what takes longer.

NPM := npm --prefix web/browser
# A machine that is not set up yet gets what the tests need; apt-get is Debian's, and asks for root.
APT := $(if $(filter 0,$(shell id -u)),,sudo )apt-get

.PHONY: test tools lint generated course go go-engine go-site go-race differential browser e2e fuzz bench soak lighthouse screenshots image

test: tools lint generated course go browser e2e

tools: web/browser/node_modules/.package-lock.json
	@command -v chromium-headless-shell >/dev/null && command -v tcpdump >/dev/null && command -v strace >/dev/null && command -v openssl >/dev/null || { $(APT) update -qq && $(APT) install -y --no-install-recommends chromium-headless-shell tcpdump strace openssl fonts-liberation; }

web/browser/node_modules/.package-lock.json: web/browser/package-lock.json
	$(NPM) ci --no-audit --no-fund
	@touch $@

lint:
	@bad=$$(git ls-files '*.go' | grep -v '_templ.go$$' | xargs gofmt -l); [ -z "$$bad" ] || { echo "gofmt would change:"; echo "$$bad"; exit 1; }
	go vet ./...
	go tool templ fmt -fail .

# What is generated and committed must be what the generators make today.
generated:
	go generate ./...
	$(NPM) run --silent vendor:check
	@git diff --exit-code --stat -- '*_templ.go' static/js/protocol.d.ts 'static/js/catalog.*.js' 'static/js/more.*.js' static/js/differences.en.js lessons/course/author/20-codes.md || { echo "generated files are stale: run go generate ./... and commit"; exit 1; }

# Every scenario, expectation, solution, link and number in the course.
course:
	go run ./server check

# The race detector makes a test ten times slower: it watches where things are done at once. The engine starts no goroutine, which a
# test of its own asserts; of the lessons only the loader does; most tests of the site make pages and read them one after the other;
# and those of the server start the program itself. Each statement of the TCP and of the wire format that none of the engine's tests
# reaches must have its reason in engine/testdata/uncovered.txt.
COVER := $(shell mktemp -u)
RACED := server/jetstream web/account web/archive web/class web/limit web/live web/lti web/progress web/store
go:
	$(MAKE) -j2 -O --no-print-directory go-engine go-site go-race differential

go-engine:
	go test -coverpkg=./engine/tcp,./engine/wire -coverprofile=$(COVER) ./engine/...
	LAB_COVERAGE=$(COVER) go test -count=1 -run TestUncovered ./engine

go-site:
	go test $$(go list ./... | grep -v -e /engine $(RACED:%=-e '/%$$'))

go-race:
	go test -race -p 3 $(RACED:%=./%)
	go test -race -run 'TestLoader|TestDraft' ./lessons
	go test -race -run 'While|Events|Class|Roster|Attempts|Board|LTI|Draft|Turnstile|Save|Admin' ./web

# The engine's TCP beside gVisor's, in a module of its own: gVisor takes most of a minute to compile and nothing else needs it.
differential:
	cd engine/differential && go vet . && go test .
	cd web/account/oidctest && go vet . && go test .
	cd server/acmetest && go vet . && go test .

browser: tools
	$(NPM) run --silent check
	$(NPM) test --silent

e2e: tools
	$(NPM) run --silent e2e

bench:
	go test -run '^$$' -bench . -benchmem ./...
	cd engine/differential && go test -run '^$$' -bench . -benchmem .

# Long runs, not part of make test: each fuzz target in turn.
FUZZTIME ?= 60s
fuzz:
	@for t in $$(grep -rhoE 'func (Fuzz[A-Za-z0-9]+)' --include='*_test.go' . | awk '{print $$2}'); do \
		p=$$(grep -rlE "func $$t\b" --include='*_test.go' . | head -1 | xargs dirname); \
		echo "$$p $$t"; go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) $$p || exit 1; done

# A writer is killed two hundred times, and each byte of a store is damaged; ten thousand come back at once; the program is stopped for a minute.
soak:
	go test ./server/jetstream -run 'Fault93|Fault94EachByte' -kills 200 -stride 1 -timeout 1h -v
	go test ./web/live -run Fault67 -comeback 10000 -v
	go test ./server -run Fault102 -stopped 1m -v

# What Lighthouse says of a lesson's page on a phone. Its performance depends on the machine and fails nothing.
lighthouse: tools
	npm --prefix web/browser/lighthouse ci --no-audit --no-fund
	go build -o web/browser/out/lab ./server
	node web/browser/lighthouse/lighthouse.mjs

# Pictures of every page into web/browser/out/screenshots, and the README's.
screenshots: tools
	$(NPM) run --silent screenshots

image:
	docker build -t handshake-lab .
