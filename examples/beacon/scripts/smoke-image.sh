#!/usr/bin/env bash
# Checks a container of the Docker target runtime that already runs: what it
# serves, and whether it is the release in dist/.
#
#   scripts/smoke-image.sh HOST:PORT VERSION [DIRECTORY]
#
# DIRECTORY holds the image's own files; with it the binaries in the image are
# compared with those in the archives.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
. scripts/lib.sh

(($# == 2 || $# == 3)) || { echo "usage: scripts/smoke-image.sh HOST:PORT VERSION [DIRECTORY]" >&2; exit 2; }
address=$1 version=$2 image=${3:-}
parse_version "$version"
need tar gzip cmp diff
[[ -d dist ]] || die "there is no dist/: run scripts/build-release.sh $version first"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for archive in dist/*.tar.gz; do tar -xzf "$archive" -C "$work"; done

wait_for_server "$address" "$work" || die "the container does not answer at $address"
pass "the container answers"
smoke "the container" "$address" "$version" "$work"
expected=4
if [[ -n $image ]]; then
  home=$work/beacon-$version-linux-$(host_arch)
  for file in beacon agents/beacon-agent-linux-amd64 agents/beacon-agent-linux-arm64; do
    cmp "$image/$file" "$home/$file" >&2 || die "/$file in the image is not the release's"
    pass "/$file in the image is the release's"
  done
  expected=$((expected + 3))
fi

((checks == expected)) || die "ran $checks checks, expected $expected: this script is broken"
echo "the image of release $version is valid: $checks checks passed"
