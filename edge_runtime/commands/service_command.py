"""toon-live service: run the live cartoonizer as a systemd service, from boot on and again after every failure."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service.config_file import EXAMPLE

UNIT = "facetoon.service"
USER = "facetoon"
CONFIG = Path("/etc/facetoon.toml")

TEMPLATE = """[Unit]
Description=facetoon live cartoonizer
After=network.target
# A camera that is plugged in a day later is still waited for.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command} --config {config}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
# Fed by frames that come out, not by a timer: a loop that hangs is started again.
WatchdogSec=30
TimeoutStartSec=120
User={user}
SupplementaryGroups=video
StateDirectory=facetoon
WorkingDirectory=/var/lib/facetoon
Environment=HOME=/var/lib/facetoon
MemoryMax={memory}
Nice=-5

# What it does not need it cannot do.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=
UMask=0077
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=char-drm rw
DeviceAllow=/dev/vcio rw

[Install]
WantedBy=multi-user.target
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-live service. Imports nothing heavy."""
    parser = argparse.ArgumentParser(prog="toon-live service", description=__doc__)
    parser.add_argument(
        "action", choices=("install", "uninstall", "show"), help="show prints the unit and does nothing"
    )
    add = parser.add_argument
    add("--config", type=Path, default=CONFIG, metavar="FILE", help="what it runs with (default: %(default)s)")
    add("--user", default=USER, help="whom it runs as; made when missing (default: %(default)s)")
    add("--memory", default="400M", metavar="SIZE", help="start it again beyond this (default: %(default)s)")
    add("--units", type=Path, default=Path("/etc/systemd/system"), metavar="FOLDER", help="(default: %(default)s)")
    return parser


def main(argv: list[str]) -> None:
    """Install, remove or show the unit. Raises InputError where that cannot be done."""
    arguments = build_parser().parse_args(argv)
    if arguments.action == "show":
        print(unit(arguments.config, arguments.user, arguments.memory), end="")
        return
    path = arguments.units / UNIT
    if arguments.action == "uninstall":
        _uninstall(path)
        return
    text = unit(arguments.config, arguments.user, arguments.memory)
    if _systemd():
        _make_user(arguments.user)
    if not arguments.config.exists():
        _write(arguments.config, EXAMPLE)
        if _systemd():
            shutil.chown(arguments.config, group=arguments.user)
            arguments.config.chmod(0o640)  # it may hold the token
        print(f"{arguments.config}: written; say there which camera, and what else.")
    _write(path, text)
    print(f"{path}: written.")
    if _systemd():
        _run("systemctl", "daemon-reload")
        _run("systemctl", "enable", UNIT)
        _run("systemctl", "restart", UNIT)  # also where an older unit runs already
    else:
        print("There is no systemd running here: nothing was started.")
    print(f"It runs: systemctl status {UNIT}; journalctl -u {UNIT}; systemctl reload {UNIT} after a change.")


def unit(config: Path, user: str, memory: str) -> str:
    """The unit file's text, for the toon-live of this very installation."""
    command = f"{sys.executable} -m facetoon.edge_runtime"
    for what, value in (("--user", user), ("--memory", memory), ("--config", str(config))):
        if not value or any(c.isspace() or c == "%" for c in value):
            raise InputError(f"{what} must be one word without %, not {value!r}: it goes into a systemd unit.")
    return TEMPLATE.format(command=command, config=config.absolute(), user=user, memory=memory)


def _uninstall(path: Path) -> None:
    if not path.exists():
        raise InputError(f"There is no {path} to remove.")
    if _systemd():
        _run("systemctl", "disable", "--now", UNIT)
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"{path} cannot be removed: {error.strerror}.") from None
    if _systemd():
        _run("systemctl", "daemon-reload")
    print(f"{path}: removed. The configuration, the user and /var/lib/facetoon stay.")


def _systemd() -> bool:
    return Path("/run/systemd/system").is_dir()  # sd_booted(3)


def _make_user(user: str) -> None:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        if os.geteuid() != 0:
            raise InputError("Installing a service needs root: sudo, with the full path of toon-live.") from None
        _run("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
    except PermissionError:
        raise InputError(f"{path} may not be written: installing a service needs root (sudo).") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise InputError(f"There is no {command[0]} here.")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise InputError(f"{' '.join(command)} failed: {reason}.")
