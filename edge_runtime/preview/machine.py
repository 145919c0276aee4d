"""The machine's temperature and this process's memory, from Linux's own files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

THERMAL = Path("/sys/class/thermal")
STATM = Path("/proc/self/statm")


def machine() -> dict[str, Any]:
    """Temperature in degrees Celsius and resident memory in bytes; None where the system does not say."""
    return {"temperature_c": temperature_c(), "resident_bytes": resident_bytes()}


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """Degrees Celsius of the hottest thermal zone, to one decimal. A Raspberry Pi has one zone, the processor's."""
    readings = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            readings.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue  # a zone whose sensor is switched off answers with an error
    return round(max(readings), 1) if readings else None


def resident_bytes(statm: Path = STATM) -> int | None:
    """Bytes of RAM that this process holds."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return None
