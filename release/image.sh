#!/bin/sh
# Builds the image for this machine's architecture, and takes the binary out of it:
#
#   sh release/image.sh OUT [flags of buildah build...]
#
# OUT/images/<os>-<arch>.tar is the image as an OCI archive, and OUT/binaries/<os>-<arch>/podgraft its binary, so that
# users of either run the same bytes.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -ge 1 ] || usage
[ -n "$platform" ] || fail "images are built on Linux, amd64 or arm64"
mkdir -p "$1/images" "$1/binaries"
out=$(cd "$1" && pwd)
shift
name=$(echo "$platform" | tr / -)
archive=$out/images/$name.tar
tag=localhost/podgraft:$version

buildah build --format=oci --layers=false --timestamp="$created" --build-arg "COMMIT=$commit" \
  --label "org.opencontainers.image.version=$version" --tag "$tag" "$@" "$root"
rm -f "$archive"
buildah push "$tag" "oci-archive:$archive:$version"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xf "$archive" -C "$work"
blob() { echo "$work/blobs/$(echo "$1" | tr : /)"; }
manifest=$(blob "$(jq -r '.manifests[0].digest' "$work/index.json")")
[ "$(jq '.layers | length' "$manifest")" = 1 ] || fail "the image has more than one layer"
mkdir -p "$out/binaries/$name"
tar -xzf "$(blob "$(jq -r '.layers[0].digest' "$manifest")")" -C "$out/binaries/$name" podgraft
echo "$name: image and binary built"
