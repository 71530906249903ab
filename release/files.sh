#!/bin/sh
# Makes the files that users download, from the binaries and the digest of the image in OUT:
#
#   sh release/files.sh OUT registry.example/podgraft
#
# OUT/files then has an archive for each platform, the manifest for krew, the chart, the plain manifest, the bill of materials,
# and the checksums of all of them.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 2 ] || usage
here=$(dirname "$0")
out=$1
image=$2
rm -rf "$out/files"
mkdir -p "$out/files"

set --
for binary in "$out"/binaries/*/podgraft; do
  name=$(basename "$(dirname "$binary")")
  set -- "$@" "$(echo "$name" | tr - /)=$binary"
done
SOURCE_DATE_EPOCH=$created sh "$root/plugins/krew/release.sh" "$out/files" "$@"
sh "$here/chart.sh" "$out/files" "$image" "$(cat "$out/digest")"
# The digest pins the image; the tag is for readers.
awk -v image="$image:$version@$(cat "$out/digest")" -v old="        image: \"podgraft:$version\"" '
  $0 == old { print "        image: \"" image "\""; found++; next }
            { print }
  END       { exit found != 1 }
' "$root/charts/install.yaml" >"$out/files/install.yaml" || fail "charts/install.yaml does not have exactly one image"
sh "$here/sbom.sh" "$out/files/podgraft.spdx.json"
(cd "$out/files" && sha256sum -- * >../checksums.txt)
mv "$out/checksums.txt" "$out/files"
