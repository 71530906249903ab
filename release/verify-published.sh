#!/bin/sh
# Verifies a release as docs/security.md describes it for users:
#
#   sh release/verify-published.sh v0.1.0 registry.example/podgraft registry.example/charts [sha256:... [FOLDER]]
#
# The first optional argument is the digest that the image must have; empty is any. FOLDER has the files of a release whose page is
# not public yet; otherwise they are downloaded. It needs cosign, gh, jq, Skopeo and Helm.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -ge 3 ] || usage
tag=$1
image=$2
charts=$3
expected=${4:-}
project=${repository#https://github.com/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files" "$work/pulled"
files=$work/files
if [ -n "${5:-}" ]; then
  cp "$5"/* "$files"
else
  gh release download "$tag" --repo "$project" --dir "$files"
fi

# The workflow that signed it, in this repository and at this tag.
identity=$repository/.github/workflows/release.yaml@refs/tags/$tag
signed_by() { echo "--certificate-identity=$identity --certificate-oidc-issuer=https://token.actions.githubusercontent.com"; }
# provenance SUBJECT: that the same workflow built it at this tag. Without the two flags any workflow on any branch is accepted.
provenance() {
  gh attestation verify "$1" --repo "$project" --signer-workflow "$project/.github/workflows/release.yaml" \
    --source-ref "refs/tags/$tag" >/dev/null
}
# manifest NAME: the manifest of that name and this version, into the folder of this run.
manifest() { skopeo inspect --raw "docker://$1:${tag#v}" >"$work/manifest"; }
sum() { echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"; }

# The files.
cd "$files"
# shellcheck disable=SC2046
cosign verify-blob $(signed_by) --bundle checksums.txt.sigstore.json checksums.txt
sha256sum --check --strict --quiet checksums.txt
sed 's/^[^ ]*  //' checksums.txt | LC_ALL=C sort >"$work/listed"
while IFS= read -r file; do provenance "$file"; done <"$work/listed"
find . -type f ! -name 'checksums.txt*' | sed 's|^\./||' | LC_ALL=C sort | cmp - "$work/listed" || fail "a file has no checksum"

# The image, which the plain manifest names by its digest.
manifest "$image"
digest=$(sum "$work/manifest")
[ -z "$expected" ] || [ "$digest" = "$expected" ] || fail "$image:${tag#v} has the digest $digest, not $expected"
grep -qF "image: \"$image:${tag#v}@$digest\"" install.yaml || fail "install.yaml has another image than $image:${tag#v}@$digest"
# shellcheck disable=SC2046
cosign verify $(signed_by) "$image@$digest" >/dev/null
# shellcheck disable=SC2046
cosign verify-attestation --type spdxjson $(signed_by) "$image@$digest" >/dev/null
provenance "oci://$image@$digest"

# The chart, which is the same file in the registry, and which names the same image.
chart=podgraft-${tag#v}.tgz
manifest "$charts/podgraft"
[ "$(jq -r '.layers | map(.digest) | join(" ")' "$work/manifest")" = "$(sum "$chart")" ] || fail "$charts/podgraft:${tag#v} is not $chart"
# shellcheck disable=SC2046
cosign verify $(signed_by) "$charts/podgraft@$(sum "$work/manifest")" >/dev/null
"${HELM:-helm}" pull "oci://$charts/podgraft" --version "${tag#v}" --destination "$work/pulled" >/dev/null
cmp "$chart" "$work/pulled/$chart"
"${HELM:-helm}" template podgraft "$chart" --kube-version v1.30.0 >"$work/rendered"
grep -qF "image: \"$image@$digest\"" "$work/rendered" || fail "$chart has another image than $image@$digest"
echo "$tag is verified"
