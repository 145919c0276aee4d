"""Collects versions, devices and git revision of a run for environment.json."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("facetoon", "keras", "tensorflow", "tensorflow-cpu", "jax", "jaxlib", "numpy", "opencv-python-headless")


def environment() -> dict[str, Any]:
    """Return versions, devices and, in a checkout, the git revision; a "+" marks uncommitted changes."""
    import keras

    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "backend": keras.backend.backend(),
        "devices": keras.distribution.list_devices(),
        "packages": versions,
        "git_revision": _git_revision(),
    }


def _git_revision() -> str:
    git = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*")
    try:
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""  # installed from a wheel, or no git here
