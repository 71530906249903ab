#!/usr/bin/env bash
# All tests, in parts. Each part prints its time beside its budget; a part that takes longer is a warning, because machines differ.
#
# INSTALL=1  on Debian and as root, first install what the tests need, without starting servers
# CI=true    a machine that lacks what a part needs is a failure, not a note
set -uo pipefail
cd "$(dirname "$0")/../.."

passed=0 failed=0 skipped=0
table=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# part NAME BUDGET-MINUTES COMMAND...: runs a part and counts its tests. Exit code 77 means "not on this machine".
part() {
  local name=$1 budget=$2 began=$SECONDS code=0 note=
  shift 2
  printf '\n== %s ==\n' "$name"
  "$@" 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
  local took=$((SECONDS - began))
  count
  if [ "$code" -eq 77 ] && [ "${CI:-}" != true ]; then
    skipped=$((skipped + 1)) note="not run on this machine: $(tail -n 1 "$log")"
  elif [ "$code" -ne 0 ]; then
    # A part whose tests all passed can still have failed, for instance at building.
    [ "$part_failed" -gt 0 ] || failed=$((failed + 1))
    note=FAILED
  elif [ $took -gt $((budget * 60)) ]; then
    note="over budget"
  fi
  table+=("$(printf '%-42s %4d:%02d of %2d min  %s' "$name" $((took / 60)) $((took % 60)) "$budget" "$note")")
  return "$code"
}

# Adds up the closing lines of cargo's tests and of the four systems.
count() {
  local p f s
  part_failed=0
  while read -r p f s; do
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s)) part_failed=$((part_failed + f))
  done < <(sed -nE \
    -e 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' \
    -e 's/^systems: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log")
}

if [ "${INSTALL:-}" = 1 ]; then
  part "installing packages" 2 bash tests/run/install.sh
fi
# First, because some tests read the manifests that come with Kubernetes' sources.
part "building the cluster's parts" 17 cargo test --locked --test cluster -- build
parts=$?
part "builds and unit tests" 8 cargo test --locked
if [ $parts -eq 0 ]; then
  part "control plane" 18 cargo test --locked --no-fail-fast --test chart --test cluster
fi
# Before all parts that have a node: it runs this image.
part "podgraft's image" 8 cargo test --locked --test cluster -- image
part "node and systems" 16 cargo test --locked --test cluster -- node
part "systems" 16 bash examples/check-all.sh

printf '\n'
printf '%s\n' "${table[@]}"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
