#!/usr/bin/env bash
# What a repository can contain that a page cannot show: each is reported once for a revision, with the first path.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
needs nginx
serve_git

site mixed
cd "$work/clones/mixed"
mkdir images sub
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n' 7 >images/logo.png
echo text >sub/text
ln -s ../missing sub/gone
ln -s /etc/passwd passwd
ln -s sub/text inside
git update-index --add --cacheinfo "160000,$(printf %040d 7),vendor/theme"
git add -A -- images sub passwd inside
git commit -q -m mixed
git push -q origin HEAD
cd - >/dev/null
sync mixed GITSYNC_DEPTH=0
eventually 20 shows mixed
eventually 5 passed 2
sha=$(revision mixed)
logged mixed "$sha has files in Git LFS, which is not supported: 1 pointers are shown as they are, the first is images/logo.png" || fail "no line about LFS"
logged mixed "$sha has submodules, which are not supported: 1 empty directories, the first is vendor/theme" || fail "no line about submodules"
logged mixed "skipped sub/gone: the target of the link does not exist" || fail "no line about a link without a target"
logged mixed "skipped passwd: the link leads out of the tree" || fail "no line about a link out of the tree"
[ "$(grep -c "$sha has" "$work/mixed.log")" -eq 2 ] || fail "content is reported more than once"
[ ! -L "$work/mixed/passwd" ] && [ ! -L "$work/mixed/sub/gone" ] && [ "$(cat "$work/mixed/inside")" = text ] || fail "the links are wrong"
[ "$(metric 'git_sync_unsupported_paths{kind="lfs"}')" = 1 ] && [ "$(metric 'git_sync_unsupported_paths{kind="submodule"}')" = 1 ] || fail "the metrics lack unsupported paths"

# The whole history with depth 0, and one commit without it.
publish mixed
eventually 20 shows mixed
commits() { GIT_DIR=$work/mixed.tmp/git-sync/repo git rev-list --count refs/git-sync/fetched; }
[ "$(commits)" -eq 2 ] || fail "depth 0 has $(commits) commits"
stop "$sync_pid" >/dev/null
sync mixed GITSYNC_REF="$sha"
eventually 20 test "$work/mixed/..data" -ef "$work/mixed/..rev-$sha"
[ "$(commits)" -eq 1 ] || fail "depth 1 has $(commits) commits"
stop "$sync_pid" >/dev/null

# Revisions are not served under their own paths, and the page is served through the links.
next_port
web_port=$port
mkdir -m 777 "$work/nginx-tmp"
literal app.yaml nginx nginx.conf | sed -e "s|listen 8080|listen 127.0.0.1:$web_port|" -e "s|/tmp/|$work/nginx-tmp/|" \
  -e "s|/usr/share/nginx/html|$work/mixed|" >"$work/nginx.conf"
start nginx nginx -e stderr -c "$work/nginx.conf" -g "daemon off;"
status() { python3 -c '
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
c.request("GET", sys.argv[2]); print(c.getresponse().status)' "$web_port" "$1"; }
serves() { [ "$(status "$1")" = "$2" ]; }
eventually 5 serves /sub/text 200
for path in "/..rev-$sha/sub/text" /..data/sub/text /%2e.data/sub/text /sub/..%2f..data/sub/text; do
  serves "$path" 404 || fail "$path is served with $(status "$path")"
done
echo "git-sync/content: LFS, submodules and two kinds of links are reported once; /..data and /..rev-* are not served"
