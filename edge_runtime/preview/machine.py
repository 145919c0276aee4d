"""Reads the machine's temperature and this process's memory from /sys and /proc."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

THERMAL = Path("/sys/class/thermal")
STATM = Path("/proc/self/statm")


def machine() -> dict[str, Any]:
    """Return temperature in degrees Celsius and resident memory in bytes; None where the system reports none."""
    return {"temperature_c": temperature_c(), "resident_bytes": resident_bytes()}


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """Read the hottest thermal zone in degrees Celsius, to one decimal. A Raspberry Pi has only the processor's."""
    readings = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            readings.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue  # a zone with a disabled sensor gives an error
    return round(max(readings), 1) if readings else None


def resident_bytes(statm: Path = STATM) -> int | None:
    """Read this process's resident memory in bytes."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return None
