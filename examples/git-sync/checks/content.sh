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
eventually 20 published mixed
eventually 20 passed 2
sha=$(revision mixed)
logged mixed "$sha has files in Git LFS, which is not supported: 1 pointers are published as they are, the first is images/logo.png" || fail "no line about LFS"
logged mixed "$sha has submodules, which are not supported: 1 empty directories, the first is vendor/theme" || fail "no line about submodules"
logged mixed "skipped sub/gone: its target does not exist" || fail "no line about a link without a target"
logged mixed "skipped passwd: its target is outside of the tree" || fail "no line about a link to a target outside of the tree"
[ "$(grep -c "$sha has" "$work/mixed.log")" -eq 2 ] || fail "content is reported more than once"
[ ! -L "$work/mixed/passwd" ] && [ ! -L "$work/mixed/sub/gone" ] && [ "$(cat "$work/mixed/inside")" = text ] || fail "the links are wrong"
in_metrics() { [ "$(metric 'git_sync_unsupported_paths{kind="lfs"}')" = 1 ] && [ "$(metric 'git_sync_unsupported_paths{kind="submodule"}')" = 1 ]; }
in_metrics || fail "the metrics lack unsupported paths"

# A container that restarts publishes nothing new, and has the same metrics: with its lists, and in a new Pod with a persistent volume.
for lost in "" "$work/mixed.tmp/git-sync"; do
  stop "$sync_pid" >/dev/null
  [ -z "$lost" ] || rm -r "$lost"
  sync mixed GITSYNC_DEPTH=0
  eventually 20 passed 1
  in_metrics || fail "the metrics lack unsupported paths after a restart"
done
[ "$(grep -c "published $sha" "$work/mixed.log")" -eq 1 ] || fail "a restart has published the same revision again"

# The whole history with depth 0, and one commit without it.
push_clone mixed
eventually 20 published mixed
commits() { GIT_DIR=$work/mixed.tmp/git-sync/repo git rev-list --count refs/git-sync/fetched; }
[ "$(commits)" -eq 2 ] || fail "depth 0 has $(commits) commits"
stop "$sync_pid" >/dev/null
sync mixed GITSYNC_REF="$sha"
eventually 20 test "$work/mixed/..data" -ef "$work/mixed/..rev-$sha"
[ "$(commits)" -eq 1 ] || fail "depth 1 has $(commits) commits"
stop "$sync_pid" >/dev/null

# Revisions are not served under their own paths, and the page is served through the links.
serve_pages mixed
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
