# The limits that are parameters: connections, idle time, time-outs.

store c "$c"
ambassador limits REDIS_SERVER_1="127.0.0.1:$c" REDIS_MAX_CONNECTIONS=2 REDIS_IDLE_TIMEOUT=4s REDIS_CHECK_INTERVAL=100ms
eventually 5 ready
# The third connection waits until one of the others is closed; probes and metrics do not.
exec 5<>"/dev/tcp/127.0.0.1/$redis_port" 6<>"/dev/tcp/127.0.0.1/$redis_port"
printf 'PING\r\n' >&5
printf 'PING\r\n' >&6
read -r -t 5 <&5 && read -r -t 5 <&6 || fail "two connections do not answer"
exec 7<>"/dev/tcp/127.0.0.1/$redis_port"
printf 'PING\r\n' >&7
! read -r -t 0.3 <&7 || fail "a third connection is answered"
ready && masters 1 || fail "probes wait for connections of the app"
read -r -t 8 line <&7 && [ "$line" = $'+PONG\r' ] || fail "the third connection is not answered after another was idle"
code=0
read -r -t 5 <&5 || code=$?
[ "$code" -eq 1 ] || fail "an idle connection stays open"
exec 5<&- 6<&- 7<&-
stop "$ambassador_pid" >/dev/null

# An open connection is closed by SIGUSR1, the stop signal of the image, after five seconds.
ambassador signal REDIS_SERVER_1="127.0.0.1:$c" REDIS_CHECK_INTERVAL=100ms
eventually 5 ready
exec 5<>"/dev/tcp/127.0.0.1/$redis_port"
printf 'PING\r\n' >&5
read -r -t 5 <&5 || fail "no answer"
kill -USR1 "$ambassador_pid"
ended() { ! kill -0 "$ambassador_pid" 2>/dev/null; }
eventually 9 ended
exec 5<&-
crash "$store_c"

# What podgraft would deny is an error of the start, with its reason.
ambassador broken REDIS_SERVER_1="127.0.0.1:$c" REDIS_CHECK_INTERVAL=never
eventually 5 ended
logged broken "[ALERT]" || fail "an invalid value is not reported: $(cat "$work/broken.log")"
summary+=("limits are parameters")
