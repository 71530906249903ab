#!/usr/bin/env bash
# Pushes to a Git repository and watches the page: nothing is lost, nothing is half there.
set -euo pipefail
. "$(dirname "$0")/../check-lib.sh"
needs git nginx python3 setpriv awk

read -r web_port git_port <<<"$(free_ports 2)"
literal companions.yaml git-sync files:/podgraft/sync.sh >"$work/sync.sh"
sh -n "$work/sync.sh"
mkdir -p "$work/tmp" "$work/nginx-tmp" "$work/content" "$work/git"
literal app.yaml nginx nginx.conf | sed -e "s|listen 8080|listen 127.0.0.1:$web_port|" -e "s|/tmp/|$work/nginx-tmp/|" \
  -e "s|/usr/share/nginx/html|$work/content|" >"$work/nginx.conf"
chmod 777 "$work/tmp" "$work/nginx-tmp" "$work/content" # as an emptyDir is

export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git config --global init.defaultBranch main
git init -q --bare "$work/git/site.git"
git -C "$work/git/site.git" config receive.denyNonFastForwards false
git clone -q "$work/git/site.git" "$work/clone" 2>/dev/null

serve_git() {
  "$(git --exec-path)/git-daemon" --reuseaddr --listen=127.0.0.1 --port="$git_port" --base-path="$work/git" --export-all --enable=receive-pack >"$work/daemon.log" 2>&1 &
  daemon=$!
  pids+=("$daemon")
}
# push N [--force]: a page of 2000 lines, each of which names the revision; new names come and old ones go.
push() {
  (
    cd "$work/clone"
    [ "${2:-}" != --force ] || git reset -q --hard HEAD~2
    for i in $(seq 2000); do echo "revision $1 line $i"; done >index.html
    mkdir -p sub
    echo "only $1" >"sub/page.html"
    rm -f only-*.html
    echo "only $1" >"only-$1.html"
    git add -A
    git commit -q --allow-empty -m "revision $1"
    git push -q "${@:2}" "git://127.0.0.1:$git_port/site.git" main
  )
}
get() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode(), end="")' "http://127.0.0.1:$web_port/$1"; }
shows() { [ "$(get sub/page.html)" = "only $1" ]; }

# sync SHELL...: the companion, with the environment that the Pod would give it.
sync() {
  start sync env -i PATH="${tools:-$PATH}" HOME="$work/tmp" TMPDIR="$work/tmp" GITSYNC_ROOT="$work/content" \
    GITSYNC_REPO="git://127.0.0.1:$git_port/site.git" GITSYNC_REF=HEAD GITSYNC_PERIOD=1 GITSYNC_KEEP=3 "$@" "$work/sync.sh"
  sync_pid=$started
}

serve_git
ln -s /etc/passwd "$work/clone/passwd"
ln -s ../..data "$work/clone/outside"
ln -s index.html "$work/clone/start.html"
eventually 5 git ls-remote "git://127.0.0.1:$git_port/site.git"
push 1
sync sh
eventually 10 test -e "$work/content/..data"
start nginx nginx -e stderr -c "$work/nginx.conf" -g "daemon off;"
eventually 5 shows 1
[ "$(get start.html | head -1)" = "revision 1 line 1" ] || fail "a link inside the tree is not served"
for name in passwd outside; do [ ! -L "$work/content/$name" ] || fail "$name leads out of the tree"; done

# Readers that never stop: each page must be whole, of one revision, and of no earlier one than the page before.
# The force-push goes back in history, but not in number.
cat >"$work/load.py" <<'PY'
import http.client, pathlib, sys, threading
port, end = int(sys.argv[1]), pathlib.Path(sys.argv[2])
totals, lock = [0, 0, 0], threading.Lock()
def read():
    requests = failed = torn = last = 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    while not end.exists():
        requests += 1
        try:
            connection.request("GET", ("/index.html", "/sub/page.html")[requests % 2])
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200: failed += 1; continue
        except OSError:
            failed += 1; connection.close(); continue
        seen = {int(line.split()[1]) for line in text.splitlines()}
        if len(seen) != 1 or min(seen) < last or text.count("\n") not in (1, 2000): torn += 1
        last = max(seen, default=last)
    with lock:
        for i, n in enumerate((requests, failed, torn)): totals[i] += n
threads = [threading.Thread(target=read) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(*totals)
PY
python3 "$work/load.py" "$web_port" "$work/end" >"$work/totals" &
load=$!
pids+=("$load")

for n in 2 3 4 5; do push "$n"; eventually 5 shows "$n"; done
push 6 --force
eventually 5 shows 6
[ ! -L "$work/content/only-5.html" ] && [ "$(get only-6.html)" = "only 6" ] || fail "names at the top do not follow"

# The remote goes away: the last good tree stays, also over a restart of the companion.
stop "$daemon" >/dev/null
sleep 1.5
shows 6 || fail "the page went with the remote"
crash "$sync_pid"
mkdir "$work/content/..new.half" && echo half >"$work/content/..new.half/index.html" && chmod 777 "$work/content/..new.half"
# From here with the shell and the tools of the image: BusyBox, where there is one.
if command -v busybox >/dev/null; then
  mkdir "$work/applets"
  busybox --install -s "$work/applets"
  tools="$work/applets:$PATH"
  sync busybox sh
else
  sync sh
fi
sleep 1
shows 6 || fail "the page went with the companion"
serve_git
for n in 7 8; do eventually 5 push "$n"; eventually 5 shows "$n"; done
[ ! -e "$work/content/..new.half" ] || fail "what a killed companion left is still there"
left_only() { [ "$(find "$work/content" -maxdepth 1 -name '..rev-*' | wc -l)" -eq 1 ]; }
eventually 8 left_only

# SIGTERM while it waits for a remote that does not answer.
kill -STOP "$daemon"
sleep 1.5
took=$(stop "$sync_pid")
[ "$took" -lt 1000 ] || fail "SIGTERM took $took ms"
touch "$work/end"
wait "$load"
read -r requests failed torn <"$work/totals"
[ "$requests" -gt 1000 ] && [ "$failed" -eq 0 ] && [ "$torn" -eq 0 ] || fail "$requests requests, $failed failed, $torn torn"
echo "git-sync: 6 pushes and a force-push shown, $requests requests, $failed failed, $torn torn; SIGTERM took $took ms"
