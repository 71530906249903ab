#!/usr/bin/env bash
# Runs the four systems with real software on this machine, one after the other, and reports those that cannot be checked.
# With INSTALL=1, on Debian and as root, missing packages are installed first, without starting their servers.
set -euo pipefail
cd "$(dirname "$0")"

install_missing() {
  local packages=(busybox curl git haproxy mtail nginx-light openssh-client openssh-server prometheus python3 redis-server tomcat10)
  local missing=()
  for package in "${packages[@]}"; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  # Packages start their servers when they are installed, unless this policy forbids it.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

if [ "${INSTALL:-}" = 1 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then install_missing; fi

passed=0 failed=0 skipped=0
for check in */check.sh; do
  code=0
  said=$(bash "$check" 2>&1) || code=$?
  case $code in
    0) passed=$((passed + 1)); echo "ok       $(tail -n 1 <<<"$said")" ;;
    77) skipped=$((skipped + 1)); echo "skipped  ${check%/check.sh}: $(tail -n 1 <<<"$said")" ;;
    *) failed=$((failed + 1)); echo "FAILED   ${check%/check.sh}"; echo "$said" ;;
  esac
done
echo "systems: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
