"""Root at a terminal, and a hostile process of the service's user: attack.py CASE TREE DIRECTORY. Prints what went wrong.
A case "old-..." is one of a machine whose runuser has no --pty yet."""
import os, pty, select, shutil, signal, subprocess, sys, time

case, tree, work = sys.argv[1:]
os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
if case.startswith("old-"):
    case = case.removeprefix("old-")
    with open(work + "/runuser", "w") as stub:
        stub.write("#!/bin/sh\necho an old one\nexit 1\n")
    os.chmod(work + "/runuser", 0o755)
    subprocess.run(["mount", "--bind", work + "/runuser", os.path.realpath(shutil.which("runuser"))], check=True)
with open(work + "/startup", "w") as file:
    file.write("echo bash read a startup file >> %s/pwned\n" % work)
bash = None
screen = b""


def open_terminal():
    global bash, terminal
    bash, terminal = pty.fork()
    if bash == 0:
        os.environ.update(PS1="ROOT# ", OSG_TOKEN_RENEWER_JAVA_HOME=work + "/jdk", BASH_ENV=work + "/startup")
        with open(work + "/terminal", "w") as file:
            file.write(str(os.fstat(0).st_rdev))
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])


def read(seconds):
    global screen
    if select.select([terminal], [], [], seconds)[0]:
        try:
            screen += os.read(terminal, 4096)
        except OSError:
            return False
    return True


def see(text):
    """Waits for it on the screen, and forgets all before it."""
    global screen
    end = time.monotonic() + 30
    while text.encode() not in screen:
        if time.monotonic() > end or not read(0.1):
            sys.exit("never on the screen: %s\n%s" % (text, screen.decode(errors="replace")))
    before, _, screen = screen.partition(text.encode())
    return before.decode(errors="replace")


def type_in(text):
    os.write(terminal, text.encode())


def ours():
    """Processes of the service's user."""
    return [p for p in subprocess.run(["ps", "-eo", "pid=,uid=,stat="], capture_output=True, text=True).stdout.splitlines()
            if p.split()[1] == "54321" and not p.split()[2].startswith("Z")]


def gone():
    end = time.monotonic() + 60
    while ours():
        if time.monotonic() > end:
            sys.exit("still there: %s" % ours())
        time.sleep(0.1)


SETUP = tree + "/usr/sbin/osg-token-renewer-setup --issuer=https://localhost:1 --scope=openid "
COMMAND = tree + "/usr/bin/osg-token-renewer "
open_terminal()
see("ROOT# ")
if case in ("setup", "command"):
    type_in((SETUP + "acct" if case == "setup" else COMMAND + "renew") + "; echo back$((1))\n")
    said = see("back1")
    see("ROOT# ")
    type_in("true\n")
    see("ROOT# ")
    if "user 54321" not in said:
        sys.exit("not as the service's user: " + said)
    if [line for line in said.splitlines() if line.startswith("within reach: ")]:
        sys.exit(said)
    if os.path.exists(work + "/pwned"):
        sys.exit("root's shell ran: " + open(work + "/pwned").read())
elif case == "descriptor":
    type_in(SETUP + "acct 7< /etc/shadow 3< /etc/shadow\n")
    said = see("the command ended\r")
    if [line for line in said.splitlines() if line.startswith("descriptor") and "shadow" in line] or "user 54321" not in said:
        sys.exit(said)
elif case == "stop":
    type_in(SETUP + "wait\n")
    see("tick 3.")
    type_in("\x1a")
    see("ROOT# ")
    running = ours()
    for _ in range(100):  # the order to stop arrives a moment after the prompt
        running = [p for p in ours() if not p.split()[2].startswith("T")]
        if ours() and not running:
            break
        time.sleep(0.05)
    if running or not ours():
        sys.exit("not stopped: %s" % ours())
    type_in("fg\n")
    see("tick 9.")
    type_in("\x03")
    see("ROOT# ")
    gone()
else:
    type_in("(echo $BASHPID > %s/pid; exec %s--write-config wait)\n" % (work, SETUP))
    see("tick 3.")
    if case == "close":
        os.close(terminal)
    else:
        os.kill(int(open(work + "/pid").read()), getattr(signal, case))
    gone()
