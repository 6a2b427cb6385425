"""Whole processes, timed in turns: measure.py DIRECTORY RUNS N... with the command that starts BenchSite in $ISSUER.

Each command runs once for nothing and then RUNS times, A B C A B C ..., so that what else the machine does hits all of them.
Wall is to the exit of the command; CPU is user and system time of every process that it left behind too (daemons are
adopted and waited for); RSS is that of the largest one. Ratios are medians of the ratios within one turn.
"""

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = ROOT + "/src/target/dist/usr/libexec/osg-token-renewer/osg-token-renewer.sh"


def timed(command, environment):
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
            if status != 0:
                sys.exit("%s: status %d\n%s" % (" ".join(command), status, open("log").read()[-2000:]))
    return wall * 1000, cpu * 1000, rss / 1024


class Issuer:
    """The issuer's process must not be one of ours to wait for: it would be waited for with the others."""

    def __init__(self, command):
        down, up = os.pipe(), os.pipe()
        if os.fork() == 0:
            if os.fork() == 0:
                os.dup2(down[0], 0)
                os.dup2(up[1], 1)
                os.closerange(3, 64)
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


def main():
    directory, runs, counts = os.path.abspath(sys.argv[1]), int(sys.argv[2]), [int(n) for n in sys.argv[3:]]
    issuer = Issuer(os.environ["ISSUER"].split())
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.chdir(directory)
    ours = dict(os.environ, OSG_TOKEN_RENEWER_STATE_DIR=directory + "/state")
    peer = shutil.which("oidc-agent") is not None

    def config(name):
        return dict(ours, OSG_TOKEN_RENEWER_CONFIG_PATH=directory + "/" + name)

    def cold():
        for name in os.listdir(ours["RUNTIME_DIRECTORY"]):
            os.unlink(ours["RUNTIME_DIRECTORY"] + "/" + name)

    def nothing():
        pass

    hundred = 100 in counts
    for latency in [0] + ([50] if hundred else []):
        if latency:
            issuer.tell("latency %d" % latency)
        for n in [100] if latency else counts:
            cases = []
            if peer and not latency and n <= 100:
                cases.append(("oidc-agent", [HERE + "/peer", directory, str(n)], ours, nothing))
            if n <= 100:
                cases.append(("curl", curl(n), ours, nothing))
            cases.append(("renew", [PROGRAM], config("config-%d.ini" % n), nothing))
            if not latency and n <= 10:  # with more tokens the derivations only add up
                cases.append(("renew, keys derived again", [PROGRAM], config("config-%d.ini" % n), cold))
            if not latency:
                cases.append(("nothing due", [PROGRAM], config("config-%d-fresh.ini" % n), nothing))
            if n == 1 and hundred:  # its goal is a fraction of the agent's run of one token
                subprocess.run([PROGRAM], env=config("config-100.ini"), check=True, stdout=subprocess.DEVNULL)
                cases.append(("nothing due, 100 accounts", [PROGRAM], config("config-100-fresh.ini"), nothing))
            took = {name: [] for name, *_ in cases}
            asked = {}
            times = runs if n < 100 else max(1, runs // 3)
            for run in range(-1, times):
                for name, command, environment, before in cases:
                    before()
                    issuer.tell()
                    figures = timed(command, environment)
                    asked[name] = issuer.tell()
                    due = 0 if name.startswith("nothing due") else n
                    if command == [PROGRAM] and asked[name][1] != due:
                        sys.exit("%s: %d requests for %d tokens that are due" % (name, asked[name][1], due))
                    if run >= 0:
                        took[name].append(figures)
            base = cases[0][0]
            print("\n%d %s, %s%d turns, load %.1f\n" % (
                n, "account" if n == 1 else "accounts" if n <= 100 else "tokens on %d accounts" % (n / 10),
                "issuer takes %d ms, " % latency if latency else "", times, os.getloadavg()[0]))
            print("| | wall ms | CPU ms | RSS MiB | wall x | CPU x | requests | connections |")
            print("|---|---|---|---|---|---|---|---|")
            for name in took:
                wall, cpu, rss = (statistics.median(column) for column in zip(*took[name]))
                ratios = [statistics.median(mine[k] / its[k] for mine, its in zip(took[name], took[base])) for k in (0, 1)]
                print("| %s | %.0f | %.0f | %.0f | %.3f | %.3f | %d | %d |" % (
                    name, wall, cpu, rss, *ratios, asked[name][1], asked[name][2]), flush=True)


main()
