from __future__ import annotations

import sys
import time

import pytest

from facetoon.edge_runtime.control.gpio_button import BOUNCE_S, pressed_by
from facetoon.edge_runtime.errors import InputError


@pytest.fixture
def pins(monkeypatch):
    """gpiozero's own pins without a board."""
    gpiozero = pytest.importorskip("gpiozero", reason="pip install 'facetoon[gpio]'")
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


@pytest.mark.parametrize("pin", ["17", "GPIO17", "BOARD11"])
def test_each_press_counts_once_until_the_end(pins, pin, wait_until):
    presses = []
    with pressed_by(pin, lambda: presses.append(1)):
        for count in (1, 2):
            pins.pin(17).drive_low()
            wait_until(lambda count=count: len(presses) == count)
            pins.pin(17).drive_high()
            wait_until(lambda: pins.pin(17).state)
            time.sleep(2 * BOUNCE_S)  # presses within a bounce time are one
    assert pins.pin(17).function == "input"
    with pressed_by(pin, lambda: None):  # the pin is free again
        pass


@pytest.mark.parametrize("pin", ["99", "nose", ""])
def test_a_pin_that_is_none_is_one_sentence(pins, pin):
    with pytest.raises(InputError, match="cannot be used for a button"), pressed_by(pin, print):
        pass


def test_without_gpiozero_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(InputError, match=r"facetoon\[gpio\]"), pressed_by("17", print):
        pass
