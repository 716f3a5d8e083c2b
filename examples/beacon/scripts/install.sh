#!/usr/bin/env bash
# Builds beacon from this source tree and installs it.
#
#   scripts/install.sh [PREFIX]      (PREFIX: /usr/local unless told otherwise)
#
# It downloads no toolchain and no binary: what it installs is made from the
# source that you have read. It asks for the very Go version of the release,
# since an older one may hold flaws of the standard library that were fixed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

GO_VERSION=1.26.8

(($# <= 1)) || { echo "usage: scripts/install.sh [PREFIX]" >&2; exit 2; }
prefix=${1:-/usr/local}

need go install
[[ $(pinned_go) == "go$GO_VERSION" ]] || die "this script names Go $GO_VERSION, go.mod names $(pinned_go): one of them is stale"
[[ $(go env GOVERSION) == "go$GO_VERSION" ]] || die "Go $GO_VERSION is needed, this is $(go env GOVERSION)"

case $(go env GOARCH) in
  amd64 | arm64) arch=$(go env GOARCH) ;;
  *) die "beacon is released for amd64 and arm64, not for $(go env GOARCH)" ;;
esac

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
scripts/build-binaries.sh "${BEACON_VERSION:-0.0.0-dev}" "$arch" "$stage"
install -D -m 0755 "$stage/beacon" "$prefix/bin/beacon"
install -D -m 0755 "$stage/beacon-agent" "$prefix/bin/beacon-agent"
echo "installed beacon and beacon-agent in $prefix/bin"
