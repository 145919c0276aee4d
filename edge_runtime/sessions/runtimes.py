"""The one table of libraries that run model files. All code that lists, chooses or opens runtimes uses it."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from facetoon.edge_runtime.errors import InputError


@dataclass(frozen=True)
class Runtime:
    """The facts about a library that runs model files."""

    name: str
    """The value of --runtime."""
    suffix: str
    """Suffix of its model files."""
    module: str
    """The module to import."""
    distribution: str
    """Its name on PyPI, for its version."""
    extra: str
    """The extra of this kit that installs it; empty for the base install."""
    has_xnnpack: bool
    """Whether it can run with and without XNNPACK."""
    session: str
    """The class of its sessions, as "module:class", loaded late since it imports NumPy and OpenCV."""

    @property
    def is_installed(self) -> bool:
        """Whether its package can be found, without an import."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    def load(self) -> ModuleType:
        """Import the library. When it is missing, raises InputError that names the package to install."""
        try:
            return importlib.import_module(self.module)
        except ImportError:
            what = f"'facetoon[{self.extra}]'" if self.extra else "facetoon"
            raise InputError(f"The runtime {self.name} is not installed; pip install {what} brings it.") from None

    def session_class(self) -> Any:
        """Return its class of `session.Session`, which takes (path, runtime, threads, xnnpack, facts)."""
        return pkgutil.resolve_name(f"facetoon.edge_runtime.sessions.{self.session}")


_ROWS = (
    Runtime(
        name="litert",
        suffix=".tflite",
        module="ai_edge_litert.interpreter",
        distribution="ai-edge-litert",
        extra="",
        has_xnnpack=True,
        session="litert_session:LiteRtSession",
    ),
    Runtime(
        name="tflite-runtime",
        suffix=".tflite",
        module="tflite_runtime.interpreter",
        distribution="tflite-runtime",
        extra="tflite-runtime",
        has_xnnpack=True,
        session="litert_session:LiteRtSession",
    ),
    Runtime(
        name="onnxruntime",
        suffix=".onnx",
        module="onnxruntime",
        distribution="onnxruntime",
        extra="onnx",
        has_xnnpack=False,
        session="onnx_session:OnnxSession",
    ),
)
RUNTIMES = {runtime.name: runtime for runtime in _ROWS}
"""Runtimes by name. The first runtime for a suffix is its default."""
MODEL_SUFFIXES = tuple(dict.fromkeys(runtime.suffix for runtime in _ROWS))


def runtimes_for(suffix: str) -> list[Runtime]:
    """Return the runtimes for files of this suffix, the default first; empty when there are none."""
    return [runtime for runtime in _ROWS if runtime.suffix == suffix]


def choose_runtime(file: str, suffix: str, name: str | None = None) -> Runtime:
    """Return the runtime `name`, or the suffix's default, for a model `file`, which errors name.

    No runtime ever replaces another: raises InputError when none has that name or runs files of that suffix.
    """
    fitting = runtimes_for(suffix)
    if not fitting:
        raise InputError(f"{file} is not a model file that this runtime opens ({' or '.join(MODEL_SUFFIXES)}).")
    if name is None:
        return fitting[0]
    if name not in RUNTIMES:
        *others, last = RUNTIMES
        raise InputError(f"There is no runtime {name}; choose {', '.join(others)} or {last}.")
    if RUNTIMES[name] not in fitting:
        raise InputError(f"The runtime {name} does not run {suffix} files such as {file}.")
    return RUNTIMES[name]


def runtime_beside(name: str | None, suffix: str = ".tflite") -> Runtime:
    """Return the runtime for a file of `suffix` beside a generator on `name`: the same if it can, else the default.

    The face tracker is a .tflite file for every generator.
    """
    fitting = runtimes_for(suffix)
    return next((runtime for runtime in fitting if runtime.name == name), fitting[0])
