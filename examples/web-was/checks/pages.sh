# Tomcat as in the Pod: pages, static files, the client's address, and an application server that crashes.

needs_tomcat

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
  start tomcat env -u JAVA_OPTS CATALINA_HOME="$tomcat_home" CATALINA_BASE="$work/was" CATALINA_TMPDIR="$work/java" \
    sh -c "cp $work/was/static/* $work/static/ && exec '$catalina' run"
  tomcat_pid=$started
}

front pages WEB_BODY=1m WEB_TIMEOUT=5s WEB_TRUSTED_PROXIES=127.0.0.1
expect "503 1" /-/ready
tomcat
eventually 120 says "200 - " /-/ready
expect "127.0.0.1 asks http://127.0.0.1" /
expect "203.0.113.7 asks https://shop.example" / -H "X-Forwarded-For: 203.0.113.7" -H "X-Forwarded-Proto: https" -H "Host: shop.example"
expect "font-family" /static/shop.css
expect "200 - " / -H "Cookie: session=$(printf 'x%.0s' {1..12000})" # larger than the default limit of Tomcat and of nginx
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
read -r requests failed <<<"$(python3 "$work/load.py" "$web_port" 4)"
[ "$requests" -gt 500 ] && [ "$failed" -eq 0 ] || fail "$requests requests, $failed failed"

crash "$tomcat_pid"
expect "503 1" /
expect "font-family" /static/shop.css
tomcat
eventually 120 says "200 - " /
took=$(stop "$front_pid")
crash "$tomcat_pid"
summary+=("$requests requests through nginx, $failed failed; a crashed application server is a 503 and back at once; SIGTERM took $took ms")
