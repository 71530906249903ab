#!/bin/sh
# Prints the crates that are part of a released binary, on any of its platforms, as `name version`:
#
#   sh release/crates.sh
set -eu
. "$(dirname "$0")/facts.sh"
for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-apple-darwin aarch64-apple-darwin; do
  cargo tree --manifest-path "$root/Cargo.toml" --locked --edges normal --target "$target" --prefix none --format '{p}'
done | sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1 \2/p' | sort -u
