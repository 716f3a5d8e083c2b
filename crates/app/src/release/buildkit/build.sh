#!/bin/bash
# Starts BuildKit, has it build one target after another, and ends it. For each, `--` and the arguments of `buildctl build`. A target that
# was not built has no folder in the end; why is told after the line with its number.
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
mkdir -p /work/out
# A secret that got into a layer must not get into the store either, as it is or in base64, also in lines as tools break them. Short lines are
# in any file.
holds_a_secret() {
  for secret in /dev/shm/rcrepro-secrets/*; do
    if [[ -f $secret ]] && tr -d '\r' < "$secret" | grep -a '........' > /dev/shm/patterns; then
      base64 -w 0 "$secret" | sed 's/.\{0,3\}=*$//' >> /dev/shm/patterns
      for columns in 60 64 72 76; do
        base64 -w "$columns" "$secret" | grep -E "^.{$columns}" >> /dev/shm/patterns || true
      done
      if grep -rqaF -f /dev/shm/patterns "$1"; then
        echo "error: the secret ${secret##*/} is in the image"
        return 0
      fi
    fi
  done
  return 1
}
# Lays the image that was built out as an OCI layout, from BuildKit's store. The layers of its bases are left out: they are where they came from.
lay_out() {
  local blobs=(/var/lib/buildkit/runc-*/content/blobs/sha256) manifest
  manifest=$(jq -r '."containerimage.digest" | ltrimstr("sha256:")' "$2")
  mkdir -p "$1/blobs/sha256"
  printf '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
  jq -c '{schemaVersion: 2, manifests: [."containerimage.descriptor" | {mediaType, digest, size}]}' "$2" > "$1/index.json"
  for blob in "$manifest" $(jq -r '.config.digest, .layers[].digest | ltrimstr("sha256:")' "${blobs[0]}/$manifest"); do
    if ! compgen -G "/deps/@*/blobs/sha256/$blob" > /dev/null; then
      cp "${blobs[0]}/$blob" "$1/blobs/sha256/$blob" || return 1
    fi
  done
}
number=0
while (($# > 0)); do
  shift
  words=()
  while (($# > 0)) && [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  echo "rcrepro: target $number" >&2
  if ! buildctl --addr "$address" build --progress plain --metadata-file /tmp/built.json "${words[@]}" \
    || ! lay_out "/work/out/$number" /tmp/built.json || holds_a_secret "/work/out/$number" >&2; then
    rm -rf "/work/out/$number"
    if ! kill -0 "$daemon" 2> /dev/null; then
      echo "rcrepro: BuildKit ended:" >&2
      tail -n 20 /tmp/buildkitd.log >&2
      exit 70
    fi
  fi
  number=$((number + 1))
done
kill -KILL "$daemon"
