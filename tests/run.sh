#!/usr/bin/env bash
# Installs, builds and runs every test. Idempotent. Ends with ctest's closing line; exit code 0 only
# if everything passed.
#
#   tests/run.sh                  the release preset
#   HARK_PRESET=asan tests/run.sh another one (dev, asan, tsan)
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${HARK_PRESET:-release}

scripts/install-deps.sh tests
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
exec ctest --preset "$preset" -j "$(nproc)" "$@"
