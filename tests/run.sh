#!/usr/bin/env bash
# Runs every check and test of envpack; installs what is missing first.
#
#   bash tests/run.sh               everything that a change must pass
#   bash tests/run.sh --full        and the slow proofs: a whole Debian, TSan, every Python on the machine, fuzzing, benchmarks
#   bash tests/run.sh STEP…         only these steps, of: install static release python asan tidy slow tsan pythons fuzz coverage bench
#
# Everything is built below build/; nothing outside the checkout is changed but the installed
# packages. A warm ccache makes it faster and is never needed.
set -eu
cd "$(dirname "$0")/.."

steps=()
full=no
for argument in "$@"; do
    case "$argument" in
        --full) full=yes ;;
        -*) echo "unknown option $argument, see the head of $0" >&2; exit 2 ;;
        *) steps+=("$argument") ;;
    esac
done
if [ ${#steps[@]} -eq 0 ]; then
    steps=(install static release python asan tidy)
    [ "$full" = yes ] && steps+=(slow tsan pythons fuzz coverage bench)
fi

tools=build/tools
jobs=$(nproc)
export ENVPACK_CONFORMANCE="${ENVPACK_CONFORMANCE:-$PWD/../shared/conformance}"
export CMAKE_CXX_COMPILER_LAUNCHER=ccache
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

build() {
    cmake --preset "$1" >build/"$1".log || { cat build/"$1".log; return 1; }
    cmake --build --preset "$1" -j "$jobs"
}

test_preset() {
    build "$1"
    ctest --preset "$1" -j "$jobs"
}

step_install() {
    bash tests/tools/install_deps.sh --tests
    if ! cmp -s tests/tools/requirements.txt "$tools/requirements.txt"; then
        rm -rf "$tools"
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --upgrade pip
        "$tools/bin/pip" install --quiet -r tests/tools/requirements.txt
        cp tests/tools/requirements.txt "$tools/requirements.txt"
    fi
}

step_static() {
    python3 tests/tools/check_layering.py
    python3 tests/tools/check_file_size.py
    python3 tests/tools/check_data.py
    git ls-files -z -- '*.cpp' '*.hpp' | xargs -0 clang-format-16 --dry-run --Werror
    "$tools/bin/ruff" check .
    "$tools/bin/ruff" format --check .
    "$tools/bin/mypy" python/envpack tests/python tests/cli tests/e2e tests/package tests/bench tests/tools
}

step_release() { test_preset release; }
step_asan() { test_preset asan; }
step_tsan() { test_preset tsan; }

# From the compile commands alone: nothing has to be built for it.
step_tidy() {
    cmake --preset tidy >build/tidy.log || { cat build/tidy.log; return 1; }
    run-clang-tidy-16 -p build/tidy -quiet -j "$jobs" '/cpp/(src|cli)/' >build/tidy.out 2>&1 ||
        { grep -E '(warning|error): ' -A 4 build/tidy.out | sort -u | head -200; return 1; }
}


# The package as a user installs it, in the environment that pytest runs in. Developer mode only
# to share the objects of the release build through ccache.
step_python() {
    "$tools/bin/pip" install --quiet --force-reinstall --no-deps . \
        --config-settings=cmake.define.ENVPACK_DEVELOPER_MODE=ON
    "$tools/bin/python" -m pytest -m "not slow" --durations=15
}

step_slow() { "$tools/bin/python" -m pytest -m slow; }

step_pythons() { bash tests/tools/every_python.sh; }

step_fuzz() {
    build fuzz
    bash tests/fuzz/run.sh
}

# Lines of the libraries that the C++ tests reach, by file: build/coverage/report.txt.
step_coverage() {
    rm -rf build/coverage/profiles
    LLVM_PROFILE_FILE="$PWD/build/coverage/profiles/%p.profraw" test_preset coverage
    llvm-profdata-16 merge -sparse build/coverage/profiles/*.profraw -o build/coverage/all.profdata
    local binaries=()
    for binary in build/coverage/tests/cpp/envpack_*_tests; do
        binaries+=(${binaries:+-object} "$binary")  # the first is no option
    done
    llvm-cov-16 report "${binaries[@]}" -instr-profile build/coverage/all.profdata \
        "$PWD/cpp" >build/coverage/report.txt
    tail -n 1 build/coverage/report.txt
}

step_bench() { "$tools/bin/python" tests/bench/run.py; }

mkdir -p build
for step in "${steps[@]}"; do
    begin=$SECONDS
    echo "== $step"
    # Not as a condition: bash switches `set -e` off inside one.
    "step_$step"
    echo "== $step: done in $((SECONDS - begin)) s"
done
