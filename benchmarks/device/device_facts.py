"""Reads the device's facts from /proc, /sys and /etc. Facts that are not there stay unknown."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

UNKNOWN = "unknown"

# Features that speed up int8 kernels: ARM's dot product (asimddp in Linux) and matrix product, and x86's equivalents.
FEATURES = ("asimddp", "i8mm", "avx2", "avx512_vnni", "avx_vnni")

# 64-bit ARM Linux gives numbers instead of a name: (CPU implementer, CPU part). From asm/cputype.h of Linux.
ARM_CORES = {
    ("0x41", "0xc07"): "Cortex-A7",
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0a"): "Cortex-A75",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd41"): "Cortex-A78",
    ("0x41", "0xd42"): "Cortex-A78AE",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4f"): "Neoverse-V2",
}

# Texts that mainboard makers leave in unused DMI fields.
DMI_BLANKS = ("", "to be filled by o.e.m.", "default string", "system product name", "system manufacturer", "none")

# Beginnings of the names of sensors in the processor itself; others (acpitz, nvme, battery) sit elsewhere.
CPU_SENSORS = ("cpu", "soc", "x86_pkg_temp", "coretemp", "k10temp")


@dataclass(frozen=True)
class DeviceRecord:
    """A device. A value that the device does not report is None or "unknown"."""

    board: str
    cpu: str
    cores: int
    """Logical processors."""
    architecture: str
    features: tuple[str, ...]
    """The FEATURES that every core has."""
    memory_mb: int | None
    """Memory of the whole device, in MiB."""
    os: str
    kernel: str
    python: str
    numpy: str
    opencv: str
    cooling: str = ""
    """The user's own words, such as "active cooler"."""
    emulated: bool = False
    """Under qemu: the result shows that a model runs, and says nothing about speed."""

    def slug(self) -> str:
        """Return a folder name of lower-case letters, digits and dashes, from board and processor."""
        names = [re.sub(r"\((R|TM)\)", " ", text) for text in (self.board, self.cpu) if text != UNKNOWN]
        return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-") or UNKNOWN


def read_device(root: Path = Path("/"), cooling: str = "", emulated: bool = False) -> DeviceRecord:
    """Describe the device whose file system is at `root`. The Python versions are always those of this process."""
    cpuinfo = list(_fields(root / "proc/cpuinfo"))
    memory = dict(_fields(root / "proc/meminfo")).get("MemTotal", "").split()
    return DeviceRecord(
        board="qemu-user" if emulated else _board(root),
        cpu=platform.machine() if emulated else _cpu(cpuinfo),
        cores=sum(key == "processor" for key, _ in cpuinfo) or os.cpu_count() or 1,
        architecture=platform.machine(),
        features=() if emulated else _features(cpuinfo),  # qemu shows the host's
        memory_mb=int(memory[0]) // 1024 if memory else None,
        os=_os_name(root),
        kernel=_text(root / "proc/sys/kernel/osrelease") or UNKNOWN,
        python=platform.python_version(),
        numpy=np.__version__,
        opencv=cv2.__version__,
        cooling=cooling,
        emulated=emulated,
    )


def read_clock_mhz(root: Path = Path("/")) -> int | None:
    """Read the present clock of the fastest core in MHz; None where the device does not report it."""
    frequencies = _readings(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")  # kHz
    return round(max(frequencies) / 1000) if frequencies else None


def read_governor(root: Path = Path("/")) -> str | None:
    """Read the cores' frequency governors, joined by commas; None where the device does not report them."""
    return ", ".join(sorted(set(_texts(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")))) or None


def read_temperature_c(root: Path = Path("/")) -> float | None:
    """Read the hottest processor sensor in degrees Celsius; None where there is no sensor."""
    sensors = [(zone / "type", zone, "temp") for zone in sorted(root.glob("sys/class/thermal/thermal_zone*"))]
    sensors += [(chip / "name", chip, "temp*_input") for chip in sorted(root.glob("sys/class/hwmon/hwmon*"))]
    degrees = [
        reading / 1000  # both interfaces count in thousandths
        for name, folder, pattern in sensors
        if _text(name).lower().startswith(CPU_SENSORS)
        for reading in _readings(folder, pattern)
    ]
    return round(max(degrees), 1) if degrees else None


def _board(root: Path) -> str:
    """Name of the board from the device tree (single-board computers) or from DMI (PCs)."""
    model = _text(root / "proc/device-tree/model")
    if model:
        return model
    dmi = [_text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name")]
    return " ".join(text for text in dmi if text.lower() not in DMI_BLANKS) or UNKNOWN


def _cpu(cpuinfo: list[tuple[str, str]]) -> str:
    """Name of the cores, from ARM's numbers or else "model name", which on ARM is missing or only the architecture."""
    implementers = [value for key, value in cpuinfo if key == "CPU implementer"]
    parts = [value for key, value in cpuinfo if key == "CPU part"]
    cores = list(dict.fromkeys(zip(implementers, parts, strict=False)))  # big.LITTLE has two kinds, in their order
    if cores:
        return " + ".join(ARM_CORES.get(core, f"ARM implementer {core[0]} part {core[1]}") for core in cores)
    return next((" ".join(value.split()) for key, value in cpuinfo if key == "model name" and value), UNKNOWN)


def _features(cpuinfo: list[tuple[str, str]]) -> tuple[str, ...]:
    cores = [set(value.split()) for key, value in cpuinfo if key in ("flags", "Features")]
    return tuple(name for name in FEATURES if cores and all(name in core for core in cores))


def _os_name(root: Path) -> str:
    match = re.search(r'^PRETTY_NAME="?(.*?)"?$', _text(root / "etc/os-release"), re.MULTILINE)
    return match[1] if match else platform.system() or UNKNOWN


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    """The "key : value" lines of a file in /proc, as pairs."""
    for line in _text(path).splitlines():
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _texts(folder: Path, pattern: str) -> list[str]:
    return [text for path in sorted(folder.glob(pattern)) if (text := _text(path))]


def _readings(folder: Path, pattern: str) -> list[int]:
    return [int(text) for text in _texts(folder, pattern) if text.lstrip("-").isdecimal()]


def _text(path: Path) -> str:
    """Read a small text file; empty when it is missing or forbidden, or when its sensor does not answer."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip("\0 \n\t")
    except OSError:
        return ""
