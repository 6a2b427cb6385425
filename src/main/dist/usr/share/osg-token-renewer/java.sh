# Sourced by those who start Java, with $root, below which the tree is installed. Finds the newest Java of version 17 or later
# that this machine has, or that OSG_TOKEN_RENEWER_JAVA_HOME names, and sets $home, $major, $jar and the JVM's options as
# arguments; start runs the program. Nothing of the caller's environment reaches the JVM's options.
jar=$root/usr/share/osg-token-renewer/osg-token-renewer.jar
archives=$root/var/cache/osg-token-renewer

# The major version of the Java in $1; 0 when there is none. Read from its release file: starting it costs too much.
java_version() {
    version=0
    if [ -x "$1/bin/java" ] && [ -r "$1/release" ]; then
        while IFS='=' read -r key value; do
            if [ "$key" = JAVA_VERSION ]; then
                value=${value#\"}
                version=${value%%[!0-9]*}
                break
            fi
        done < "$1/release"
    fi
    [ -n "$version" ] || version=0
}

major=0
home=
for candidate in ${OSG_TOKEN_RENEWER_JAVA_HOME:+"$OSG_TOKEN_RENEWER_JAVA_HOME"} ${OSG_TOKEN_RENEWER_JAVA_HOME:-/usr/lib/jvm/*}; do
    java_version "$candidate"
    if [ "$version" -ge 17 ] && [ "$version" -gt "$major" ]; then
        major=$version
        home=$candidate
    fi
done
if [ -z "$home" ]; then
    echo "osg-token-renewer: no Java 17 or later in ${OSG_TOKEN_RENEWER_JAVA_HOME:-/usr/lib/jvm}; install one: dnf install java-21-headless" >&2
    exit 2
fi

ulimit -c 0
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS CLASSPATH

# Small and short-lived: one compiler, in one thread (a second one wakes for each method, to sleep again), that takes only what is
# called often and copies little into it; G1, in one thread, as with it alone Java 17 takes the JDK's modules from the archive and
# does not make them at each start; no classes spun for what reflection calls (one switch for Java 17, one for later ones); a
# young generation that a run of one token does not fill, so that nothing is collected between the issuer's answer and the disk. No
# core, no heap file, no attaching: the heap holds tokens. No logs and warnings of the JVM's and its library's (an Object configures
# none): they would be among our own lines. A JVM that lacks an option does without; but one to which a number is no good does not
# start: the count of compilers fits the level.
options="-XX:+IgnoreUnrecognizedVMOptions -XX:-PrintWarnings
    -XX:+UseG1GC -XX:ParallelGCThreads=1 -XX:ConcGCThreads=1 -XX:G1ConcRefinementThreads=0
    -XX:TieredStopAtLevel=1 -XX:-UseDynamicNumberOfCompilerThreads -XX:CICompilerCount=1
    -XX:CompileThresholdScaling=2 -XX:C1MaxInlineSize=16
    -Xms88m -Xmx256m -Xmn16m
    -Dsun.reflect.inflationThreshold=100000 -Djdk.reflect.useNativeAccessorOnly=true
    -XX:-UsePerfData -XX:+DisableAttachMechanism -XX:-CreateCoredumpOnCrash -XX:ErrorFile=/dev/null -Xlog:disable
    -Djava.util.logging.config.class=java.lang.Object
    -Djdk.console=java.base"

# In addition where an Argon2id will be calculated: its 64 MiB in the young generation, where nothing copies them, in pages of
# 2 MiB if the kernel has them, and the JVM's other compiler, for whose work it alone is called often enough.
deriving="-Xms200m -Xmn160m -XX:TieredStopAtLevel=4 -XX:CICompilerCount=2 -XX:CompileThresholdScaling=1
    -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=60000
    -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
huge=/sys/kernel/mm/transparent_hugepage/hpage_pmd_size
[ -r "$huge" ] && read -r bytes < "$huge" && [ "$bytes" = 2097152 ] && deriving="$deriving -XX:+UseTransparentHugePages"

start() {
    # Classes as this Java has them in memory, see make-archive. A JVM passes one over that does not fit it or the jar, but JDK 17
    # dies of one that was cut: so its name tells its size.
    archive=
    for file in "$archives/classes-$major"-*.jsa; do
        size=${file##*-}
        [ -r "$file" ] && [ "$(stat -c %s "$file")" = "${size%.jsa}" ] && archive=$file
    done
    # shellcheck disable=SC2086 # $options are words
    exec "$home/bin/java" $options ${archive:+"-XX:SharedArchiveFile=$archive"} -cp "$jar" \
        org.opensciencegrid.tokenrenewer.cli.Main "$@"
}
