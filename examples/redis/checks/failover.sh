# Moves the master and crashes it, while an app counts without pause.

app() { start app env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$1" PORT="$web_port" python3 -u "$work/visits.py"; app_pid=$started; }
# followed: how many milliseconds it takes until a client of the ambassador can write.
followed() {
  local begin
  begin=$(date +%s%N)
  eventually 5 sh -c "redis-cli -h 127.0.0.1 -p $redis_port set probe 1 | grep -q OK"
  echo $((($(date +%s%N) - begin) / 1000000))
}

ambassador failover REDIS_SERVER_1="127.0.0.1:$a" REDIS_SERVER_2="127.0.0.1:$b"
eventually 5 logged failover "no master; connections are refused; one: Connection refused; two: Connection refused"
unready || fail "ready without a master"
store a "$a"
store b "$b" --replicaof 127.0.0.1 "$a"
eventually 5 ready
eventually 10 in_sync "$b"

env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" python3 "$work/visits.py" prepare || fail "ready, but Redis does not answer"
app "$redis_port"
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
print(requests, failed, back, flush=True)
PY
eventually 5 curl -sf "http://127.0.0.1:$web_port/alive"
python3 "$work/load.py" "http://127.0.0.1:$web_port/" "$work/end" >"$work/totals" &
load=$!
pids+=("$load")
eventually 10 sh -c "[ \$(redis-cli -p $a get visits) -gt 150 ]"

# A planned move: the old master first becomes a replica, as Sentinel does it.
at "$a" replicaof 127.0.0.1 "$b" >/dev/null
at "$b" replicaof no one >/dev/null
planned=$(followed)
[ "$planned" -lt 3000 ] || fail "a planned move was followed after $planned ms"
eventually 5 logged failover "master: two; one: replica"
[ "$(at "$b" exists visits)" = 1 ] || fail "the new master has no visits"
eventually 10 in_sync "$a"

# A crash: there is no master until a replica is promoted.
eventually 5 ready
crash "$store_b"
at "$a" replicaof no one >/dev/null
crash=$(followed)
[ "$crash" -lt 3000 ] || fail "a crash was followed after $crash ms"

touch "$work/end"
wait "$load"
read -r requests failed back <"$work/totals"
[ "$requests" -gt 100 ] && [ "$failed" -eq 0 ] && [ "$back" -eq 0 ] || fail "$requests requests, $failed failed, $back counts went back"
took=$(stop "$ambassador_pid")
[ "$took" -lt 2000 ] || fail "SIGTERM took $took ms"
stop "$app_pid" >/dev/null
crash "$store_a"
summary+=("a planned move followed in $planned ms, a crash in $crash ms; $requests requests of the app, $failed failed")
