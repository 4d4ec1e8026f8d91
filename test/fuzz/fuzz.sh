#!/usr/bin/env bash
# Fuzzes the ONNX front end under the address and undefined-behaviour sanitizers: test/fuzz/fuzz.sh [SECONDS]
#
# Builds preset "sanitize", takes ONNX's operator cases as first corpus (kept in build/sanitize/fuzz, so that a later
# run goes on where this one ended) and runs the importer's fuzzer for SECONDS (default 600) on one core.
# Ends with 1 at the first finding, whose input is left in build/sanitize/fuzz.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}

export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
scripts/setup --python --sanitizers
cmake --preset sanitize --log-level=WARNING >/dev/null
cmake --build build/sanitize --target onnx-importer-fuzzer

work=build/sanitize/fuzz
mkdir -p "$work/corpus"
PYTHONPATH=test/conformance .venv/bin/python -c "import cases; cases.write_cases('$work/cases')"
mkdir -p "$work/seeds"
find "$work/cases" -name model.onnx -size -8k | while read -r model; do
  cp "$model" "$work/seeds/$(basename "$(dirname "$model")").onnx"
done

# MLIR's libraries are not instrumented: what they put into containers and arenas would look like a mistake.
export ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0
build/sanitize/test/fuzz/onnx-importer-fuzzer -max_len=8192 -timeout=20 -rss_limit_mb=3000 -malloc_limit_mb=1000 \
  -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$work/" "$work/corpus" "$work/seeds"
