from __future__ import annotations

from facetoon.edge_runtime.cartoon.morph import StyleMorph


def test_a_morph_walks_from_what_is_shown():
    morph = StyleMorph()
    assert morph.at(0, {"ink": 1.0}, 2) == {"ink": 1.0}  # the first is shown at once
    assert morph.at(10, {"wash": 1.0}, 2) == {"ink": 1.0}
    assert morph.at(11, {"wash": 1.0}, 2) == {"ink": 0.5, "wash": 0.5}
    assert morph.at(11, {"ink": 1.0}, 2) == {"ink": 0.5, "wash": 0.5}
    assert morph.at(12, {"ink": 1.0}, 2) == {"ink": 0.75, "wash": 0.25}
    assert morph.at(13, {"ink": 1.0}, 2) == {"ink": 1.0}
    assert morph.at(14, {"wash": 1.0}, 0) == {"wash": 1.0}
