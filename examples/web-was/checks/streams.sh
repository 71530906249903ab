# WebSockets and server-sent events.

app
front streams WEB_TIMEOUT=1s WEB_STREAM_TIMEOUT=3s

cat >"$work/web-socket.py" <<'PY'
"""Opens a WebSocket, is silent for longer than `timeout`, echoes a line, and waits until it is closed."""
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=8) as client, client.makefile("rb") as stream:
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
"""Prints the seconds between the first event and the last, and between the last and the end."""
import sys, time, urllib.request
headers = {"Accept": sys.argv[2]} if len(sys.argv) > 2 else {}
with urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=headers), timeout=8) as answer:
    at = [time.monotonic() for line in answer if line.startswith(b"data:")]
assert len(at) == 3, at
print(int((at[-1] - at[0]) * 1000))
PY
# The app sends three events in 800 ms. A buffered answer has all of them at once.
spread() { python3 "$work/events.py" "$@"; }
[ "$(spread "$url/events" text/event-stream)" -gt 600 ] || fail "events of a browser arrive together"
[ "$(spread "$url/events?unbuffered")" -gt 600 ] || fail "events with X-Accel-Buffering arrive together"
[ "$(spread "$url/events")" -lt 400 ] || fail "this answer is not buffered, so the other checks show nothing"
[ "$(spread "$url/events?pause=1.5" text/event-stream)" -gt 2500 ] || fail "an event stream ends with the time-out of requests"
stop_front
front unbuffered WEB_BUFFERING=off
[ "$(spread "$url/events")" -gt 600 ] || fail "events arrive together without buffering"
stop_front
crash "$app_pid"
summary+=("WebSockets and events pass")
