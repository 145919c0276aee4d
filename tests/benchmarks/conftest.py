"""A made-up Raspberry Pi 4: its file system, and a measurement on it."""

import dataclasses
from pathlib import Path

import pytest

from facetoon.benchmarks.device.device_facts import DeviceRecord
from facetoon.benchmarks.device.device_state import State
from facetoon.benchmarks.results.intervals import Times
from facetoon.benchmarks.results.result_schema import BenchResult, Measured, ModelRecord, Pipeline

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


def times(*round_p50_ms: float) -> Times:
    return Times.of([[ms] * 20 for ms in round_p50_ms])


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
        cooling="passive",
    )
    stages = {
        "to_tensor": times(0.5),
        "infer": times(*[20.0, 20.5, 19.5, 20.0, 40.0, 20.0, 20.0] * 2),
        "to_image": times(0.5),
    }
    slow = {**stages, "infer": times(*[80.0] * 7)}
    state = State(61.3, 1500, "ondemand", (), 0.1)
    common = {"load_ms": 21.5, "first_inference_ms": 30.0, "steady_memory_mb": 60.0, "peak_memory_mb": 64.0}
    return BenchResult(
        when="2026-01-02T03:04:05+00:00",
        facetoon="0.1.0",
        device=device,
        model=ModelRecord(
            file="anime-64.tflite",
            name="anime|64",
            recipe="static_wi8_ai8",
            sha256="ab" * 32,
            size_px=64,
            file_bytes=102400,
            foreign=False,
            value_range=(-1.0, 1.0),
            macs=51_000_000,
            bytes_moved=4_000_000,
        ),
        rounds=7,
        variants=[
            Measured("litert, 1 thread", "ai-edge-litert 2.1.0", 1, True, stages=slow, roofline_share=0.25, **common),
            Measured("litert, 4 threads", "ai-edge-litert 2.1.0", 4, True, stages=stages, roofline_share=0.5, **common),
        ],
        pipeline=Pipeline("demo", "litert, 4 threads", 90, 1.0, {"infer": times(21.0), "frame": times(33.25)}, 38.46),
        before=state,
        during=state,
        after=state,
        other_cores=0.0,
        energy_mj_per_inference=None,
        energy_source="",
        overhead_share=0.0001,
        overhead_whole_share=0.002,
        peaks={},
        profile=[],
        notes=[],
    )


@pytest.fixture
def emulated(result):
    return dataclasses.replace(result, device=dataclasses.replace(result.device, emulated=True, board="qemu-user"))
