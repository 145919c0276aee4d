#!/usr/bin/env bash
# tests/arm64_python.sh FOLDER: unpacks a Python for arm64 with NumPy and LiteRT, for qemu-aarch64-static -L FOLDER.
# Needs root, debootstrap (apt install debootstrap) and $PYTHON with pip; 31 s and 250 MB. Nothing of it is installed.
set -euo pipefail
folder=$1
part=$folder.part
rm -rf "$part"
mkdir -p "$part"
debootstrap --download-only --arch=arm64 --variant=minbase --include=python3 bookworm "$part/debian" >/dev/null
for package in "$part"/debian/var/cache/apt/archives/{libc6_,libgcc-s1_,libstdc++6_,zlib1g_,libexpat1_,libffi8_,liblzma5_,libbz2-,libssl3_,libpython3,python3}*.deb; do
  dpkg -x "$package" "$part"
done
rm -rf "$part/debian"
"${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --dest "$part/wheels" --only-binary=:all: \
  --python-version 3.11 --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
  --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 numpy 'ai-edge-litert>=2.1,<3'
mkdir "$part/site"
for wheel in "$part"/wheels/*.whl; do
  "${PYTHON:-python3}" -m zipfile -e "$wheel" "$part/site"
done
rm -rf "$part/wheels"

# The emulator looks for every file in FOLDER first. LiteRT crashes over the host's processors, so it finds these.
mkdir -p "$part/proc" "$part/sys/devices/system/cpu"
printf 'processor\t: 0\nFeatures\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n' \
  >"$part/proc/cpuinfo"
for list in possible present kernel_max; do
  echo 0 >"$part/sys/devices/system/cpu/$list"
done
rm -rf "$folder"
mv "$part" "$folder"
