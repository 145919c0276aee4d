"""Reads the state of the device during a measurement: temperature, clock, throttling, other work, energy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from facetoon.benchmarks.device.device_facts import read_clock_mhz, read_governor, read_temperature_c

# Bits of `vcgencmd get_throttled`, from the Raspberry Pi documentation. The same bits, 16 higher, mean "since boot".
THROTTLE_BITS = {0: "under-voltage", 1: "clock capped", 2: "throttled", 3: "soft temperature limit"}
SINCE_BOOT = "since boot"
FIRMWARE_S = 30.0  # the longest that the firmware tool may take on a busy board
BUSY_SHARE = 0.05  # of a core; other processes disturb a measurement when they take more


@dataclass(frozen=True)
class State:
    """One reading. A value that the device does not report is None."""

    temperature_c: float | None
    clock_mhz: int | None
    governor: str | None
    throttled: tuple[str, ...] | None
    """Names of the throttle bits that are set."""
    load_1min: float | None


def read_state(root: Path = Path("/")) -> State:
    """Read every value once."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return State(
        read_temperature_c(root),
        read_clock_mhz(root),
        read_governor(root),
        read_throttled(),
        None if load is None else round(load, 2),
    )


def read_throttled() -> tuple[str, ...] | None:
    """Names of the Raspberry Pi firmware's throttle bits; None on other boards or without permission."""
    match = re.search(r"throttled=(0x[0-9a-fA-F]+)", _vcgencmd("get_throttled"))
    return None if match is None else decode_throttled(int(match[1], 16))


def decode_throttled(bits: int) -> tuple[str, ...]:
    """Names of the set bits."""
    now = [name for bit, name in THROTTLE_BITS.items() if bits >> bit & 1]
    return (*now, *(f"{name} {SINCE_BOOT}" for bit, name in THROTTLE_BITS.items() if bits >> (bit + 16) & 1))


def parse_pmic_w(text: str) -> float | None:
    """Watts from `vcgencmd pmic_read_adc` of a Pi 5: volts times amperes, summed over the rails that report both."""
    rails: dict[str, dict[str, float]] = {}
    for name, kind, value in re.findall(r"(\w+)_([AV]) (?:current|volt)\(\d+\)=([\d.]+)", text):
        rails.setdefault(name, {})[kind] = float(value)
    watts = [rail["A"] * rail["V"] for rail in rails.values() if len(rail) == 2]
    return sum(watts) if watts else None


def _vcgencmd(*arguments: str) -> str:
    """Output of the Raspberry Pi's firmware tool; empty where it is missing, fails or hangs."""
    program = shutil.which("vcgencmd")
    if program is None:
        return ""
    try:
        process = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=FIRMWARE_S, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return process.stdout


class OtherWork:
    """Measures the CPU time of other processes between two readings of /proc/stat, in cores."""

    def __init__(self, pids: list[int], root: Path = Path("/")) -> None:
        self._pids, self._root = pids, root
        self._start = (time.monotonic(), self._busy_s(), self._own_s())

    def cores(self) -> float | None:
        """Return the number of cores that other processes kept busy since the start; None without /proc."""
        start_s, busy_s, own_s = self._start
        elapsed_s = time.monotonic() - start_s
        now = self._busy_s()
        if now is None or busy_s is None or elapsed_s <= 0:
            return None
        return round(max(now - busy_s - (self._own_s() - own_s), 0.0) / elapsed_s, 3)

    def _busy_s(self) -> float | None:
        try:
            fields = [int(text) for text in (self._root / "proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        except (OSError, ValueError):
            return None
        return float(sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")  # all but idle and I/O wait

    def _own_s(self) -> float:
        own = os.times()  # not /proc: qemu-user invents the emulated process's own stat file
        total = (own.user + own.system) * os.sysconf("SC_CLK_TCK")
        for pid in self._pids:
            try:
                text = (self._root / f"proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(text[11]) + int(text[12])  # user and system time of all threads
            except (OSError, IndexError):
                continue
        return total / os.sysconf("SC_CLK_TCK")


class EnergyMeter:
    """Measures the joules of the processor (RAPL) or of the whole board (the PMIC of a Pi 5) while the block runs.

    `joules` stays None without a meter, and `why` holds the reason.
    """

    PMIC_PERIOD_S = 0.5

    def __init__(self, root: Path = Path("/")) -> None:
        self.joules: float | None = None
        self.seconds = 0.0
        self.source = ""
        self.why = "this device has no energy meter that Linux shows (RAPL, or the PMIC of a Pi 5)"
        self._counters = sorted(root.glob("sys/class/powercap/intel-rapl:[0-9]/energy_uj"))
        self._watts: list[float] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def can_measure(self) -> bool:
        """Whether there is a meter; known inside the block."""
        return self._before is not None or self._thread is not None

    def __enter__(self) -> EnergyMeter:
        self._start_s = time.monotonic()
        self._before = self._read_rapl()
        if self._before is None and parse_pmic_w(_vcgencmd("pmic_read_adc")) is not None:
            self._thread = threading.Thread(target=self._sample, name="pmic", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.seconds = time.monotonic() - self._start_s
        if self._thread:
            self._thread.join()
            self.source = "Pi 5 PMIC"
            self.joules = self.seconds * sum(self._watts) / len(self._watts) if self._watts else None
        elif self._before is not None and (after := self._read_rapl()) is not None:
            self.source, self.joules = "RAPL package", self._rapl_joules(self._before, after)

    def _read_rapl(self) -> list[int] | None:
        """Counter of each package in microjoules."""
        try:
            return [int(path.read_text()) for path in self._counters] or None
        except PermissionError:
            self.why = "only root may read RAPL here"
        except (OSError, ValueError):
            self.why = "RAPL does not answer"
        return None

    def _rapl_joules(self, before: list[int], after: list[int]) -> float | None:
        """Joules between two readings. A counter wraps after minutes to hours of full power, so once at most."""
        spent_uj = 0
        try:
            for counter, start, end in zip(self._counters, before, after, strict=True):
                has_wrapped = end < start
                spent_uj += end - start
                spent_uj += int(counter.with_name("max_energy_range_uj").read_text()) if has_wrapped else 0
        except (OSError, ValueError):
            self.why = "RAPL's counter began again at 0 and its range is unknown"
            return None
        return spent_uj / 1e6

    def _sample(self) -> None:
        while True:  # at least one sample, however short the block is
            watts = parse_pmic_w(_vcgencmd("pmic_read_adc"))
            self._watts += [] if watts is None else [watts]
            if self._stop.wait(self.PMIC_PERIOD_S):
                return
