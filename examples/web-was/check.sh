#!/usr/bin/env bash
# nginx before Tomcat and before an app of the check's own: what users of such a reverse proxy run into.
# `check.sh streams clients` runs only these files of checks/.
set -euo pipefail
. "$(dirname "$0")/../check-lib.sh"
needs nginx java python3 setpriv awk busybox curl

read -r web_port app_port metrics_port <<<"$(free_ports 3)"
mkdir -m 777 "$work/tmp" "$work/static" "$work/java"
local_paths() {
  sed -e "s|/tmp/nginx|$work/tmp/nginx|g" -e "s|/srv/static/|$work/static/|g" -e "s|/etc/nginx/nginx.conf|$work/nginx.conf|" \
    -e "s|listen 9102|listen $metrics_port|" -e "s|echo \"listen |&127.0.0.1:|"
}
for file in /podgraft/start.sh /etc/nginx/nginx.conf; do
  literal companions.yaml web-front "files:$file" | local_paths >"$work/${file##*/}"
done
mapfile -t parameters < <(defaults companions.yaml web-front)
[ ${#parameters[@]} -ge 12 ] || fail "no defaults of parameters: ${parameters[*]}"
url=http://127.0.0.1:$web_port

# run_front NAME VARIABLE=VALUE...: starts nginx with the defaults of its parameters.
run_front() {
  install -m "${log_mode:-666}" /dev/null "$work/$1.log" # nginx opens its standard output again, as the user that it runs as
  start "$1" env -i PATH="$PATH" WEB_PORT="$web_port" "${parameters[@]}" WEB_UPSTREAM="$app_port" "${@:2}" busybox sh "$work/start.sh"
  front_pid=$started
}
# front NAME VARIABLE=VALUE...: the same, and waits until it answers.
front() { run_front "$@" && eventually 5 curl -sf "$url/-/alive"; }
stop_front() { stop "$front_pid" >/dev/null; }
app() { start app env -i PATH="$PATH" DROP_AFTER="${DROP_AFTER:-60}" python3 -u "$here/checks/app.py" "$app_port"; app_pid=$started; eventually 5 curl -sf "http://127.0.0.1:$app_port/"; }
# answer PATH OPTION...: prints the status, Retry-After (or -) and the body.
answer() {
  local head body
  body=$(curl -s -m 8 -D "$work/head" -o - "$url$1" "${@:2}" || true)
  head=$(tr -d '\r' <"$work/head")
  echo "$(sed -n '1s/[^ ]* \([0-9]*\).*/\1/p' <<<"$head") $(sed -n 's/^retry-after: //Ip' <<<"$head" | grep . || echo -) $body"
}
says() { [[ $(answer "${@:2}") == *"$1"* ]]; }
# expect TEXT PATH OPTION...
expect() { says "$@" || fail "${FUNCNAME[1]}: expected $1, got $(answer "${@:2}")"; }

summary=()
for part in ${@:-pages answers streams static clients}; do
  . "$here/checks/$part.sh"
done
echo "web-was: $(printf '%s; ' "${summary[@]}" | sed 's/; $//')"
