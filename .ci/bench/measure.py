"""Whole processes, timed in turns: measure.py DIRECTORY PROGRAMS RUNS N... with the command that starts BenchSite in $ISSUER.

Each command runs once for nothing and then RUNS times, A B C A B C ..., so that what else the machine does hits all of them.
Wall is to the exit of the command; CPU is user and system time of every process that it left behind too (daemons are
adopted and waited for); RSS is that of the largest one. Ratios are medians of the ratios within one turn. $CONTROL_GROUP, if
set, is a directory of cgroup v2 with two groups: "measured", which this process is in, and "issuer". The CPU time is then that of
the first group, which includes processes that nobody waits for.
"""

import ctypes
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
HERE = os.path.dirname(os.path.abspath(__file__))
SERVICE = "/usr/libexec/osg-token-renewer/osg-token-renewer.sh"
COMMAND = "/usr/bin/osg-token-renewer"


GROUP = os.environ.get("CONTROL_GROUP")


def group_ms():
    """Of all processes in the group, ended ones included."""
    with open(GROUP + "/measured/cpu.stat") as stat:
        return int(stat.readline().split()[1]) / 1000


def timed(command, environment):
    before = group_ms() if GROUP else 0
    began = time.monotonic()
    devnull = os.open(os.devnull, os.O_RDWR)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
    child = os.posix_spawnp(command[0], command, environment, file_actions=actions)
    os.close(devnull)
    os.close(log)
    wall, cpu, rss = 0, 0, 0
    while True:
        try:
            pid, status, used = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += used.ru_utime + used.ru_stime
        rss = max(rss, used.ru_maxrss)
        if pid == child:
            wall = time.monotonic() - began
            if status != 0 and "check" not in command:  # it has findings about this directory
                sys.exit("%s: status %d\n%s" % (" ".join(command), status, open("log").read()[-2000:]))
    return wall * 1000, group_ms() - before if GROUP else cpu * 1000, rss / 1024


class Issuer:
    """The issuer's process must not be one of ours to wait for: it would be waited for with the others."""

    def __init__(self, command):
        down, up = os.pipe(), os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                os.dup2(down[0], 0)
                os.dup2(up[1], 1)
                os.closerange(3, 64)
                if GROUP:
                    with open(GROUP + "/issuer/cgroup.procs", "w") as procs:
                        procs.write(str(os.getpid()))
                os.execvp(command[0], command)
            os._exit(0)
        os.wait()
        os.close(down[0])
        os.close(up[1])
        self.to, self.of = os.fdopen(down[1], "w"), os.fdopen(up[0])
        words = self.of.readline().split()
        if not words or words[0] != "ready":
            sys.exit("the issuer did not start")
        self.url = words[1].rstrip("/")

    def tell(self, line=""):
        print(line, file=self.to, flush=True)
        return [int(word) for word in self.of.readline().split()]


def curl(n):
    """One process of curl, 32 at once: what the requests themselves cost."""
    with open("curl-%d" % n, "w") as config:
        config.write("next\n".join(open("acct%d.curl" % i).read() for i in range(1, n + 1)))
    return ["curl"] + (["-Z", "--parallel-max", "32"] if n > 1 else []) + ["-K", "curl-%d" % n]


class Program:
    """The shipped tree with the archive for one Java."""

    def __init__(self, line, several):
        self.version, self.home, self.tree = line.split()
        self.suffix = ", Java " + self.version if several else ""

    def passes(self, environment):
        """Figures of the passes of one renew --every, without the first: ms, ms of CPU, KiB that the main thread allocated."""
        script = """root=%s; . "$root/usr/share/osg-token-renewer/java.sh"
            exec "%s/bin/java" $options -cp "$jar:%s" org.opensciencegrid.tokenrenewer.bench.Passes 20"""
        script = script % (self.tree, self.home, os.environ["TEST_CLASSES"])
        lines = subprocess.run(["sh", "-c", script], env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return [[float(word) for word in line.split()] for line in lines.stdout.splitlines()[1:]]

    def case(self, name, environment, words=None, before=lambda: None):
        command = [self.tree + COMMAND] + words if words else [self.tree + SERVICE]
        return name + self.suffix, command, dict(environment, OSG_TOKEN_RENEWER_JAVA_HOME=self.home), before


def state(directory, name, accounts):
    """A state directory with the first accounts alone: a run reports accounts that its config file does not use."""
    path = directory + "/state-" + name
    if not os.path.exists(path):
        for part in ("accounts", "state"):
            os.makedirs(path + "/" + part, 0o700)
            for file in os.listdir(directory + "/state/" + part):
                if int(re.match("acct([0-9]+)[.]", file)[1]) <= accounts:  # a link, because a copy would be recognized
                    os.link("%s/state/%s/%s" % (directory, part, file), "%s/%s/%s" % (path, part, file))
    return path


def measured(issuer, cases, times, due):
    """Name to figures of each turn, and name to the requests and connections of the last one."""
    took, asked = {name: [] for name, *_ in cases}, {}
    for turn in range(-1, times):
        for name, command, environment, before in cases:
            before()
            issuer.tell()
            figures = timed(command, environment)
            asked[name] = issuer.tell()
            if due(name) is not None and asked[name][1] != due(name):
                sys.exit("%s: %d requests for %d tokens that are due" % (name, asked[name][1], due(name)))
            if turn >= 0:
                took[name].append(figures)
    return took, asked


def show(title, times, took, asked):
    base = next(iter(took.values()))
    print("\n%s, %d turns, load %.1f\n" % (title, times, os.getloadavg()[0]))
    print("| | wall ms | CPU ms | RSS MiB | wall x | CPU x | requests | connections |")
    print("|---|---|---|---|---|---|---|---|")
    for name in took:
        wall, cpu, rss = (statistics.median(column) for column in zip(*took[name]))
        ratios = [statistics.median(mine[k] / its[k] for mine, its in zip(took[name], base)) for k in (0, 1)]
        print("| %s | %.0f | %.0f | %.0f | %.3f | %.3f | %d | %d |" % (
            name, wall, cpu, rss, *ratios, asked[name][1], asked[name][2]), flush=True)


def main():
    directory, runs, counts = os.path.abspath(sys.argv[1]), int(sys.argv[3]), [int(n) for n in sys.argv[4:]]
    lines = open(sys.argv[2]).read().splitlines()
    programs = [Program(line, len(lines) > 1) for line in lines]
    issuer = Issuer(os.environ["ISSUER"].split())
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.chdir(directory)
    ours = os.environ
    peer = shutil.which("oidc-agent") is not None

    cluster = dict(line.split("=", 1) for line in open("cluster").read().split())

    def config(name):
        number = str(name).split("-")[0]
        tokens = 1 if number == "each" else int(number)
        return dict(ours, OSG_TOKEN_RENEWER_CONFIG_PATH=directory + "/config-%s.ini" % name,
                    OSG_TOKEN_RENEWER_STATE_DIR=state(directory, number, tokens if tokens <= 100 else tokens // 10))

    def cold():
        for name in os.listdir(ours["RUNTIME_DIRECTORY"]):
            os.unlink(ours["RUNTIME_DIRECTORY"] + "/" + name)

    hundred = 100 in counts
    if hundred:  # so that nothing is due afterwards
        subprocess.run(programs[0].case("", config("100"))[1], env=programs[0].case("", config("100"))[2], check=True,
                       stdout=subprocess.DEVNULL)
    for latency in [0] + ([50] if hundred else []):
        if latency:
            issuer.tell("latency %d" % latency)
        for n in [100] if latency else counts:
            cases = []
            if peer and not latency and n <= 100:
                cases.append(("oidc-agent", [HERE + "/peer", directory, str(n)], ours, lambda: None))
            if n <= 100:
                cases.append(("curl", curl(n), ours, lambda: None))
            for program in programs:
                cases.append(program.case("renew", config(n)))
                if not latency and n <= 10:  # with more tokens the derivations only add up
                    cases.append(program.case("renew, keys derived again", config(n), before=cold))
                if not latency:
                    cases.append(program.case("nothing due", config("%d-fresh" % n)))
                if n == 1 and hundred:  # its goal is a fraction of the agent's run of one token
                    cases.append(program.case("nothing due, 100 accounts", config("100-fresh")))
                if n == 1:
                    cases.append(program.case("renew, account in Kubernetes", dict(config(n), **cluster)))
                if n == 1000:
                    cases.append(program.case("renew, one section with for_each", config("each")))
                    cases.append(program.case("nothing due, one section with for_each", config("each-fresh")))
            times = runs if n < 100 else max(1, runs // 3)

            def due(name):
                return 0 if name.startswith("nothing due") else n if name.startswith("renew") else None

            title = "%d %s%s" % (
                n, "account" if n == 1 else "accounts" if n <= 100 else "tokens on %d accounts" % (n / 10),
                ", issuer takes %d ms" % latency if latency else "")
            show(title, times, *measured(issuer, cases, times, due))
    if hundred:
        issuer.tell("latency 0")
        print("\nPasses of renew --every after the first, one JVM each\n")
        print("| | ms | CPU ms | KiB of the main thread |")
        print("|---|---|---|---|")
        for program in programs:
            for name in ("1", "1-fresh", "100", "100-fresh"):
                figures = [statistics.median(column) for column in zip(*program.passes(config(name)))]
                print("| %s, Java %s | %.1f | %.1f | %.0f |" % (name, program.version, *figures), flush=True)
        for program in programs:
            fresh = config("40-fresh")
            cases = [
                program.case("nothing due", fresh),
                program.case("status", fresh, ["status"]),
                program.case("status --json", fresh, ["status", "--json"]),
                program.case("check --offline", fresh, ["check", "--offline"]),
                program.case("renew tok1", config("40"), ["renew", "tok1"]),
            ]
            show("40 accounts" + program.suffix, runs, *measured(issuer, cases, runs, lambda name: None))


main()
