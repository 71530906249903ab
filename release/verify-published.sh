#!/bin/sh
# Verifies a published release as docs/security.md describes it for users:
#
#   sh release/verify-published.sh v0.1.0 registry.example/podgraft registry.example/charts [sha256:...]
#
# The last argument is the digest that the image must have. It needs cosign, gh, Skopeo and Helm.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -ge 3 ] || usage
tag=$1
image=$2
charts=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The workflow that signed it, in this repository and at this tag.
identity=$repository/.github/workflows/release.yaml@refs/tags/$tag
signed_by() { echo "--certificate-identity=$identity --certificate-oidc-issuer=https://token.actions.githubusercontent.com"; }

digest=$(skopeo inspect --raw "docker://$image:${tag#v}" | sha256sum | cut -d ' ' -f 1)
[ -z "${4:-}" ] || [ "sha256:$digest" = "$4" ] || fail "$image:${tag#v} has the digest sha256:$digest, not $4"
# shellcheck disable=SC2046
cosign verify $(signed_by) "$image@sha256:$digest" >/dev/null
# shellcheck disable=SC2046
cosign verify-attestation --type spdxjson $(signed_by) "$image@sha256:$digest" >/dev/null
# shellcheck disable=SC2046
cosign verify $(signed_by) "$charts/podgraft:${tag#v}" >/dev/null

gh release download "$tag" --repo "${repository#https://github.com/}" --dir "$work"
cd "$work"
# shellcheck disable=SC2046
cosign verify-blob $(signed_by) --bundle checksums.txt.sigstore.json checksums.txt
sha256sum --check --strict --quiet checksums.txt
for file in *.tar.gz; do gh attestation verify "$file" --repo "${repository#https://github.com/}" >/dev/null; done
"${HELM:-helm}" template podgraft "oci://$charts/podgraft" --version "${tag#v}" --kube-version v1.30.0 >/dev/null
echo "$tag is verified"
