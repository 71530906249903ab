#!/bin/sh
# Packages the chart with the name and the digest of the released image, so that the signature of the chart covers the image as
# well, and with both for Artifact Hub:
#
#   sh release/chart.sh FOLDER registry.example/podgraft sha256:...
#
# HELM   the program; `helm` by default
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 3 ] || usage
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$root/charts/podgraft" "$work/podgraft"
awk -v name="$2" -v digest="$3" '
  /^[a-z]/                                 { in_image = $0 == "image:" }
  in_image && $0 == "  repository: \"\""   { $0 = "  repository: " name; found++ }
  in_image && $0 == "  digest: \"\""       { $0 = "  digest: " digest; found++ }
                                           { print }
  END                                      { exit found != 2 }
' "$root/charts/podgraft/values.yaml" >"$work/podgraft/values.yaml" || fail "values.yaml lacks image.repository or image.digest"
# The annotations are the last field of Chart.yaml.
[ "$(grep '^[a-z]' "$work/podgraft/Chart.yaml" | tail -n 1)" = annotations: ] || fail "Chart.yaml does not end with annotations"
cat >>"$work/podgraft/Chart.yaml" <<END
  artifacthub.io/images: |
    - name: podgraft
      image: $2:$version@$3
      platforms: [linux/amd64, linux/arm64]
END
"${HELM:-helm}" package "$work/podgraft" --version "$version" --app-version "$version" --destination "$work" >/dev/null
# Helm writes the current time; packed again, the same commit gives the same chart.
rm -rf "$work/podgraft"
tar -xzf "$work/podgraft-$version.tgz" -C "$work"
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "--mtime=@$created" -C "$work" -cf - podgraft |
  gzip -n >"$1/podgraft-$version.tgz"
