"""Times the stages of a session: to_tensor, infer and to_image of every run."""

from __future__ import annotations

import time
from typing import Any

STAGES = ("to_tensor", "infer", "to_image")


def time_runs(session: Any, image: Any, runs: int, seconds: float) -> dict[str, list[float]]:
    """Return the milliseconds of each run by stage, of at least `runs` runs and `seconds` s.

    The instruments are four readings of the clock in each run.
    """
    encode: list[float] = []
    infer: list[float] = []
    decode: list[float] = []
    clock = time.perf_counter_ns
    end_ns = clock() + round(seconds * 1e9)
    while len(infer) < runs or clock() < end_ns:
        start = clock()
        tensor = session.to_tensor(image)
        encoded = clock()
        output = session.infer(tensor)
        inferred = clock()
        session.to_image(output)
        done = clock()
        encode.append((encoded - start) / 1e6)
        infer.append((inferred - encoded) / 1e6)
        decode.append((done - inferred) / 1e6)
    return dict(zip(STAGES, (encode, infer, decode), strict=True))


def instrument_cost_ms(runs: int = 20000) -> float:
    """Measure the time that the instruments add to a stage: the median for a call that does nothing."""
    return sorted(time_runs(_IdleSession(), None, runs, 0)["infer"])[runs // 2]


class _IdleSession:
    def to_tensor(self, image: Any) -> Any:
        return image

    infer = to_image = to_tensor
