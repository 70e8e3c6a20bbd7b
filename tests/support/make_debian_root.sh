#!/usr/bin/env bash
# Makes a root file system with many Python packages: Debian 12's own, pure and compiled, and as
# many from the index that pip is configured with, in /usr/local as pip there would put them. Some
# are there twice. Needs mmdebstrap and root; takes two minutes.
#
#   make_debian_root.sh FOLDER PYTHON     PYTHON: one that has pip
set -eu

folder=$1
python=$2
debian=(
    apt attr bcrypt blinker certifi cffi chardet click colorama cryptography dateutil dbus debian
    distro distro-info docutils gi gpg httplib2 idna importlib-metadata jeepney jinja2 jsonschema
    jwt keyring launchpadlib lazr.uri mako markupsafe more-itertools nacl oauthlib packaging paramiko
    pexpect pip psutil ptyprocess pycurl pygments pyparsing pyrsistent requests secretstorage
    setuptools simplejson six toml tz urllib3 wadllib wheel xdg yaml zipp
)
pip=(
    PyYAML==6.0.1 Flask anyio arrow attrs beautifulsoup4 cachetools charset-normalizer cloudpickle
    decorator fsspec greenlet httpx joblib loguru marshmallow msgpack networkx numpy orjson
    pluggy psutil pydantic python-dotenv regex rich ruamel.yaml sortedcontainers sqlalchemy tabulate
    tenacity tqdm typer wrapt zope.interface
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages=python3
for name in "${debian[@]}"; do
    packages+=,python3-$name
done
mmdebstrap --quiet --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt='Acquire::Languages "none"' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
    bookworm "$work/rootfs.tar"
mkdir "$work/root"
tar -C "$work/root" --exclude='./dev/*' -xf "$work/rootfs.tar"

"$python" -m pip install --quiet --no-compile --only-binary=:all: --python-version 3.11 \
    --implementation cp --platform "manylinux2014_$(uname -m)" --platform "manylinux_2_28_$(uname -m)" \
    --target "$work/root/usr/local/lib/python3.11/dist-packages" "${pip[@]}"

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$work/root" "$folder"
