#!/usr/bin/env bash
# Checks that dist/ holds the complete, runnable release VERSION.
#
#   scripts/validate-release.sh VERSION [--skip-docker]
#
# Without --skip-docker it also builds the Docker targets runtime and
# agent_runtime and downloads the agent from the running container. A missing
# Docker is then an error: what was not checked must not look checked.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
. scripts/lib.sh

usage() {
  printf '%s\nusage: scripts/validate-release.sh VERSION [--skip-docker]\n' "validate-release.sh: $1" >&2
  exit 2
}

version='' docker=yes
for argument in "$@"; do
  case $argument in
    --skip-docker) docker=no ;;
    -*) usage "unknown option '$argument'" ;;
    *) [[ -z $version ]] || usage "unexpected argument '$argument'"; version=$argument ;;
  esac
done
[[ -n $version ]] || usage "VERSION is missing"
parse_version "$version"
need go tar gzip sha256sum cmp diff od

work=$(mktemp -d)
server_pid='' container=''
clean_up() {
  [[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true
  [[ -z $container ]] || docker rm -f "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT

# ---- the files ----------------------------------------------------------
[[ -d dist ]] || die "there is no dist/: run scripts/build-release.sh $version first"
archives=()
for name in beacon-agent beacon; do
  for arch in amd64 arm64; do archives+=("$name-$version-linux-$arch"); done
done
files=$(printf '%s.tar.gz\n' "${archives[@]}" | sort)
same "dist/ holds the four archives and SHA256SUMS, and nothing else" "$(printf 'SHA256SUMS\n%s' "$files")" "$(ls -A dist)"
same "SHA256SUMS lists every archive once" "$files" "$(sed -E 's/^[0-9a-f]{64}  //' dist/SHA256SUMS)"
(cd dist && sha256sum --check --strict --quiet SHA256SUMS >&2) || die "checksums do not match"
pass "checksums match"

# ---- the archives -------------------------------------------------------
for archive in "${archives[@]}"; do
  if [[ $archive == beacon-agent-* ]]; then
    members=("" beacon-agent)
  else
    members=("" README.md agents/ agents/beacon-agent-linux-amd64 agents/beacon-agent-linux-arm64 beacon)
  fi
  same "$archive holds what it should" "$(printf "$archive/%s\n" "${members[@]}")" "$(tar -tzf "dist/$archive.tar.gz")"
  same "$archive belongs to nobody in particular" "0/0" \
    "$(tar --numeric-owner -tvzf "dist/$archive.tar.gz" | sed -E 's/^[^ ]+ +([^ ]+) .*/\1/' | sort -u)"
  tar -xzf "dist/$archive.tar.gz" -C "$work"
done

# ---- the binaries -------------------------------------------------------
# The machine in an ELF header (bytes 18 and 19), as od prints it.
declare -A machine=([amd64]='3e 00' [arm64]='b7 00')
go_version=$(pinned_go)
for arch in amd64 arm64; do
  for name in beacon beacon-agent; do
    binary=$work/$name-$version-linux-$arch/$name
    same "$name is an $arch binary" "${machine[$arch]}" "$(od -An -tx1 -j18 -N2 "$binary" | sed 's/^ *//')"
    built_with=$(go version "$binary")
    same "$name for $arch was built with the pinned toolchain" "$go_version" "${built_with##* }"
  done
  for server in amd64 arm64; do
    cmp "$work/beacon-agent-$version-linux-$arch/beacon-agent" \
      "$work/beacon-$version-linux-$server/agents/beacon-agent-linux-$arch" >&2 ||
      die "the $server server would hand out another $arch agent than the release's"
  done
  pass "both servers hand out the release's $arch agent"
done

host=$(host_arch)
home=$work/beacon-$version-linux-$host
same "beacon says its version" "beacon $version" "$("$home/beacon" --version)"
same "beacon-agent says its version" "beacon-agent $version" "$("$work/beacon-agent-$version-linux-$host/beacon-agent" --version)"

"$home/beacon" --listen 127.0.0.1:0 --data-dir "$work/data" --agent-dir "$home/agents" \
  --address-file "$work/address" 2>"$work/server.log" &
server_pid=$!
wait_for_file "$work/address" "$server_pid" || { cat "$work/server.log" >&2; die "the server did not start"; }
smoke "the server" "$(cat "$work/address")" "$version" "$work"
kill "$server_pid"
wait "$server_pid" || die "the server did not end cleanly on SIGTERM"
server_pid=''
pass "the server ends cleanly"

expected=27
# ---- Docker -------------------------------------------------------------
if [[ $docker == yes ]]; then
  need docker
  docker version >/dev/null 2>&1 || die "Docker does not answer; --skip-docker leaves these checks out, and says so"
  for target in runtime agent_runtime; do
    # GO_IMAGE in the environment replaces the builder, for example by digest.
    docker build --target "$target" --build-arg VERSION="$version" ${GO_IMAGE:+--build-arg GO_IMAGE="$GO_IMAGE"} \
      --tag "beacon-validate:$target" . >&2 || die "docker build --target $target failed"
    pass "docker target $target builds"
  done
  same "target agent_runtime says its version" "beacon-agent $version" \
    "$(docker run --rm --network none beacon-validate:agent_runtime --version)"
  container=$(docker run --detach --publish 127.0.0.1::8080 beacon-validate:runtime)
  address=$(docker port "$container" 8080/tcp | head -n 1)
  wait_for_server "$address" "$work" || die "the container does not answer at $address"
  smoke "the container" "$address" "$version" "$work"
  expected=$((expected + 6))
fi

((checks == expected)) || die "ran $checks checks, expected $expected: this script is broken"
[[ $docker == yes ]] || echo "skipped - Docker targets runtime and agent_runtime (--skip-docker)"
echo "release $version is valid: $checks checks passed"
