#!/bin/bash
# The lab in a network of its own: wildcard listeners behind the packet filter answer for exactly
# the hosts of the scenario, ranges outside 127.0.0.0/8 are made local, and it ends on SIGTERM.
#   namespace_test.sh HARK_LAB     exit 77: no namespaces or no nft here
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ "${2:-}" != inside ]; then
  command -v nft >/dev/null || exit 77
  "$here/in-namespace.sh" true 2>/dev/null || exit 77
  exec "$here/in-namespace.sh" "$0" "$1" inside
fi

dir=$(mktemp -d)
trap 'kill "$lab" 2>/dev/null; rm -rf "$dir"' EXIT
cat >"$dir/scenario" <<'END'
run namespace
country XX
prefix 127.40.0.0/24 asn=1
prefix 10.77.0.0/24 asn=2
host 127.40.0.1
  port 25 smtp banner="first"
  port 143 imap behaviour=silent
host 10.77.0.9
  port 25 smtp banner="second"
host fd77::9
  port 25 smtp banner="third"
  port 143 imap behaviour=silent
host ::1
  port 25 smtp banner="fourth"
END
mkfifo "$dir/closed"
"$1" --scenario="$dir/scenario" --key_cache=none --listen_mode=wildcard \
  --ready_file="$dir/ready" &
lab=$!
until [ -s "$dir/ready" ]; do
  kill -0 "$lab" 2>/dev/null || { echo "the lab did not start"; exit 1; }
  read -r -t 0.02 <>"$dir/closed"
done

failures=0
# expect WHAT ADDRESS PORT: "refused", "silent", or the first line heard
expect() {
  said=$(timeout 2 bash -c "exec 3<>/dev/tcp/$2/$3 && head -n1 <&3" 2>"$dir/error" | tr -d '\r')
  if grep -q 'Connection refused' "$dir/error"; then said=refused; fi
  if [ -z "$said" ]; then said=silent; fi
  if [ "$said" != "$1" ]; then
    echo "$2:$3 is \"$said\", not \"$1\""
    failures=$((failures + 1))
  fi
}
grep -q '"listen_mode":"wildcard"' "$dir/ready" || { cat "$dir/ready"; failures=1; }
expect "220 first" 127.40.0.1 25
expect "220 second" 10.77.0.9 25
expect "220 third" fd77::9 25
expect "220 fourth" ::1 25
expect refused ::1 143
expect silent fd77::9 143
expect refused 127.40.0.2 25
expect refused 10.77.0.8 25
expect refused 127.40.0.1 80
expect refused 10.77.0.9 143
expect silent 127.40.0.1 143
kill -TERM "$lab"
wait "$lab" || { echo "SIGTERM: exit $?"; failures=$((failures + 1)); }
exit $((failures != 0))
