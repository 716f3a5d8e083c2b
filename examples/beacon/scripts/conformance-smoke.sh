#!/usr/bin/env bash
# Builds beacon, starts it on loopback, and holds it to its contract from the
# outside: over HTTP, and with the real agent.
#
#   bash scripts/conformance-smoke.sh
#
# Needs go and node, and no network but loopback. What stands on stdout is the
# same in every run: ports, times and process IDs go to a log in a temporary
# directory, which is shown on stderr when something fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# How many "ok" lines make a pass. It is said here, and not counted by what
# runs the checks, so that a runner that stops early cannot pass.
expected_checks=26

(($# == 0)) || { echo "usage: bash scripts/conformance-smoke.sh" >&2; exit 2; }
need go node

work=$(mktemp -d)
server_pid=''
clean_up() {
  [[ -z $server_pid ]] || kill "$server_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

# broken MESSAGE: die, with the server's log.
broken() {
  [[ ! -s $work/server.log ]] || sed 's/^/server: /' "$work/server.log" >&2
  die "$1"
}

version=0.0.0-conformance
mkdir "$work/agents"
# Without cgo, as the release is built.
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-X example.com/beacon/internal/version.value=$version" \
  -o "$work/" ./cmd/beacon ./cmd/beacon-agent || die "beacon does not build"
cp "$work/beacon-agent" "$work/agents/beacon-agent-linux-amd64"

"$work/beacon" --config scripts/conformance/beacon.yaml --data-dir "$work/data" --agent-dir "$work/agents" \
  --address-file "$work/address" 2>"$work/server.log" &
server_pid=$!
wait_for_file "$work/address" "$server_pid" || broken "the server did not start"

status=0
node scripts/conformance/checks.mjs "http://$(cat "$work/address")" "$work" "$version" >"$work/report" || status=$?
cat "$work/report"
((status == 0)) || broken "contract checks failed (exit code $status)"

kill "$server_pid"
status=0
wait "$server_pid" || status=$?
server_pid=''
((status == 0)) || broken "the server ended with exit code $status on SIGTERM"
echo "ok - the server ends cleanly on SIGTERM" | tee -a "$work/report"

passed=$(grep -c '^ok - ' "$work/report" || true)
((passed == expected_checks)) || die "$passed checks passed, expected $expected_checks: a pass must not be hollow"
echo "conformance: $passed of $expected_checks checks passed"
