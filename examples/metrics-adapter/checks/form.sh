#!/usr/bin/env bash
# Three different applications, and the same metrics of all of them in Prometheus.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
needs redis-server java
needs_tomcat

read -r orders baskets catalog status m_log m_redis m_tomcat prom <<<"$(free_ports 8)"
mkdir -m 777 "$work/logs" "$work/data" "$work/java"

# The applications.
literal app.yaml orders orders.py >"$work/orders.py"
start orders env HOST=127.0.0.1 PORT="$orders" LOG_FILE="$work/logs/orders.log" LOG_BYTES=40000 python3 -u "$work/orders.py"
start baskets redis-server --port "$baskets" --bind 127.0.0.1 --save "" --dir "$work/data" --requirepass 'a b"$c'
baskets_pid=$started
was=$work/was/..2026
mkdir -p "$was/conf" "$was/status/WEB-INF" "$was/webapps/ROOT/WEB-INF"
literal app.yaml catalog server.xml | sed -e "s/port=\"8080\"/port=\"$catalog\" address=\"127.0.0.1\"/" -e "s/port=\"8090\"/port=\"$status\"/" \
  -e "s|/tmp/work|$work/java/work|" -e "s|/srv/was|$work/was|" >"$was/conf/server.xml"
literal app.yaml catalog status.xml >"$was/status/WEB-INF/web.xml"
literal app.yaml catalog web.xml >"$was/webapps/ROOT/WEB-INF/web.xml"
literal app.yaml catalog index.jsp >"$was/webapps/ROOT/index.jsp"
ln -s ..2026 "$work/was/..data"
for name in conf status webapps; do ln -s "..data/$name" "$work/was/$name"; done
start catalog env -u JAVA_OPTS CATALINA_HOME="$tomcat_home" CATALINA_BASE="$work/was" CATALINA_TMPDIR="$work/java" "$catalina" run

adapter metrics-log "$m_log" "$orders"
adapter metrics-redis "$m_redis" "$baskets"
echo 'a b"$c' >"$work/metrics-redis/secret/password"
adapter metrics-tomcat "$m_tomcat" "$status"

# ask PORT PATH N
ask() {
  python3 -c '
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=8)
for _ in range(int(sys.argv[3])):
    c.request("GET", sys.argv[2]); c.getresponse().read()' "$@"
}

for port in "$m_log" "$m_redis" "$m_tomcat"; do eventually 120 is "$port" app_up 1; done
for _ in 1 2 3 4 5; do ask "$orders" / 180; sleep 0.6; done # the log is rotated twice on the way
ask "$orders" /fail 100
ask "$catalog" / 900
ask "$catalog" /nothing-there 100
python3 - "$baskets" 'a b"$c' <<'PY'
import socket, sys
say = lambda *words: b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=8) as s:
    s.sendall(say(b"AUTH", sys.argv[2].encode()) + 900 * say(b"INCR", b"basket") + 100 * say(b"LPUSH", b"basket", b"x") + say(b"QUIT"))
    while s.recv(65536): pass
PY
for port in "$m_log" "$m_redis" "$m_tomcat"; do
  eventually 20 is "$port" app_requests_total 1000
  eventually 20 is "$port" app_errors_total 100
  # A poller writes several lines, of which mtail may have read only the first ones.
  eventually 20 above "$port" app_request_seconds_total 0
  for what in read success last_line; do eventually 20 above "$port" "app_${what}_timestamp_seconds" 1700000000; done
  is "$port" app_unmatched_lines_total 0 || fail "lines were not understood on $port"
done
[ -e "$work/logs/orders.log.1" ] || fail "the log was not rotated"

# One form: the same names, kinds and labels from all three.
form() { body "$1" metrics | python3 -c '
import sys
print("\n".join(sorted(l if l[0] == "#" else l.rpartition(" ")[0] for l in sys.stdin.read().splitlines() if "app_" in l and "# HELP" not in l and "mtail_" not in l)))'; }
[ -n "$(form "$m_log")" ] && [ "$(form "$m_log")" = "$(form "$m_redis")" ] && [ "$(form "$m_log")" = "$(form "$m_tomcat")" ] || fail "three forms"
for file in form.mtail poll.sh; do
  for name in redis tomcat; do cmp -s "$work/metrics-log/$file" "$work/metrics-$name/$file" || fail "metrics-$name has a $file of its own"; done
done

# A second start of a poller finds its pipe, and SIGTERM is heard at once.
took=$(stop "$poll_pid")
[ "$took" -lt 1000 ] || fail "SIGTERM took $took ms"
start metrics-tomcat-poll "${poller[@]}"
ask "$catalog" / 50
eventually 20 is "$m_tomcat" app_requests_total 1050

# Prometheus with the relabeling that ships, where there is one; discovery is played by a file.
seen="no Prometheus here to read them"
if command -v prometheus >/dev/null; then
  mkdir -m 777 "$work/prom"
  literal prometheus.yaml prometheus-podgraft prometheus.yml >"$work/shipped.yml"
  python3 - "$work/shipped.yml" "$work" "$m_log" "$m_redis" "$m_tomcat" <<'PY'
import json, re, sys
text, count = re.subn(r"  kubernetes_sd_configs:\n  - role: pod\n", "  file_sd_configs:\n  - files: [%s/targets.json]\n" % sys.argv[2], open(sys.argv[1]).read())
assert count == 1
open(sys.argv[2] + "/prometheus.yaml", "w").write(text.replace("scrape_interval: 15s", "scrape_interval: 1s"))
def target(app, port, name, phase="Running"):
    m = "__meta_kubernetes_"
    return {"targets": ["127.0.0.1:" + port], "labels": {m + "pod_container_port_name": name, m + "pod_phase": phase,
        m + "namespace": "measured", m + "pod_name": app + "-0", m + "pod_label_app": app}}
log, redis, tomcat = sys.argv[3:]
json.dump([target("orders", log, "metrics-log"), target("baskets", redis, "metrics-redis"), target("catalog", tomcat, "metrics-tomcat", "Pending"), # until its startupProbes succeed
    target("not-metrics", log, "http"), target("ended", log, "metrics", "Succeeded")], open(sys.argv[2] + "/targets.json", "w"))
PY
  start prometheus prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/prom" --web.listen-address="127.0.0.1:$prom" --log.level=warn
  query() { python3 -c '
import json, sys, urllib.parse, urllib.request
url = "http://127.0.0.1:%s/api/v1/query?%s" % (sys.argv[1], urllib.parse.urlencode({"query": sys.argv[2]}))
for r in sorted(json.load(urllib.request.urlopen(url, timeout=2))["data"]["result"], key=str): print(r["metric"].get("app"), r["value"][1])' "$prom" "$1"; }
  three() { [ "$(query 'app_errors_total{namespace="measured", job="podgraft"}')" = "$(printf 'baskets 100\ncatalog 100\norders 100')" ]; }
  eventually 40 three
  [ -z "$(query '{namespace="measured", __name__!~"app_.*|up|scrape_.*"}')" ] || fail "more than the standard form is kept"
  seen="Prometheus sees one form of all three"
fi

# An application that is gone.
crash "$baskets_pid"
eventually 20 is "$m_redis" app_up 0
eventually 5 logged metrics-redis-poll "Connection refused"
echo "metrics-adapter/form: a log, Redis and Tomcat each reported 1000 requests and 100 errors in one form; $seen"
