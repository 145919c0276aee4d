import dataclasses

import pytest

from facetoon.benchmarks.device.device_facts import (
    UNKNOWN,
    read_clock_mhz,
    read_device,
    read_governor,
    read_temperature_c,
)

XEON_CORE = (
    "processor\t: {n}\nmodel name\t: Intel(R) Xeon(R)  Processor\nflags\t\t: fpu avx avx2 avx512_vnni avx_vnni\n\n"
)
X86 = {"proc/cpuinfo": XEON_CORE.format(n=0) + XEON_CORE.format(n=1)}


def dmi(vendor, product):
    return {"sys/class/dmi/id/sys_vendor": vendor, "sys/class/dmi/id/product_name": product}


def test_raspberry_pi_4_is_read_from_its_files(pi4_root):
    device = read_device(pi4_root)
    assert device.board == "Raspberry Pi 4 Model B Rev 1.4"  # without the device tree's final NUL
    assert (device.cpu, device.cores, device.features) == ("Cortex-A72", 4, ())
    assert device.memory_mb == 3793
    assert (device.os, device.kernel) == ("Debian GNU/Linux 12 (bookworm)", "6.12.34+rpt-rpi-v8")
    assert (read_governor(pi4_root), read_clock_mhz(pi4_root)) == ("ondemand", 1500)
    assert read_temperature_c(pi4_root) == 48.2  # and not the hotter zone, which is no processor's
    assert device.slug() == "raspberry-pi-4-model-b-rev-1-4-cortex-a72"


def test_x86_names_itself(planted):
    device = read_device(planted(X86 | dmi("Dell Inc.\n", "XPS 13\n")))
    assert (device.board, device.cpu, device.cores) == ("Dell Inc. XPS 13", "Intel(R) Xeon(R) Processor", 2)
    assert device.features == ("avx2", "avx512_vnni", "avx_vnni")
    assert device.slug() == "dell-inc-xps-13-intel-xeon-processor"


def test_dmi_fields_that_nobody_filled_in_are_no_board(planted):
    root = planted(X86 | dmi("To Be Filled By O.E.M.", "Default string"))
    assert read_device(root).board == UNKNOWN


def test_a_device_that_tells_nothing_is_not_given_anything(tmp_path):
    device = read_device(tmp_path)
    assert (device.board, device.cpu, device.kernel, device.slug()) == (UNKNOWN,) * 4
    assert (device.memory_mb, read_governor(tmp_path), read_clock_mhz(tmp_path), read_temperature_c(tmp_path)) == (
        None,
    ) * 4
    assert device.features == ()
    assert device.cores >= 1


def test_this_device_can_be_read():
    device = read_device()
    assert device.cores >= 1
    assert device.numpy
    assert device.opencv


def test_slug_does_not_change_with_cooling_or_software(pi4_root):
    cold = read_device(pi4_root)
    other = dataclasses.replace(cold, cooling="fan", kernel="7", python="4")
    assert other.slug() == cold.slug()


@pytest.mark.parametrize(
    ("core", "name"),
    [
        ("CPU implementer : 0x41\nCPU part : 0xd0b\n", "Cortex-A76"),
        ("CPU implementer : 0x51\nCPU part : 0x800\n", "ARM implementer 0x51 part 0x800"),
        ("model name : ARMv7 Processor rev 3 (v7l)\nCPU implementer : 0x41\nCPU part : 0xd08\n", "Cortex-A72"),
    ],
)
def test_arm_cores_are_named_by_their_numbers(planted, core, name):
    assert read_device(planted({"proc/cpuinfo": core * 2})).cpu == name


def test_big_little_names_both_kinds_and_only_shared_features(planted):
    little = "processor : 0\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU part : 0xd03\n\n"
    big = "processor : 1\nFeatures : fp asimd asimddp\nCPU implementer : 0x41\nCPU part : 0xd09\n\n"
    device = read_device(planted({"proc/cpuinfo": little + big}))
    assert (device.cpu, device.cores, device.features) == ("Cortex-A53 + Cortex-A73", 2, ())


def test_governors_that_differ_are_all_named(planted):
    folder = "sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor"
    root = planted({folder.format(0): "schedutil", folder.format(1): "performance", folder.format(10): "performance"})
    assert read_governor(root) == "performance, schedutil"


def test_temperature_comes_from_hardware_monitors_too(planted):
    folder = "sys/class/hwmon/hwmon{}/"
    nvme = {folder.format(0) + "name": "nvme", folder.format(0) + "temp1_input": "70000"}
    amd = {folder.format(1) + "name": "k10temp", folder.format(1) + "temp1_input": "55125"}
    assert read_temperature_c(planted(nvme | amd)) == 55.1
