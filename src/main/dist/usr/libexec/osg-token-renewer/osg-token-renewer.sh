#!/bin/sh
# What osg-token-renewer.service runs.
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/osg-token-renewer" "$@"
