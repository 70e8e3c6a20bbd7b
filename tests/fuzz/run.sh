#!/usr/bin/env bash
# Runs every fuzz target of the preset `fuzz` for SECONDS_EACH (default 30) seconds from an empty
# corpus that is kept in build/fuzz-corpus. Fails at the first crash, leak or broken invariant.
set -eu
cd "$(dirname "$0")/../.."
for target in build/fuzz/tests/fuzz/fuzz_*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    corpus=build/fuzz-corpus/$(basename "$target")
    mkdir -p "$corpus"
    echo "-- $(basename "$target")"
    "$target" -max_total_time="${SECONDS_EACH:-30}" -rss_limit_mb=1024 -timeout=10 \
        -artifact_prefix="$corpus/" -print_final_stats=1 "$corpus" 2>&1 |
        grep -E "stat::number_of_executed_units|ERROR|Assertion|bug:" || true
    [ "${PIPESTATUS[0]}" -eq 0 ]
done
