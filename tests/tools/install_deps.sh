#!/usr/bin/env bash
# Installs what envpack needs from the system (Debian 12, Ubuntu 24.04), and only what is missing.
#
#   install_deps.sh            to build and use envpack
#   install_deps.sh --tests    to run its tests as well: second compiler, linters, peers, engines
set -eu

build=(
    build-essential cmake ninja-build pkg-config git ca-certificates
    python3 python3-dev python3-venv
    libssl-dev libcurl4-openssl-dev libdeflate-dev libisal-dev libzstd-dev zlib1g-dev
    libsqlite3-dev
    libexpected-dev libfmt-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev libsimdjson-dev
    mmdebstrap skopeo umoci
)
tests=(
    ccache clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev llvm-16
    libgtest-dev libbenchmark-dev libarchive-dev libgumbo-dev pybind11-dev
    podman buildah rpm runc crun pigz zstd curl strace
)

wanted=("${build[@]}")
if [ "${1:-}" = "--tests" ]; then
    wanted+=("${tests[@]}")
    # An engine that came from elsewhere stays: the distribution's package would remove it. And
    # nothing that begins to serve on somebody's machine; the tests that want it skip and say so.
    if [ ! -d /run/systemd/system ]; then
        command -v containerd >/dev/null || wanted+=(containerd)
        command -v dockerd >/dev/null || wanted+=(docker.io)
    fi
fi

missing=()
for package in "${wanted[@]}"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing+=("$package")
    fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing from the distribution: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install these packages first: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
