# Everything is built in the release profile and in one target directory, so that mediasoup's
# C++ worker, by far the longest part, is compiled once for running, testing and linting.

# Where the worker's C++ libraries come from: `debian` packages, or mediasoup's own downloads
# (`upstream`). See native/README.md.
MEDIASOUP ?= debian
export MEDIASOUP
ifeq ($(filter debian upstream,$(MEDIASOUP)),)
$(error MEDIASOUP is `debian` or `upstream`, not `$(MEDIASOUP)`)
endif

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Cargo and npm use every core by themselves; packages come before builds.
.NOTPARALLEL:

CARGO := cargo
NPM_CI := npm ci --no-audit --no-fund
GENERATED := frontend/src/signaling/generated.ts
# Always the whole workspace: of a single package features would be others, and everything compiled again.
TYPESCRIPT := $(CARGO) build --release --quiet --workspace --example typescript && target/release/examples/typescript

.PHONY: help
help:
	@echo "make run       install what is missing, build, start both daemons"
	@echo "make test      every test; make check: formatting, lints, types, generated files, units"
	@echo "make build     target/release/sfu-server, target/release/hls-composer, frontend/dist"
	@echo "make dev       daemons rebuilt and restarted on change, pages on http://localhost:5173"
	@echo "make generate  the frontend's signaling types from the Rust ones"
	@echo "make rig       every fault, kill and cycle in full numbers (about five hours)"
	@echo "make bench     how soon the first picture plays, and what it costs"
	@echo "make deny      licences and advisories of all dependencies (needs cargo-deny)"
	@echo "make install   binaries, pages, systemd units and settings into the system (as root)"
	@echo "make clean     removes everything that was built"

# === Run ===

.PHONY: run
run:
	@echo "step 1 of 3: packages and tool versions (about 2 minutes the first time, then none)"
	@scripts/install-deps run
	@echo "step 2 of 3: build (about 12 minutes on two cores the first time, then none)"
	@$(MAKE) binaries frontend/dist
	@echo "step 3 of 3: start (less than a minute)"
	@exec scripts/run

.PHONY: dev
dev: deps-dev worker frontend/node_modules/.package-lock.json
	@exec scripts/dev

# === Build ===

.PHONY: build
build: deps-build binaries frontend/dist

.PHONY: binaries
binaries: worker
	$(CARGO) build --release --workspace --bins

# Cargo does not notice a change of the worker's flavour or of native/, so the stamp does.
.PHONY: worker
worker:
	@echo "mediasoup worker: $(MEDIASOUP)"
	@mkdir -p target
	@now="$(MEDIASOUP) $$(cat native/meson $$(find native/patches native/subprojects -type f | LC_ALL=C sort) | sha256sum)"; \
	before=$$(cat target/worker.stamp 2>/dev/null || true); \
	if [ "$$now" != "$$before" ]; then \
		$(CARGO) clean --quiet --release -p mediasoup-sys; \
		echo "$$now" >target/worker.stamp; \
	fi

frontend/dist: frontend/node_modules/.package-lock.json \
		$(shell find frontend/src frontend/public -type f 2>/dev/null) \
		frontend/index.html frontend/vite.config.ts frontend/tsconfig.json
	cd frontend && npm run --silent build
	@touch $@

# npm keeps its own record of what it installed: it is the stamp.
%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && $(NPM_CI)
	@touch $@

.PHONY: generate
generate: deps-build worker
	@$(TYPESCRIPT) >target/generated.ts
	cp target/generated.ts $(GENERATED)

# === Check ===

.PHONY: check
check: deps-test worker frontend/node_modules/.package-lock.json
	@echo "== formatting"
	$(CARGO) fmt --all --check
	@echo "== clippy"
	$(CARGO) clippy --release --workspace --all-targets --locked -- -D warnings
	@echo "== documentation links"
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --workspace --no-deps --document-private-items --locked --quiet
	@echo "== generated signaling types"
	@$(TYPESCRIPT) >target/generated.ts
	@diff -u $(GENERATED) target/generated.ts || { echo "$(GENERATED) is not up to date; run: make generate"; exit 1; }
	@echo "== frontend: lint and types"
	cd frontend && npm run --silent lint && npm run --silent types
	@if [ -e e2e/package.json ]; then $(MAKE) check-e2e; fi
	@echo "== systemd units"
	scripts/check-units

.PHONY: check-e2e
check-e2e: e2e/node_modules/.package-lock.json
	@echo "== e2e: types"
	cd e2e && npm run --silent types

# Not part of `check`: cargo-deny takes minutes to install and fetches the advisory database.
.PHONY: deny
deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing; run: cargo install --locked cargo-deny"; exit 1; }
	$(CARGO) deny check

# === Test ===

# Every step runs, also after one has failed; the failures and the slowest tests are named at the end.
.PHONY: test
test: deps-test worker frontend/node_modules/.package-lock.json e2e/node_modules/.package-lock.json
	@scripts/test

.PHONY: test-e2e
test-e2e: e2e/node_modules/.package-lock.json
	cd e2e && npm test

# Judges times, too: over many runs, on a machine that is otherwise idle. Most of its five hours are loss of packets, players
# and restarts in browsers.
RIG := cargo nextest run --release --workspace --locked --profile rig --no-capture
.PHONY: rig
rig: deps-test build e2e/node_modules/.package-lock.json
	RIG=full $(RIG) -E 'binary(whole) & test(/^(busy_cores|conformance|cycles|faults|kills|lipsync)::/)'
	RIG=full $(RIG) -E 'binary(whole) & test(/^viewers::/)' --run-ignored all
	cd e2e && E2E_REPEAT=20 npx playwright test broadcast encoder lip-sync loss network pause players restart
	RIG=full FUZZ_SECONDS=60 $(RIG) -E 'binary(whole) & test(/^(eight_on_air|eight_peers|fuzz_json|load|signaling_property)::/) | test(drawn_tracks)'

.PHONY: bench
bench: deps-test build e2e/node_modules/.package-lock.json
	cd e2e && npm run bench:first-part
	$(CARGO) test --release --workspace --bench pipelines
	$(RIG) -E 'binary(whole) & test(/^load::/)'

# === Install ===

PREFIX := /usr/local
CONFIG := $(DESTDIR)/etc

# Copies what `make build` left; nothing is started. Settings that are there already stay.
.PHONY: install
install:
	install -D -t $(DESTDIR)$(PREFIX)/bin target/release/sfu-server target/release/hls-composer
	rm -rf $(DESTDIR)$(PREFIX)/share/sfu-server/frontend
	mkdir -p $(DESTDIR)$(PREFIX)/share/sfu-server
	cp -r frontend/dist $(DESTDIR)$(PREFIX)/share/sfu-server/frontend
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sfu-server docs/*.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sfu-server/nginx docs/nginx/hls.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sfu-server/example docs/example/*
	install -D -m 644 -t $(CONFIG)/systemd/system systemd/*.service
	install -D -m 644 -t $(CONFIG)/sysctl.d systemd/sysctl.d/*.conf
	@for daemon in sfu-server hls-composer; do \
		[ -e $(CONFIG)/default/$$daemon ] || install -D -m 640 systemd/$$daemon.env $(CONFIG)/default/$$daemon; \
	done

# === Housekeeping ===

.PHONY: deps-build deps-run deps-test deps-dev
deps-build deps-run deps-test deps-dev:
	@scripts/install-deps $(@:deps-%=%)

.PHONY: clean
clean:
	$(CARGO) clean
	rm -rf frontend/dist frontend/node_modules e2e/node_modules var
