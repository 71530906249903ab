# No master, two masters, Redis Cluster, and more than three members: each change is one line of the log, and a metric.

store a "$a"
store b "$b" --replicaof 127.0.0.1 "$a"
store c "$c" --replicaof 127.0.0.1 "$a"
store d "$d" --replicaof 127.0.0.1 "$a"
store e "$e" --cluster-enabled yes
ambassador members REDIS_CHECK_INTERVAL=100ms REDIS_SERVER_1="127.0.0.1:$a" REDIS_SERVER_2="127.0.0.1:$b" \
  REDIS_SERVER_5="127.0.0.1:$c" REDIS_SERVER_9="127.0.0.1:$d" REDIS_SERVER_8="127.0.0.1:$e"
eventually 5 ready
eventually 5 logged members "master: one; two: replica; five: replica; eight: cluster mode is not supported; nine: replica"
masters 1 || fail "the metric of one master"
metrics=$(curl -s -m 2 "http://127.0.0.1:$health_port/metrics")
for name in $(grep -o 'haproxy_[a-z_]*' "$here/README.md" | sort -u); do
  [[ $metrics == *"# TYPE $name "* ]] || fail "README.md names the metric $name, which does not exist"
done
pod_ready || fail "the Pod is not ready"

# Two members that both claim to be the master: neither is used, until one of them is a replica.
at "$d" replicaof no one >/dev/null
eventually 5 logged members "two masters: one, nine; connections are refused; two: replica"
masters 2 || fail "the metric of two masters"
refused() { [ "$(at "$redis_port" ping)" != PONG ]; }
refused && unready || fail "one of two masters is used"
[[ $(curl -s -m 2 "http://127.0.0.1:$health_port/metrics") =~ requests_denied_total\{proxy=\"redis\"\}\ [1-9] ]] || fail "the metric of refused connections"
pod_ready || fail "the Pod is not ready, although no one asked for that"
at "$a" replicaof 127.0.0.1 "$d" >/dev/null
eventually 5 logged members "master: nine; one: replica; two: replica"
eventually 5 answers PONG

# No master.
at "$d" replicaof 127.0.0.1 "$a" >/dev/null
eventually 5 logged members "no master; connections are refused; one: replica; two: replica; five: replica; eight: cluster mode is not supported; nine: replica"
masters 0 && refused || fail "the metric of no master"
at "$d" replicaof no one >/dev/null
eventually 5 answers PONG

# A master that hangs: its open connections are closed.
eventually 5 ready
exec 5<>"/dev/tcp/127.0.0.1/$redis_port"
printf 'PING\r\n' >&5
read -r -t 5 line <&5 && [ "$line" = $'+PONG\r' ] || fail "the open connection does not answer"
kill -STOP "$store_d"
eventually 5 logged members "nine: no answer in time"
code=0
read -r -t 5 line <&5 || code=$?
[ "$code" -eq 1 ] || fail "the connection to a hung master stays open ($code)"
exec 5<&-
kill -CONT "$store_d"
[ "$(sort -u "$work/members.log" | wc -l)" -le 12 ] && [ "$(wc -l <"$work/members.log")" -le 16 ] || fail "more than a line for each change: $(cat "$work/members.log")"
stop "$ambassador_pid" >/dev/null

# Readiness of the Pod after the start, for those who ask for it.
ambassador readiness REDIS_CHECK_INTERVAL=100ms REDIS_SERVER_1="127.0.0.1:$d" REDIS_READINESS=true
eventually 5 ready
pod_ready || fail "the Pod is not ready with a master"
crash "$store_d"
not_ready() { ! pod_ready; }
eventually 5 not_ready
stop "$ambassador_pid" >/dev/null
for pid in "$store_a" "$store_b" "$store_c" "$store_e"; do crash "$pid"; done
summary+=("no master, two masters and cluster mode are one log line each")
