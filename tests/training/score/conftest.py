from __future__ import annotations

from pathlib import Path

import pytest

from facetoon.edge_runtime.model_files.tailed_file import read_tailed

TINY = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def foreign_files(tmp_path_factory):
    """tiny-32.tflite and .onnx without their specs, as another project's files that do not say their range."""
    pytest.importorskip("onnxruntime")
    root, paths = tmp_path_factory.mktemp("foreign"), []
    for name in ("tiny-32.tflite", "tiny-32.onnx"):
        parts = read_tailed(TINY / name)
        paths.append(root / f"other{Path(name).suffix}")
        paths[-1].write_bytes(parts[0])
    return paths


@pytest.fixture(scope="session")
def segment_file(tmp_path_factory):
    """A segment net: red is skin (1), dark is hair (17), all else background."""
    tf = pytest.importorskip("tensorflow")

    @tf.function(input_signature=[tf.TensorSpec((1, 256, 256, 3), tf.float32)])
    def classes(picture):
        red, dark = picture[..., 0] - picture[..., 2] > 0.2, tf.reduce_max(picture, -1) < 0.3
        return tf.cast(red, tf.float32) + 17 * tf.cast(dark, tf.float32)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([classes.get_concrete_function()])
    path = tmp_path_factory.mktemp("segments") / "segments.tflite"
    path.write_bytes(converter.convert())
    return path
