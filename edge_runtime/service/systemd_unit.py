"""Installs toon-live as a systemd service: the unit file, its user and a first configuration."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service.config_file import EXAMPLE, TUNED, merged, parsed, read_config
from facetoon.edge_runtime.whole_file import write_whole

UNIT = "facetoon.service"
GALLERY = Path("/var/lib/facetoon/gallery")

TEMPLATE = """[Unit]
Description=facetoon live cartoonizer
After=network.target
# Wait for a camera even if it is plugged in a day later.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command} --config {config}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
# Every finished frame feeds the watchdog, so a loop that hangs is started again.
WatchdogSec=30
TimeoutStartSec=120
User={user}
SupplementaryGroups={groups}
StateDirectory=facetoon
WorkingDirectory=/var/lib/facetoon
Environment=HOME=/var/lib/facetoon
MemoryMax={memory}
Nice=-5

# It may do nothing that it does not need.
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
# The owner, in the service's group, reads and deletes photos.
UMask=0007
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
DeviceAllow=char-drm rw
DeviceAllow=/dev/vcio rw
DeviceAllow=char-gpiochip rw

[Install]
WantedBy=multi-user.target
"""


def unit_text(config: Path, user: str, memory: str) -> str:
    """Return the text of the unit file, for the toon-live of this installation.

    Raises InputError for a value that a unit file would misread.
    """
    for flag, value in (("--user", user), ("--memory", memory), ("--config", str(config))):
        if not value or any(c.isspace() or c == "%" for c in value):
            raise InputError(f"{flag} must be one word without %, not {value!r}: it goes into a systemd unit.")
    command = f"{sys.executable} -m facetoon.edge_runtime"
    groups = "video gpio" if _has_group("gpio") else "video"  # systemd refuses to start with a group that is missing
    return TEMPLATE.format(command=command, config=config.absolute(), user=user, memory=memory, groups=groups)


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def install(units: Path, text: str, config: Path, user: str, say: Callable[[str], None]) -> None:
    """Write the unit into the folder `units`, and a first configuration where there is none; start the service.

    The first configuration takes what `toon-live tune` wrote here. `say` gets a sentence for each step. Raises
    InputError when a step fails.
    """
    if has_systemd():
        _make_user(user)
        say(_make_gallery(user, os.environ.get("SUDO_USER")))
    tuned = Path(TUNED)
    if config.exists():
        if tuned.exists() and not tuned.samefile(config):
            say(f"{config}: stays as it is. toon-live tune --write {config} would put its choice there, not {tuned}.")
    else:
        gallery = f"gallery = {json.dumps(str(GALLERY))}\n" if has_systemd() else ""
        _write(config, _first_configuration(tuned) + gallery)
        if has_systemd():
            shutil.chown(config, group=user)
            config.chmod(0o640)  # it may hold the token
        say(f"{config}: written; set the camera there, and whatever else you need.")
    _write(units / UNIT, text)
    say(f"{units / UNIT}: written.")
    if has_systemd():
        _run("systemctl", "daemon-reload")
        _run("systemctl", "enable", UNIT)
        _run("systemctl", "restart", UNIT)  # replaces an older unit that runs
        say(f"It runs: systemctl status {UNIT}; journalctl -u {UNIT}; systemctl reload {UNIT} after a change.")
    else:
        say("No systemd runs here, so nothing was started.")


def _first_configuration(tuned: Path) -> str:
    if not tuned.exists():
        return EXAMPLE
    return merged(EXAMPLE, parsed(read_config(tuned), str(tuned)), "EXAMPLE")


def uninstall(units: Path, say: Callable[[str], None]) -> None:
    """Stop the service and remove its unit from the folder `units`. Raises InputError when that fails."""
    path = units / UNIT
    if not path.exists():
        raise InputError(f"There is no {path} to remove.")
    if has_systemd():
        _run("systemctl", "disable", "--now", UNIT)
    try:
        path.unlink()
    except OSError as error:
        raise InputError(f"{path} cannot be removed: {error.strerror}.") from None
    if has_systemd():
        _run("systemctl", "daemon-reload")
    say(f"{path}: removed. The configuration, the user and /var/lib/facetoon stay.")


def has_systemd() -> bool:
    """Whether systemd runs this machine, see sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def _make_user(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        if os.geteuid() != 0:
            raise InputError("Installing a service needs root: sudo, with the full path of toon-live.") from None
        _run("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user)


def _make_gallery(user: str, owner: str | None) -> str:
    """Make the folder for photos; service and owner share it by the service's group. Return a sentence on it."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    shutil.chown(GALLERY, user, user)
    GALLERY.chmod(0o2770)  # new files belong to the group too
    if owner in (None, "root", user) or user == "root":  # nobody joins root's group
        return f"{GALLERY}: the group {user} reads the photos here."
    _run("usermod", "--append", "--groups", user, owner)
    return f"{GALLERY}: {owner} reads the photos here, from the next login on, by the group {user}."


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():  # a mistyped folder would be made, and systemd would never look there
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}.")
    try:
        write_whole(path, text)
    except PermissionError:
        raise InputError(f"{path} may not be written: installing a service needs root (sudo).") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise InputError(f"There is no {command[0]} here.")
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        reason = (process.stderr.strip() or f"exit status {process.returncode}").splitlines()[-1]
        raise InputError(f"{' '.join(command)} failed: {reason}.")
