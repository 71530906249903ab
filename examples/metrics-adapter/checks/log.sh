#!/usr/bin/env bash
# A log that differs from the form, cannot be read, or is rotated.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
read -r app metrics <<<"$(free_ports 2)"
mkdir -m 777 "$work/logs"
log=$work/logs/app.log
write() { printf '%s\n' "$@" >>"$log"; }

# No app and no log yet.
adapter metrics-log "$metrics" "$app"
eventually 20 logged metrics-log-poll "adapter: the app does not listen on port $app no file matches $work/logs/*.log"
eventually 20 is "$metrics" app_up 0
eventually 20 above "$metrics" app_read_timestamp_seconds 1700000000 # a poll that found nothing is one as well
is "$metrics" app_success_timestamp_seconds 0 || fail "a poll that found nothing is a success"

# The app starts, with a log that user 65532 cannot read.
python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $app)); time.sleep(600)" &
pids+=($!)
: >"$log"
chmod 600 "$log"
eventually 20 is "$metrics" app_up 1
if [ "$(id -u)" -eq 0 ]; then
  eventually 20 logged metrics-log-poll "adapter: cannot read $log as user 65532"
  is "$metrics" app_success_timestamp_seconds 0 || fail "a log that cannot be read is a success"
fi
chmod 644 "$log"
eventually 20 logged metrics-log-poll "adapter: reads again"
eventually 20 above "$metrics" app_success_timestamp_seconds 1700000000

# mtail reads a log from the end at which it finds it; only what follows is counted.
sees() { write "time=x method=GET path=/ status=200 seconds=0.001"; above "$metrics" app_requests_total 0; }
eventually 20 sees
write "the end of these lines" # lines are read in order: when this one is counted, so are those before it
eventually 20 is "$metrics" app_unmatched_lines_total 1
base=$(value "$metrics" app_requests_total)

# What is understood, and what is counted as not understood.
write "time=x method=GET path=/ status=200 seconds=1" "time=x method=GET path=/ status=404 seconds=1e-05" \
  "time=x method=GET path= status=200 seconds=2.5E+0" " time=x method=GET path=/ status=500 seconds=0.5 user=a" $'time=x method=GET path=/ status=200 seconds=0.25\r'
eventually 20 is "$metrics" app_requests_total $((base + 5))
is "$metrics" app_errors_total 2 || fail "$(value "$metrics" app_errors_total) errors, not 2"
is "$metrics" app_unmatched_lines_total 1 || fail "a line of the form was not understood"
write "time=x method=GET path=/ status=200 seconds=0,004" "time=x method=GET path=/ status=- seconds=1" \
  "time=x method=GET path=/a b status=200 seconds=1" "Traceback (most recent call last):" "requests 1000000" "up 0" ""
eventually 20 is "$metrics" app_unmatched_lines_total 8
is "$metrics" app_requests_total $((base + 5)) || fail "a line of another form was counted"
is "$metrics" app_up 1 || fail "a line of the log was read as one of the poller"

# The time of the last line does not move without lines; the time of the last poll does.
line=$(value "$metrics" app_last_line_timestamp_seconds)
polled=$(value "$metrics" app_read_timestamp_seconds)
eventually 20 above "$metrics" app_read_timestamp_seconds "$((polled + 1))"
is "$metrics" app_last_line_timestamp_seconds "$line" || fail "the time of the last line moved without a line"

# A log that is renamed loses nothing, also when the app writes on at once.
for n in 1 2 3; do
  write "time=x method=GET path=/ status=200 seconds=0.001"
  mv "$log" "$log.$n"
  write "time=x method=GET path=/ status=200 seconds=0.001"
  eventually 20 is "$metrics" app_requests_total $((base + 5 + 2 * n))
done
took=$(stop "$poll_pid")
[ "$took" -lt 1000 ] || fail "SIGTERM took $took ms"
echo "metrics-adapter/log: 5 spellings understood, 7 lines counted as not understood, nothing lost in 3 rotations; SIGTERM took $took ms"
