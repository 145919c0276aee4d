import pytest

from facetoon.benchmarks.boards.anchor_nets import mobilenet_v1, mobilenet_v2
from facetoon.benchmarks.boards.projection import ANCHORS, GMAC_PER_S, estimates
from facetoon.benchmarks.roofline.operator_counts import count_ops


@pytest.mark.parametrize(("build", "published"), [(mobilenet_v1, 569), (mobilenet_v2, 300)])
def test_the_anchor_nets_have_the_published_counts(build, published):
    assert sum(op.macs for op in count_ops(build())) / 1e6 == pytest.approx(published, rel=0.005)


def test_a_projection_is_a_range_over_its_anchors():
    found = estimates("pi4", {"v1": 0.5, "v2": 0.75}, 120_000_000)
    assert [round(ms, 2) for ms, _ in found] == [5.06, 10.0, 12.0, 12.75]
    assert all(why for _, why in found)
    assert set(ANCHORS) == set(GMAC_PER_S)
