#!/usr/bin/env bash
# Pushes to a Git repository and watches the page: nothing is lost, nothing is half there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
needs nginx

site site
git -C "$work/git/site.git" config receive.denyNonFastForwards false
serve_git
lay_line pass
# push N [--force]: a page of 2000 lines, each of which names the revision; new names come and old ones go.
push() {
  (
    cd "$work/clones/site"
    [ "${2:-}" != --force ] || git reset -q --hard HEAD~2
    for i in $(seq 2000); do echo "revision $1 line $i"; done >index.html
    mkdir -p sub
    echo "only $1" >"sub/page.html"
    rm -f only-*.html
    echo "only $1" >"only-$1.html"
    git add -A
    git commit -q --allow-empty -m "revision $1"
    git push -q "${@:2}" "git://127.0.0.1:$line_port/site.git" HEAD:main
  )
}
page() { body "$web_port" "$1"; }
serves() { [ "$(page sub/page.html)" = "only $1" ]; }

ln -s /etc/passwd "$work/clones/site/passwd"
ln -s ../..data "$work/clones/site/outside"
ln -s index.html "$work/clones/site/start.html"
push 1
sync site
eventually 20 test -e "$work/site/..data"
serve_pages site
eventually 20 serves 1
[ "$(page start.html | head -1)" = "revision 1 line 1" ] || fail "a link inside the tree is not served"
for name in passwd outside; do [ ! -L "$work/site/$name" ] || fail "the target of $name is outside of the tree"; done

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

for n in 2 3 4 5; do push "$n"; eventually 20 serves "$n"; done
push 6 --force
eventually 20 serves 6
# Names that are not in the new tree are removed after it is published.
names_follow() { [ ! -L "$work/site/only-5.html" ] && [ "$(page only-6.html)" = "only 6" ]; }
eventually 20 names_follow

# The remote goes away: the last good tree stays, also over a restart of the companion.
before=$(failures)
line refuse
eventually 20 failed $((before + 1))
serves 6 || fail "the page went with the remote"
end_companion "$sync_pid"
mkdir "$work/site/..new.half" && echo half >"$work/site/..new.half/index.html" && chmod 777 "$work/site/..new.half"
sync site
eventually 20 failed 1
serves 6 || fail "the page went with the companion"
line pass
for n in 7 8; do push "$n"; eventually 20 serves "$n"; done
[ ! -e "$work/site/..new.half" ] || fail "what a killed companion left is still there"
left_only() { [ "$(find "$work/site" -maxdepth 1 -name '..rev-*' | wc -l)" -eq 1 ]; }
eventually 20 left_only

touch "$work/end"
wait "$load"
read -r requests failed torn <"$work/totals"
[ "$requests" -gt 1000 ] && [ "$failed" -eq 0 ] && [ "$torn" -eq 0 ] || fail "$requests requests, $failed failed, $torn torn"
echo "git-sync/pushes: 7 pushes and a force-push published, $requests requests, $failed failed, $torn torn"
