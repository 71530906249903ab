"""A test app with slow, oversized and aborted responses. A request on a connection that was idle for more than
DROP_AFTER seconds closes it, as happens to a client whose request crosses the end of the connection."""
import base64, hashlib, os, socket, sys, threading, time
from urllib.parse import parse_qs, urlsplit

DROP_AFTER = float(os.environ.get("DROP_AFTER", "60"))
LOCK, DONE, CONNECTIONS = threading.Lock(), {}, [0]


def read_request(stream):
    line = stream.readline().decode()
    if not line.strip():
        return None
    method, target, _ = line.split(" ", 2)
    headers = {}
    while (line := stream.readline().decode().strip()):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return method, target, headers, body


def respond(client, status, body=b"", **headers):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    client.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)


def count(name):
    with LOCK:
        DONE[name] = DONE.get(name, 0) + 1


def events(client, query):
    extra = "X-Accel-Buffering: no\r\n" if "unbuffered" in query else ""
    client.sendall(f"HTTP/1.1 200 x\r\nContent-Type: text/event-stream\r\nConnection: close\r\n{extra}\r\n".encode())
    for number in range(3):
        client.sendall(f"data: {number}\n\n".encode())
        time.sleep(float(query.get("pause", ["0.4"])[0]))


def web_socket(client, stream, headers):
    """Echoes what arrives after the handshake of RFC 6455, without its frames."""
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    client.sendall(f"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    while line := stream.readline():
        client.sendall(line)


def serve(client):
    with client, client.makefile("rb") as stream:
        idle_since = time.monotonic()
        while (request := read_request(stream)):
            if time.monotonic() - idle_since > DROP_AFTER:
                return
            method, target, headers, body = request
            url = urlsplit(target)
            query = parse_qs(url.query, keep_blank_values=True)
            count(f"{method} {url.path}")
            if url.path == "/header":
                respond(client, 200, b"small body", Set_Cookie="x" * int(query["size"][0]))
            elif url.path == "/slow":
                time.sleep(float(query["seconds"][0]))
                respond(client, 200, b"slow")
            elif url.path == "/vanish":
                return
            elif url.path == "/events":
                return events(client, query)
            elif url.path == "/socket" and headers.get("upgrade", "").lower() == "websocket":
                return web_socket(client, stream, headers)
            elif url.path == "/echo":
                lines = sorted(f"{name}: {value}" for name, value in headers.items())
                respond(client, 200, "\n".join(lines).encode() + b"\n" + body)
            elif url.path == "/done":
                respond(client, 200, str(DONE.get(query["what"][0], 0)).encode())
            elif url.path == "/connections":
                respond(client, 200, str(CONNECTIONS[0]).encode())
            elif url.path.startswith("/status/"):
                respond(client, int(url.path[8:]), b"the app's own words")
            else:
                respond(client, 200, f"the app has {url.path}".encode())
            if headers.get("connection", "").lower() == "close":
                return
            idle_since = time.monotonic()


def answer(client):
    try:
        serve(client)
    except (OSError, ValueError):
        pass


server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    connection, _ = server.accept()
    CONNECTIONS[0] += 1
    threading.Thread(target=answer, args=(connection,), daemon=True).start()
