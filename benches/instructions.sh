#!/bin/sh
# Counts the instructions of the two reviews of benches/heap.rs with valgrind, in total and by part: reading, deciding and
# writing the patch, and writing the response. The counts do not depend on the load of the machine.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "valgrind is not installed; it counts the instructions" >&2; exit 77; }
binary=$(cargo bench --locked --no-run --bench heap 2>&1 | sed -n 's/.*Executable .*(\(.*\))$/\1/p')
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
valgrind --quiet --tool=callgrind --callgrind-out-file="$counts" --demangle=no \
  --toggle-collect='*9admission7request*Request4read17h*' \
  --toggle-collect='_ZN8podgraft6inject6review6review17h*' \
  --toggle-collect='*6Answer2of17h*' \
  "$binary" --bench >/dev/null 2>&1
callgrind_annotate --inclusive=yes "$counts" | awk '
  /PROGRAM TOTALS/       { total = $1 }
  /Request4read17h/      { read = read ? read : $1 }
  /review6review17h/     { decide = decide ? decide : $1 }
  /6Answer2of17h/        { respond = respond ? respond : $1 }
  END { printf "instructions of two reviews: %s; reading %s, deciding and patching %s, responding %s\n", total, read, decide, respond }'
