#!/bin/bash
# Builds the Dockerfile by buildah, on a stand-in for its base image, into an archive that `ctr images import` takes.
# Everything is below STORAGE, which later builds go on from, and WORK, which is gone afterwards.
# Usage: build.sh CONTEXT STORAGE WORK BASE NODE_VERSION TAG ARCHIVE
# A line `step SECONDS WHAT` on stdout says what comes next, and what it took on two cores the first time.
set -euo pipefail
context=$1 storage=$2 work=$3 base=$4 node_version=$5 tag=$6 archive=$7
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
export storage work

rm -rf "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$storage" "$work"/{run,varlib,vartmp,tmp,cni}
printf '[network]\nnetwork_config_dir = "%s"\n' "$work/cni" >"$work/containers.conf"

# buildah writes to /var/lib and /var/tmp too, and to /etc/cni unless it is told of another place.
buildah_apart() {
  CONTAINERS_CONF=$work/containers.conf TMPDIR=$work/tmp unshare --mount --propagation private sh -c '
    mount --bind "$work/varlib" /var/lib && mount --bind "$work/vartmp" /var/tmp && exec "$@"' sh \
    buildah --root "$storage" --runroot "$work/run" --storage-driver overlay "$@"
}
export -f buildah_apart

if ! buildah_apart inspect --type image "$base" >/dev/null 2>&1; then
  bash "$here/base.sh" "$base" "$node_version" "$work"
fi

# How this machine reaches its npm registry, by a file for the time of the build only.
npmrc=$work/npmrc
cat "$(npm config get globalconfig)" "$(npm config get userconfig)" 2>/dev/null >"$npmrc" || true
volumes=(--volume "$npmrc:/root/.npmrc:ro")
authorities=$(npm config get cafile)
[ "$authorities" = null ] || volumes+=(--volume "$authorities:$authorities:ro")

echo "step 90 the image $tag"
buildah_apart bud --isolation chroot --network host --pull-never --layers "${volumes[@]}" --tag "$tag" "$context" >&2

echo "step 5 its archive"
buildah_apart push -q "$tag" "docker-archive:$archive.new:$tag" >&2
mv "$archive.new" "$archive"
