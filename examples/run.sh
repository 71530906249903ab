#!/bin/sh
# `make run`: starts a server with the examples, sends it one real review over TLS, and prints what to try next.
set -eu
podgraft=$1
here=$(dirname "$0")
port=${PORT:-8443}
admin=${ADMIN_PORT:-8080}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say "1. A CA and a serving certificate, for this machine only"
"$podgraft" certs --dir certs

say "2. A server with the companions in examples/"
"$podgraft" serve --companions "$here/git-sync/companions.yaml" "$here/redis/companions.yaml" \
  "$here/web-was/companions.yaml" "$here/metrics-adapter/companions.yaml" \
  --cert-dir certs --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$admin" --drain-delay 0s &
server=$!
trap 'wait $server; exit 0' INT # the terminal also signals the server
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; exit 143' TERM
# 0: admitted, 1: denied. Both are an answer; step 4 shows it.
tries=0
until probed=$("$podgraft" probe --server "https://localhost:$port" -f "$here/git-sync/app.yaml" 2>&1) || [ $? -eq 1 ]; do
  tries=$((tries + 1))
  if ! kill -0 $server 2>/dev/null; then
    echo "the server did not start; is port $port or $admin in use? Try PORT=9443 ADMIN_PORT=9080 make run" >&2
    exit 1
  fi
  if [ $tries -gt 100 ]; then
    echo "the server does not answer on port $port: $probed" >&2
    kill $server 2>/dev/null || true
    exit 1
  fi
  sleep 0.1
done

say "3. The Deployment that a developer wrote (examples/git-sync/app.yaml)"
awk '/^kind: Deployment/ { on = 1 } /^---/ { on = 0 } on { print "   " $0 }' "$here/git-sync/app.yaml"

say "4. The response of the server"
"$podgraft" probe --server "https://localhost:$port" -f "$here/git-sync/app.yaml" 2>&1 | sed 's/^/   /'

say "5. Try your own"
cat <<HINTS
   $podgraft probe --server https://localhost:$port -f YOUR.yaml        send it to this server
   $podgraft explain -f YOUR.yaml --companions examples/redis     explain without a server
   $podgraft inject -f YOUR.yaml --companions examples/redis -o diff
   curl -s 'localhost:$admin/readyz?verbose' ; curl -s localhost:$admin/metrics
   Companions available: git-sync, redis-ambassador, redis-local, web-front, and the adapters of examples/metrics-adapter.

   The server keeps running, and reads examples/ again when it changes. Ctrl-C stops it.
HINTS
wait $server
