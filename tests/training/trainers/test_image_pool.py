from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.trainers.image_pool import ImagePool


def test_image_pool_gives_old_fakes_and_restores_exactly():
    pool = ImagePool(4, 2, seed=1)
    batches = [np.full((3, 2, 2, 3), level, np.float32) for level in range(40)]
    for batch in batches[:21]:
        pool.exchange(batch)
    twin = ImagePool(4, 2, seed=99)
    twin.restore("p", pool.state("p"))
    answers = [(pool.exchange(batch), twin.exchange(batch)) for batch in batches[21:]]
    assert len(answers) == 19
    assert all(np.array_equal(a, b) for a, b in answers)
    assert any(not np.array_equal(a, batch) for (a, _), batch in zip(answers, batches[21:], strict=True))
