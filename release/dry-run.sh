#!/bin/bash
# Makes a release for this machine's architecture, without publishing anything: the binary, the image, the chart, the plain
# manifest, the bill of materials, the checksums, and the manifest for krew. Everything is checked, pushed to a registry that
# runs on loopback while this script does, and pulled from there:
#
#   bash release/dry-run.sh
#
# It needs Linux, root, Go, and the packages that tests/run/install.sh installs for `images` and `release`. The result is in
# target/release-dry-run.
set -euo pipefail
cd "$(dirname "$0")/.."
. release/facts.sh

out=target/release-dry-run
tools=$PWD/target/tools
image=registry.example/podgraft
crane=v0.22.1
server=

for tool in buildah cargo go jq skopeo; do
  command -v $tool >/dev/null || fail "$tool is missing; the packages of Debian: bash tests/run/install.sh images release"
done
# Commits that are made while this runs belong to the next one.
export COMMIT=$commit
[ -z "$(git status --porcelain)" ] || echo "dry-run.sh: the tree has changes that are not part of commit $commit" >&2
rm -rf "$out"
mkdir -p "$out/storage"
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$out/storage"
}
trap finish EXIT

# Buildah and Skopeo keep what they need in the folder of this run.
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$PWD/$out/storage/root" "$PWD/$out/storage/run" \
  >"$out/storage/storage.conf"
export CONTAINERS_STORAGE_CONF=$PWD/$out/storage/storage.conf
if [ -z "${HELM:-}" ]; then
  HELM=$(command -v helm || ls -d "${XDG_CACHE_HOME:-$HOME/.cache}"/podgraft/helm-v*/helm | tail -n 1) ||
    fail "Helm is missing; cargo test --test cluster -- build builds it"
  export HELM
fi

# step NAME COMMAND...: one step, with its time.
step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s ==\n' "$name"
  "$@"
  printf '%s: %d s\n' "$name" $((SECONDS - began))
}

# A registry in memory, at an address that only this machine reaches.
serve() {
  [ -x "$tools/bin/crane" ] || GOBIN=$tools/bin go install "github.com/google/go-containerregistry/cmd/crane@$crane"
  "$tools/bin/crane" registry serve --address 127.0.0.1:0 2>"$out/storage/registry.log" &
  server=$!
  local tries=0
  until grep -q 'serving on port' "$out/storage/registry.log"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "the registry does not start: $(cat "$out/storage/registry.log")"
    sleep 0.1
  done
  registry=127.0.0.1:$(sed -n 's/.*serving on port //p' "$out/storage/registry.log")
}

# What a user pulls is what was made here.
pull() {
  local chart=oci://$registry/charts/podgraft
  INSECURE=1 sh release/publish.sh "$out" "$registry/podgraft" "$registry/charts"
  skopeo inspect --raw --tls-verify=false "docker://$registry/podgraft:$version" | sha256sum |
    grep -q "^$(cut -d : -f 2 "$out/digest")" || fail "the pushed image has another digest"
  "$HELM" template podgraft "$chart" --plain-http --version "$version" --kube-version v1.30.0 >/dev/null
  echo "image and chart were pushed and pulled"
}

# Publishing can be repeated after a failure, and never replaces a version.
publish_again() {
  INSECURE=1 sh release/publish.sh "$out" "$registry/podgraft" "$registry/charts"
  mkdir -p "$out/storage/other/files"
  cp "$out/files/install.yaml" "$out/storage/other/files/podgraft-$version.tgz"
  for file in "$out/digest" /dev/null; do
    cp "$file" "$out/storage/other/digest"
    if INSECURE=1 sh release/publish.sh "$out/storage/other" "$registry/podgraft" "$registry/charts"; then
      fail "another image or chart replaces the published one"
    fi
  done
}

sizes() {
  stat -c '%s %n' "$out"/binaries/*/* "$out"/images/* "$out"/files/* |
    awk -v out="$out/" '{ sub(out, "", $2); printf "%9.2f MiB  %s\n", $1 / 1048576, $2 }'
}

step "version" sh release/version.sh "${TAG:-}"
step "binary and image" cargo test --locked --test cluster -- release-image "$out"
step "index of the images" sh release/index.sh "$out"
step "files" sh release/files.sh "$out" "$image"
step "checks" sh release/verify.sh "$out" "$image"
step "registry" serve
step "publishing to the registry on loopback" pull
step "publishing again, and publishing something else" publish_again
printf '\n== sizes ==\n'
sizes
