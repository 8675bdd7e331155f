#!/bin/bash
# Makes a stand-in for the official image of the Dockerfile's FROM. What is in it comes from Debian and npm: so Weir's image can
# be built where no registry of images is in reach. build.sh runs it.
# Usage: base.sh NAME NODE_VERSION WORK
set -euo pipefail
name=$1 node_version=$2 work=$3
release=trixie
root=$work/rootfs packages=$work/npm
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
[ -n "$mirror" ] || { echo "the stand-in for $name needs a mirror of Debian, and apt knows none" >&2; exit 1; }

echo "step 20 makes $name: Debian $release"
debootstrap --variant=minbase "$release" "$root" "$mirror" >&2

echo "step 5 makes $name: Node $node_version"
node=node-linux-$(dpkg --print-architecture | sed s/amd64/x64/)
npm install --ignore-scripts --no-save --no-audit --no-fund --prefix "$packages" "$node@$node_version" npm@11 >&2
mkdir -p "$root"/usr/local/{etc,lib/node_modules}
cp "$packages/node_modules/$node/bin/node" "$root/usr/local/bin/"
cp -R "$packages/node_modules/npm" "$root/usr/local/lib/node_modules/"
for tool in npm npx; do ln -s "../lib/node_modules/npm/bin/$tool-cli.js" "$root/usr/local/bin/$tool"; done
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash node

# Where build.sh mounts how the machine reaches its mirror and its registry; at other times these lead nowhere.
ln -s /mnt/apt.conf "$root/etc/apt/apt.conf.d/90machine"
ln -s /mnt/npmrc "$root/usr/local/etc/npmrc"
# As in the official one: no documentation, no lists, no logs, and nothing of them from packages to come.
rm -rf "$root"/var/{lib/apt/lists,cache/apt,log}/* "$root"/usr/share/{doc,man,locale}/*
printf 'path-exclude /usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/slim"

echo "step 15 makes $name: the image"
container=$(buildah_apart from scratch)
buildah_apart copy -q "$container" "$root" / >&2
buildah_apart config --env "NODE_VERSION=$node_version" --cmd node "$container" >&2
buildah_apart commit -q "$container" "$name" >&2
buildah_apart rm "$container" >&2
rm -rf "$root" "$packages"
