# A name server that does not answer changes nothing. haproxy's own limit for that is 30 s.

while [ $SECONDS -lt $((silent_since + 34)) ]; do sleep 0.5; done
[ "$(wc -l <"$work/silent.log")" -eq "$silent_lines" ] && silent_answers || fail "a silent name server stops the traffic: $(cat "$work/silent.log")"
stop "$silent_pid" >/dev/null
crash "$store_silent"
summary+=("a silent name server changes nothing")
