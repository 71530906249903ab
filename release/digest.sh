#!/bin/sh
# Prints one digest of all files in a folder, with their paths; or fails unless it is the expected one:
#
#   sh release/digest.sh FOLDER
#   sh release/digest.sh FOLDER sha256:...
#
# Jobs of the workflow hand over files as artifacts, which any other job of the same run can replace. The digest is an output of
# the job that made the files, and only that job can set it.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 1 ] || [ $# -eq 2 ] || usage
[ -d "$1" ] || fail "no such folder: $1"

# sum: of the standard input. macOS has another program than Linux.
sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$1" && find . ! -type d) | LC_ALL=C sort >"$work/files"
[ -s "$work/files" ] || fail "$1 has no files"
while IFS= read -r file; do
  [ -f "$1/$file" ] && [ ! -L "$1/$file" ] || fail "not a file: $1/$file"
  echo "$(sum <"$1/$file") $file"
done <"$work/files" >"$work/sums"
found=sha256:$(sum <"$work/sums")
# An output that a job did not set is empty, and must not count as the form without a digest.
[ $# -eq 1 ] || [ "$found" = "$2" ] || fail "$1 has the digest $found instead of \"$2\""
echo "$found"
