# The same app with a Redis in its own Pod.

literal companions.yaml redis-local files:/etc/redis-local/redis.conf | sed "s|dir /data|dir $work/local|" >"$work/redis.conf"
mkdir -m 777 "$work/local"
# The arguments of redis-local, with $(NAME) filled in as the kubelet does it.
arguments() {
  env "$@" python3 - "$here/companions.yaml" <<'PY'
import json, os, re, sys
line = next(l for l in open(sys.argv[1]) if l.strip().startswith('args: ["/etc/redis-local/'))
for word in json.loads(line.split(":", 1)[1]):
    print(re.sub(r"\$\((\w+)\)", lambda m: os.environ[m[1]], word))
PY
}
mapfile -t values < <(defaults companions.yaml redis-local)
mapfile -t words < <(arguments REDIS_PORT="$d" "${values[@]}" REDIS_MAXMEMORY=65mb)
start local redis-server "$work/redis.conf" "${words[@]:1}"
local_pid=$started
pong() { [ "$(at "$d" ping)" = PONG ]; }
eventually 5 pong
[ "$(at "$d" config get maxmemory | tail -1)" = $((65 << 20)) ] || fail "maxmemory is not the parameter's"
[ "$(at "$d" config get maxmemory-policy | tail -1)" = noeviction ] || fail "the policy is not the parameter's"
start local-app env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$d" PORT="$web_port" python3 -u "$work/visits.py"
local_app_pid=$started
visit() { curl -sf -m 8 "http://127.0.0.1:$web_port/"; }
eventually 5 visit
[ "$(visit)" = "visit 2" ] && [ "$(at "$d" get visits)" = 2 ] || fail "redis-local does not count"
stop "$local_app_pid" >/dev/null
stop "$local_pid" >/dev/null
summary+=("the same app with redis-local")
