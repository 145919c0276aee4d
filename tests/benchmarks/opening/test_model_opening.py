import shutil
from pathlib import Path

import pytest

from facetoon.benchmarks.opening.model_opening import is_ours
from facetoon.benchmarks.opening.variant import variants_of
from facetoon.edge_runtime.errors import InputError

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("name", ["tiny-32.tflite", "tiny-32.onnx"])
def test_the_spec_in_a_file_makes_it_ours_and_not_its_name(stripped, tmp_path, name):
    copy = Path(shutil.copy(DATA / name, tmp_path / f"face-tracker{Path(name).suffix}"))
    assert is_ours(copy)
    theirs = stripped(name)
    assert not is_ours(theirs.rename(tmp_path / f"facetoon-{name}"))


def test_words_in_a_foreign_onnx_file_are_no_spec(stripped):
    onnx = pytest.importorskip("onnx", reason="needs pip install 'facetoon[train]'")
    path = stripped("tiny-32.onnx")
    model = onnx.load(str(path))
    model.doc_string = 'made for facetoon, whose spec has a "framing"'
    onnx.save(model, str(path))
    assert not is_ours(path)


@pytest.mark.parametrize(
    ("name", "words"), [("model.txt", "is not a model file"), ("none.tflite", "cannot be read"), ("none.onnx", "read")]
)
def test_what_is_no_model_file_is_refused(tmp_path, name, words):
    with pytest.raises(InputError, match=words):
        is_ours(tmp_path / name)


def test_each_runtime_of_the_kind_runs_with_each_number_of_threads():
    labels = [one.label for one in variants_of(Path("a.tflite"), ("tflite-runtime", "onnxruntime", "litert"), [1, 2])]
    assert labels == [
        "tflite-runtime, 1 thread",
        "tflite-runtime, 2 threads",
        "tflite-runtime, 1 thread, XNNPACK off",
        "litert, 1 thread",
        "litert, 2 threads",
        "litert, 1 thread, XNNPACK off",
    ]
    assert [one.label for one in variants_of(Path("a.onnx"), ("onnxruntime",), [2])] == ["onnxruntime, 2 threads"]
    with pytest.raises(InputError, match="runs on onnxruntime, which is not among litert"):
        variants_of(Path("a.onnx"), ("litert",), [1])
