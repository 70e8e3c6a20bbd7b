#!/usr/bin/env bash
# Makes a small base image: Debian 12 with its own Python, from Debian's packages, in the OCI image
# layout FOLDER under the tag `latest`. Needs mmdebstrap and umoci; takes about a minute.
#
#   make_base.sh FOLDER [PACKAGE…]     further Debian packages for the base, such as python3-yaml
set -eu

folder=$1
shift
packages=python3,ca-certificates
for package in "$@"; do
    packages+=,$package
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# No documentation, manuals, translations and package lists: nothing in an image reads them.
mmdebstrap --quiet --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt='Acquire::Languages "none"' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/*' \
    bookworm "$work/rootfs.tar"

umoci init --layout "$work/layout"
umoci new --image "$work/layout:latest"
umoci raw add-layer --image "$work/layout:latest" "$work/rootfs.tar"
umoci config --image "$work/layout:latest" \
    --config.env 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --config.cmd python3
umoci gc --layout "$work/layout"
chmod -R a+rX "$work/layout"

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$work/layout" "$folder"
