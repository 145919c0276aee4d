from __future__ import annotations

import pytest

from facetoon.edge_runtime.__main__ import build_parser
from facetoon.edge_runtime.service.unheeded import SIZE_PX, unheeded
from facetoon.edge_runtime.sources.source import open_source


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", ""),
        ("--size 320x240", "--size has no effect: the source is no camera."),
        ("--rate 25", "--rate has no effect: the source has its own times."),
        ("--overwrite", "--overwrite has no effect: there is no --record."),
        ("--overwrite --record a.mp4", ""),
        (
            "--record a.mp4 --record-minutes 5 --over",
            "--overwrite has no effect: files of --record-minutes go on.",
        ),
        ("--record-minutes 5", "--record-minutes has no effect: there is no --record."),
        ("--record a.mp4 --record-keep 3", "--record-keep has no effect: there is no --record-minutes."),
        (
            "--headless --record a.mp4 --recordings .",
            "--gallery has no effect: --headless has no page that takes pictures.",
        ),
        ("--keep-days 3", "--keep-days has no effect: there is no --gallery."),
    ],
)
def test_a_flag_without_effect_is_named(flags, expected):
    assert " ".join(unheeded(build_parser().parse_args(flags.split()), open_source("demo"))) == expected


def test_it_knows_the_default_size():
    assert build_parser().parse_args([]).size == SIZE_PX
