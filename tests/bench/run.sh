#!/bin/sh
# Builds what users run and benches it: tests/bench/run.sh [--only=ssh,tls,…] [--json=FILE].
# docs/bench.md says how to read the table it prints.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset release >/dev/null
cmake --build --preset release --target hark hark-worker hark-lab hark-bench hark-fleet-bench \
  hark-syn-bench hark-picture-store hark-analysis-bench >&2
exec python3 tests/bench/bench.py "$@"
