#!/usr/bin/env bash
# Runs the benchmarks one after the other, except for the attack, and repeats their figures in one table. An argument `page` also
# writes the figures, and how the cost grows, into docs/performance.md.
#
# ROUNDS=21  rounds of the review benchmark, a third of them for its paced reviews; fewer are quicker and less exact
set -euo pipefail
cd "$(dirname "$0")/.."

began=$SECONDS
log=$(mktemp) figures=$(mktemp)
trap 'rm -f "$log" "$figures"' EXIT

# In the order of the manifest. All of them are built before, so that no compiler runs beside a measurement.
mapfile -t benches < <(sed -n '/^\[\[bench\]\]/{n;s/^name = "\(.*\)"/\1/p;}' Cargo.toml | grep -vx attack)
cargo bench --locked --no-run "${benches[@]/#/--bench=}"
built=$SECONDS
for bench in "${benches[@]}"; do
  printf '\n== %s ==\n' "$bench"
  cargo bench --locked --quiet --bench "$bench" | tee -a "$log"
done

# The lines of `support::figure`, in the order of their numbers.
grep -E '^P[0-9]+ ' "$log" | sort --stable --version-sort --key=1,1 >"$figures"
printf '\n== figures ==\n%-62s %8s %7s %8s\n' '' measured must stretch
cat "$figures"
awk '{ all++; missed += /MISSED$/; stretch += /stretch$/ }
     END { printf "\n%d figures: %d reach the must, %d of them the stretch; %d missed\n", all, all - missed, stretch, missed }' "$figures"
printf 'building took %d s, measuring %d s\n' $((built - began)) $((SECONDS - built))

[ "${1:-}" = page ] || exit 0

# between NAME FILE: replaces what is between the markers of that name.
between() {
  awk -v name="$1" -v file="$2" '
    $0 == "<!-- end of " name " -->"   { skipped = 0 }
    !skipped                           { print }
    $0 == "<!-- " name ", by make bench-page -->" {
      while ((getline line < file) > 0) print line
      skipped = 1
    }' docs/performance.md >"$log"
  cat "$log" >docs/performance.md
}

section=$(mktemp)
trap 'rm -f "$log" "$figures" "$section"' EXIT
{
  printf '| | measured | must | stretch | |\n|---|---:|---:|---:|---|\n'
  awk '{ what = substr($0, 5, 58); sub(/ +$/, "", what)
         printf "| %s | %s | %s | %s | %s |\n", what, $(NF-3), $(NF-2), $(NF-1), tolower($NF) }' "$figures"
} >"$section"
between figures "$section"
{
  printf '![The cost of a review over the null webhook, by size, companions, injected containers and connections](performance.svg)\n\n'
  cat target/tmp/growth.md
} >"$section"
between growth "$section"
cp target/tmp/growth.svg docs/performance.svg
echo "docs/performance.md and docs/performance.svg are written; read them with git diff"
