#!/usr/bin/env bash
# nginx and Tomcat as in the Pod: pages, static files, the client's address, and an application server that crashes.
set -euo pipefail
. "$(dirname "$0")/../check-lib.sh"
needs nginx java python3 setpriv awk
home=${CATALINA_HOME:-/usr/share/tomcat10}
catalina=$(command -v catalina.sh || echo "$home/bin/catalina.sh")
[ -x "$catalina" ] || { echo "not checked, missing: catalina.sh (Tomcat 10)"; exit 77; }

read -r web_port app_port <<<"$(free_ports 2)"
mkdir -m 777 "$work/tmp" "$work/static" "$work/java"
local_paths() { sed -e "s|/tmp/|$work/tmp/|g" -e "s|root /srv;|root $work;|" -e "s|/etc/nginx/nginx.conf|$work/nginx.conf|" -e "s|^listen |listen 127.0.0.1:|"; }
literal companions.yaml web-front files:/podgraft/start.sh | sed 's|/tmp/nginx$|/tmp/nginx/.|' | local_paths >"$work/start.sh"
literal companions.yaml web-front files:/etc/nginx/nginx.conf | local_paths >"$work/nginx.conf"
sh -n "$work/start.sh"

# The application's ConfigMap, laid out as the kubelet does it.
was=$work/was/..2026
mkdir -p "$was/conf" "$was/webapps/ROOT/WEB-INF" "$was/static"
literal app.yaml shop server.xml | sed -e "s/port=\"8081\"/port=\"$app_port\"/" -e "s|/tmp/work|$work/java/work|" >"$was/conf/server.xml"
literal app.yaml shop web.xml >"$was/webapps/ROOT/WEB-INF/web.xml"
literal app.yaml shop index.jsp >"$was/webapps/ROOT/index.jsp"
literal app.yaml shop shop.css >"$was/static/shop.css"
ln -s ..2026 "$work/was/..data"
for name in conf webapps static; do ln -s "..data/$name" "$work/was/$name"; done

tomcat() {
  start tomcat env -u JAVA_OPTS CATALINA_HOME="$home" CATALINA_BASE="$work/was" CATALINA_TMPDIR="$work/java" \
    sh -c "cp $work/was/static/* $work/static/ && exec '$catalina' run"
  tomcat_pid=$started
}
# status PATH [HEADER: VALUE]...: prints the status, the Retry-After header and the body.
status() {
  python3 - "http://127.0.0.1:$web_port$1" "${@:2}" <<'PY'
import sys, urllib.error, urllib.request
try: answer = urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers=dict(h.split(": ") for h in sys.argv[2:])), timeout=8)
except urllib.error.HTTPError as e: answer = e
print(answer.status, answer.headers.get("Retry-After"), answer.read().decode())
PY
}
says() { [[ $(status "${@:2}") == *"$1"* ]]; }

start nginx env -i PATH="$PATH" WEB_PORT="$web_port" WEB_UPSTREAM="$app_port" WEB_READY=/ WEB_BODY=1m WEB_TIMEOUT=5 sh "$work/start.sh"
nginx_pid=$started
eventually 5 says "200 None" /-/alive
says "502 None" /-/ready || fail "ready without an application server"
tomcat
eventually 30 says "200 None" /-/ready
says "127.0.0.1 asks http://127.0.0.1" / || fail "the page: $(status /)"
says "203.0.113.7 asks https://shop.example" / "X-Forwarded-For: 203.0.113.7" "X-Forwarded-Proto: https" "Host: shop.example" ||
  fail "the client is not seen: $(status / "X-Forwarded-For: 203.0.113.7" "X-Forwarded-Proto: https" "Host: shop.example")"
says "font-family" /static/shop.css || fail "no static file"
[ -z "$(ss -ltnH "sport = :$app_port" 2>/dev/null | grep -v '127\.0\.0\.1' || true)" ] || fail "the application server listens on other addresses"

cat >"$work/load.py" <<'PY'
import http.client, sys, threading, time
port, until = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
totals, lock = [0, 0], threading.Lock()
def read():
    requests = failed = 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    while time.monotonic() < until:
        requests += 1
        try:
            connection.request("GET", ("/", "/static/shop.css", "/")[requests % 3])
            answer = connection.getresponse()
            answer.read()
            failed += answer.status != 200
        except OSError:
            failed += 1; connection.close()
    with lock: totals[0] += requests; totals[1] += failed
threads = [threading.Thread(target=read) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(*totals)
PY
read -r requests failed <<<"$(python3 "$work/load.py" "$web_port" 6)"
[ "$requests" -gt 500 ] && [ "$failed" -eq 0 ] || fail "$requests requests, $failed failed"

crash "$tomcat_pid"
says "503 1" / || fail "without the application server: $(status /)"
says "font-family" /static/shop.css || fail "static files went with the application server"
tomcat
eventually 30 says "200 None" /
took=$(stop "$nginx_pid")
echo "web-was: $requests requests through nginx, $failed failed; a crashed application server is a 503 and back at once; SIGTERM took $took ms"
