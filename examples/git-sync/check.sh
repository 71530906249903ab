#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh failures.
set -euo pipefail
. "$(dirname "$0")/../check-each.sh"
[ $# -gt 0 ] || set -- pushes failures credentials content
check_each "$@"
