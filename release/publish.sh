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

# inspect NAME [FLAG]: what exists under that name and this version.
inspect() { skopeo inspect --raw ${2:+"$2"} ${INSECURE:+--tls-verify=false} "docker://$1:$version" 2>"$work/error"; }

# fetch NAME: the manifest, into the folder of this run; false if there is none. A registry that does not answer, or rejects the
# login, may have one: going on would replace it.
fetch() {
  inspect "$1" >"$work/manifest" && return 0
  grep -qiE 'manifest unknown|name unknown|404 \(not found\)|StatusCode: 404' "$work/error" ||
    fail "it is not known whether $1:$version exists: $(cat "$work/error")"
  return 1
}
sum() { echo "sha256:$(sha256sum "$1" | cut -d ' ' -f 1)"; }
exists() { fail "$1:$version exists with other content; a version that is published never changes"; }

# chart_metadata: Chart.yaml of the archive as JSON, which Helm writes as the config of the chart. A template of a chart without
# anything else converts it.
chart_metadata() {
  mkdir -p "$work/chart" "$work/convert/templates"
  tar -xzf "$chart" -C "$work/chart" podgraft/Chart.yaml
  cp "$work/chart/podgraft/Chart.yaml" "$work/convert/metadata.yaml"
  printf 'apiVersion: v2\nname: convert\nversion: 0.1.0\n' >"$work/convert/Chart.yaml"
  echo 'metadata: {{ .Files.Get "metadata.yaml" | fromYaml | toJson }}' >"$work/convert/templates/metadata.yaml"
  "${HELM:-helm}" template convert "$work/convert" | sed -n 's/^metadata: //p' | jq -S .
}

# is_the_chart: whether the fetched manifest has the archive as its only layer, and its metadata as config. The rest of it, such
# as the time of the push, is Helm's.
is_the_chart() {
  [ "$(jq -r '.layers | map(.digest) | join(" ")' "$work/manifest")" = "$(sum "$chart")" ] || return 1
  chart_metadata >"$work/expected"
  inspect "$charts/podgraft" --config >"$work/config" || fail "the config of $charts/podgraft:$version cannot be read: $(cat "$work/error")"
  [ "$(jq -r .config.digest "$work/manifest")" = "$(sum "$work/config")" ] || return 1
  jq -S . "$work/config" | cmp -s - "$work/expected"
}

if ! fetch "$image"; then
  skopeo copy --all --preserve-digests ${INSECURE:+--dest-tls-verify=false} "oci:$out/image:$version" "docker://$image:$version"
  fetch "$image" || fail "$image:$version was pushed and cannot be read"
fi
[ "$(sum "$work/manifest")" = "$(cat "$out/digest")" ] || exists "$image"

pushed=
if ! fetch "$charts/podgraft"; then
  "${HELM:-helm}" push "$chart" "oci://$charts" ${INSECURE:+--plain-http} >"$work/push" 2>&1 || fail "$(cat "$work/push")"
  pushed=$(sed -n 's/^Digest: //p' "$work/push")
  [ -n "$pushed" ] || fail "Helm did not print the digest of the chart: $(cat "$work/push")"
  fetch "$charts/podgraft" || fail "$charts/podgraft:$version was pushed and cannot be read"
fi
# What is signed afterwards is this digest, so that the manifest must be the one that was pushed.
[ -z "$pushed" ] || [ "$(sum "$work/manifest")" = "$pushed" ] || exists "$charts/podgraft"
is_the_chart || exists "$charts/podgraft"
sum "$work/manifest" >"$out/chart-digest"
echo "image $image:$version, chart $charts/podgraft:$version"
