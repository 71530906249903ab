#!/bin/sh
# Runs every fuzz target for so many seconds, 100 if none are given, and prints how many inputs each executed and what they covered.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/target/tools/bin:$PATH"
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked --root target/tools
seconds="${1:-100}"
seeds="$PWD/target/fuzz-seeds"
rm -rf "$seeds"
FUZZ_SEEDS="$seeds" cargo test --locked --quiet --test attacks every_seed >/dev/null ||
    echo "a seed breaks a target; see: cargo test --test attacks every_seed" >&2
# podgraft has no unsafe code: without the address sanitizer the same time executes several times as many inputs.
sanitizer="${SANITIZER:-none}"
targets="$(sed -n 's/^name = "\([a-z]*\)"$/\1/p' fuzz/Cargo.toml | grep -v '^targets$')"
cargo +nightly fuzz build --sanitizer "$sanitizer"
failed=""
table=""
for target in $targets; do
    found="$PWD/target/fuzz-corpus/$target"
    log="$PWD/target/fuzz-$target.log"
    mkdir -p "$found" "$seeds/$target" "fuzz/corpus/$target"
    cargo +nightly fuzz run --sanitizer "$sanitizer" "$target" "$found" "$seeds/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 >"$log" 2>&1 ||
        failed="$failed $target"
    rmdir "fuzz/corpus/$target" 2>/dev/null || true
    executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)"
    covered="$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 \2/p' "$log" | tail -n 1)"
    table="$table$(printf '%-10s %12s %8s %8s' "$target" "${executions:--}" ${covered:-- -})
"
done
printf '%-10s %12s %8s %8s\n%s' target executions edges features "$table"
if [ -n "$failed" ]; then
    echo "broken:$failed; the inputs are in fuzz/artifacts, the words in target/fuzz-<target>.log" >&2
    exit 1
fi
