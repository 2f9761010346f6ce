#!/usr/bin/env bash
# One command from a clone to a surveyed country: installs what is missing, builds, starts an
# Internet in a box in a network namespace of its own (no way out), scans it with three workers,
# prints the report and leaves the store in out/db and a page in out/.
#
#   deploy/quickstart.sh          a second time shows the finished run again
#   deploy/quickstart.sh --fresh  scan once more
set -euo pipefail
cd "$(dirname "$0")/.."
run=NA-20180430

case "${1:-}" in
  "") ;;
  --fresh) rm -rf out ;;
  *) echo "quickstart: unknown argument '$1'; use --fresh or nothing" >&2; exit 2 ;;
esac

echo "== 1/4 packages"
scripts/install-deps.sh
echo "== 2/4 build"
cmake --preset release >/dev/null
cmake --build --preset release --target hark hark-worker hark-lab
bin=$PWD/build/release/bin
mkdir -p out

echo "== 3/4 Namibia, as it answered on 2018-04-30: 482,835 addresses, 551 of them listening"
tests/lab/in-namespace.sh bash -euo pipefail -c '
  bin=$1 run=$2
  rm -f out/lab.ready
  "$bin/hark-lab" --paper="$run" --out=out/lab --ready_file=out/lab.ready --key_cache=out/lab-keys &
  lab=$!
  trap "kill $lab 2>/dev/null; wait $lab 2>/dev/null || true" EXIT
  until [ -e out/lab.ready ]; do
    kill -0 $lab 2>/dev/null || { echo "quickstart: the lab did not start" >&2; exit 1; }
    sleep 0.1
  done
  "$bin/hark" scan --db=out/db --run="$run" --country=NA --geo=out/lab/geo.csv \
    --allow_special=127.0.0.0/8 --workers=3 --rate=20000 --no_report
' quickstart "$bin" "$run"

echo "== 4/4 report"
"$bin/hark" report --db=out/db --run="$run"
"$bin/hark" report --db=out/db --run="$run" --format=html --output=out/report.html
"$bin/hark" report --db=out/db --run="$run" --format=json --output=out/report.json
echo
echo "store: out/db   page: out/report.html   same as JSON: out/report.json"
echo "next:  build/release/bin/hark cluster list --db=out/db --run=$run"
