#!/bin/bash
# Builds the Dockerfile by buildah, on a stand-in for its base image, into an archive that `ctr images import` takes. One at a
# time: image.ts holds a lock. What is built once (STORAGE) makes the next build short; WORK is gone afterwards.
# Usage: build.sh CONTEXT STORAGE WORK BASE NODE_VERSION TAG ARCHIVE
# Each line `step SECONDS WHAT` on stdout says what comes next, and how long it took on two cores.
set -euo pipefail
context=$1 storage=$2 work=$3 base=$4 node_version=$5 tag=$6 archive=$7
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
export storage work
# npm looks for its settings beside the Node that runs it: this machine's, not the checkout's.
PATH=$(tr : '\n' <<<"$PATH" | grep -v /node_modules/ | paste -sd :)

# The layers of sources that are gone stay; past this number, a build anew is the lesser evil.
MAX_LAYERS=300
if [ "$(find "$storage/overlay" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt "$MAX_LAYERS" ]; then rm -rf "$storage"; fi
# What nobody has asked for of late: stand-ins for a week, archives for an hour.
find "$(dirname "$storage")" -mindepth 1 -maxdepth 1 -name 'storage-*' ! -path "$storage" -mtime +7 -exec rm -rf {} +
find "$(dirname "$archive")" -mindepth 1 -maxdepth 1 -name 'weir-*.tar*' -mmin +60 -delete
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$storage" "$work"/{run,varlib,vartmp,tmp,cni,machine}
# How this machine reaches its registry may hold a secret.
chmod 700 "$work"
touch "$storage"
printf '[network]\nnetwork_config_dir = "%s"\n' "$work/cni" >"$work/containers.conf"

# buildah writes to /var/lib and /var/tmp too, and to /etc/cni unless it is told of another place.
buildah_apart() {
  CONTAINERS_CONF=$work/containers.conf TMPDIR=$work/tmp unshare --mount --propagation private sh -c '
    mount --bind "$work/varlib" /var/lib && mount --bind "$work/vartmp" /var/tmp && exec "$@"' sh \
    buildah --root "$storage" --runroot "$work/run" --storage-driver overlay "$@"
}
export -f buildah_apart

# How this machine reaches its mirror and its registry. It is mounted for the time of the build, where the stand-in looks for it,
# and stays in no layer.
describe_machine() {
  apt-config dump | sed -nE '/^Acquire::(Check|http|https)/p' >"$work/machine/apt.conf"
  local file authorities
  for file in "$(npm config get globalconfig)" "$(npm config get userconfig)"; do
    if [ -e "$file" ]; then cat "$file"; fi
  done >"$work/machine/npmrc"
  authorities=$(npm config get cafile)
  [ "$authorities" != null ] || return 0
  cp "$authorities" "$work/machine/authorities.pem"
  printf '\ncafile=/mnt/authorities.pem\n' >>"$work/machine/npmrc"
}
describe_machine

if ! buildah_apart inspect --type image "$base" >/dev/null 2>&1; then
  bash "$here/base.sh" "$base" "$node_version" "$work"
fi
echo "step 65 builds $tag"
buildah_apart bud --isolation chroot --network host --pull-never --layers --volume "$work/machine:/mnt:ro" \
  --tag "$tag" "$context" >&2
echo "step 4 writes its archive"
buildah_apart push -q "$tag" "docker-archive:$archive.new:$tag" >&2
mv "$archive.new" "$archive"
