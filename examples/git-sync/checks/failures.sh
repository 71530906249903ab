#!/usr/bin/env bash
# Fetches that are slow, cut off or killed: the companion recovers without help, and what they leave does not add up.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
serve_git
lay_line pass

# The deadline of the Pod's start is not shorter than those of the first fetch and checkout.
seconds() { defaults companions.yaml git-sync | sed -n "s/^$1=//p"; }
start_deadline=$(awk '$1 == "failureThreshold:" { print $2; exit }' "$here/companions.yaml")
[ "$start_deadline" -ge $(($(seconds GITSYNC_FETCH_TIMEOUT) + $(seconds GITSYNC_CHECKOUT_TIMEOUT))) ] || fail "the Pod's start ends after $start_deadline s"

# A fetch that is slower than its limit is reported with the parameter, and a greater limit is enough.
site slow
random 3000000 >"$work/clones/slow/large"
push_clone slow
line rate 1000000
sync slow GITSYNC_FETCH_TIMEOUT=1
eventually 10 logged slow "not finished within 1s; increase the parameter fetch-timeout"
stop "$sync_pid" >/dev/null
[ ! -e "$work/slow/..data" ] || fail "half a fetch is published"
sync slow
eventually 30 published slow
stop "$sync_pid" >/dev/null
line pass

# Before the first success, `period` does not delay the next attempt.
site early
push_clone early
line refuse
sync early GITSYNC_PERIOD=600
eventually 20 failed 2
line pass
eventually 20 published early
eventually 5 logged early "succeeds again"
for text in "still publishes no revision" "succeeds again"; do
  [ "$(grep -c "$text" "$work/early.log")" -eq 1 ] || fail "the log has \"$text\" more or less than once"
done
stop "$sync_pid" >/dev/null

# What a failed fetch has received is removed: many of them need no more space than one.
many=${FAILURES:-15}
site cut
echo first >"$work/clones/cut/page"
push_clone cut
fast cut
eventually 20 published cut
random 2000000 >"$work/clones/cut/large"
line cut 1500000
push_clone cut
space() { du -sk "$work/cut.tmp" | cut -f 1; }
eventually 20 failed 1
one=$(space)
eventually 120 failed "$many"
last=$(space)
[ "$last" -lt $((one + 2000)) ] || fail "$one kB after one failed fetch, $last kB after $many"
[ "$(cat "$work/cut/page")" = first ] || fail "the page went with the line"
line pass
eventually 20 published cut

# A killed git leaves locks and temporary files anywhere in its repository.
repository=$work/cut.tmp/git-sync/repo
line hang
eventually 20 stuck
for lock in ../index.lock HEAD.lock config.lock packed-refs.lock shallow.lock refs/git-sync/fetched.lock; do touch "$repository/$lock"; done
echo half >"$repository/objects/pack/tmp_pack_half"
kill -KILL $(fetching)
echo second >"$work/clones/cut/page"
push_clone cut
line pass
eventually 20 published cut
passed_before=$(metric 'git_sync_passes_total{result="success"}')
eventually 20 passed $((passed_before + 2))
nothing_left() { [ -z "$(find "$work/cut.tmp" -name '*.lock' -o -name 'tmp_*')" ]; }
eventually 20 nothing_left

# A repository that is damaged is fetched again.
for pack in "$repository"/objects/pack/*; do chmod u+w "$pack" && : >"$pack"; done
echo third >"$work/clones/cut/page"
push_clone cut
eventually 60 published cut
stop "$sync_pid" >/dev/null

# Disk use has a bound, whatever is pushed: twice the repository and 8 MiB, and one more fetch.
site disk
random 1000000 >"$work/clones/disk/large"
push_clone disk
fast disk GITSYNC_KEEP=0
eventually 20 published disk
most=0
# The page of metrics that has the revision has the size of that pass.
measured() { [ "$(metric "git_sync_revision_info{revision=\"$(revision disk)\"}")" = 1 ]; }
for _ in $(seq 14); do
  random 1000000 >"$work/clones/disk/large"
  push_clone disk
  eventually 20 published disk
  eventually 20 measured
  size=$(metric git_sync_repository_bytes)
  [ "$size" -lt "$most" ] || most=$size
done
[ "$most" -lt 13000000 ] || fail "$most bytes after 14 pushes of 1 MB"
one_tree() { [ "$(find "$work/disk" -maxdepth 1 -name '..*' -type d | wc -l)" -eq 1 ]; }
eventually 20 one_tree

# SIGTERM during a fetch that does not answer.
line hang
eventually 20 stuck
took=$(stop "$sync_pid")
[ "$took" -lt 1000 ] || fail "SIGTERM took $took ms"
echo "git-sync/failures: $one kB after one failed fetch, $last kB after $many; at most $((most / 1000)) kB in 14 pushes of 1000 kB; SIGTERM took $took ms"
