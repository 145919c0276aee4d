from __future__ import annotations

import pytest

pytest.importorskip("tensorboardX")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.runs.run_log import RunLog


@pytest.mark.parametrize("line", [b"words", b"\xff\xfe", b"[1]", b'{"loss": 1}', b'{"step": null}', b"[" * 100_000])
def test_garbage_in_the_metrics_is_one_sentence(tmp_path, line):
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 20}\n' + line + b"\n")
    with pytest.raises(InputError, match=r"Line 2 of .*metrics\.jsonl holds no metrics of a step"):
        RunLog(tmp_path, 20, writes=True)


def test_a_resumed_run_forgets_later_steps_and_half_a_line(tmp_path):
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 20}\n{"step": 40}\n{"st')
    RunLog(tmp_path, 20, writes=True).close()
    assert (tmp_path / "metrics.jsonl").read_bytes() == b'{"step": 20}\n'
