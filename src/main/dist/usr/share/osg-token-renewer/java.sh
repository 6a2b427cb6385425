# Sourced by scripts that start Java, with $root set to the directory below which the tree is installed. find_java finds the newest
# Java, version 17 or later, that runs on this machine, or uses the one in OSG_TOKEN_RENEWER_JAVA_HOME, and sets $home and $major.
# This file sets $jar and the JVM options. start runs the program. The caller's environment cannot add JVM options.
jar=$root/usr/share/osg-token-renewer/osg-token-renewer.jar
archives=$root/var/cache/osg-token-renewer
java_place=${OSG_TOKEN_RENEWER_JAVA_HOME%/bin/java}

# The newest Java that this version was tested with. make-archive tests a newer one on this machine.
tested=25

# A JVM needs a current directory that exists.
[ . -ef "$PWD" ] || cd /

# Sets $version to the major version of the Java in $1, 0 if there is none, and $value to its version. Reads its release file if
# it has one, because starting it takes too long.
java_version() {
    version=0
    value=
    [ -x "$1/bin/java" ] || return
    if [ -r "$1/release" ]; then
        while IFS='=' read -r key value; do
            if [ "$key" = JAVA_VERSION ]; then
                value=${value#\"}
                value=${value%\"}
                version=${value%%[!0-9]*}
                break
            fi
        done < "$1/release"
    elif ! is_root || roots_alone "$1/bin/java"; then
        value=$("$1/bin/java" -version 2>&1)
        value=${value#*version \"}
        value=${value%%\"*}
        version=${value%%[!0-9]*}
    fi
    case $version in
        ''|????*) version=0 ;;
    esac
}

# Whether the Java in $1, of major version $2 and version $3, can run the program; if not, sets $why. The Java that made the class
# archive can run it if its files are there; any other one is started once to find out.
runs() {
    if [ ! -r "$1/conf/security/java.security" ]; then
        why="it has no conf/security/java.security"
        return 1
    fi
    if [ "$2" -gt "$tested" ] && ! passed_self_test "$1" "$3"; then
        why="Java $2 is newer than Java $tested, the newest that this version was tested with; to test it here, run ${java_place:+OSG_TOKEN_RENEWER_JAVA_HOME='$java_place' }$root/usr/libexec/osg-token-renewer/make-archive"
        return 1
    fi
    if [ -e "$1/lib/server/libjvm.so" ] && [ -e "$1/lib/modules" ]; then
        for file in "$archives/classes-$2"-*.jsa; do
            [ ! -e "$file" ] || return 0
        done
    fi
    why=$("$1/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC --add-modules java.logging,java.naming -version 2>&1) && return
    why=$(printf '%s' "$why" | tr '\n' ' ')
    return 1
}

# Whether the Java in $1, of version $2, passed the self-test of make-archive.
passed_self_test() {
    [ -r "$archives/self-tests" ] || return 1
    while IFS= read -r line; do
        [ "$line" != "$2 $1" ] || return 0
    done < "$archives/self-tests"
    return 1
}

# If no Java runs, the error names the first one.
find_java() {
    case $java_place in
        '') set -- /usr/lib/jvm/* ;;
        /*) set -- "$java_place" ;;
        *)
            echo "osg-token-renewer: OSG_TOKEN_RENEWER_JAVA_HOME is not an absolute path: $java_place" >&2
            exit 2 ;;
    esac
    tried=
    broken=
    while :; do
        major=0
        home=
        for candidate in "$@"; do
            case $tried in
                *"|$candidate|"*) continue ;;
            esac
            java_version "$candidate"
            if [ "$version" -ge 17 ] && [ "$version" -gt "$major" ]; then
                major=$version
                release=$value
                home=$candidate
            fi
        done
        if [ -z "$home" ]; then
            echo "osg-token-renewer: ${broken:-no Java 17 or later in ${java_place:-/usr/lib/jvm}}. Install one: dnf install java-21-headless" >&2
            exit 2
        fi
        ! is_root || check_java
        ! runs "$home" "$major" "$release" || return 0
        tried="$tried|$home|"
        broken=${broken:-"the Java in $home does not run: $why"}
    done
}

ulimit -c 0
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH

# Options for a small, short-lived JVM:
# - One compiler thread, which compiles only methods that are called often and inlines little. A second thread would wake up for
#   each method only to sleep again.
# - G1 with one thread: only with G1, Java 17 takes the JDK's modules from the archive instead of creating them at each start.
# - No classes generated for reflection (one option for Java 17, one for later versions).
# - A young generation that a run of one token does not fill, so that there is no garbage collection between the issuer's response
#   and the write to disk.
# - No core file, no heap file, no attach mechanism, because the heap contains tokens.
# - No logs or warnings from the JVM and its library (java.lang.Object as the logging configuration turns them off), because they
#   would mix with the program's own lines.
# - No line editor for passwords (Java 22 and later).
# A JVM ignores an option that it does not know. But it does not start with an invalid number, so CICompilerCount must match
# TieredStopAtLevel.
options="-XX:+IgnoreUnrecognizedVMOptions -XX:-PrintWarnings
    -XX:+UseG1GC -XX:ParallelGCThreads=1 -XX:ConcGCThreads=1 -XX:G1ConcRefinementThreads=0
    -XX:TieredStopAtLevel=1 -XX:-UseDynamicNumberOfCompilerThreads -XX:CICompilerCount=1
    -XX:CompileThresholdScaling=2 -XX:C1MaxInlineSize=16
    -Xms88m -Xmx256m -Xmn16m
    -Dsun.reflect.inflationThreshold=100000 -Djdk.reflect.useNativeAccessorOnly=true
    -XX:-UsePerfData -XX:+DisableAttachMechanism -XX:-CreateCoredumpOnCrash -XX:ErrorFile=/dev/null -Xlog:disable
    -Djava.util.logging.config.class=java.lang.Object
    -Djdk.console=java.base"

# More options for a run that computes Argon2id: heap for its 64 MiB, which the program allocates before it asks an issuer; the
# whole heap touched at the start, in 2 MiB pages if the kernel has them; and the JVM's other compiler, which only compiles
# Argon2id because nothing else is called often enough.
deriving="-Xms120m -Xmn24m -XX:+AlwaysPreTouch -XX:TieredStopAtLevel=4 -XX:CICompilerCount=2 -XX:CompileThresholdScaling=1
    -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=60000
    -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
huge=/sys/kernel/mm/transparent_hugepage/hpage_pmd_size
[ -r "$huge" ] && read -r bytes < "$huge" && [ "$bytes" = 2097152 ] && deriving="$deriving -XX:+UseTransparentHugePages"

# Sets $limit to the smallest memory limit of the control groups of this process, in MiB; empty if none is visible.
memory_limit() {
    limit=
    while IFS=: read -r _ controllers path; do
        case ,$controllers, in
            ,,) base=/sys/fs/cgroup file=memory.max ;;
            *,memory,*) base=/sys/fs/cgroup/memory file=memory.limit_in_bytes ;;
            *) continue ;;
        esac
        while :; do
            if [ -r "$base$path/$file" ] && read -r bytes < "$base$path/$file" && [ "$bytes" != max ]; then
                [ "${limit:-$((bytes >> 20))}" -lt $((bytes >> 20)) ] || limit=$((bytes >> 20))
            fi
            [ -n "$path" ] || break
            path=${path%/*}
        done
    done < /proc/self/cgroup
}

# With less memory than $1 MiB, the kernel could kill a run that waits for a response, and its refresh token would be lost.
require_memory() {
    memory_limit 2>/dev/null
    if [ -n "$limit" ] && [ "$limit" -lt "$1" ]; then
        echo "osg-token-renewer: the memory limit of this control group is $limit MiB, and this run may need $1 MiB; no issuer was asked. Raise MemoryMax= of the unit or the limit of the container" >&2
        exit 1
    fi
}

# Checks the effective user id. Starting id(1) takes too long.
is_root() {
    while read -r key _ uid _; do
        [ "$key" != Uid: ] || { [ "$uid" = 0 ]; return; }
    done < /proc/self/status
    return 1
}

# The memory that a run needs, in MiB.
need=96

# If the caller is root, first becomes the owner of the state directory. Root does not use the caller's PATH.
start() {
    # Root's launcher gives Java a pipe to the terminal.
    [ ! -t 1 ] || export OSG_TOKEN_RENEWER_STDOUT=terminal
    case " $* " in *" --every"*) need=208 ;; esac # its first run derives keys
    [ "${1-}" != renew ] || require_memory "$need"
    if is_root; then
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin
        . "$root/usr/share/osg-token-renewer/root.sh"
        choose_user "$@"
        [ "$user" = root ] ||
            exec "$root/usr/libexec/osg-token-renewer/give-up-root" "$user" "$root/usr/bin/osg-token-renewer" "$@"
    fi
    find_java
    # The class archive, see make-archive. A JVM ignores an archive that does not match it or the jar, but JDK 17 crashes on a
    # truncated one, so the file name contains the size.
    archive=
    for file in "$archives/classes-$major"-*.jsa; do
        size=${file##*-}
        [ -r "$file" ] && [ "$(stat -c %s "$file")" = "${size%.jsa}" ] && archive=$file
    done
    # shellcheck disable=SC2086 # $options are words
    exec "$home/bin/java" $options ${archive:+"-XX:SharedArchiveFile=$archive"} -jar "$jar" "$@"
}
