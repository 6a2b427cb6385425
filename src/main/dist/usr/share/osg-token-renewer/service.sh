# Sourced by bash scripts that run as root. run_as runs a command as another user and waits for it. That user never gets a
# descriptor of root's terminal, so it cannot type into root's shell (ioctl TIOCSTI) or read what root types. The command has its
# own session and, if it is interactive, its own pseudo-terminal. Signals that end or stop this script also end or stop the command.
#
# Descriptors: 3 and 4 are standard output and error if they are not a terminal, 5 has signals for the command, 6 has a line when a
# stopped command continues, 7 and 9 are our ends of 5 and 6. The command only gets 0, 1, 2 and those in $kept.
service_sh=${BASH_SOURCE[0]}
kept=
passwords=

# Passes the password, or as ACCOUNT:key the private key, of an account to the command through a pipe. Only root may control the file.
hand_over() { # ACCOUNT FILE
    local fd
    exec {fd}< <(exec head -c 65536 < "$2")
    chown "$service" "/proc/self/fd/$fd" || return 1
    kept+=" $fd"
    passwords+=" $1=/proc/self/fd/$fd"
}

# Passes the passwords and private keys that the unit loads with LoadCredential=, if only root can change the files.
hand_over_credentials() {
    local account file
    while IFS=: read -r account file; do
        [[ $account == *.@(pw|key) && $file == /* ]] && roots_alone "$file" && [ -f "$file" ] || continue
        case $account in
            *.pw) hand_over "${account%.pw}" "$file" ;;
            *) hand_over "${account%.key}:key" "$file" ;;
        esac
    done < <(systemctl cat osg-token-renewer.service 2> /dev/null | sed -n 's/^LoadCredential=//p')
}

# The last step: this process becomes the command, without root and without the caller's open files and environment.
become() { # KEPT USER COMMAND...
    local kept=$1 user=$2 directory=$PWD name fd keep=()
    shift 2
    for name in OSG_TOKEN_RENEWER_CONFIG_PATH OSG_TOKEN_RENEWER_STATE_DIR OSG_TOKEN_RENEWER_JAVA_HOME \
        OSG_TOKEN_RENEWER_STORE OSG_TOKEN_RENEWER_SERVICE_ACCOUNT_DIR \
        OSG_TOKEN_RENEWER_PASSWORDS OSG_TOKEN_RENEWER_LOG_FORMAT OSG_TOKEN_RENEWER_METRICS_FILE OSG_TOKEN_RENEWER_STDOUT \
        KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT HOSTNAME \
        OIDC_CONFIG_DIR HTTPS_PROXY https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy LC_ALL LC_CTYPE NO_COLOR; do
        [ -z "${!name-}" ] || keep+=("$name=${!name}")
    done
    cd / || exit 1
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || [[ "$kept " == *" $fd "* ]] || eval "exec $fd>&-"
    done
    # Enters the caller's directory by name, so only if the user may enter it.
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG="${LANG:-C.UTF-8}" TERM="${TERM:-dumb}" "${keep[@]}" \
        setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --no-new-privs -- \
        /bin/sh -c 'cd -- "$0" 2> /dev/null; exec "$@"' "$directory" "$@"
}

# Sends the signals of order() to the command. Ends the command if the script died.
pass_orders() { # PID
    local order
    trap '' INT QUIT HUP TSTP
    exec 3>&- 4>&-
    while read -r order; do
        [ "$order" != end ] || return
        kill -s "$order" "$1"
    done
    kill -s TERM "$1"
    kill -s CONT "$1"
} <&5 > /dev/null 2>&1

# Runs the command in a new session without a terminal.
without_terminal() { # KEPT USER COMMAND...
    pass_orders $$ &
    become "$@"
}

# Runs the command in a new session with the new pseudo-terminal. Ctrl-Z there only stops the command; this script stops the rest.
at_pseudo_terminal() { # PID KEPT USER COMMAND...
    local outside=$1
    shift
    set -m
    in_front "$@" &
    stay_in_front
    exit
}

in_front() { # KEPT USER COMMAND...
    local pid=$BASHPID
    pass_orders "$pid" &
    until in_foreground "$pid"; do :; done
    [ ! -e /proc/self/fd/4 ] || exec 2>&4
    [ ! -e /proc/self/fd/3 ] || exec >&3
    become "$@"
}

# Recursive instead of a loop, because bash ends all loops when a job is stopped.
stay_in_front() {
    fg %1 > /dev/null
    set -- $?
    [ -n "$(jobs -sp)" ] || return "$1"
    kill -s TSTP "$outside"
    read -r _ <&6
    stay_in_front
}

# True if the process is in the foreground of its terminal, or has no terminal.
in_foreground() { # PID
    local stat
    read -r stat < "/proc/$1/stat"
    # shellcheck disable=SC2086 # state, parent, group, session, terminal, foreground group of the terminal
    set -- ${stat##*) }
    [ "$3" = "$6" ] || [ "$6" = -1 ]
}

# Asks pass_orders to send a signal.
order() {
    interrupted=yes
    echo "$1" >&7
}

# On Ctrl-Z, stops this script like any other job of root's shell, and the command with it.
suspend() {
    local raw
    if [ -n "$saved" ]; then
        raw=$(stty -g)
        stty "$saved"
    fi
    order STOP
    kill -s STOP "$child"
    trap - TSTP
    kill -s TSTP 0
    trap suspend TSTP
    [ -z "$saved" ] || stty "$raw"
    kill -s CONT "$child"
    order CONT
    echo >&9
}

# Removes our traps and our ends of the pipes in a new process.
let_go() {
    trap - INT TERM HUP TSTP
    exec 7>&- 9>&-
}

run_as() { # USER COMMAND...
    local child saved='' interrupted status input=/proc/self/fd/0 typed='' reader relays=()
    export OSG_TOKEN_RENEWER_PASSWORDS=$passwords
    exec 3>&- 4>&-
    exec 7<> <(:) 9<> <(:) && exec 5< /proc/self/fd/7 6< /proc/self/fd/9 || return 1
    trap 'order INT' INT
    trap 'order TERM' TERM
    trap 'order HUP' HUP
    trap suspend TSTP
    if [ -t 0 ] && in_foreground $$ && LC_ALL=C runuser --help 2> /dev/null | grep -q -e --pty; then
        saved=$(stty -g)
        (
            let_go
            [ -t 2 ] || exec 4>&2
            [ -t 1 ] || exec 3>&1 > /proc/self/fd/0
            exec runuser -u root --pty -- "$BASH" -p -c '. "$0"; at_pseudo_terminal "$@"' "$service_sh" $$ "$kept" "$@"
        ) <&0 &
    else
        # The command gets pipes. Only our own processes read from and write to root's terminal.
        if [ -t 0 ]; then
            input=/dev/null
            if in_foreground $$; then
                exec {typed}< <(let_go; exec cat 2> /dev/null)
                reader=$!
                input=/proc/self/fd/$typed
            fi
        fi
        if [ -t 1 ] || [ -t 2 ]; then
            [ -t 1 ] && exec 4>&1 || exec 4>&2
            exec 3> >(let_go; trap '' INT TERM HUP; exec cat >&4)
            relays+=($!)
        fi
        (
            let_go
            [ ! -t 1 ] || exec >&3
            [ ! -t 2 ] || exec 2>&3
            exec setsid "$BASH" -p -c '. "$0"; without_terminal "$@"' "$service_sh" "$kept" "$@"
        ) < "$input" &
    fi
    child=$!
    exec 5<&- 6<&-
    while :; do
        interrupted=
        wait "$child" 2> /dev/null
        status=$?
        [ -n "$interrupted" ] || break
    done
    echo end >&7
    exec 3>&- 4>&- 7>&- 9>&-
    if [ -n "$typed" ]; then
        exec {typed}<&-
        kill "$reader" 2> /dev/null # otherwise it reads the next line that root types
    fi
    [ ${#relays[@]} = 0 ] || wait "${relays[@]}"
    [ -z "$saved" ] || stty "$saved"
    trap - INT TERM HUP TSTP
    return "$status"
}
