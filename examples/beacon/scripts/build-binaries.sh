#!/usr/bin/env bash
# Builds beacon and beacon-agent for one architecture into a directory.
#
#   scripts/build-binaries.sh VERSION GOARCH DIRECTORY
#
# The release archives and the Docker image both come through here: with the
# same toolchain they hold the same bytes, and validate-release.sh checks that.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

(($# == 3)) || { echo "usage: scripts/build-binaries.sh VERSION GOARCH DIRECTORY" >&2; exit 2; }
parse_version "$1"
[[ $2 == amd64 || $2 == arm64 ]] || die "architecture '$2': want amd64 or arm64"
need go

want=$(pinned_go) have=$(go env GOVERSION)
[[ $have == "$want" ]] || die "Go toolchain is $have, go.mod pins $want"

# Everything that reaches the bytes is named here and not inherited: no cgo,
# no build path, no git state, the oldest CPU of each architecture.
export CGO_ENABLED=0 GOOS=linux GOARCH=$2 GOAMD64=v1 GOARM64=v8.0
mkdir -p "$3"
go build -trimpath -buildvcs=false \
  -ldflags "-s -w -X example.com/beacon/internal/version.value=$1" \
  -o "$3/" ./cmd/beacon ./cmd/beacon-agent
