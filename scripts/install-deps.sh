#!/usr/bin/env bash
# Installs what hark needs to build and to test, from Debian 12 packages. Idempotent: does nothing
# when all of it is there. Needs root, or sudo when it is there.
#
#   scripts/install-deps.sh          build and run
#   scripts/install-deps.sh tests    also the real servers, the browser and the checkers of tests/
set -euo pipefail

build=(g++ cmake ninja-build ccache lld pkg-config git python3 iproute2 nftables ca-certificates
       libzmq3-dev libprotobuf-dev protobuf-compiler libssl-dev librocksdb-dev libgflags-dev
       libgtest-dev libgmock-dev libssh-dev libzstd-dev nlohmann-json3-dev)
tests=(openssh-server openssh-client dropbear-bin nginx-light dovecot-imapd dovecot-pop3d postfix
       openssl clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev chromium)

wanted=("${build[@]}")
if [ "${1:-}" = tests ]; then wanted+=("${tests[@]}"); fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: needs root or sudo to install: ${missing[*]}" >&2; exit 2; }
  as_root=(sudo)
fi

# The servers are for our tests to start, not for the machine to run: no service starts by itself.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  made_policy=1
fi
cleanup() { [ -z "$made_policy" ] || "${as_root[@]}" rm -f $policy; }
trap cleanup EXIT

echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
