# Sourced by sh and bash scripts that root starts. Decides which user Java runs as, and whether a path is safe for root.
service=osg-token-svc
default_state=/var/lib/osg-token-renewer
default_config=/etc/osg/token-renewer/config.ini

has_user() { id -u "$1" > /dev/null 2>&1; }

# Runs in a new session, as in service.sh.
may_read() { # USER FILE
    setsid --wait setpriv --reuid="$1" --regid="$(id -g "$1")" --init-groups --no-new-privs -- \
        test -r "$2" < /dev/null > /dev/null 2>&1
}

# True if only root can change where this absolute path leads and what is there. If not, sets $bad to the unsafe file or
# directory. A sticky directory that belongs to root is safe: other users can write to it, but cannot replace root's files. A path
# that does not exist is only safe if only root can create it. Asks for all owners and modes at once, because each process that a
# command starts takes a millisecond. Then follows the path again: in between, other users can replace their own link in a sticky
# directory with a link that belongs to root and leads to another place.
roots_alone() {
    local path at rest part links missing found owner mode checked='' IFS='
'
    path=$1
    while :; do
        bad=$path at='' rest=$path links=0 missing=''
        set -- / # the files, directories and links on the way
        while :; do
            while :; do
                case $rest in
                    '') break 2 ;;
                    */*) part=${rest%%/*} rest=${rest#*/} ;;
                    *) part=$rest rest= ;;
                esac
                case $part in
                    ''|.) ;;
                    ..) at=${at%/*} ;;
                    *) break ;;
                esac
            done
            if [ -L "$at/$part" ]; then
                links=$((links + 1))
                [ "$links" -le 40 ] || return 1
                set -- "$@" "$at/$part"
                part=$(readlink -- "$at/$part")
                case $part in
                    /*) at= ;;
                esac
                rest=$part/$rest
            elif [ -e "$at/$part" ]; then
                at=$at/$part
                set -- "$@" "$at"
            else
                missing=" is missing"
                set -- "$@" "${at:-/}"
                break
            fi
        done
        if [ -n "$checked" ]; then
            [ "$*$missing" = "$checked" ]
            return
        fi
        checked=$*$missing
        found=$(stat -c '%u:%f' -- "$@") || return 1
        for part in $found; do
            owner=${part%:*} mode=0x${part#*:}
            bad=$1
            shift
            [ "$owner" = 0 ] || return 1
            case $((mode & 0170000)) in
                $((0120000))) ;; # a link has no mode of its own
                $((0040000))) [ $((mode & 022)) = 0 ] || [ $((mode & 01000)) != 0 ] || return 1 ;;
                *) [ $((mode & 022)) = 0 ] || return 1 ;;
            esac
        done
        # Other users can create what is missing in a sticky directory.
        [ -z "$missing" ] || [ $((mode & 022)) = 0 ] || return 1
    done
}

# Creates the default directories, as the unit does when it starts. Only root can do that.
make_default_state() {
    for directory in "$default_state" /run/osg-token-renewer /var/cache/osg-token-renewer/host; do
        [ -e "$directory" ] || [ -L "$directory" ] || install -d -m 0700 -o "$service" -g "$service" "$directory"
    done
}

refuse() {
    echo "osg-token-renewer: $1" >&2
    exit 2
}

# Root only starts $home/bin/java if no other user can change it.
check_java() {
    roots_alone "$home/bin/java" || refuse "$home/bin/java: users other than root can change $bad, so root does not start it"
}

# Sets $user to the user that runs the command line of root: the owner of its state directory. Java only runs as root if no other
# user can change the directories.
choose_user() {
    local state config word previous='' command='' notifies=''
    state=${OSG_TOKEN_RENEWER_STATE_DIR:-$default_state}
    config=${OSG_TOKEN_RENEWER_CONFIG_PATH:-$default_config}
    for word in "$@"; do
        case $previous in
            --state-dir) state=$word ;;
            --config) config=$word ;;
            --store) ;;
            *) case $word in -*) ;; *) command=${command:-$word} ;; esac ;;
        esac
        case $word in
            -h|--help|-V|--version)
                user=$service
                has_user "$user" || user=nobody
                may_read "$user" "$jar" || user=root # a build in root's own home
                return ;;
            --state-dir=*) state=${word#*=} ;;
            --config=*) config=${word#*=} ;;
            --notify*) notifies=yes ;;
        esac
        previous=$word
    done
    if [ "$state" = "$default_state" ] && has_user "$service"; then
        make_default_state
    fi
    user=root
    if [ -e "$state" ]; then
        user=$(stat -Lc %U -- "$state")
    fi
    # As after a restored backup. Another user than the unit's is none of ours.
    if [ "$state" = "$default_state" ] && has_user "$service" && [ "$user" != "$service" ] && [ "$user" != root ] &&
        [ "$user" != "$(systemctl show -p User --value osg-token-renewer.service 2> /dev/null)" ]; then
        refuse "$state belongs to another user than $service ($user). To fix: chown -R $service: $state"
    fi
    [ "$user" != UNKNOWN ] || refuse "$state belongs to a user that this machine does not have: chown it"
    # status and check start no program that the config file names, and check reports unsafe paths. check --notify does start one.
    if [ "$user" = root ] && { { [ "$command" != check ] && [ "$command" != status ]; } || [ -n "$notifies" ]; }; then
        for word in "$state" "$config"; do
            case $word in
                /*) ;;
                *) word=$PWD/$word ;;
            esac
            roots_alone "$word" || refuse "$word: users other than root can change $bad, so root does not use it"
        done
    fi
}
