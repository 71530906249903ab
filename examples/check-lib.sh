# Sourced by the checks of each example. Files are extracted from the manifests, so that exactly these are tested.

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
pids=()

# Ends only processes that this check has started.
clean_up() {
  local code=$?
  trap - EXIT
  for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null || true; kill "$pid" 2>/dev/null || true; done
  sleep 0.3
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait "${pids[@]}" 2>/dev/null || true
  if [ "$code" -ne 0 ] && [ "$code" -ne 77 ]; then tail -n 6 "$work"/*.log >&2 2>/dev/null || true; fi
  rm -rf "$work"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() { echo "FAILED: $*" >&2; exit 1; }

# needs git nginx ...: prints what is missing and exits with 77, "not checked".
needs() {
  local missing=()
  PATH=$PATH:/usr/sbin:/sbin
  for tool; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  if [ ${#missing[@]} -gt 0 ]; then echo "not checked, missing: ${missing[*]}"; exit 77; fi
}

# start NAME COMMAND...: runs it in the background, its output in NAME.log, its id in $started.
# If root runs this check, as an unprivileged user, as companions run.
start() {
  local name=$1
  shift
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=65532 --regid=65532 --clear-groups --inh-caps=-all --no-new-privs "$@" >>"$work/$name.log" 2>&1 &
  else
    "$@" >>"$work/$name.log" 2>&1 &
  fi
  started=$!
  pids+=("$started")
}

# stop PID: with SIGTERM; prints how many milliseconds it took.
stop() {
  local begin
  begin=$(date +%s%N)
  kill -TERM "$1"
  wait "$1" 2>/dev/null || true
  echo $((($(date +%s%N) - begin) / 1000000))
}

# free_ports N: prints N free ports of 127.0.0.1, below those that the kernel gives to clients.
free_ports() {
  python3 -c '
import random, socket, sys
held = []
for port in random.sample(range(15000, 32000), 500):
    s = socket.socket()
    try: s.bind(("127.0.0.1", port))
    except OSError: continue
    held.append(s)
    if len(held) == int(sys.argv[1]): break
print(*(s.getsockname()[1] for s in held))' "$1"
}

# eventually SECONDS COMMAND...: tries until it succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "not within time: $*"
    sleep 0.05
  done
}

# listens PORT: a process listens on this port of 127.0.0.1.
listens() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1).close()' "$1"; }

# body PORT PATH: prints what a GET from 127.0.0.1 responds with.
body() {
  python3 -c 'import sys, urllib.request; print(urllib.request.urlopen("http://127.0.0.1:%s/%s" % tuple(sys.argv[1:]), timeout=5).read().decode(), end="")' "$@"
}

# needs_tomcat: sets $tomcat_home and $catalina, or ends as `needs` does.
needs_tomcat() {
  tomcat_home=${CATALINA_HOME:-/usr/share/tomcat10}
  catalina=$(command -v catalina.sh || echo "$tomcat_home/bin/catalina.sh")
  [ -x "$catalina" ] || { echo "not checked, missing: catalina.sh (Tomcat 10)"; exit 77; }
}

# literal MANIFEST OBJECT KEY: prints the literal block at KEY of the object with that name. KEY is `files` and a
# path (files:/etc/x) for a file of a companion, or a key of a ConfigMap.
literal() {
  awk -v object="$2" -v key="$3" '
    function indent(s) { match(s, /^ */); return RLENGTH }
    /^---/ { inside = 0; wanted = 0; block = 0 }
    block { if ($0 ~ /^ *$/) { print ""; next }
            if (first < 0) first = indent($0)
            if (indent($0) >= first) { print substr($0, first + 1); seen = 1; next }
            block = 0 }
    $0 == "  name: " object { inside = 1 }
    inside && sub(/^ *- path: /, "") { wanted = ("files:" $0 == key) ; next }
    inside && wanted && /^ *content: \|$/ { block = 1; first = -1; next }
    inside && index($0, "  " key ": |") == 1 { block = 1; first = -1 }
    END { exit !seen }' "$here/$1" || fail "$1 has no $3 in $2"
}

# crash PID: ends it as a crash does.
crash() { { kill -KILL "$1" && wait "$1"; } 2>/dev/null || true; }

# defaults MANIFEST OBJECT: prints NAME=VALUE for each parameter that sets a variable and has a default, as podgraft sets it.
defaults() {
  awk -v object="$2" '
    /^---/ { inside = 0 }
    $0 == "  name: " object { inside = 1 }
    inside && /^  - [{]name: .* default: .* env: / {
      value = $0; sub(/.* default: /, "", value)
      if (value ~ /^"/) { sub(/^"/, "", value); sub(/".*/, "", value) } else sub(/[,}].*/, "", value)
      if (/ as: seconds,/) value *= value ~ /h$/ ? 3600 : value ~ /m$/ ? 60 : 1
      name = $0; sub(/.* env: /, "", name); sub(/[^A-Z0-9_].*/, "", name)
      print name "=" value }' "$here/$1"
}

# logged NAME TEXT: the process NAME has written a line that contains TEXT.
logged() { grep -qF -- "$2" "$work/$1.log"; }
# last_logged NAME TEXT: the last line of NAME contains TEXT.
last_logged() { [[ $(tail -n 1 "$work/$1.log") == *"$2"* ]]; }
