# Sourced by the check.sh of examples whose checks are processes of their own.

# check_each NAME...: runs checks/NAME.sh, one after the other, and prints one line for all. A check that fails, or that lacks
# software, ends it with the same message and code.
check_each() {
  local folder name line summary='' code=0
  folder=$(dirname "$0")
  for name; do
    line=$(bash "$folder/checks/$name.sh") || code=$?
    [ -z "$line" ] || echo "$line"
    [ "$code" -eq 0 ] || exit "$code"
    summary="$summary${summary:+; }${line#*: }"
  done
  echo "$(basename "$(realpath "$folder")"): $summary"
}
