import xml.etree.ElementTree as ElementTree

import pytest

from facetoon.benchmarks.results.charts import Bars, bars_svg, lines_svg, ticks

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 200, [0, 50, 100, 150, 200]),
        (0, 0.31, [0, 0.1, 0.2, 0.3, 0.4]),
        (0, 85, [0, 50, 100]),
        (-3, 10, [-5, 0, 5, 10]),
        (0, 0, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
    ],
)
def test_ticks_are_round_and_enclose(low, high, expected):
    assert ticks(low, high) == expected


def test_bars_are_as_long_as_their_values_and_text_is_escaped():
    svg = bars_svg("<&>", ("a", "b"), [Bars("<one>", (1.0, 4.0)), Bars("two", (2.0, None))], "ms")
    root = ElementTree.fromstring(svg)
    bars = [float(rect.get("width")) for rect in root.iter(f"{SVG}rect") if rect.get("height") == "15"]
    assert [round(width / bars[0]) for width in bars] == [1, 4, 2]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"<&>", "<one>", "4 ms", "2 ms"} <= set(texts)


def test_lines_lie_on_their_scale_and_marks_at_their_time():
    root = ElementTree.fromstring(lines_svg("t", {"rate": [(0, 0), (5, 100), (10, 50)]}, "s", [(5, "here")]))
    (line,) = root.iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    y_of = {text.text: float(text.get("y")) - 4 for text in root.iter(f"{SVG}text") if text.get("text-anchor") == "end"}
    assert [y for _, y in points] == [y_of["0"], y_of["100"], pytest.approx((y_of["0"] + y_of["100"]) / 2)]
    (mark,) = (line for line in root.iter(f"{SVG}line") if line.get("stroke") == "#b00")
    assert float(mark.get("x1")) == points[1][0] == (points[0][0] + points[2][0]) / 2


def test_each_quantity_has_a_panel_of_its_own():
    svg = lines_svg("t", {"rate": [(0, 1)], "heat": [(0, -4)]}, "s")
    root = ElementTree.fromstring(svg)
    assert len(list(root.iter(f"{SVG}polyline"))) == 2
    assert "nan" not in svg
