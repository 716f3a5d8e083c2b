#!/bin/bash
# Stands where BuildKit calls runc. Each step gets PID 1 before its command, and what step.json says that it sees beside its own;
# it stays in the builder's control group, which has the limits of the whole build.
set -euo pipefail
bundle= verb= before=
for word in "$@"; do
  [[ $before != --bundle ]] || bundle=$word
  [[ $word != run ]] || verb=run
  before=$word
done
if [[ $verb != run || -z $bundle ]]; then
  exec /usr/sbin/runc --rootless=true "$@"
fi
config=$bundle/config.json
jq --slurpfile step /work/step.json '
  $step[0] as $s
  | .process.args = $s.entry + .process.args
  # Packages come from frozen inputs, whatever the Dockerfile says of where they are.
  | .process.env |= map(select(split("=")[0] | ascii_upcase as $name | $s.sources | index($name) | not))
  | (.process.env | map(split("=")[0])) as $has
  | .process.env += ($s.environment | to_entries | map(select(.key as $k | $has | index($k) | not) | "\(.key)=\(.value)"))
  # Programs that replace the clients of frozen inputs come before those of the image.
  | .process.env |= map(if startswith("PATH=") then "PATH=" + $s.fronts + .[5:] else . end)
  # The tracing of BuildKit: a socket of the builder, and random numbers.
  | .process.env |= map(select(test("^(OTEL_|TRACEPARENT=|TRACESTATE=)") | not))
  | .mounts |= map(select(.destination != "/dev/otel-grpc.sock"))
  | .mounts += $s.mounts
  | del(.linux.cgroupsPath, .linux.resources)
' "$config" > "$config.new"
mv "$config.new" "$config"
# The places that runc makes for mounts are no part of what the step leaves.
root=$(jq -r .root.path "$config")
[[ $root == /* ]] || root=$bundle/$root
made=()
while read -r place; do
  path=$root
  for part in ${place//\// }; do
    path=$path/$part
    [[ -e $path || -L $path ]] || made=("$path" "${made[@]}")
  done
done < <(jq -r '.mounts[].destination | select(startswith("/deps/"))' /work/step.json)
# A cache of ldconfig's, which holds inode numbers: programs are found without it, and installing a library writes it.
cache=$root/var/cache/ldconfig/aux-cache
cached=$(stat -c '%i %s %.Y' "$cache" 2> /dev/null || true)
code=0
/usr/sbin/runc --rootless=true "$@" || code=$?
if [[ "$(stat -c '%i %s %.Y' "$cache" 2> /dev/null || true)" != "$cached" ]]; then
  rm -f "$cache"
fi
for path in "${made[@]}"; do
  rmdir "$path" 2> /dev/null || true
done
exit "$code"
