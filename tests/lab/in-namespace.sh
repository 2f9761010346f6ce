#!/bin/sh
# Runs a command in a network of its own (only loopback, no way out) and mounts of its own. Needs no root where user
# namespaces are allowed; inside, the command is root of that network.
#   tests/lab/in-namespace.sh sh -c 'hark-lab --paper=NA-20180430 & ...'
set -eu
if [ $# -eq 0 ]; then
  echo "usage: in-namespace.sh COMMAND..." >&2
  exit 2
fi
if [ "$(id -u)" -eq 0 ]; then
  set -- unshare --net --mount -- sh -c 'ip link set lo up && exec "$@"' in-namespace "$@"
else
  set -- unshare --user --map-root-user --net --mount -- sh -c 'ip link set lo up && exec "$@"' in-namespace "$@"
fi
exec "$@"
