"""Lists the licence of every package of this environment, and of the libraries that its wheels bundle.

A wheel's own licence says nothing about the libraries inside it: PyAV is BSD, and bundles x264 and x265 under the GPL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

LGPL = "LGPL-2.1-or-later"
BUNDLED = {
    **dict.fromkeys(("libx264", "libx265"), "GPL-2.0-or-later"),
    **dict.fromkeys(("libavcodec", "libavdevice", "libavfilter", "libavformat", "libavutil"), "FFmpeg: see below"),
    **dict.fromkeys(("libswresample", "libswscale"), "FFmpeg: see below"),
    **dict.fromkeys(("libgmp", "libnettle", "libhogweed", "libunistring"), "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    **dict.fromkeys(("libgnutls", "libasound"), LGPL),
    "libmp3lame": "LGPL-2.0-or-later",
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libquadmath": LGPL,
    **dict.fromkeys(("libcrypto", "libssl"), "OpenSSL"),
    **dict.fromkeys(("libopencore-amrnb", "libopencore-amrwb"), "Apache-2.0"),
    **dict.fromkeys(("libaom", "libdav1d", "libavif"), "BSD-2-Clause"),
    **dict.fromkeys(("libopus", "libsharpyuv", "libvpx", "libwebp", "libwebpmux", "libSvtAv1Enc"), "BSD-3-Clause"),
    **dict.fromkeys(("libopenblasp", "libscipy_openblas64_"), "BSD-3-Clause"),
    **dict.fromkeys(("libXau", "libxcb", "libdrm", "libvpl"), "MIT"),
    "libpng16": "libpng-2.0",
}
"""Licences of the libraries in the wheels of the base install, as their projects state them."""


def licence_of(package: metadata.Distribution) -> str:
    """Return what a package says of its licence: an SPDX expression, a line of text, or its classifiers."""
    facts = package.metadata
    classifiers = [text.rpartition(" :: ")[2] for text in facts.get_all("Classifier") or () if "License" in text]
    stated = (facts["License"] or "").strip().splitlines()
    return facts["License-Expression"] or (stated[0] if len(stated) == 1 else "") or ", ".join(classifiers) or "?"


def bundled_in(package: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield (library, licence) for each shared library that auditwheel put into the wheel."""
    for name in sorted({file.name for file in package.files or () if file.parts[0].endswith(".libs")}):
        stem = re.split(r"-[0-9a-f]{8}|-r0|\.so", name)[0]
        base = next((known for known in BUNDLED if stem == known or stem.startswith(f"{known}-")), "")
        yield stem, BUNDLED.get(base, "?")


def ffmpeg_licences() -> str:
    """Return what PyAV's FFmpeg says of itself."""
    from av._core import library_meta

    return ", ".join(sorted({facts["license"] for facts in library_meta.values()}))


def main() -> None:
    """Print the list as a Markdown table."""
    print("| package | licence | bundled in its wheel |\n|---|---|---|")
    for package in sorted(metadata.distributions(), key=lambda one: one.name.lower()):
        bundled = "; ".join(f"{name} ({licence})" for name, licence in bundled_in(package))
        print(f"| {package.name} {package.version} | {licence_of(package)} | {bundled} |")
    print(f"\nFFmpeg in PyAV's wheel: {ffmpeg_licences()}.")


if __name__ == "__main__":
    main()
