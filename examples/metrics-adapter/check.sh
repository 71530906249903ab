#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh log.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- log redis form
for name; do bash "checks/$name.sh"; done
echo "metrics-adapter: $* passed"
