# The two commands that matter: `make run` and `make test`.
.POSIX:
CARGO = cargo
BIN   = target/debug/podgraft

.DEFAULT_GOAL := help

## run     start a server over the examples, post one real review to it, and stay up (no cluster needed)
run: build
	@sh examples/run.sh $(BIN)

## test    all tests, in parts that print their time; with a real API server, and the four systems with real software
test:
	@bash tests/run/all.sh

## check   formatting, lints, and the licences and advisories of what we depend on
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --test chart --test cluster -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed; skipped: cargo install --locked cargo-deny"; fi

## bench   what a review costs, as ratios to a server that answers nothing
bench:
	$(CARGO) bench --locked --bench review --bench heap

## attack  all hostile clients at once against one replica with the chart's limits; SECONDS=120 each, twice
attack:
	SECONDS=$(SECONDS) $(CARGO) bench --locked --bench attack

## fuzz    all fuzz targets in turn, SECONDS=100 each; needs a nightly toolchain, installs cargo-fuzz into target/tools
fuzz:
	@sh fuzz/run.sh $(SECONDS)

## golden  write what the goldens, CRDs, the plain manifest and references should be, to be read with git diff
golden:
	UPDATE=1 $(CARGO) test --locked --test golden --test policies --test references --test api --test cli --test chart

## lines   how many lines of an author inject opens, for inputs in many styles
lines:
	@$(CARGO) test --locked --quiet --test text table -- --nocapture

## cluster a real API server with podgraft installed, until Ctrl-C; the first time its parts are built for minutes
cluster: build
	@$(CARGO) test --locked --quiet --test cluster -- up

## reviews record what that API server asks, for tests/admission/recorded.rs
reviews:
	$(CARGO) test --locked --test cluster -- record

## image   a static binary in an empty image
image:
	docker build -t podgraft:dev .

build:
	@$(CARGO) build --locked

help:
	@sed -n 's/^## /  make /p' Makefile

.PHONY: run test check bench attack fuzz golden lines cluster reviews image build help
