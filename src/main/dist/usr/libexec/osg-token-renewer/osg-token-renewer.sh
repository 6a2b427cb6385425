#!/bin/sh -p
# Started by osg-token-renewer.service.
root=$(PATH=/usr/bin:/bin; readlink -f -- "$0")
root=${root%/usr/libexec/*}
. "$root/usr/share/osg-token-renewer/java.sh"

# True if a file matches the pattern, which the shell has expanded in the arguments.
any() {
    [ -e "$1" ]
}
# A drop-in can add directories to systemd's list.
runtime=${RUNTIME_DIRECTORY:-/run/osg-token-renewer}
case ":$runtime:" in
*:/run/osg-token-renewer:*) runtime=/run/osg-token-renewer ;;
*) runtime=${runtime%%:*} ;;
esac
# This run derives keys if no key is cached, as after a boot, and if there are accounts or options (which may set another state
# directory).
if ! any "$runtime"/*.key &&
    { [ $# -gt 0 ] || any "${OSG_TOKEN_RENEWER_STATE_DIR:-/var/lib/osg-token-renewer}"/accounts/*.account; }; then
    options="$options $deriving"
    need=208
fi
start renew "$@"
