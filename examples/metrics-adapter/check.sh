#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh log.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- log redis form
summary=
for name; do
  line=$(bash "checks/$name.sh")
  echo "$line"
  summary="$summary${summary:+; }${line#*: }"
done
echo "metrics-adapter: $summary"
