# A name server of the check's own. When it has been silent for half a minute, `silence` looks at an ambassador that needed it.

cat >"$work/names.py" <<'PY'
"""Answers A queries with the addresses of a file of `NAME ADDRESS` lines; NXDOMAIN for other names."""
import pathlib, socket, struct, sys
known, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", port))
while True:
    query, client = server.recvfrom(512)
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind, = struct.unpack(">H", query[at + 1:at + 3])
    question = query[12:at + 5]
    names = dict(line.split() for line in known.read_text().splitlines())
    address = names.get(".".join(labels).lower())
    records = b""
    if address and kind == 1:
        records = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(address)
    flags = 0x8180 if address else 0x8183
    server.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records, client)
PY
names() { printf '%s\n' "$@" >"$work/names.new" && mv "$work/names.new" "$work/names"; }
name_server() { start names env -i PATH="$PATH" python3 "$work/names.py" "$1" "$2"; name_server=$started; }
sed "s/parse-resolv-conf/nameserver check 127.0.0.1:$dns_port/" "$work/haproxy.cfg" >"$work/names.cfg"
# use_names NAME-AND-ADDRESS...: ambassadors ask the check's name server, until `end_names`.
use_names() {
  names "$@"
  name_server "$work/names" "$dns_port"
  cp "$work/haproxy.cfg" "$work/haproxy.saved" && cp "$work/names.cfg" "$work/haproxy.cfg"
}
end_names() { crash "$name_server" && mv "$work/haproxy.saved" "$work/haproxy.cfg"; }

echo "silent.example 127.0.0.4" >"$work/silent-names"
name_server "$work/silent-names" "$silent_dns_port"
sed -e "s/:$health_port/:$silent_health_port/" -e "s/:$dns_port/:$silent_dns_port/" -e s/ambassador.lua/silent.lua/ "$work/names.cfg" >"$work/silent.cfg"
sed "s|$work/secret/|$work/no-secret/|" "$work/ambassador.lua" >"$work/silent.lua"
sed "s/haproxy.cfg/silent.cfg/g" "$work/start.sh" >"$work/silent.sh"
store silent "$silent_port" --bind 127.0.0.4
start silent env -i PATH="$PATH" "${parameters[@]}" REDIS_HOST=127.0.0.1 REDIS_PORT="$silent_port" \
  REDIS_SERVER_1="silent.example:$silent_port" busybox sh "$work/silent.sh"
silent_pid=$started
silent_answers() { [ "$(at "$silent_port" ping)" = PONG ]; }
eventually 10 last_logged silent "master: one"
silent_answers || fail "no traffic to a member with a name"
silent_lines=$(wc -l <"$work/silent.log")
crash "$name_server"
silent_since=$SECONDS
