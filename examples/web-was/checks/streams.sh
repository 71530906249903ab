# WebSockets and server-sent events.

app
front streams WEB_TIMEOUT=1s WEB_STREAM_TIMEOUT=6s

cat >"$work/web-socket.py" <<'PY'
"""Opens a WebSocket, is silent for longer than `timeout`, echoes a line, and waits until it is closed."""
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as client, client.makefile("rb") as stream:
    client.sendall(b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                   b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    status = stream.readline().split()[1]
    headers = dict(line.decode().lower().strip().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
    assert status == b"101" and headers["sec-websocket-accept"] == "s3pplmbitxaq9kygzzhzrbk+xoo=", (status, headers)
    assert headers["upgrade"] == "websocket" and headers["connection"] == "upgrade", headers
    time.sleep(1.6)
    client.sendall(b"hello\n")
    assert stream.readline() == b"hello\n"
    assert stream.readline() == b"", "an idle WebSocket stays open"
PY
python3 "$work/web-socket.py" "$web_port" || fail "no WebSocket"

# Others keep the reuse of connections, h2c is not passed on, and any method can ask for an upgrade.
! says "upgrade:" /echo || fail "a plain request asks for an upgrade: $(answer /echo)"
! says "upgrade:" /echo -H "Connection: Upgrade, HTTP2-Settings" -H "Upgrade: h2c" || fail "h2c is passed on"
expect "the body" /echo -H "Connection: Upgrade" -H "Upgrade: other" -d "the body"
expect "upgrade: other" /echo -H "Connection: Upgrade" -H "Upgrade: other" -d "the body"

cat >"$work/events.py" <<'PY'
"""Prints how many events a client has when it has the first one, or `all` that it gets."""
import sys, urllib.request
what, url, *accept = sys.argv[1:]
request, received = urllib.request.Request(url, headers={"Accept": accept[0]} if accept else {}), b""
with urllib.request.urlopen(request, timeout=60) as answer:
    while part := answer.read1():
        received += part
        if what == "first" and b"data: 0\n\n" in received: break
print(received.count(b"data:"))
PY
events() { python3 "$work/events.py" "$@"; }
# The app sends three events, with a pause before the next one. A client of a buffered response has all of them at once.
[ "$(events first "$url/events?pause=30" text/event-stream)" = 1 ] || fail "events of a browser arrive together"
[ "$(events first "$url/events?pause=30&unbuffered")" = 1 ] || fail "events with X-Accel-Buffering arrive together"
[ "$(events first "$url/events")" = 3 ] || fail "this response is not buffered, so the other checks show nothing"
[ "$(events all "$url/events?pause=1.5" text/event-stream)" = 3 ] || fail "an event stream ends with the time-out of requests"
stop_front
front unbuffered WEB_BUFFERING=off
[ "$(events first "$url/events?pause=30")" = 1 ] || fail "events arrive together without buffering"
stop_front
crash "$app_pid"
summary+=("WebSockets and events pass")
