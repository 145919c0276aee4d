"""Several devices, on one machine or many: the batch is split over them, everything else is alike everywhere.

The engine is JAX's own: `keras.distribution.DataParallel` lays every variable on all devices, and `jax.jit` makes the
sums over the whole batch. So a run is the same run on any number of workers, up to the order of additions.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError

HEARTBEAT_S = 30  # a worker not heard of for so long is dead
SUPERVISED = "FACETOON_SUPERVISED"  # set in the child process that does a worker's work


def supervise(arguments: list[str]) -> int:
    """Do this worker's work in a child process; returns its exit status, or 1 with a sentence when a signal ended it.

    A missed heartbeat makes a thread of JAX abort its process with a stack trace, and nothing inside can prevent it.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "facetoon.training", *arguments],
        stdin=subprocess.PIPE,
        env={**os.environ, SUPERVISED: "1"},
    )
    try:
        status = child.wait()
    except KeyboardInterrupt:  # the terminal has told the child as well
        status = child.wait()
    finally:
        assert child.stdin
        child.stdin.close()
    if status >= 0:
        return status
    if -status == signal.SIGABRT:
        reason = "another worker is gone, and JAX has given up"
    else:
        reason = f"this worker was ended by signal {-status} ({signal.strsignal(-status)})"
    sys.stderr.write(f"\ntoon-train: {reason}; the same commands go on from the last checkpoint.\n")
    return 1


def end_with_supervisor() -> None:
    """End this child process at once when the one that watches it is gone, however that was killed."""

    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin: a thread waiting in it breaks Python's own end
            pass
        os._exit(1)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()


def join(coordinator: str, workers: int, worker: int) -> None:
    """Make this process worker number `worker` of `workers`; blocks until all have come, at most five minutes.

    Must come before any computation. Raises InputError for impossible numbers or when the others do not come.
    """
    import jax

    if not 0 <= worker < workers or ":" not in coordinator:
        raise InputError(f"--worker must be from 0 to {workers - 1}, and --coordinator HOST:PORT.")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(coordinator, workers, worker, heartbeat_timeout_seconds=HEARTBEAT_S)
    except RuntimeError as error:
        raise InputError(f"The {workers} workers did not all come to {coordinator}: {error}.") from None


@contextmanager
def last_words(run: Path) -> Iterator[None]:
    """When another worker is gone, say so and end with status 1.

    The process ends at once: JAX's own farewell waits for the dead one, and aborts with a stack trace when it is late.
    """
    import jax

    try:
        yield
    except RuntimeError as error:  # JaxRuntimeError, and what NumPy makes of it
        if jax.process_count() == 1:
            raise
        reason = str(error).splitlines()[0]
        sys.stderr.write(
            f"\ntoon-train: another worker is gone ({reason}); the same commands go on from {run}'s last checkpoint.\n"
        )
        sys.stderr.flush()
        os._exit(1)


def spread() -> None:
    """Lay what is built from now on over all devices of all workers, when there are several."""
    import keras

    if keras.backend.backend() != "jax":
        return
    import jax

    if jax.device_count() > 1:
        parallel = keras.distribution.DataParallel(
            devices=keras.distribution.list_devices(jax.default_backend()), auto_shard_dataset=False
        )
        keras.distribution.set_distribution(parallel)


def layouts() -> tuple[Any, Any] | None:
    """(sharding of a batch, sharding of everything else), or None on a single device."""
    import keras

    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    from jax.sharding import NamedSharding, PartitionSpec

    mesh = distribution.device_mesh.backend_mesh
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names[0])), NamedSharding(mesh, PartitionSpec())


def own_rows(batch: Any) -> Any:
    """Of an array for the whole batch, the rows that this worker trains on."""
    import keras

    if keras.distribution.distribution() is None:
        return batch
    import jax

    count, worker, workers = len(batch), jax.process_index(), jax.process_count()
    return batch[worker * count // workers : (worker + 1) * count // workers]


def check_batch(batch_size: int) -> None:
    """Refuse a batch that cannot be split evenly."""
    import keras

    if keras.distribution.distribution() is None:
        return
    import jax

    if batch_size % jax.device_count():
        raise InputError(f"A batch of {batch_size} cannot be split evenly over {jax.device_count()} devices.")
