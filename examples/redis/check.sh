#!/usr/bin/env bash
# An app that knows only its localhost, with real Redis and real haproxy: what users of such an ambassador run into.
# `check.sh tls dns` runs only these files of checks/, between names.sh and silence.sh.
set -euo pipefail
. "$(dirname "$0")/../check-lib.sh"
needs redis-server redis-cli haproxy busybox openssl python3 setpriv awk curl

read -r redis_port health_port web_port a b c d e dns_port silent_port silent_health_port silent_dns_port <<<"$(free_ports 12)"
mkdir -m 755 "$work/secret" "$work/tls"
local_paths() {
  sed -e "s|/podgraft/|$work/|g" -e "s|/etc/haproxy/haproxy.cfg|$work/haproxy.cfg|g" \
    -e "s/bind :9101/bind 127.0.0.1:$health_port/"
}
for file in /podgraft/start.sh /podgraft/ambassador.lua /podgraft/login.map /etc/haproxy/haproxy.cfg; do
  literal companions.yaml redis-ambassador "files:$file" | local_paths >"$work/${file##*/}"
done
literal app.yaml visits visits.py >"$work/visits.py"
mapfile -t parameters < <(defaults companions.yaml redis-ambassador)
[ ${#parameters[@]} -ge 6 ] || fail "no defaults of parameters: ${parameters[*]}"

# ambassador NAME VARIABLE=VALUE...: starts it with the defaults of its parameters; its id is in $ambassador_pid.
ambassador() {
  start "$1" env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" "${parameters[@]}" "${@:2}" busybox sh "$work/start.sh"
  ambassador_pid=$started
}
# store NAME PORT OPTION...: starts a Redis, keeps its id in $store_NAME, and waits until it answers.
store() {
  mkdir -pm 777 "$work/$1"
  rm -f "$work/store-$1.log" # an earlier Redis of that name has written the line that is waited for
  start "store-$1" redis-server --port "$2" --bind 127.0.0.1 --save "" --dir "$work/$1" "${@:3}"
  printf -v "store_$1" %s "$started"
  eventually 5 grep -q "Ready to accept connections" "$work/store-$1.log"
}
at() { redis-cli -h 127.0.0.1 -p "$@" 2>&1; }
ready() { curl -sf -m 2 "http://127.0.0.1:$health_port/ready" >/dev/null; }
unready() { ! ready; }
pod_ready() { curl -sf -m 2 "http://127.0.0.1:$health_port/pod-ready" >/dev/null; }
masters() { [[ $(curl -s -m 2 "http://127.0.0.1:$health_port/metrics") == *$'\n''haproxy_backend_active_servers{proxy="masters"} '"$1"$'\n'* ]]; }
answers() { [ "$(at "$redis_port" --no-auth-warning "${@:2}" ping)" = "$1" ]; }
in_sync() { at "$1" info replication | grep -q master_link_status:up; }

summary=()
for part in names ${@:-failover credentials tls members dns limits local} silence; do
  . "$here/checks/$part.sh"
done
echo "redis: $(printf '%s; ' "${summary[@]}" | sed 's/; $//')"
