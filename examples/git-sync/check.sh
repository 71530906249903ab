#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh failures.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- pushes failures credentials content
for name; do bash "checks/$name.sh"; done
echo "git-sync: $* passed"
