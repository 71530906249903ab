# The client as the app sees it, the access log, and values that must not become configuration.

app
forged=(-H "X-Forwarded-For: 203.0.113.7, 198.51.100.9" -H "X-Forwarded-Proto: https" -H "X-Forwarded-Host: shop.example" -H "X-Forwarded-Port: 443"
  -H "Forwarded: for=203.0.113.7" -H "X-Real-IP: 203.0.113.7")
# By default 127.0.0.1 is not a trusted proxy: what a client claims is not passed on.
front untrusted WEB_ACCESS_LOG=on
expect "x-forwarded-for: 127.0.0.1" /echo "${forged[@]}"
expect "x-forwarded-proto: http"$'\n' /echo "${forged[@]}"
for lie in 203.0.113.7 https shop.example 443; do ! says "$lie" /echo "${forged[@]}" || fail "the app sees $lie: $(answer /echo "${forged[@]}")"; done
expect "200" "/echo?q=1"
eventually 5 logged untrusted '127.0.0.1 "GET /echo?q=1 HTTP/1.1" 200'
grep -q 'seconds=[0-9.]* app_status="200"' "$work/untrusted.log" || fail "the access log: $(cat "$work/untrusted.log")"
! logged untrusted "/-/ready" || fail "probes are in the access log"
stop_front

front trusted WEB_TRUSTED_PROXIES=127.0.0.1,198.51.100.0/24
expect "x-forwarded-for: 203.0.113.7"$'\n' /echo "${forged[@]}"
expect "x-real-ip: 203.0.113.7" /echo "${forged[@]}"
expect "x-forwarded-proto: https" /echo "${forged[@]}"
expect "x-forwarded-host: shop.example" /echo "${forged[@]}"
expect "x-forwarded-port: 443" /echo "${forged[@]}"
! says "forwarded: for" /echo "${forged[@]}" || fail "Forwarded is passed on"
! grep -q "GET /echo" "$work/trusted.log" || fail "an access log that is off"
stop_front

# Metrics, for the connections of clients.
front metrics WEB_ACCESS_LOG=on WEB_MAX_CONNECTIONS=77
exec 5<>"/dev/tcp/127.0.0.1/$web_port"
printf 'GET /echo HTTP/1.1\r\nHost: x\r\n\r\n' >&5
read -r -t 5 <&5 || fail "no answer"
metric() { curl -s "http://127.0.0.1:$metrics_port/metrics" | grep -cxF "$1" >/dev/null; }
eventually 5 metric 'web_front_connections{state="waiting"} 1'
! logged metrics /metrics || fail "Prometheus is in the access log"
metric 'web_front_connections_max 77' || fail "the limit is not a metric"
exec 5<&-
stop_front

front no-proxy WEB_TRUSTED_PROXIES=none
expect "x-forwarded-for: 127.0.0.1" /echo "${forged[@]}"
stop_front

# A runtime that does not let this user open its standard error again: nginx starts without the line about header-size.
if [ "$(id -u)" -eq 0 ]; then
  log_mode=600 front closed
  expect "200" /echo
  stop_front
fi

# Values that podgraft would deny do not start nginx either.
for value in 'WEB_READY=/;return 200' 'WEB_STATIC_PATH=/a b/' 'WEB_BODY=8m;' 'WEB_TRUSTED_PROXIES=none}' 'WEB_UPSTREAM=80$x' "WEB_READY=/'" $'WEB_READY=/\n'; do
  run_front invalid "$value"
  ended() { ! kill -0 "$front_pid" 2>/dev/null; }
  eventually 5 ended
  code=0
  wait "$front_pid" || code=$?
  [ "$code" -eq 1 ] && logged invalid "invalid value of a parameter" || fail "started with $value"
done
crash "$app_pid"
summary+=("only trusted proxies report the client")
