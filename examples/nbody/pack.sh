#!/usr/bin/env bash
# Compiles the n-body benchmark here, with nvcc where there is one, and packs it with exactly the
# libraries that it needs and the base lacks: an image of the base and some hundred kilobytes,
# instead of a whole CUDA toolkit that was only there to compile it.
#
#   pack.sh [IMAGE]            IMAGE: where to write it, oci:build/nbody/image:latest
#
#   NBODY_BASE=oci:DIR[:TAG]   the base, such as a copy of nvcr.io/nvidia/cuda's `base`; else a
#                              small Debian is made. It needs no Python, no CUDA and no compiler.
#   NBODY_WORK=DIR             for what is compiled; build/nbody
set -eu
cd "$(dirname "$0")/../.."

work=${NBODY_WORK:-build/nbody}
image=${1:-oci:$work/image:latest}
sources=examples/nbody
mkdir -p "$work"
if [ -z "${NBODY_BASE:-}" ]; then
    [ -d "$work/base" ] || bash examples/make_base.sh "$work/base"
    NBODY_BASE=oci:$work/base:latest
fi

flags=(-std=c++20 -O3 -o "$work/nbody" "$sources/main.cpp" "$sources/cpu.cpp")
toolkit=
if command -v nvcc >"$work/nvcc.txt"; then
    # All architectures that this nvcc knows, and PTX for later ones. The run time as a library,
    # as larger programs have it.
    nvcc -cudart shared -arch=all-major "${flags[@]}" "$sources/gpu.cu"
    toolkit=$(dirname "$(dirname "$(cat "$work/nvcc.txt")")")
else
    echo "there is no nvcc: the program will run on the CPU only"
    "${CXX:-g++}" -pthread "${flags[@]}" "$sources/no_gpu.cpp"
fi

envpack build --base "$NBODY_BASE" -o "$image" --add "$work/nbody:/usr/local/bin/nbody" \
    --with-libs --entrypoint '["/usr/local/bin/nbody"]'

# Bytes of files in an image; by a tool of the host, so that the base may be as small as it likes.
bytes() {
    envpack inspect "$1" --format json |
        python3 -c 'import json, sys; print(sum(x["tar_size"] for x in json.load(sys.stdin)["layers"]))'
}
base=$(bytes "$NBODY_BASE")
packed=$(bytes "$image")
echo
echo "the base:                $(numfmt --to=iec-i --suffix=B "$base")"
echo "with the program:        $(numfmt --to=iec-i --suffix=B "$packed"), $((packed - base)) bytes more"
if [ -n "$toolkit" ]; then
    devel=$(du --summarize --bytes --dereference-args "$toolkit" | cut -f1)
    echo "with the toolkit, too:   $(numfmt --to=iec-i --suffix=B $((packed + devel))), as an image" \
        "has it that compiles in its last stage"
fi
