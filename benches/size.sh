#!/bin/sh
# Builds the static binary of the image, and prints its size. The empty image adds nothing to it.
set -eu
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target "$target"
stat -c %s "target/$target/release/podgraft" | awk '{
  size = $1 / 1048576
  verdict = size <= 8.5 ? "stretch" : size <= 10 ? "must" : "MISSED"
  printf "%-62s %8.2f %7.2f %8.2f  %s\n", "P10 static binary, MiB", size, 10, 8.5, verdict
}'
