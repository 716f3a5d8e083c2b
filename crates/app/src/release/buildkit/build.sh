#!/bin/bash
# Starts BuildKit, has it build once, and ends it. What follows are arguments of `buildctl build`.
set -euo pipefail
cat > /tmp/buildkitd.toml <<'TOML'
root = "/var/lib/buildkit"
[worker.containerd]
enabled = false
[worker.oci]
enabled = true
binary = "/work/step.sh"
gc = false
TOML
if ! command -v buildkitd > /dev/null || ! command -v jq > /dev/null || [[ ! -x /usr/sbin/runc ]]; then
  echo "error: the image of the builder holds no BuildKit with runc and jq: take images/buildkit.toml for one" >&2
  exit 1
fi
address=unix:///tmp/buildkitd.sock
buildkitd --config /tmp/buildkitd.toml --addr "$address" > /tmp/buildkitd.log 2>&1 &
daemon=$!
# Its end is nothing that the shell should speak of.
disown
until buildctl --addr "$address" debug workers > /dev/null 2>&1; do
  if ! kill -0 "$daemon" 2> /dev/null; then
    echo "rcrepro: BuildKit did not start:" >&2
    tail -n 20 /tmp/buildkitd.log >&2
    exit 70
  fi
  sleep 0.05
done
code=0
buildctl --addr "$address" build --progress plain "$@" || code=$?
kill -KILL "$daemon"
# A secret that got into a layer must not get into the store either, as it is or in base64. Short lines are in any file.
for secret in /dev/shm/rcrepro-secrets/*; do
  if [[ -f $secret && $code == 0 ]] && grep -a '........' "$secret" > /dev/shm/patterns; then
    base64 -w 0 "$secret" | sed 's/.\{0,3\}=*$//' >> /dev/shm/patterns
    if grep -rqaF -f /dev/shm/patterns /work/out; then
      echo "error: the secret ${secret##*/} is in the image" >&2
      rm -rf /work/out
      code=1
    fi
  fi
done
exit "$code"
