#!/usr/bin/env bash
# Moves the master of a replicated Redis and watches an app that knows only its localhost; then the same app with redis-local.
set -euo pipefail
. "$(dirname "$0")/../check-lib.sh"
needs redis-server redis-cli haproxy python3 setpriv awk

read -r redis_port health_port a b web_port local_port <<<"$(free_ports 6)"
literal companions.yaml redis-ambassador files:/etc/haproxy/haproxy.cfg | sed "s/bind :9101/bind 127.0.0.1:$health_port/" >"$work/haproxy.cfg"
literal companions.yaml redis-local files:/etc/redis-local/redis.conf | sed "s|dir /data|dir $work/data|" >"$work/redis.conf"
literal app.yaml visits visits.py >"$work/visits.py"
mkdir -m 777 "$work/data" "$work/a" "$work/b"

# The arguments of redis-local, with $(NAME) filled in as the kubelet does it.
arguments() {
  python3 - "$here/companions.yaml" <<'PY'
import json, os, re, sys
line = next(l for l in open(sys.argv[1]) if l.strip().startswith('args: ["/etc/redis-local/'))
for word in json.loads(line.split(":", 1)[1]):
    print(re.sub(r"\$\((\w+)\)", lambda m: os.environ[m[1]], word))
PY
}
ready() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=1)' "http://127.0.0.1:$health_port/ready" 2>/dev/null; }
at() { redis-cli -h 127.0.0.1 -p "$@" 2>&1; }
app() { start app env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$1" PORT="$web_port" python3 -u "$work/visits.py"; }
store() { start "store-$1" redis-server --port "$2" --bind 127.0.0.1 --save "" --dir "$work/$1" "${@:3}"; }
# fast N: promotion is seen within N milliseconds by a client of the ambassador.
fast() {
  local begin took
  begin=$(date +%s%N)
  eventually 5 sh -c "redis-cli -h 127.0.0.1 -p $redis_port set probe 1 | grep -q OK"
  took=$((($(date +%s%N) - begin) / 1000000))
  [ "$took" -lt "$1" ] || fail "the master was followed after $took ms"
  echo "$took"
}

start haproxy env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" \
  REDIS_SERVER_1="127.0.0.1:$a" REDIS_SERVER_2="127.0.0.1:$b" haproxy -db -f "$work/haproxy.cfg"
haproxy_pid=$started
sleep 1.5
! ready || fail "ready without a master"
store a "$a"
store b "$b" --replicaof 127.0.0.1 "$a"
b_pid=$started
eventually 5 ready
eventually 10 sh -c "redis-cli -h 127.0.0.1 -p $b info replication | grep -q master_link_status:up"

app "$redis_port"
app_pid=$started
cat >"$work/load.py" <<'PY'
import pathlib, sys, time, urllib.request
url, end = sys.argv[1], pathlib.Path(sys.argv[2])
requests = failed = back = last = 0
while not end.exists():
    requests += 1
    try:
        with urllib.request.urlopen(url, timeout=8) as answer: count = int(answer.read().split()[1])
        back += count <= last
        last = count
    except OSError: failed += 1
    time.sleep(0.001)
print(requests, failed, back)
PY
eventually 5 python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$web_port/alive')"
python3 "$work/load.py" "http://127.0.0.1:$web_port/" "$work/end" >"$work/totals" &
load=$!
pids+=("$load")
sleep 1

# A planned move: the old master first becomes a replica, as Sentinel does it.
at "$a" replicaof 127.0.0.1 "$b" >/dev/null
at "$b" replicaof no one >/dev/null
planned=$(fast 3000)
sleep 0.5
[ "$(at "$b" exists visits)" = 1 ] || fail "the new master has no visits"
eventually 10 sh -c "redis-cli -h 127.0.0.1 -p $a info replication | grep -q master_link_status:up"
sleep 1

# A crash: there is no master until a replica is promoted.
eventually 5 ready
crash "$b_pid"
at "$a" replicaof no one >/dev/null
crash=$(fast 3000)

# Two members that both claim to be the master: neither is used.
store b "$b"
refused() { [ "$(at "$redis_port" ping)" != PONG ] && ! ready; }
eventually 5 refused
at "$b" replicaof 127.0.0.1 "$a" >/dev/null
eventually 5 ready

touch "$work/end"
wait "$load"
read -r requests failed back <"$work/totals"
[ "$requests" -gt 100 ] && [ "$failed" -eq 0 ] && [ "$back" -eq 0 ] || fail "$requests requests, $failed failed, $back counts went back"
python3 -c 'import sys, urllib.request; assert b"haproxy_server_status" in urllib.request.urlopen(sys.argv[1], timeout=2).read()' "http://127.0.0.1:$health_port/metrics"
took=$(stop "$haproxy_pid")
[ "$took" -lt 2000 ] || fail "SIGTERM took $took ms"
stop "$app_pid" >/dev/null

# The same app with a Redis of its own.
export REDIS_PORT=$local_port REDIS_APPENDONLY=no REDIS_MAXMEMORY=64mb
mapfile -t words < <(arguments)
start local redis-server "$work/redis.conf" "${words[@]:1}"
eventually 5 sh -c 'redis-cli -p "$REDIS_PORT" ping | grep -q PONG'
[ "$(at "$local_port" config get maxmemory | tail -1)" = 67108864 ] || fail "maxmemory is not what was asked for"
app "$local_port"
visit() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=8).read().decode(), end="")' "http://127.0.0.1:$web_port/"; }
eventually 5 visit
[ "$(at "$local_port" get visits)" = 1 ] && [ "$(visit)" = "visit 2" ] || fail "redis-local does not count"

# A member with a password, and not an easy one.
secret='s3 cr$t"x%['
at "$local_port" config set requirepass "$secret" >/dev/null
start haproxy env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" \
  REDIS_SERVER_1="127.0.0.1:$local_port" REDIS_CHECK_PASSWORD="$secret" haproxy -db -f "$work/haproxy.cfg"
eventually 5 ready
sleep 1.5
ready && [ "$(at "$redis_port" --no-auth-warning -a "$secret" ping)" = PONG ] || fail "the ambassador does not authenticate"
echo "redis: a planned move followed in $planned ms, a crash in $crash ms, two masters refused; $requests requests of the app, $failed failed"
