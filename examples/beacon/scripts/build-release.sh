#!/usr/bin/env bash
# Builds the release archives into dist/, reproducibly.
#
#   scripts/build-release.sh VERSION
#
# Per architecture (linux/amd64, linux/arm64):
#   beacon-VERSION-linux-ARCH.tar.gz        server, README, agents to download
#   beacon-agent-VERSION-linux-ARCH.tar.gz  agent alone
# and SHA256SUMS over all of them.
#
# SOURCE_DATE_EPOCH dates the archives' entries; without it the time of the
# last commit does. There is no third choice: the current time would make
# every build a different release.
set -euo pipefail
umask 022
export LC_ALL=C
cd "$(dirname "$0")/.."
. scripts/lib.sh

(($# == 1)) || { echo "usage: scripts/build-release.sh VERSION" >&2; exit 2; }
version=$1
parse_version "$version"
need go tar gzip sha256sum install

epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}
[[ $epoch =~ ^[0-9]+$ ]] || die "set SOURCE_DATE_EPOCH to the commit's time in seconds (there is no git history to ask)"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# pack NAME: $stage/NAME becomes dist/NAME.tar.gz. Order, dates, owners and
# modes are set here, since none of them may depend on who builds where;
# gzip -n leaves out its own time stamp.
pack() {
  tar --create --directory="$stage" --format=ustar --sort=name --mtime="@$epoch" \
    --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' "$1" | gzip -n -9 >"dist/$1.tar.gz"
}

for arch in amd64 arm64; do
  scripts/build-binaries.sh "$version" "$arch" "$stage/$arch"
done

rm -rf dist
mkdir dist
for arch in amd64 arm64; do
  server=beacon-$version-linux-$arch agent=beacon-agent-$version-linux-$arch
  install -D -m 0755 "$stage/$arch/beacon" "$stage/$server/beacon"
  install -D -m 0644 README.md "$stage/$server/README.md"
  for target in amd64 arm64; do
    install -D -m 0755 "$stage/$target/beacon-agent" "$stage/$server/agents/beacon-agent-linux-$target"
  done
  install -D -m 0755 "$stage/$arch/beacon-agent" "$stage/$agent/beacon-agent"
  pack "$server"
  pack "$agent"
done
(cd dist && sha256sum -- *.tar.gz >SHA256SUMS)
cat dist/SHA256SUMS
