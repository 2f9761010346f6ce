#!/bin/sh
# Runs a command in a network of its own: only loopback, no way out. Needs no root where user
# namespaces are allowed; inside, the command is root of that network. With HARK_NAMESPACE_MOUNTS=1
# it may also mount file systems that nobody else sees.
#   tests/lab/in-namespace.sh sh -c 'hark-lab --paper=NA-20180430 & ...'
set -eu
if [ $# -eq 0 ]; then
  echo "usage: in-namespace.sh COMMAND..." >&2
  exit 2
fi
spaces=--net
[ -z "${HARK_NAMESPACE_MOUNTS:-}" ] || spaces="$spaces --mount"
[ "$(id -u)" -eq 0 ] || spaces="--user --map-root-user $spaces"
# shellcheck disable=SC2086 # several flags
exec unshare $spaces -- sh -c 'ip link set lo up && exec "$@"' in-namespace "$@"
