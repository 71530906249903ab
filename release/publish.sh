#!/bin/sh
# Pushes the image and the chart to a registry:
#
#   sh release/publish.sh OUT registry.example/podgraft registry.example/charts
#
# The tools must be logged in. OUT/chart-digest is the digest of the chart. A tag that exists is not replaced.
#
# HELM       the program; `helm` by default
# INSECURE   1 for a registry without TLS
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 3 ] || usage
out=$1
image=$2
charts=$3
if skopeo inspect --raw ${INSECURE:+--tls-verify=false} "docker://$image:$version" >/dev/null 2>&1; then
  fail "$image:$version exists; a released version never changes"
fi
skopeo copy --all --preserve-digests ${INSECURE:+--dest-tls-verify=false} "oci:$out/image:$version" "docker://$image:$version"
"${HELM:-helm}" push "$out/files/podgraft-$version.tgz" "oci://$charts" ${INSECURE:+--plain-http} 2>&1 | tee "$out/chart-push.log"
sed -n 's/^Digest: //p' "$out/chart-push.log" >"$out/chart-digest"
[ -s "$out/chart-digest" ] || fail "helm push printed no digest"
