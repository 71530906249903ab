#!/bin/sh
# Checks that all files name one version, and that a tag is that version:
#
#   sh release/version.sh [v0.1.0]
#
# Without a tag, the changes need not have their section in CHANGELOG.md yet.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/facts.sh"

for name in version appVersion; do
  found=$(sed -n "s/^$name: //p" "$root/charts/podgraft/Chart.yaml")
  [ "$found" = "$version" ] || fail "Chart.yaml: $name is $found, and Cargo.toml has $version"
done
grep -q "^version: $version\$" "$root/plugins/helm/plugin.yaml" || fail "plugins/helm/plugin.yaml does not have version $version"
if [ $# -gt 0 ] && [ -n "$1" ]; then
  [ "$1" = "v$version" ] || fail "the tag is $1, and Cargo.toml has $version"
  # Before the first release, this lists what has to change, also while CHANGELOG.md has no section for it.
  stale=$(cd "$root" && grep -rliE 'no (release yet|published image)|(none|nothing) is published' README.md SECURITY.md charts docs) &&
    fail "these files say that there is no release: $(echo "$stale" | xargs)"
  sh "$here/notes.sh" >/dev/null
fi
echo "podgraft $version, commit $commit"
