"""A real button on a GPIO pin, by gpiozero, which Raspberry Pi OS brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from facetoon.edge_runtime.errors import InputError

BOUNCE_S = 0.05


@contextmanager
def pressed_by(pin: str, press: Callable[[], None]) -> Iterator[None]:
    """Call `press` at each press of a button between `pin` and ground, inside the block.

    A pin is written as gpiozero takes it: 17, GPIO17, BOARD11. Raises InputError without gpiozero, and for a pin that
    cannot be used.
    """
    try:
        import gpiozero
    except ImportError:
        raise InputError("A button needs gpiozero: pip install 'facetoon[gpio]'.") from None
    try:
        button = gpiozero.Button(int(pin) if pin.isdecimal() else pin, pull_up=True, bounce_time=BOUNCE_S)
    except (gpiozero.GPIOZeroError, OSError) as error:
        raise InputError(f"The pin {pin} cannot be used for a button: {str(error).rstrip('.')}.") from None
    button.when_pressed = press
    try:
        yield
    finally:
        button.close()
