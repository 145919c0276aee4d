"""Trains on several devices of one or many machines: splits the batch and copies everything else to each device.

JAX does the work: `keras.distribution.DataParallel` puts every variable on all devices, and `jax.jit` sums over the
whole batch. So the number of workers does not change a run, except for the order of additions.
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

HEARTBEAT_S = 30  # a worker that is silent for longer counts as dead
SUPERVISED = "FACETOON_SUPERVISED"  # set in a worker's child process, which trains


def supervise(arguments: list[str]) -> int:
    """Run this worker in a child process. Returns its exit status, or 1 with a sentence when a signal ended it.

    After a missed heartbeat a thread of JAX aborts its process with a stack trace. Nothing in that process can stop it.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "facetoon.training", *arguments],
        stdin=subprocess.PIPE,
        env={**os.environ, SUPERVISED: "1"},
    )
    try:
        status = child.wait()
    except KeyboardInterrupt:  # the terminal sends the signal to the child as well
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
    sys.stderr.write(f"\ntoon-train: {reason}; repeat the commands to continue from the last checkpoint.\n")
    return 1


def end_with_supervisor() -> None:
    """End this child process when its supervisor ends, even if the supervisor was killed."""

    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin: a thread that waits in it breaks Python's shutdown
            pass
        os._exit(1)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()


def join(coordinator: str, workers: int, worker: int) -> None:
    """Make this process worker number `worker` of `workers`. Blocks until all have connected, at most five minutes.

    Call it before any computation. Raises InputError for impossible numbers, or when a worker does not connect.
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
    """Report it when another worker has died, and end with status 1.

    The process ends at once, because JAX's own shutdown would wait for the dead worker and abort with a stack trace.
    """
    import jax

    try:
        yield
    except RuntimeError as error:  # JaxRuntimeError, or the RuntimeError that NumPy raises from it
        if jax.process_count() == 1:
            raise
        reason = str(error).splitlines()[0]
        sys.stderr.write(
            f"\ntoon-train: another worker is gone ({reason}); repeat the commands to continue {run} from its last "
            "checkpoint.\n"
        )
        sys.stderr.flush()
        os._exit(1)


def spread() -> None:
    """Place all variables that are built from now on onto all devices of all workers, if there are several."""
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
    """Return (sharding of a batch, sharding of everything else), or None on a single device."""
    import keras

    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    from jax.sharding import NamedSharding, PartitionSpec

    mesh = distribution.device_mesh.backend_mesh
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names[0])), NamedSharding(mesh, PartitionSpec())


def own_rows(batch: Any) -> Any:
    """Return the rows of a whole batch that this worker trains on."""
    import keras

    if keras.distribution.distribution() is None:
        return batch
    import jax

    count, worker, workers = len(batch), jax.process_index(), jax.process_count()
    return batch[worker * count // workers : (worker + 1) * count // workers]


def check_batch(batch_size: int) -> None:
    """Raise InputError for a batch that cannot be split evenly over the devices."""
    import keras

    if keras.distribution.distribution() is None:
        return
    import jax

    if batch_size % jax.device_count():
        raise InputError(f"A batch of {batch_size} cannot be split evenly over {jax.device_count()} devices.")
