# The two commands that matter: `make run` and `make test`.
.POSIX:
CARGO = cargo
BIN   = target/debug/podgraft
IMAGE = podgraft:dev

.DEFAULT_GOAL := help

## run     start a server with the examples, send it one real review, and keep running (needs no cluster)
run: build
	@sh examples/run.sh $(BIN)

## test    run all tests, in parts that print their time, with a real API server and the four systems with real software
test:
	@bash tests/run/all.sh

## test-oldest the tests of admission and of required companions with the oldest supported Kubernetes; the first run builds it, for minutes
test-oldest:
	PODGRAFT_KUBERNETES=1.30 $(CARGO) test --locked --test cluster -- admission::
	PODGRAFT_KUBERNETES=1.30 $(CARGO) test --locked --test cluster -- required::

## check   formatting, lints, and the licenses and advisories of dependencies
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --test chart --test cluster -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed; skipped: cargo install --locked cargo-deny"; fi

## bench   the cost of a review, relative to a server that returns a constant; ROUNDS=21 rounds of the review benchmark
bench:
	@bash benches/run.sh

## bench-page the same, and write the figures into docs/performance.md
bench-page:
	@bash benches/run.sh page

## count   the allocations and instructions of a review, by stage; UPDATE=1 records them as the bounds of the tests
count:
	$(CARGO) test --locked --test allocations --test instructions -- --nocapture recorded

## attack  all hostile clients at once against one replica with the chart's limits; SECONDS=120 each, twice
attack:
	SECONDS=$(SECONDS) $(CARGO) bench --locked --bench attack

## fuzz    all fuzz targets in turn, SECONDS=100 each; needs a nightly toolchain, installs cargo-fuzz into target/tools
fuzz:
	@sh fuzz/run.sh $(SECONDS)

## explain-many  explain --with over 5000 generated workloads of a simulated API server, with its time and memory; and the server's preview
explain-many:
	@$(CARGO) test --locked --quiet --test cli --test socket -- --ignored --nocapture 5000_workloads

## migrate-sources  podgraft migrate over the test data of other injectors, downloaded as Go modules; FOLDERS=a:b adds clones
migrate-sources:
	@FOLDERS=$(FOLDERS) $(CARGO) test --locked --quiet --test migrate -- --ignored --nocapture other_projects

## golden  update goldens, CRDs, the plain manifest and generated pages; read the result with git diff
golden:
	UPDATE=1 $(CARGO) test --locked --test golden --test policies --test references --test api --test cli --test chart --test migrate

## lines   how many lines of an author inject changes, for inputs in many styles
lines:
	@$(CARGO) test --locked --quiet --test text table -- --nocapture

## cluster a real cluster with podgraft installed, until Ctrl-C, with a node if run as root; the first run builds its parts, for minutes
cluster:
	@# Not by cargo, which would end at Ctrl-C before the cluster has.
	@built=$$($(CARGO) test --locked --no-run --message-format=json --test cluster) && \
	exec "$$(printf '%s' "$$built" | sed -n 's/.*"executable":"\([^"]*\/deps\/cluster-[^"\/]*\)".*/\1/p')" up

## reviews record the reviews that this API server sends, for tests/admission/recorded.rs
reviews:
	$(CARGO) test --locked --test cluster -- record

## image   build a container image with a static binary, with Docker, Podman or Buildah; IMAGE=registry.example/podgraft:0.1.0 names it
image:
	@for engine in docker podman buildah; do \
	  if $$engine info >/dev/null 2>&1; then echo "$$engine build --tag $(IMAGE) ."; exec $$engine build --build-arg COMMIT="$$(git rev-parse HEAD 2>/dev/null)" --tag $(IMAGE) .; fi; \
	done; echo "make image needs Docker, Podman or Buildah, and access to its engine" >&2; exit 1

## size    the size of the static binary of the image
size:
	@sh benches/size.sh

## release-dry-run  make and check a release for this machine's architecture, without publishing it; needs Linux, root and Go
release-dry-run:
	@bash release/dry-run.sh

# The steps of .github/workflows/release.yaml, of which most are steps of the dry run as well. OUT is their folder; REPOSITORY
# and CHARTS are the names of the image and of the folder of the chart in a registry. The shell reads these variables from its
# environment, because make would expand a `$` in them, and unquoted ones could end the command.
release-version:
	@sh release/version.sh "$$TAG"
release-image:
	@sh release/image.sh "$${OUT:?}"
release-binary:
	@sh release/binary.sh "$${OUT:?}" "$${TARGET:?}"
release-files:
	@sh release/index.sh "$${OUT:?}"
	@sh release/files.sh "$${OUT:?}" "$${REPOSITORY:?}"
	@sh release/verify.sh "$${OUT:?}" "$${REPOSITORY:?}"
release-publish:
	@sh release/publish.sh "$${OUT:?}" "$${REPOSITORY:?}" "$${CHARTS:?}"
release-sign:
	@sh release/sign.sh "$${OUT:?}" "$${REPOSITORY:?}" "$${CHARTS:?}"
release-verify:
	@sh release/verify-published.sh "$${TAG:?}" "$${REPOSITORY:?}" "$${CHARTS:?}" "$$DIGEST" "$$FILES"
release-page:
	@sh release/page.sh "$${TAG:?}" "$${FILES:?}" "$${NOTES:?}"

.PHONY: release-dry-run release-version release-image release-binary release-files release-publish release-sign release-verify release-page

build:
	@$(CARGO) build --locked

help:
	@sed -n 's/^## /  make /p' Makefile

.PHONY: run test test-oldest check bench bench-page count attack fuzz golden explain-many migrate-sources lines cluster reviews image size build help
