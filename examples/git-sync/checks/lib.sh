# Sourced by the checks of this folder: a Git server, a line to it that can fail, and the companion as the Pod would run it.

. "$(dirname "${BASH_SOURCE[0]}")/../../check-lib.sh"
here=${here%/checks}
needs git busybox python3 setpriv awk setsid

read -r -a ports <<<"$(free_ports 12)"
# next_port: sets $port.
next_port() { port=${ports[0]} ports=("${ports[@]:1}"); }

scripts=$work/scripts
mkdir -p "$scripts" "$work/git" "$work/clones" "$work/fast"
for name in sync tree metrics ready; do
  literal companions.yaml git-sync "files:/podgraft/$name.sh" >"$scripts/$name.sh"
  sh -n "$scripts/$name.sh"
done
# The shell and the tools of the image are BusyBox's. With those of `fast`, the companion hardly waits between two passes.
mkdir "$work/applets"
busybox --install -s "$work/applets"
printf '#!/bin/sh\nexec usleep 20000\n' >"$work/fast/sleep"
chmod 755 "$work/fast/sleep"
tools=$work/applets:$PATH

export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git config --global init.defaultBranch main
git config --global uploadpack.allowAnySHA1InWant true
git config --global --add safe.directory '*'

# site NAME: an empty repository, and a clone of it.
site() {
  git init -q --bare "$work/git/$1.git"
  git clone -q "$work/git/$1.git" "$work/clones/$1" 2>/dev/null
}
# push_clone NAME: commits and pushes what is in the clone.
push_clone() {
  git -C "$work/clones/$1" add -A
  git -C "$work/clones/$1" commit -q --allow-empty -m "a change"
  git -C "$work/clones/$1" push -q origin HEAD
}
revision() { git -C "$work/clones/$1" rev-parse HEAD; }
random() { head -c "$1" /dev/urandom; }

serve_git() {
  next_port
  git_port=$port
  "$(git --exec-path)/git-daemon" --reuseaddr --listen=127.0.0.1 --port="$git_port" --base-path="$work/git" --export-all --enable=receive-pack >"$work/daemon.log" 2>&1 &
  daemon=$!
  pids+=("$daemon")
  eventually 5 listens "$git_port"
}

# A line to the Git server, on $line_port, that does with each connection what $work/line says: pass, refuse, hang, `cut N`
# after N bytes, `rate N` bytes per second.
lay_line() {
  next_port
  line_port=$port
  echo "${1:-pass}" >"$work/line"
  cat >"$work/line.py" <<'PY'
import pathlib, socket, sys, threading, time
mode, port, target = pathlib.Path(sys.argv[1]), int(sys.argv[2]), ("127.0.0.1", int(sys.argv[3]))
def pump(source, sink, limit, rate):
    passed = 0
    try:
        while data := source.recv(16384):
            if limit is not None and passed + len(data) > limit: break
            sink.sendall(data)
            passed += len(data)
            if rate: time.sleep(len(data) / rate)
    except OSError: pass
    for s in (source, sink):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(client):
    what, *n = mode.read_text().split()
    n = int(n[0]) if n else None
    if what == "refuse": return client.close()
    if what == "hang": return time.sleep(600)
    try: server = socket.create_connection(target, timeout=5)
    except OSError: return client.close()
    server.settimeout(None)
    threading.Thread(target=pump, args=(client, server, None, None), daemon=True).start()
    pump(server, client, n if what == "cut" else None, n if what == "rate" else None)
with socket.create_server(("127.0.0.1", port), backlog=64) as listener:
    while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PY
  python3 "$work/line.py" "$work/line" "$line_port" "$git_port" >"$work/line.log" 2>&1 &
  pids+=($!)
  eventually 5 listens "$line_port"
}
line() { echo "$*" >"$work/line.new" && mv "$work/line.new" "$work/line"; }

# serve_pages NAME: nginx of app.yaml, on $web_port, for the content of the companion NAME.
serve_pages() {
  next_port
  web_port=$port
  mkdir -m 777 "$work/nginx-tmp"
  literal app.yaml nginx nginx.conf | sed -e "s|listen 8080|listen 127.0.0.1:$web_port|" -e "s|/tmp/|$work/nginx-tmp/|" \
    -e "s|/usr/share/nginx/html|$work/$1|" >"$work/nginx.conf"
  start nginx nginx -e stderr -c "$work/nginx.conf" -g "daemon off;"
}

mapfile -t parameters < <(defaults companions.yaml git-sync)
[ ${#parameters[@]} -ge 6 ] || fail "no defaults of parameters: ${parameters[*]}"
# environment NAME [VARIABLE=VALUE]...: sets $companion to what the Pod would give the companion NAME.
environment() {
  local name=$1
  shift
  for directory in "$name" "$name.tmp" "$name.keys" "$name.secret"; do mkdir -p "$work/$directory" && chmod 777 "$work/$directory"; done
  companion=(env -i PATH="$tools" HOME="$work/$name.tmp" TMPDIR="$work/$name.tmp" GITSYNC_ROOT="$work/$name" GITSYNC_KEYS="$work/$name.keys" GITSYNC_CREDENTIALS="$work/$name.secret"
    "${parameters[@]}" GITSYNC_REPO="git://127.0.0.1:${line_port:-$git_port}/$name.git" GITSYNC_PERIOD=1 GITSYNC_KEEP=3 "$@")
}
# end_companion PID: ends it as its container would, with all its processes. The script alone ends its own only after SIGTERM.
end_companion() {
  local child children
  children=$(pgrep -P "$1") || true
  crash "$1"
  for child in $children; do kill -KILL -- "-$child" 2>/dev/null || kill -KILL "$child" 2>/dev/null || true; done
}
sync_pids=()
end_companions() {
  local code=$? pid
  for pid in "${sync_pids[@]}"; do end_companion "$pid"; done
  return "$code"
}
trap 'end_companions && clean_up || clean_up' EXIT # clean_up exits with the code that end_companions returns

# sync NAME [VARIABLE=VALUE]...: starts the companion; sets $sync_pid and $metrics_port.
sync() {
  next_port
  metrics_port=$port
  environment "$@"
  start "$1" "${companion[@]}" GITSYNC_METRICS_PORT="$port" busybox sh "$scripts/sync.sh"
  sync_pid=$started
  sync_pids+=("$sync_pid")
}
fast() { sync "$@" PATH="$work/fast:$tools"; }
ready() { "${companion[@]}" "$@" busybox sh "$scripts/ready.sh"; }

# metric NAME: its value on the page of the companion that was started last.
metric() { body "$metrics_port" metrics | awk -v name="$1" 'index($0, name " ") == 1 { print $2 }'; }
at_least() { [ "$(metric "$1" | cut -d . -f 1)" -ge "$2" ]; }
failures() { metric 'git_sync_passes_total{result="failure"}'; }
failed() { at_least 'git_sync_passes_total{result="failure"}' "$1"; }
passed() { at_least 'git_sync_passes_total{result="success"}' "$1"; }
# fetching: the ids of the git processes that the companion has started.
fetching() { pgrep -P "$sync_pid" -f "git.* fetch"; }
# stuck: whether it has one that does not end, for example because the line hangs.
stuck() {
  local pid
  pid=$(fetching) && sleep 0.5 && [ "$(fetching)" = "$pid" ]
}
# published NAME: the companion has published the revision of the clone.
published() { [ "$(readlink "$work/$1/..data")" = "..rev-$(revision "$1")" ]; }
