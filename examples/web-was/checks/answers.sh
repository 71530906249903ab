# Large headers, slow answers, connections that the app closes: what the client is answered, and what is done twice.

away() { crash "$app_pid"; }
calls() { curl -s "http://127.0.0.1:$app_port/done?what=$1%20$2"; }

app
front answers WEB_TIMEOUT=1s
for size in 6000 15000; do expect "200 - small body" "/header?size=$size"; done
expect "200 - " /echo -H "Cookie: $(printf 'x%.0s' {1..12000})"
# Above the limit: not an answer that asks for the request again, and a log line that names the parameter.
expect "502 - " "/header?size=20000" -X POST
[ "$(calls POST /header)" = 1 ] || fail "a request with a large header was done $(calls POST /header) times"
eventually 5 logged answers "502 for POST /header: the header of the app's response exceeds header-size (16 KiB); set podgraft.dev/web-front.header-size"

# The app has received the request, so it is not asked for again: it may have done its work.
expect "504 - " "/slow?seconds=2" -X POST
expect "504 - " "/slow?seconds=2"
expect "502 - " /vanish -X POST
[ "$(calls POST /slow)" = 1 ] && [ "$(calls POST /vanish)" = 1 ] || fail "a POST was done twice"
! grep -q "502 for POST /vanish" "$work/answers.log" || fail "the log blames header-size for another error"

# A client that sends slowly is nginx' business: the app waits for nothing, and `timeout` is not the client's.
exec 5<>"/dev/tcp/127.0.0.1/$web_port"
printf 'POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\n' >&5
for part in slow ' ' body; do printf %s "$part" >&5; sleep 0.6; done
[[ $(cat <&5) == *"slow body" ]] || fail "a slow request fails"
exec 5<&-

# The app's own answers are passed on.
for status in 502 503 504; do expect "$status - the app's own words" "/status/$status"; done

# No connection can be made: the request was not sent, and a client may repeat it.
away
expect "503 1" / -X POST
expect "503 1" / -H "Upgrade: websocket" -H "Connection: Upgrade"
stop_front

app
front larger WEB_HEADER_SIZE=64
expect "200 - small body" "/header?size=60000"
stop_front

# Connections to the app are used again, and for no longer than the app keeps them open.
away
app
front keep WEB_KEEP_ALIVE=60s # longer than a machine that is busy needs for the next request
for _ in 1 2 3 4 5 6; do expect "200 - " /echo; done
[ "$(answer /connections)" = "200 - 2" ] || fail "connections are not used again: $(answer /connections)" # one is the check's own
stop_front
front no-reuse WEB_KEEP_ALIVE=0
before=$(answer /connections)
for _ in 1 2 3; do expect "connection: close" /echo; done
[ "$(answer /connections)" = "200 - $((${before##* } + 4))" ] || fail "connections are used again: $before, $(answer /connections)"
stop_front
away

# An app that closes a connection just as a request is sent on it, after it was idle for 1.2 s.
DROP_AFTER=1.2 app
front late WEB_KEEP_ALIVE=60s
expect "200 - " /echo
sleep 1.4
expect "502 - " /echo -X POST
expect "200 - " /echo
sleep 1.4
expect "200 - " /echo # nginx sends a GET again
stop_front
front early WEB_KEEP_ALIVE=1s
expect "200 - " /echo
sleep 1.4
expect "200 - " /echo -X POST
stop_front
away

# The number of clients is a parameter.
app
front few WEB_MAX_CONNECTIONS=16
python3 - "$web_port" <<'PY' || fail "16 clients are not served at a time"
import socket, sys
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5) for _ in range(16)]
for client in clients: client.sendall(b"GET /slow?seconds=0.5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
assert all(client.recv(12) == b"HTTP/1.1 200" for client in clients)
PY
stop_front
away
summary+=("502, 503 and 504 mean what they should")
