"""Takes gradients and compiles steps on TensorFlow and JAX. No other module depends on the back-end.

All other code is Keras 3. A step is written once with Keras variables, as if it ran eagerly. JAX arrays cannot be
changed in place, so under JAX the step is traced inside a `keras.StatelessScope` that carries the variables through
`jax.jit`, as in Keras's own JAX trainer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from facetoon.edge_runtime.errors import InputError
from facetoon.training.engine import cluster

EXTRAS = {"tensorflow": "train", "jax": "jax"}
"""The extra of this package that brings each back-end."""


def select_backend(name: str) -> None:
    """Choose the Keras back-end and silence TensorFlow's start-up lines. Call it before the first import of keras."""
    if name not in EXTRAS:
        raise InputError(f"There is no back-end {name}; choose tensorflow or jax.")
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def started_backend(name: str) -> Iterator[None]:
    """Select and import the back-end; the block imports the modules that need it.

    Raises InputError with the name of the extra when the back-end or a library that the block imports is missing.
    """
    select_backend(name)
    try:
        import keras  # noqa: F401  imports the back-end too

        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == "facetoon":
            raise  # a defect of the kit, not of the installation
        raise InputError(f"{library} is missing: pip install 'facetoon[{EXTRAS[name]}]' brings it.") from None


_scopes: list[Any] = []  # the StatelessScope of the JAX step being traced, innermost last


def value_and_grad(loss_fn: Callable[[], tuple[Any, Any]], variables: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
    """Return (loss, extras, gradients by `variables`) of `loss_fn() -> (loss, extras)`. Call it in a compiled step."""
    import keras

    if keras.backend.backend() == "jax":
        return _jax_value_and_grad(loss_fn, variables)
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for variable in variables:
            tape.watch(variable.value)
        loss, extras = loss_fn()
    return loss, extras, tape.gradient(loss, [variable.value for variable in variables])


def _jax_value_and_grad(loss_fn: Callable[[], tuple[Any, Any]], variables: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
    import jax
    import keras

    outer, everything = _scopes[-1]
    current = [(v, outer.get_current_value(v)) for v in everything]
    chosen = {id(v) for v in variables}

    def pure(values: list[Any]) -> tuple[Any, Any]:
        mapping = [(v, value) for v, value in current if id(v) not in chosen]
        with keras.StatelessScope(state_mapping=mapping + list(zip(variables, values, strict=True))) as scope:
            loss, extras = loss_fn()
        updates = [scope.get_current_value(v) for v, _ in mapping]  # such as batch statistics
        return loss, (extras, updates)

    values = [outer.get_current_value(v) for v in variables]
    (loss, (extras, updates)), gradients = jax.value_and_grad(pure, has_aux=True)(values)
    for (variable, _), update in zip([c for c in current if id(c[0]) not in chosen], updates, strict=True):
        variable.assign(update)
    return loss, extras, gradients


def input_gradient(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Return the gradient of the scalar `function(inputs)` by `inputs`, also inside the loss of `value_and_grad`.

    `function` must assign no variable, so it must call networks with training=False.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(function)(inputs)
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        output = function(inputs)
    return tape.gradient(output, inputs)


def compile_step(step: Callable[..., Any], variables: Sequence[Any], jit_compile: bool = False) -> Callable[..., Any]:
    """Compile `step(*arrays) -> tensors`, which may read and assign `variables` and no others.

    `jit_compile` is for TensorFlow: JAX always compiles.
    """
    import keras

    if keras.backend.backend() == "jax":
        return _jax_compile(step, variables)
    import tensorflow as tf

    return tf.function(step, jit_compile=jit_compile or None)


def _jax_compile(step: Callable[..., Any], variables: Sequence[Any]) -> Callable[..., Any]:
    import jax
    import keras

    layouts = cluster.layouts()

    @partial(jax.jit, out_shardings=layouts and layouts[1])  # type: ignore[untyped-decorator]
    def pure(values: list[Any], *batch: Any) -> tuple[Any, list[Any]]:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
            _scopes.append((scope, variables))
            try:
                outputs = step(*batch)
            finally:
                _scopes.pop()
            return outputs, [scope.get_current_value(v) for v in variables]

    def run(*batch: Any) -> Any:
        if layouts:
            batch = tuple(jax.make_array_from_process_local_data(layouts[0], array) for array in batch)
        outputs, values = pure([v.value for v in variables], *batch)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return outputs

    return run
