#!/usr/bin/env bash
# From a clone to an image: installs what is missing, builds envpack into .venv, then
#
#   freezes   a small Debian base image (made here, in build/quickstart/base)
#   resolves  numpy, pydantic and rich on top of it, from the index that your pip uses
#   builds    the image build/quickstart/image, twice, to show that it is the same one
#
# No daemon, no account. Root or sudo is used to install missing packages, and by mmdebstrap.
set -eu
cd "$(dirname "$0")/.."

bash tests/tools/install_deps.sh
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --upgrade pip
.venv/bin/python -m pip install --quiet .
PATH="$PWD/.venv/bin:$PATH"

work=build/quickstart
mkdir -p "$work"
[ -d "$work/base" ] || bash examples/make_base.sh "$work/base" python3-yaml

show() { printf '\n$ %s\n' "$*"; "$@"; }

cd "$work"
show envpack --version
show envpack freeze oci:base --constraints
show envpack resolve numpy pydantic rich --base oci:base -o pylock.toml
show envpack build pylock.toml -o oci:image:latest
show envpack build pylock.toml -o oci:image:again
show skopeo inspect --format '{{.Digest}}' oci:image:latest
echo
echo "The image is in $work/image. To run it:"
echo "    podman run --rm oci:$work/image:latest python -c 'import numpy; print(numpy.__version__)'"
