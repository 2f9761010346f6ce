#!/usr/bin/env bash
# Installs what hark needs to build and to test, from Debian 12 packages. Idempotent: does nothing
# when all of it is there. Needs root, or sudo when it is there.
#
#   scripts/install-deps.sh          build and run
#   scripts/install-deps.sh tests    also the real servers, the browser and the checkers of tests/
set -euo pipefail

build=(g++ cmake ninja-build ccache lld pkg-config git python3 iproute2 nftables ca-certificates
       libzmq3-dev libprotobuf-dev protobuf-compiler libssl-dev librocksdb-dev libgflags-dev
       libgtest-dev libgmock-dev libssh-dev libzstd-dev libjemalloc-dev libsodium-dev
       nlohmann-json3-dev prometheus-cpp-dev libc-ares-dev libmaxminddb-dev libzip-dev zlib1g-dev
       libcairo2-dev libboost-dev libsimdjson-dev libhiredis-dev node-d3-zoom node-d3-force graphviz
       fonts-dejavu-core)
tests=(openssh-server openssh-client dropbear-bin tinysshd ucspi-tcp nginx-light lighttpd
       lighttpd-mod-openssl haproxy stunnel4 dovecot-imapd dovecot-pop3d postfix openssl
       dnsmasq-base redis-server python3-networkx clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev chromium zmap)
# Debian lets a machine have one mail server. The others are only unpacked, into a folder that the
# tests know (tests/integration/real_servers/with_own_root.sh); what they link to is installed.
unpacked=(exim4-daemon-light opensmtpd)
unpacked_need=(libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0)
unpacked_to=/opt/hark-test-servers

wanted=("${build[@]}")
to_unpack=()
if [ "${1:-}" = tests ]; then
  wanted+=("${tests[@]}" "${unpacked_need[@]}")
  for package in "${unpacked[@]}"; do
    [ -e "$unpacked_to/$package/usr/sbin" ] || to_unpack+=("$package")
  done
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ $((${#missing[@]} + ${#to_unpack[@]})) -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: needs root or sudo to install: ${missing[*]} ${to_unpack[*]}" >&2; exit 2; }
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

echo "installing: ${missing[*]} ${to_unpack[*]}" >&2
"${as_root[@]}" apt-get update -qq
if [ ${#missing[@]} -gt 0 ]; then
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# A folder appears whole or not at all, so that an interrupted download is begun anew.
for package in "${to_unpack[@]}"; do
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User= "$package" && dpkg -x ./*.deb tree)
  "${as_root[@]}" mkdir -p "$unpacked_to"
  "${as_root[@]}" rm -rf "${unpacked_to:?}/$package"
  "${as_root[@]}" cp -r "$folder/tree" "$unpacked_to/.$package"
  "${as_root[@]}" mv "$unpacked_to/.$package" "$unpacked_to/$package"
  rm -rf "$folder"
done
