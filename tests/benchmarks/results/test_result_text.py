from facetoon.benchmarks.results.result_text import result_text


def test_terminal_text_lists_every_variant_and_stage(result):
    text = result_text(result)
    for word in ("litert, 1 thread", "litert, 4 threads", "frame", "38.5 frames/s", "61.3 C before"):
        assert word in text
