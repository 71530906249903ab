#!/usr/bin/env bash
# Installs what the tests need beyond Rust and Go, on Debian and as root. This is the only list of these packages.
#
#   install.sh            all of it
#   install.sh systems    only what one purpose needs: counts, shells, systems, node, images or release
set -euo pipefail

# Counts the instructions of reviews.
counts=(valgrind)
# Load the completion.
shells=(fish zsh)
# The four systems of examples/, as processes on this machine.
systems=(busybox curl git haproxy mtail nginx-light openssh-client openssh-server openssl prometheus python3 redis-server tomcat10)
# A node: the kubelet runs containers with these.
node=(conntrack containerd containernetworking-plugins ipset iproute2 iptables runc util-linux)
# Images: file systems of Debian packages, and the Dockerfile without a Docker engine.
images=(buildah busybox debian-archive-keyring gcc libc6-dev mmdebstrap)
# A release.
release=(buildah jq skopeo)

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed: packages can be installed only on Debian and as root"
  exit 0
fi

wanted=()
for purpose in "${@:-counts shells systems node images}"; do
  for name in $purpose; do
    declare -n packages=$name
    wanted+=("${packages[@]}")
  done
done
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# Packages start their servers when they are installed, unless this policy forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi

echo "installing ${missing[*]}"
# Another installation may be running: then this one waits.
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@"; }
apt_get update
apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null
