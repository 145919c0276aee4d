import re

from facetoon.benchmarks.results.heat_record import Slice, Sustained
from facetoon.benchmarks.results.result_page import html_page, sustained_plot
from facetoon.benchmarks.results.result_table import EMULATED


def test_the_page_needs_no_other_file(result, emulated):
    page = html_page([result, emulated])
    assert "<svg" in page
    assert EMULATED in page
    assert not re.search(r'(src|href)="?https?:', page)
    assert "no measured device" in html_page([emulated]).lower()


def test_the_plot_shows_only_what_the_device_tells(result):
    slices = [Slice(float(n), 50.0 - n, 20.0, None, 1500, None) for n in range(5)]
    svg = sustained_plot(Sustained(result.device, "anime", "litert, 1 thread", slices))
    assert "MHz" in svg
    assert "°C" not in svg
