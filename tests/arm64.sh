#!/usr/bin/env bash
# make test-arm64: the base install and its tests on emulated arm64. It says nothing about speed.
# Needs root, and of Debian: apt install qemu-user-static debootstrap
# ARM64_ROOT keeps the emulated system for the next run. SUITE=bookworm has Python 3.11, trixie 3.13. TESTS narrows the run.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${ARM64_ROOT:-/var/tmp/facetoon-arm64}
suite=${SUITE:-bookworm}
tests=${TESTS:-tests/edge_runtime}
declare -A pythons=([bookworm]=3.11 [trixie]=3.13)

[ "$(id -u)" = 0 ] || { echo "make test-arm64 needs root: it makes a Debian system to change into." >&2; exit 2; }
for command in debootstrap qemu-aarch64-static unshare; do
  command -v "$command" >/dev/null || { echo "$command is missing: apt install qemu-user-static debootstrap" >&2; exit 2; }
done

# The kernel hands arm64 programs to the emulator. It opens it now (flag F), so that it works inside the root too.
binfmt=/proc/sys/fs/binfmt_misc
[ -e $binfmt/register ] || mount -t binfmt_misc none $binfmt
if [ ! -e $binfmt/qemu-aarch64 ]; then
  printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' > $binfmt/register
fi

if [ ! -e "$root/usr/bin/python3" ]; then
  debootstrap --arch=arm64 --variant=minbase --include=python3-venv,ffmpeg "$suite" "$root"
fi

# Wheels are fetched and built outside the emulation, which is quick; the emulated pip only unpacks them.
rm -rf "$root/wheels" "$root/work"
mkdir -p "$root/wheels" "$root/work"
python3 -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$root/wheels" .
python3 -m pip download --quiet --disable-pip-version-check --dest "$root/wheels" --only-binary=:all: \
  --python-version "${pythons[$suite]}" --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
  --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 --find-links "$root/wheels" 'facetoon[test]'
cp -r tests pyproject.toml "$root/work"  # without the four folders: the tests must see the installed package

inside() {  # without the host's /sys: LiteRT would take the host's processors for the emulated ones, and crash
  unshare --mount sh -c 'mount -t proc none "$0/proc"; mount -t tmpfs none "$0/sys"; exec chroot "$0" "$@"' "$root" \
    /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 PATIENCE=20 QEMU_CPU="$cpu" "$@"
}

cpu=cortex-a72
inside python3 -m venv --clear /opt/toon
inside /opt/toon/bin/pip install --quiet --no-index --find-links /wheels 'facetoon[test]'
echo "| emulated CPU | system | tests | headless run of 60 frames |"
echo "|---|---|---|---|"
failed=0
for cpu in ${CPUS:-cortex-a72 cortex-a53}; do
  inside sh -c "cd /work && /opt/toon/bin/python -m pytest -v --tb=short -p no:cacheprovider $tests" > "$root/$cpu.log" 2>&1 || failed=1
  inside /opt/toon/bin/toon-live --headless --frames 60 > "$root/$cpu.live" 2>&1 || failed=1
  live=$(grep -o '[0-9]* frames in' "$root/$cpu.live" || tail -1 "$root/$cpu.live")
  echo "| $cpu | $suite, Python ${pythons[$suite]} | $(tail -1 "$root/$cpu.log" | tr -d '=') | ${live% in} |"
done
exit $failed
