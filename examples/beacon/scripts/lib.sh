# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

# die MESSAGE: says what is wrong, and by whom, and ends the script.
die() {
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

# need TOOL...: every tool that is missing is named, not only the first.
need() {
  local tool missing=()
  for tool in "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) || die "missing tools: ${missing[*]}"
}

# parse_version TEXT: accepts 1.2.3 and 1.2.3-rc.1, without a leading v; any
# other is a usage error.
parse_version() {
  [[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] && return
  printf '%s: error: version %s: want MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRERELEASE, without a leading v\n' \
    "${0##*/}" "'$1'" >&2
  exit 2
}

# pinned_go: the toolchain that go.mod names, such as go1.26.8.
pinned_go() {
  local pin
  pin=$(sed -n 's/^toolchain \(go[0-9.]*\)$/\1/p' go.mod)
  [[ -n $pin ]] || die "go.mod has no toolchain line"
  printf '%s\n' "$pin"
}

# wait_for_file FILE PID: until FILE is there; fails when process PID ends or
# twenty seconds pass.
wait_for_file() {
  local tries
  for ((tries = 0; tries < 400; tries++)); do
    [[ -s $1 ]] && return 0
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# http_get HOST:PORT PATH FILE: the body of a 200 answer goes to FILE. HTTP/1.0
# by bash alone, because neither curl nor wget is everywhere. C locale: the
# body may be any bytes.
http_get() {
  local peer status
  { exec {peer}<>"/dev/tcp/${1%:*}/${1##*:}"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$2" "$1" >&"$peer"
  cat <&"$peer" >"$3.answer"
  exec {peer}>&-
  status=$(head -n 1 "$3.answer" | cut -d ' ' -f 2)
  LC_ALL=C sed '1,/^\r$/d' "$3.answer" >"$3"
  rm -f "$3.answer"
  [[ $status == 200 ]]
}

# wait_for_server HOST:PORT DIRECTORY: until /healthz answers 200; fails when
# ten seconds pass.
wait_for_server() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    http_get "$1" /healthz "$2/health" && return 0
    sleep 0.1
  done
  return 1
}

# host_arch: this machine's architecture, as the release names it.
host_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "no binary of this release runs on $(uname -m), so none can be tried here" ;;
  esac
}

# pass WHAT: counts a check that held.
checks=0
pass() {
  checks=$((checks + 1))
  printf 'ok %d - %s\n' "$checks" "$1"
}

# same WHAT EXPECTED ACTUAL: compares texts and shows how they differ.
same() {
  diff --label expected --label actual -u <(printf '%s\n' "$2") <(printf '%s\n' "$3") >&2 || die "$1: differs as shown"
  pass "$1"
}

# smoke NAME HOST:PORT VERSION DIRECTORY: the checks that a running server must
# pass, be it a process or a container. DIRECTORY holds the unpacked archives.
smoke() {
  local arch
  http_get "$2" /api/version "$4/answer" || die "$1: /api/version does not answer 200"
  same "$1 serves its version" "{\"version\":\"$3\"}" "$(cat "$4/answer")"
  for arch in amd64 arm64; do
    http_get "$2" "/download/agent?arch=$arch" "$4/agent" || die "$1: the $arch agent cannot be downloaded"
    cmp "$4/agent" "$4/beacon-agent-$3-linux-$arch/beacon-agent" >&2 ||
      die "$1: the downloaded $arch agent is not the release's"
    pass "$1 lets download the release's $arch agent"
  done
}
