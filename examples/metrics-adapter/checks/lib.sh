# Sourced by the checks of this folder: the adapters as the Pod would run them, and their metrics.

. "$(dirname "${BASH_SOURCE[0]}")/../../check-lib.sh"
here=${here%/checks}
needs mtail busybox python3 setpriv awk setsid
tools=$work/applets # the pollers have only BusyBox, as in their image
mkdir "$tools"
busybox --install -s "$tools"

# adapter NAME PORT SOURCE-PORT [NAME=VALUE]...: both containers of a companion, with its arguments. Sets $poll_pid.
adapter() {
  local dir=$work/$1 words file
  mkdir "$dir" "$dir/secret"
  mkdir -m 777 "$dir/adapter"
  for file in form.mtail poll.sh source.sh; do literal companions.yaml "$1" "files:/podgraft/$file" >"$dir/$file"; done
  sh -n "$dir/poll.sh"
  sh -n "$dir/source.sh"
  mtail --compile_only --logtostderr --address 127.0.0.1 --port 0 --progs "$dir/form.mtail" >"$dir.compile.log" 2>&1 || fail "mtail rejects the program of $1"
  words=$(grep -A 12 "^  - name: $1\$" "$here/companions.yaml" | sed -n 's/^ *args: \[\(.*\)\]$/\1/p' | tr -d ',' |
    sed -e "s|/podgraft|$dir|" -e "s|/run/adapter|$dir/adapter|" -e "s|/logs/\$(LOG_FILES)|$work/logs/*.log|" -e "s|--port=[0-9]*|--address=127.0.0.1 --port=$2|")
  set -f
  # shellcheck disable=SC2086
  start "$1" mtail $words
  set +f
  poller=(env -i PATH="$tools" PIPE="$dir/adapter/poll" PERIOD=1 DEADLINE=3 SOURCE_PORT="$3" LOGS="$work/logs" LOG_FILES="*.log" CREDENTIALS="$dir/secret" "${@:4}" sh "$dir/poll.sh")
  start "$1-poll" "${poller[@]}"
  poll_pid=$started
}

# value PORT METRIC
value() {
  body "$1" metrics | awk -v name="$2" '$1 == name || index($1, name "{") == 1 { printf "%.12g\n", $2 }'
}
is() { [ "$(value "$1" "$2")" = "$3" ]; }
above() { awk -v a="$(value "$1" "$2")" -v b="$3" 'BEGIN { exit !(a > b) }'; }
