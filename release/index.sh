#!/bin/sh
# Joins the images of all architectures to one, which has one name and one digest:
#
#   sh release/index.sh OUT
#
# OUT/image is an OCI layout with the index and all images, and OUT/digest the digest of the index. No registry is needed.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 1 ] || usage
list=localhost/podgraft-index:$version

buildah manifest rm "$list" >/dev/null 2>&1 || true
buildah manifest create "$list" >/dev/null
trap 'buildah manifest rm "$list" >/dev/null' EXIT
for archive in "$1"/images/*.tar; do
  buildah manifest add "$list" "oci-archive:$archive" >/dev/null
done
rm -rf "$1/image"
buildah manifest push --all --format=oci "$list" "oci:$1/image:$version"
jq -er '.manifests[0].digest' "$1/image/index.json" >"$1/digest"
echo "image index $(cat "$1/digest")"
