import os

import pytest

from facetoon.benchmarks.device.device_state import (
    EnergyMeter,
    OtherWork,
    decode_throttled,
    parse_pmic_w,
    read_state,
    read_throttled,
)

PMIC = """\
 3V7_WL_SW_A current(0)=0.10000000A
 VDD_CORE_A current(7)=2.00000000A
 3V7_WL_SW_V volt(8)=3.70000000V
 VDD_CORE_V volt(15)=0.75000000V
 EXT5V_V volt(24)=5.10000000V
"""


@pytest.fixture
def firmware(tmp_path, monkeypatch):
    """Put a vcgencmd of our own first on the path."""

    def plant(*, throttled="0x0", pmic=""):
        program = tmp_path / "vcgencmd"
        program.write_text(f"#!/bin/sh\n[ $1 = get_throttled ] && echo throttled={throttled} || printf '%s' '{pmic}'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return plant


def test_throttle_bits_have_names(firmware):
    assert decode_throttled(0x50005) == (
        "under-voltage",
        "throttled",
        "under-voltage since boot",
        "throttled since boot",
    )
    firmware(throttled="0x50005")
    assert read_throttled() == decode_throttled(0x50005)


def test_state_is_read_from_files_and_firmware(pi4_root, firmware):
    firmware()
    state = read_state(pi4_root)
    assert (state.temperature_c, state.clock_mhz, state.governor, state.throttled) == (48.2, 1500, "ondemand", ())


def test_a_device_that_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    state = read_state(tmp_path)
    assert (state.temperature_c, state.clock_mhz, state.governor, state.throttled) == (None,) * 4
    with EnergyMeter(tmp_path) as meter:
        assert not meter.can_measure
    assert meter.joules is None
    assert "no energy meter" in meter.why


def test_a_firmware_tool_that_hangs_tells_nothing(tmp_path, firmware, monkeypatch):
    firmware()
    monkeypatch.setattr("facetoon.benchmarks.device.device_state.FIRMWARE_S", 0.01)
    (tmp_path / "vcgencmd").write_text("#!/bin/sh\nexec sleep 600\n")
    assert read_throttled() is None


def test_pmic_power_is_the_sum_over_rails_that_tell_both():
    assert parse_pmic_w(PMIC) == pytest.approx(0.1 * 3.7 + 2 * 0.75)
    assert parse_pmic_w("error") is None


def test_pmic_energy_is_power_times_time(tmp_path, firmware):
    firmware(pmic=PMIC)
    with EnergyMeter(tmp_path) as meter:
        assert meter.can_measure
    assert meter.joules == pytest.approx(1.87 * meter.seconds)
    assert meter.source == "Pi 5 PMIC"


def test_rapl_energy_is_the_difference(planted):
    root = planted({"sys/class/powercap/intel-rapl:0/energy_uj": "1000000"})
    with EnergyMeter(root) as meter:
        (root / "sys/class/powercap/intel-rapl:0/energy_uj").write_text("3500000")
    assert meter.joules == 2.5


@pytest.mark.parametrize(("limit", "joules"), [("10000000", 4.0), (None, None)])
def test_a_rapl_counter_that_begins_again(planted, limit, joules):
    folder = "sys/class/powercap/intel-rapl:0"
    root = planted({f"{folder}/energy_uj": "9000000"} | ({f"{folder}/max_energy_range_uj": limit} if limit else {}))
    with EnergyMeter(root) as meter:
        (root / folder / "energy_uj").write_text("3000000")
    assert meter.joules == joules
    assert limit or "began again" in meter.why


def test_a_meter_without_permission_says_so(planted, monkeypatch):
    root = planted({"sys/class/powercap/intel-rapl:0/energy_uj": "1"})

    def forbid(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_text", forbid)
    with EnergyMeter(root) as meter:
        assert not meter.can_measure
    assert meter.joules is None
    assert "only root" in meter.why


def test_other_work_is_all_but_idle_and_our_own(planted, monkeypatch):
    root = planted({"proc/stat": "cpu 100 0 0 1000 0 0 0 0\n"})
    ticks = iter([10.0, 12.0])
    monkeypatch.setattr(
        "facetoon.benchmarks.device.device_state.os.times", lambda: os.times_result((1.0, 0.0, 0.0, 0.0, 0.0))
    )
    monkeypatch.setattr("facetoon.benchmarks.device.device_state.time.monotonic", lambda: next(ticks))
    others = OtherWork([], root)
    (root / "proc/stat").write_text("cpu 300 0 0 1200 0 0 0 0\n")  # 200 ticks of 10 ms in 2 s: one core
    assert others.cores() == pytest.approx(1.0)
