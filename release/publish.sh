#!/bin/sh
# Pushes the image and the chart to a registry:
#
#   sh release/publish.sh OUT registry.example/podgraft registry.example/charts
#
# The tools must be logged in. OUT/chart-digest is the digest of the chart. A version that exists is not replaced: pushing the same
# again changes nothing, so that a job that failed can be repeated, and anything else is an error.
#
# HELM       the program; `helm` by default
# INSECURE   1 for a registry without TLS
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 3 ] || usage
out=$1
image=$2
charts=$3
chart=$out/files/podgraft-$version.tgz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch NAME: the manifest of what exists under that name and this version, into the folder of this run.
fetch() { skopeo inspect --raw ${INSECURE:+--tls-verify=false} "docker://$1:$version" >"$work/manifest" 2>/dev/null; }
sum() { echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"; }
exists() { fail "$1:$version exists with other content; a version that is published never changes"; }

if fetch "$image"; then
  [ "$(sum "$work/manifest")" = "$(cat "$out/digest")" ] || exists "$image"
else
  skopeo copy --all --preserve-digests ${INSECURE:+--dest-tls-verify=false} "oci:$out/image:$version" "docker://$image:$version"
fi
if fetch "$charts/podgraft"; then
  [ "$(jq -r '.layers[0].digest' "$work/manifest")" = "$(sum "$chart")" ] || exists "$charts/podgraft"
else
  "${HELM:-helm}" push "$chart" "oci://$charts" ${INSECURE:+--plain-http}
  fetch "$charts/podgraft" || fail "$charts/podgraft:$version was pushed and cannot be read"
fi
sum "$work/manifest" >"$out/chart-digest"
echo "image $image:$version, chart $charts/podgraft:$version"
