from __future__ import annotations

import threading
import time

from facetoon.edge_runtime.playing.slot import Slot


def test_lossless_slot_makes_the_giver_wait(wait_until):
    slot = Slot(lossless=True)
    numbers = []

    def give():
        for n in (1, 2, 3):
            slot.put(n)
            numbers.append(n)
        slot.close()

    giver = threading.Thread(target=give)
    giver.start()
    wait_until(lambda: numbers == [1])
    time.sleep(0.05)
    assert numbers == [1]
    assert [slot.take(), slot.take(), slot.take(), slot.take()] == [1, 2, 3, None]
    giver.join()
    assert slot.dropped == 0
