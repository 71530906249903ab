#!/usr/bin/env bash
# Runs the four systems with real software on this machine, one after the other, and reports those that cannot be checked.
# With INSTALL=1, on Debian and as root, missing packages are installed first, without starting their servers.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${INSTALL:-}" = 1 ]; then bash ../tests/run/install.sh systems; fi

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
