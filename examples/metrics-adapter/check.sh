#!/usr/bin/env bash
# Runs the checks of this folder, or those that are named: check.sh log.
set -euo pipefail
. "$(dirname "$0")/../check-each.sh"
[ $# -gt 0 ] || set -- log redis form
check_each "$@"
