#!/bin/bash
# Makes a stand-in for the official image of the Dockerfile's FROM. What is in it comes from Debian and npm: the image can be built
# where no registry of images is in reach. build.sh runs it.
# Usage: base.sh NAME NODE_VERSION WORK
set -euo pipefail
name=$1 node_version=$2 work=$3
release=trixie
root=$work/rootfs packages=$work/npm
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian" >&2; exit 1; }

echo "step 55 Debian $release"
debootstrap --variant=minbase "$release" "$root" "$mirror" >&2

echo "step 10 Node $node_version"
node=node-linux-$(dpkg --print-architecture | sed s/amd64/x64/)
npm install --ignore-scripts --no-save --no-audit --no-fund --prefix "$packages" "$node@$node_version" npm@11 >&2
mkdir -p "$root/usr/local/lib/node_modules"
cp "$packages/node_modules/$node/bin/node" "$root/usr/local/bin/"
cp -R "$packages/node_modules/npm" "$root/usr/local/lib/node_modules/"
for tool in npm npx; do ln -s "../lib/node_modules/npm/bin/$tool-cli.js" "$root/usr/local/bin/$tool"; done
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash node

# What this machine must know to use its mirror, the image must know as well.
apt-config dump | grep -E '^Acquire::(Check|http|https)' >"$root/etc/apt/apt.conf.d/90mirror" || true
# As the official one: no documentation, no lists, no logs.
rm -rf "$root"/var/{lib/apt/lists,cache/apt,log}/* "$root"/usr/share/{doc,man,locale}/*

echo "step 25 the image $name"
container=$(buildah_apart from scratch)
buildah_apart copy -q "$container" "$root" / >&2
buildah_apart config --env "NODE_VERSION=$node_version" --cmd node "$container" >&2
buildah_apart commit -q "$container" "$name" >&2
buildah_apart rm "$container" >&2
rm -rf "$root" "$packages"
