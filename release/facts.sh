# What the scripts of this folder know about the release; they source this file.
# shellcheck shell=sh disable=SC2034

root=$(cd "$(dirname "$0")/.." && pwd)

# field NAME: a field of the package in Cargo.toml.
field() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$root/Cargo.toml" | head -n 1; }

version=$(field version)
repository=$(field repository)
commit=${COMMIT-$(git -C "$root" rev-parse HEAD)}
# The time of the commit, so that the same commit gives the same files at any time.
created=${SOURCE_DATE_EPOCH-$(git -C "$root" log -1 --format=%ct "$commit")}
# This machine, in the words of Go, which images and krew use.
case $(uname -s)/$(uname -m) in
Linux/x86_64) platform=linux/amd64 ;;
Linux/aarch64) platform=linux/arm64 ;;
*) platform= ;;
esac

# usage: prints the comment at the top of the script, and fails.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# fail WHAT: ends the script.
fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}
