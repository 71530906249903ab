#!/bin/sh
# Prints the section of CHANGELOG.md about this version, which is the text of the release. The page of a release needs whole
# addresses:
#
#   sh release/notes.sh
set -eu
. "$(dirname "$0")/facts.sh"

notes=$(awk -v title="## $version" '
  /^## /  { wanted = $0 == title || index($0, title " ") == 1; next }
  wanted' "$root/CHANGELOG.md")
[ -n "$notes" ] || fail "CHANGELOG.md has no section \"## $version\", or it is empty"
printf '%s\n' "$notes" | sed -e "s|](docs/|]($repository/blob/v$version/docs/|g" -e '/./,$!d'
