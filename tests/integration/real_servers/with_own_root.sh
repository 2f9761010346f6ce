#!/bin/sh
# Runs a mail server that Debian does not install beside another: from where install-deps.sh unpacked
# it, with the users, spool and state folders it insists on visible to it alone. Needs root.
#   with_own_root.sh FOLDER COMMAND...      FOLDER: empty, for what the server writes
set -eu
folder=$1
shift
[ "${HARK_OWN_ROOT:-}" = 1 ] || HARK_OWN_ROOT=1 exec unshare --mount -- "$0" "$folder" "$@"

for name in spool lib run; do
  mkdir -p "$folder/$name"
  mount --bind "$folder/$name" "/var/$name"
done
cp /etc/passwd "$folder/passwd"
cp /etc/group "$folder/group"
# The ids are nobody's: system users are made below 1000, people from there on (adduser.conf).
id=61990
for user in Debian-exim opensmtpd opensmtpq; do
  echo "$user:x:$id:$id::/var/lib/opensmtpd/empty:/usr/sbin/nologin" >>"$folder/passwd"
  echo "$user:x:$id:" >>"$folder/group"
  id=$((id + 1))
done
mkdir -p /var/lib/opensmtpd/empty /var/spool/exim4 "$folder/log"
chown 61990:61990 /var/spool/exim4 "$folder/log"
# Names of clients come from /etc/hosts or not at all: no question leaves this machine.
echo 'lookup file' >"$folder/resolv.conf"
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
[ ! -e /etc/resolv.conf ] || mount --bind "$folder/resolv.conf" /etc/resolv.conf
exec "$@"
