#!/bin/sh
# Writes the bill of materials, which lists the crates in the released binaries, in the format SPDX 2.3:
#
#   sh release/sbom.sh FILE
#
# cargo-sbom is the only maintained tool that writes SPDX from Cargo's own resolution: cargo-cyclonedx has another format, and
# syft reads lock files, which list what the tests use as well. cargo-sbom cannot select platforms, adds what features of the
# tests need, and lists the lock file once for each target; all of this is removed here, by the list of `cargo tree`. It writes
# Cargo's name of the registry as download location, which SPDX does not permit; the package URL of a crate says the same.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 1 ] || usage
tools=$root/target/tools
[ -x "$tools/bin/cargo-sbom" ] || cargo install cargo-sbom --version 0.10.0 --locked --quiet --root "$tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh "$(dirname "$0")/crates.sh" >"$work/crates"
"$tools/bin/cargo-sbom" --project-directory "$root" --output-format spdx_json_2_3 >"$work/all.json"
jq --rawfile crates "$work/crates" --argjson created "$created" --arg source "git+$repository@$commit" \
  --arg name "podgraft-$version" --arg space "$repository/releases/download/v$version/podgraft.spdx.json" '
  ($crates | split("\n") | map(select(. != ""))) as $wanted
  | .packages |= (map(select("\(.name) \(.versionInfo)" as $crate | $wanted | index($crate))) | sort_by(.SPDXID))
  | (.packages | map(.SPDXID)) as $kept
  | (($kept + [.SPDXID] + [.files[]?.SPDXID])) as $known
  | .relationships |= (map(select(
      (.spdxElementId as $from | $known | index($from)) and (.relatedSpdxElement as $to | $known | index($to))))
      | sort_by(.spdxElementId, .relatedSpdxElement, .relationshipType))
  | .files |= unique_by(.SPDXID)
  | .packages[] |= (.filesAnalyzed = false
      | .downloadLocation = if .name == "podgraft" then $source else "NOASSERTION" end)
  | .creationInfo.created = ($created | todate)
  | .name = $name | .documentNamespace = $space' "$work/all.json" >"$1"
