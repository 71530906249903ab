#!/bin/sh
# Checks what the other scripts have made, before it is published:
#
#   sh release/verify.sh OUT registry.example/podgraft
#
# HELM   the program; `helm` by default
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 2 ] || usage
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$1" && pwd)
image=$2
files=$out/files
host=$(echo "$platform" | tr / -)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check WHAT COMMAND...: a check that must succeed.
check() {
  what=$1
  shift
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "failed: $what"; }
  echo "ok: $what"
}

# same FOUND EXPECTED
same() { [ "$1" = "$2" ] || { printf 'found:    %s\nexpected: %s\n' "$1" "$2"; return 1; }; }

every_file_has_its_checksum() {
  (cd "$files" && sha256sum --check --strict checksums.txt) || return 1
  same "$(sed 's/^[^ ]*  //' "$files/checksums.txt")" "$(ls "$files" | grep -vx checksums.txt)"
}

# Also the checksum that krew compares is that of the archive.
archives_have_the_binaries() {
  for binary in "$out"/binaries/*/podgraft; do
    name=$(basename "$(dirname "$binary")")
    archive=podgraft_v${version}_$(echo "$name" | tr - _).tar.gz
    mkdir -p "$work/$name"
    tar -xzf "$files/$archive" -C "$work/$name" || return 1
    same "$(ls "$work/$name" | xargs)" "LICENSE podgraft" || return 1
    cmp "$binary" "$work/$name/podgraft" || return 1
    listed=$(sed -n "/\/$archive\$/{n;s/ *sha256: //p;}" "$files/podgraft.yaml")
    same "$listed" "$(sha256sum "$files/$archive" | cut -d ' ' -f 1)" || return 1
  done
}

the_binary_has_this_version() {
  "$work/$host/podgraft" version -o json >"$work/version.json" || return 1
  same "$(jq -r '"\(.version) \(.commit)"' "$work/version.json")" "$version $commit"
}

# blob DIGEST: its file in the layout of the image.
blob() { echo "$out/image/blobs/$(echo "$1" | tr : /)"; }

# each_image COMMAND: for each image of the index, with its platform and the path of its manifest.
each_image() {
  index=$(blob "$(cat "$out/digest")")
  jq -r '.manifests[] | "\(.platform.os)-\(.platform.architecture) \(.digest)"' "$index" >"$work/images"
  while read -r name digest; do "$1" "$name" "$(blob "$digest")" || return 1; done <"$work/images"
}

has_labels_and_user() {
  jq -r '.config | [.User, .Labels["org.opencontainers.image.source"], .Labels["org.opencontainers.image.revision"],
    .Labels["org.opencontainers.image.version"], (.Entrypoint | join(" "))] | join(" ")' \
    "$(blob "$(jq -r .config.digest "$2")")" >"$work/config"
  same "$(cat "$work/config")" "65532:65532 $repository $commit $version /podgraft"
}

images_name_source_revision_and_user() { each_image has_labels_and_user; }

has_the_binary() {
  mkdir -p "$work/root-$1"
  tar -xf "$(blob "$(jq -r '.layers[0].digest' "$2")")" -C "$work/root-$1" || return 1
  same "$(ls -A "$work/root-$1")" podgraft || return 1
  cmp "$work/root-$1/podgraft" "$out/binaries/$1/podgraft"
}

images_have_only_the_binaries() {
  each_image has_the_binary || return 1
  same "$(cut -d ' ' -f 1 "$work/images" | sort)" "$(cd "$out/images" && ls -- *.tar | sed 's/\.tar$//')" || return 1
  # A static binary that is relocatable has another message than one that is not.
  LC_ALL=C ldd "$work/root-$host/podgraft" 2>&1 | grep -E 'statically linked|not a dynamic executable'
}

# The paths of sources in the messages of panics name crates that are certainly part of a binary.
crates_in_binaries() {
  grep -ahoE 'registry/src/[^/]+/[A-Za-z0-9_-]+-[0-9]+\.[0-9]+\.[^/]+/' "$out"/binaries/*/podgraft |
    sed 's|.*/\([A-Za-z0-9_-]*\)-\([0-9][0-9]*\.[0-9][0-9]*\..*\)/|\1 \2|' | sort -u
}

the_bill_of_materials_is_complete() {
  same "$(jq -r .spdxVersion "$files/podgraft.spdx.json")" SPDX-2.3 || return 1
  jq -r '.packages[] | "\(.name) \(.versionInfo)"' "$files/podgraft.spdx.json" | sort -u >"$work/listed"
  sh "$here/crates.sh" >"$work/crates"
  grep -qx "podgraft $version" "$work/listed" || { echo "podgraft $version is not listed"; return 1; }
  diff "$work/crates" "$work/listed" || return 1
  crates_in_binaries >"$work/found"
  [ "$(wc -l <"$work/found")" -gt 20 ] || { echo "the binaries name too few crates to compare"; return 1; }
  same "$(comm -23 "$work/found" "$work/listed")" ""
}

the_chart_renders_the_image() {
  chart=$files/podgraft-$version.tgz
  same "$("${HELM:-helm}" show chart "$chart" | grep -E '^(v|appV)ersion:' | sort | xargs)" \
    "appVersion: $version version: $version" || return 1
  "${HELM:-helm}" template podgraft "$chart" --namespace podgraft-system --kube-version v1.30.0 --skip-tests >"$work/chart.yaml" || return 1
  same "$(image_of "$work/chart.yaml")" "$image@$(cat "$out/digest")"
}

# image_of MANIFEST: the image of its only container; `image:` in the definitions of resources has no value.
image_of() { sed -n 's/^ *\(- \)\{0,1\}image: "\{0,1\}\([^"]\{1,\}\)"\{0,1\}$/\2/p' "$1"; }

the_plain_manifest_pins_the_image() {
  same "$(image_of "$files/install.yaml")" "$image:$version@$(cat "$out/digest")"
}

check "every file has its checksum" every_file_has_its_checksum
check "the archives have the binaries, and krew their checksums" archives_have_the_binaries
check "the binary has version $version of commit $commit" the_binary_has_this_version
check "the images name source, revision and version, and do not run as root" images_name_source_revision_and_user
check "the images have only the binaries, which need no libraries" images_have_only_the_binaries
check "the bill of materials lists each crate of the binaries" the_bill_of_materials_is_complete
check "the chart renders the released image with its digest" the_chart_renders_the_image
check "the plain manifest has the released image with its digest" the_plain_manifest_pins_the_image
