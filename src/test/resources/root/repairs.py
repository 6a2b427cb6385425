"""Spoils the host in one way after another, runs the command that check prints as root, and looks whether the finding is gone.

repairs.py DIST: one line for each, "kind: command". Ends with an error where a command is missing or does not fix it.
"""
import json, os, shutil, subprocess, sys

PROGRAM = sys.argv[1] + "/usr/bin/osg-token-renewer"
CONFIG = "/etc/osg/token-renewer/config.ini"
TOKENS = "/etc/osg/tokens/"
STATE = "/var/lib/osg-token-renewer"
SERVICE = 54321
STRANGER = 12345
ACCOUNT = "[account acct]\npassword_file = " + TOKENS + "acct.pw\n"
TOKEN = "[token one]\naccount = acct\ntoken_path = " + TOKENS + "one.token\n"


def write(path, text="", mode=0o644, uid=0, gid=0):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    os.chown(path, uid, gid)


def directory(path, mode, uid=0, gid=0):
    os.mkdir(path)
    os.chmod(path, mode)
    os.chown(path, uid, gid)


def config(text):
    write(CONFIG, text, 0o640, 0, SERVICE)


def token(path, more=""):
    config(ACCOUNT + TOKEN.replace(TOKENS + "one.token", path) + more)


def link(path, uid):
    write(path + ".real", "correct horse battery staple\n", 0o640, 0, SERVICE)
    if os.path.lexists(path):
        os.remove(path)
    os.symlink(path + ".real", path)
    os.lchown(path, uid, uid)


def secret():
    link(TOKENS + "secret", STRANGER)
    config("[account c]\ntoken_request_url = https://issuer.example.org/token\nclient_id = c\nclient_secret_file = "
           + TOKENS + "secret\n" + TOKEN.replace("acct", "c"))


def pw(mode, uid=0, text="correct horse battery staple\n"):
    return lambda: write(TOKENS + "acct.pw", text, mode, uid, SERVICE)


CASES = [
    ("file_access", pw(0o666)),
    ("file_access", pw(0o600)),
    ("file_access", pw(0o640, STRANGER)),
    ("file_link", lambda: link(TOKENS + "acct.pw", STRANGER)),
    ("file_link", secret),
    ("password_world_readable", pw(0o644)),
    ("password_more_lines", pw(0o640, 0, "correct horse battery staple\nmore\n")),
    ("config_writable", lambda: os.chmod(CONFIG, 0o646)),
    ("unreadable_for_service", lambda: (write("/etc/osg/ca.pem", "", 0o600),
                                        config(ACCOUNT + "ca_file = /etc/osg/ca.pem\n" + TOKEN))),
    ("token_directory_missing", lambda: token("/etc/osg/no thing/below/one")),
    ("token_directory_closed", lambda: (directory("/etc/osg/its own", 0o755), token("/etc/osg/its own/one"))),
    ("directory_closed", lambda: (directory("/etc/osg/closed", 0o700), directory("/etc/osg/closed/in", 0o777),
                                  os.chown("/etc/osg/closed/in", SERVICE, SERVICE), token("/etc/osg/closed/in/one"))),
    ("token_directory_open", lambda: (directory("/etc/osg/open", 0o777, SERVICE), token("/etc/osg/open/one"))),
    ("token_world_readable", lambda: write(TOKENS + "one.token", "x\n", 0o644, SERVICE)),
    ("token_link", lambda: link(TOKENS + "one.token", STRANGER)),
    ("hook_not_started", lambda: (write("/etc/osg/hook", "#!/bin/sh\n", 0o600),
                                  token(TOKENS + "one.token", "post_renewal = /etc/osg/hook\n"))),
    ("hook_open", lambda: (write("/etc/osg/hook", "#!/bin/sh\n", 0o777),
                           token(TOKENS + "one.token", "post_renewal = /etc/osg/hook\n"))),
    ("state_open", lambda: os.chmod(STATE, 0o755)),
    ("directory_closed", lambda: (directory("/etc/osg/closed", 0o700),
                                  write("/etc/osg/closed/acct.pw", "correct horse battery staple\n", 0o640, 0, SERVICE),
                                  config(ACCOUNT.replace(TOKENS, "/etc/osg/closed/") + TOKEN))),
    ("state_owner", lambda: (directory(STATE + "/accounts", 0o700, SERVICE, SERVICE),
                             write(STATE + "/accounts/left", "", 0o600))),
    ("account_unreadable", lambda: (os.makedirs(STATE + "/accounts", exist_ok=True),
                                    os.chown(STATE + "/accounts", SERVICE, SERVICE),
                                    write(STATE + "/accounts/acct.account", "x", 0o600))),
]


def found(kind):
    check = subprocess.run([PROGRAM, "check", "--offline", "--json"], capture_output=True, text=True)
    try:
        return [one for one in json.loads(check.stdout).get("findings", []) if one["kind"] == kind]
    except ValueError:
        sys.exit(kind + ": " + check.stdout + check.stderr)


def reset():
    for name in os.listdir(TOKENS):
        os.remove(TOKENS + name)
    for name in os.listdir("/etc/osg"):
        path = "/etc/osg/" + name
        if name not in ("tokens", "token-renewer"):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    shutil.rmtree(STATE)
    directory(STATE, 0o700, SERVICE, SERVICE)
    pw(0o640)()
    config(ACCOUNT + TOKEN)


def modes():
    """Of the directories that hold the files of others."""
    return [os.stat(path)[:1] + os.stat(path)[4:6] for path in ("/etc", "/etc/osg", TOKENS)]


for kind, spoil in CASES:
    reset()
    spoil()
    findings = found(kind)
    if len(findings) != 1 or "command" not in findings[0]:
        sys.exit(kind + " is not found once with a command: " + str(findings))
    if kind == "directory_closed" and found("file_access"):
        sys.exit("the file in a closed directory is found twice: " + str(found("file_access")))
    command = findings[0]["command"]
    before = modes()
    fix = subprocess.run(command, capture_output=True, text=True)
    if fix.returncode or found(kind) or modes() != before:
        sys.exit(kind + " is not fixed by " + str(command) + ": " + fix.stderr + str(found(kind)))
    print(kind + ": " + (command[2] if command[0] == "sh" else " ".join(command)))
    again = subprocess.run([PROGRAM, "check", "--offline"], capture_output=True, text=True)
    if "bug" in again.stderr:
        sys.exit(again.stderr)
