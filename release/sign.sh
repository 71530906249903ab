#!/bin/sh
# Signs what is published, without keys: the signatures name this workflow, its repository and its tag:
#
#   sh release/sign.sh OUT registry.example/podgraft registry.example/charts
#
# The image and the chart are signed in the registry, where the image gets its bill of materials as well. The signature of the
# checksums, which is a file of the release, covers all other files.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 3 ] || usage
files=$1/files
image=$2@$(cat "$1/digest")
cosign sign --yes --recursive "$image"
cosign attest --yes --type spdxjson --predicate "$files/podgraft.spdx.json" "$image"
cosign sign --yes "$3/podgraft@$(cat "$1/chart-digest")"
cosign sign-blob --yes --bundle "$files/checksums.txt.sigstore.json" "$files/checksums.txt"
