#!/bin/sh
# What osg-token-renewer.service runs.
root=$(readlink -f -- "$0")
exec "${root%/usr/libexec/*}/usr/bin/osg-token-renewer" renew "$@"
