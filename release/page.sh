#!/bin/sh
# Makes the page of a release, with the files of a folder and a text:
#
#   sh release/page.sh v0.1.0 FOLDER NOTES
#
# It needs gh with the right to write releases. The page is a draft, which users do not see, until it has all files; an interrupted
# run can therefore be repeated. A public page is not changed.
set -eu
. "$(dirname "$0")/facts.sh"
[ $# -eq 3 ] || usage
tag=$1
files=$(cd "$2" && pwd)
notes=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files"

# Any other failure than this answer can mean that the page exists.
draft=$(gh release view "$tag" --json isDraft --jq .isDraft 2>"$work/error") || {
  grep -qi 'release not found' "$work/error" || fail "it is not known whether the release $tag exists: $(cat "$work/error")"
  gh release create "$tag" --draft --verify-tag --title "$tag" --notes-file "$notes"
  draft=true
}
if [ "$draft" = true ]; then
  gh release edit "$tag" --notes-file "$notes"
  gh release upload "$tag" --clobber "$files"/*
fi

# The files are those that were verified, and there are no others. The signature of a public page can be that of an earlier run.
gh release download "$tag" --dir "$work/files"
(cd "$files" && ls) >"$work/expected"
(cd "$work/files" && ls) >"$work/found"
cmp -s "$work/found" "$work/expected" || fail "the release $tag has other files: $(xargs <"$work/found")"
while IFS= read -r file; do
  [ "$draft" = false ] && [ "$file" = checksums.txt.sigstore.json ] || cmp -s "$files/$file" "$work/files/$file" ||
    fail "the release $tag has another $file"
done <"$work/expected"
[ "$draft" = false ] || gh release edit "$tag" --draft=false --verify-tag
echo "the release $tag is public"
