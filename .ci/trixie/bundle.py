"""Writes config.json of a container: bundle.py BUNDLE ROOT UID MOUNT... -- ARGUMENT...

MOUNT is SOURCE:DESTINATION:ro or SOURCE:DESTINATION:rw. The container has a read-only root, no capability, and the network of
this machine, where the issuer is.
"""
import json
import subprocess
import sys

bundle, root, uid, *rest = sys.argv[1:]
mounts, arguments = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
subprocess.run(["runc", "spec", "--bundle", bundle], check=True)
with open(bundle + "/config.json") as file:
    config = json.load(file)
config["root"] = {"path": root, "readonly": True}
config["process"].update(
    terminal=False,
    user={"uid": int(uid), "gid": 0},
    args=["/usr/bin/osg-token-renewer", *arguments],
    env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
    capabilities={},
    noNewPrivileges=True,
)
# runc needs cgroups that it can manage; the caller sets the memory limit.
config["linux"] = {"namespaces": [{"type": name} for name in ("pid", "ipc", "uts", "mount")]}
config["mounts"] = [mount for mount in config["mounts"] if mount["type"] not in ("cgroup", "sysfs")]
config["mounts"].append(
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}
)
for mount in mounts:
    source, destination, mode = mount.split(":")
    config["mounts"].append(
        {"destination": destination, "type": "bind", "source": source, "options": ["bind", "nosuid", "nodev", mode]}
    )
with open(bundle + "/config.json", "w") as file:
    json.dump(config, file)
