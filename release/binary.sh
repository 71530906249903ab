#!/bin/sh
# Builds the binary for macOS, for which there is no image:
#
#   sh release/binary.sh OUT x86_64-apple-darwin
#
# It is OUT/binaries/<os>-<arch>/podgraft.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 2 ] || usage
case $2 in
x86_64-apple-darwin) name=darwin-amd64 ;;
aarch64-apple-darwin) name=darwin-arm64 ;;
*) fail "no binary is released for $2; binaries for Linux are those of the images" ;;
esac
PODGRAFT_COMMIT=$commit cargo build --locked --release --target "$2"
mkdir -p "$1/binaries/$name"
cp "${CARGO_TARGET_DIR:-$root/target}/$2/release/podgraft" "$1/binaries/$name/podgraft"
