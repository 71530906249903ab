#!/usr/bin/env bash
# A server that is frozen, or does not accept the adapter: each poll ends in time, and the log has the server's reason.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
needs redis-server redis-cli
read -r redis metrics status m_tomcat <<<"$(free_ports 4)"
mkdir -m 777 "$work/data"
start redis redis-server --port "$redis" --bind 127.0.0.1 --save "" --dir "$work/data" --requirepass first
redis_pid=$started
admin() { redis-cli -p "$redis" --no-auth-warning -a "$password" "$@"; }
password=first
eventually 20 admin PING
adapter metrics-redis "$metrics" "$redis" DEADLINE=1
credentials=$work/metrics-redis/secret
# rotate NAME VALUE: as the kubelet does it.
rotate() { printf %s "$2" >"$credentials/$1.new" && mv "$credentials/$1.new" "$credentials/$1"; }

# No password, a wrong one, the right one with a line break at its end.
eventually 20 logged metrics-redis-poll "Redis: NOAUTH Authentication required."
eventually 20 is "$metrics" app_up 1
is "$metrics" app_success_timestamp_seconds 0 || fail "a Redis that rejects the adapter is a success"
rotate password wrong
eventually 20 logged metrics-redis-poll "Redis: WRONGPASS"
rotate password $'first\r\n'
eventually 20 logged metrics-redis-poll "adapter: reads again"
eventually 20 above "$metrics" app_success_timestamp_seconds 0
is "$metrics" app_up 1 || fail "a Redis that accepts the adapter is down"

# A frozen Redis: `up 0` within the deadline, and no process is left of a poll.
kill -STOP "$redis_pid"
eventually 20 is "$metrics" app_up 0
eventually 5 logged metrics-redis-poll "adapter: no answer within 1s"
polled=$(value "$metrics" app_read_timestamp_seconds)
eventually 20 above "$metrics" app_read_timestamp_seconds "$((polled + 4))"
children() { pgrep -u 65532 -f "^nc 127.0.0.1 $redis" | wc -l; }
only_one() { [ "$(children)" -le 1 ]; } # of several polls
eventually 20 only_one
success=$(value "$metrics" app_success_timestamp_seconds)
kill -CONT "$redis_pid"
eventually 20 is "$metrics" app_up 1
eventually 20 above "$metrics" app_success_timestamp_seconds "$success"

# A user of an ACL, without the right and with it.
admin ACL SETUSER metrics on '>a b"$c' >/dev/null
rotate username $'metrics\n'
rotate password 'a b"$c'
eventually 20 logged metrics-redis-poll "Redis: NOPERM"
is "$metrics" app_up 1 || fail "a Redis that rejects a user is down"
success=$(value "$metrics" app_success_timestamp_seconds)
admin ACL SETUSER metrics +info >/dev/null
eventually 20 above "$metrics" app_success_timestamp_seconds "$success"
before=$(value "$metrics" app_requests_total)
for _ in 1 2 3 4 5; do admin INCR basket >/dev/null; done
more() { above "$metrics" app_requests_total $((before + 4)); }
eventually 20 more

# Commands that Redis rejects, because an argument is missing, are requests as well.
errors=$(value "$metrics" app_errors_total)
for _ in {1..100}; do echo GET; done | admin >/dev/null
rejected() { above "$metrics" app_errors_total $((errors + 99)); }
eventually 20 rejected
above "$metrics" app_requests_total "$(($(value "$metrics" app_errors_total) - 1))" || fail "more errors than requests"
is "$metrics" app_unmatched_lines_total 0 || fail "mtail did not understand the poller"

# A status page that does not exist: the server is up, and not read.
python3 -m http.server --bind 127.0.0.1 --directory "$work/data" "$status" >"$work/status.log" 2>&1 &
pids+=($!)
eventually 20 listens "$status"
adapter metrics-tomcat "$m_tomcat" "$status"
eventually 20 logged metrics-tomcat-poll "the status page responds with HTTP/1.0 404"
eventually 20 is "$m_tomcat" app_up 1
is "$m_tomcat" app_success_timestamp_seconds 0 || fail "a status page that does not exist is a success"

! grep -qF -e 'b"$c' "$work/metrics-redis-poll.log" || fail "a password is in the log"
echo "metrics-adapter/redis: NOAUTH, WRONGPASS and NOPERM are in the log; a frozen Redis is up 0 within its deadline; a rotated password is used; a server without a status page is up"
