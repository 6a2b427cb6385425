#!/bin/sh
# What osg-token-renewer.service runs.
root=$(readlink -f -- "$0")
root=${root%/usr/libexec/*}
. "$root/usr/share/osg-token-renewer/java.sh"
for key in "${RUNTIME_DIRECTORY:-/run/osg-token-renewer}"/*.key; do
    [ -e "$key" ] || options="$options $deriving" # none is kept, as after a boot
    break
done
start renew "$@"
