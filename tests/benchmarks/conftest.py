"""A made-up Raspberry Pi 4: its file system, and a measurement on it."""

from pathlib import Path

import pytest

from benchmarks.device import DeviceRecord
from benchmarks.measure import BenchResult, ModelRecord
from edge_runtime.timing import Percentiles

PI4_CORE = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""
PI4_FILES = {
    "proc/cpuinfo": "".join(PI4_CORE.format(number=n) for n in range(4))
    + "Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/meminfo": "MemTotal:        3884376 kB\nMemFree:         2971420 kB\n",
    "proc/sys/kernel/osrelease": "6.12.34+rpt-rpi-v8\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48199\n",
    "sys/class/thermal/thermal_zone1/type": "acpitz\n",
    "sys/class/thermal/thermal_zone1/temp": "91000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "600000\n",
}


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def planted(tmp_path):
    """Make a file system of texts by path, and give its root."""
    return lambda files: plant(tmp_path / "root", files)


@pytest.fixture
def pi4_root(planted):
    return planted(PI4_FILES)


@pytest.fixture
def result():
    device = DeviceRecord(
        board="Raspberry Pi 4 Model B Rev 1.4",
        cpu="Cortex-A72",
        cores=4,
        architecture="aarch64",
        features=("asimddp",),
        memory_mb=3793,
        os="Debian GNU/Linux 12 (bookworm)",
        kernel="6.12.34+rpt-rpi-v8",
        python="3.11.2",
        numpy="2.3.0",
        opencv="4.12.0",
        governor="ondemand",
        frequency_mhz=1500,
        temperature_c=61.3,
    )
    stages = {
        "detect": Percentiles(50, 4.0, 5.0, 6.0),
        "infer": Percentiles(60, 9.0, 9.5, 9.75),
        "model": Percentiles(60, 10.125, 11.0, 12.0),
        "frame": Percentiles(50, 25.0, 30.0, 40.0),
    }
    return BenchResult(
        when="2026-01-02T03:04:05+00:00",
        device=device,
        model=ModelRecord("anime|64", "static_wi8_ai8", "ab" * 32, 64, 102400),
        runtime="ai-edge-litert 2.1.0",
        threads=4,
        warm_up_runs=10,
        load_ms=21.5,
        first_inference_ms=14.25,
        stages=stages,
        frames_per_s=38.46,
        temperature_before_c=None,
        temperature_after_c=61.3,
        peak_memory_mb=120.5,
    )
