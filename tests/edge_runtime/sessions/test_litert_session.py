from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("ai_edge_litert")

from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.spec import read_model


def test_models_that_open_at_once_leave_standard_error_as_it_was(tiny_model):
    model, before = read_model(tiny_model)[0], os.fstat(2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: open_interpreter(model, "tiny", "litert", 1), range(400)))
    assert os.path.samestat(os.fstat(2), before)
