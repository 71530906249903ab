#!/bin/sh
# Prints the text of the release: the section of CHANGELOG.md about this version, with whole addresses, which the page of a
# release needs. With names, also where image and chart are, after release/publish.sh:
#
#   sh release/notes.sh [OUT registry.example/podgraft registry.example/charts]
set -eu
. "$(dirname "$0")/facts.sh"

notes=$(awk -v title="## $version" '
  /^## /  { wanted = $0 == title || index($0, title " ") == 1; next }
  wanted' "$root/CHANGELOG.md")
[ -n "$notes" ] || fail "CHANGELOG.md has no section \"## $version\", or it is empty"
printf '%s\n' "$notes" | sed -e "s|](docs/|]($repository/blob/v$version/docs/|g" -e '/./,$!d'
[ $# -eq 3 ] || exit 0
cat <<END

### Image and chart

- image: \`$2:$version@$(cat "$1/digest")\`
- chart: \`oci://$3/podgraft\`, version \`$version\`, \`$(cat "$1/chart-digest")\`

[How to verify them]($repository/blob/v$version/docs/security.md#verifying-a-release)
END
