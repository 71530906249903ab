#!/bin/sh
# Makes the archives of a release, and the manifest with which krew installs them as `kubectl podgraft`:
#
#   sh plugins/krew/release.sh OUT linux/amd64=path/to/podgraft linux/arm64=path/to/podgraft
#
# OUT then has podgraft_<version>_<os>_<arch>.tar.gz for each platform, and podgraft.yaml for the index of krew. Version and
# addresses are those of Cargo.toml. SOURCE_DATE_EPOCH is the time of the files in the archives, by default now.
set -eu

[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$1
shift
field() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$root/Cargo.toml" | head -n 1; }
version=v$(field version)
repository=$(field repository)
mkdir -p "$out"

cat >"$out/podgraft.yaml" <<END
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: podgraft
spec:
  version: $version
  homepage: $repository
  shortDescription: Inject sidecars, ambassadors and adapters into Pods
  description: |
    Injects companion containers into the Pods of manifests, as the admission
    webhook of podgraft does in a cluster; explains which companions a workload
    gets, and why; validates companions and the workloads that request them;
    and removes companions from manifests again.
  caveats: |
    To complete arguments, if your shell has the completion of kubectl:
      kubectl podgraft completion kubectl > ~/bin/kubectl_complete-podgraft
      chmod +x ~/bin/kubectl_complete-podgraft
  platforms:
END

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for each in "$@"; do
  platform=${each%%=*}
  os=${platform%%/*}
  arch=${platform#*/}
  archive=podgraft_${version}_${os}_${arch}.tar.gz
  cp "${each#*=}" "$work/podgraft"
  chmod 755 "$work/podgraft"
  cp "$root/LICENSE" "$work/LICENSE"
  tar --create --gzip --owner=0 --group=0 --numeric-owner ${SOURCE_DATE_EPOCH:+--mtime=@$SOURCE_DATE_EPOCH} \
    --file "$out/$archive" --directory "$work" LICENSE podgraft
  sum=$(sha256sum "$out/$archive" | cut -d ' ' -f 1)
  cat >>"$out/podgraft.yaml" <<END
  - selector:
      matchLabels:
        os: $os
        arch: $arch
    uri: $repository/releases/download/$version/$archive
    sha256: $sum
    bin: podgraft
END
done
