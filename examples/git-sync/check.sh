#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh failures.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- pushes failures credentials content
summary=
for name; do
  line=$(bash "checks/$name.sh")
  echo "$line"
  summary="$summary${summary:+; }${line#*: }"
done
echo "git-sync: $summary"
