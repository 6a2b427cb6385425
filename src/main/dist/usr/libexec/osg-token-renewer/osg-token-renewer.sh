#!/bin/sh
# What osg-token-renewer.service runs.
root=$(readlink -f -- "$0")
root=${root%/usr/libexec/*}
. "$root/usr/share/osg-token-renewer/java.sh"
start renew "$@"
