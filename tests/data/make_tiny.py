"""Make the tiny generators that the fast tests run; wants the `dev` extra.

    python tests/data/make_tiny.py

tiny-32 (int8 .tflite, float .onnx) is one 1x1 convolution with fixed weights: red, green and blue of the result are
blue, inverted red and green of the picture. So a test can tell what came out of the model, and whether colours were
swapped on the way. tiny-32-styles (float, both kinds) has a style input: "plain" gives the picture, "inverted" its
negative, and a mix lies between them. tiny-32-matte (int8 .tflite, float .onnx) is tiny-32 with a matte: its fourth
channel is the picture's green.
"""

from pathlib import Path

import keras
import numpy as np

from facetoon.convert.formats.bake import batch_of_one
from facetoon.convert.formats.quantization import find_recipe
from facetoon.convert.formats.to_onnx import to_onnx
from facetoon.convert.formats.to_tflite import to_tflite
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.spec import ModelSpec, write_model

SIZE_PX = 32
WEIGHTS = np.array([[0, -1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], np.float32)  # row: colour in, column: channel out


def main() -> None:
    """Write the files beside this one."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3), batch_size=1, name="image")
    plain, with_matte = (convolution(image, channels) for channels in (3, 4))
    # Every grey level once in each colour: the ranges become exactly -1..1.
    levels = np.resize(np.arange(256, dtype=np.uint8), SIZE_PX * SIZE_PX).reshape(1, SIZE_PX, SIZE_PX, 1)
    recipe = find_recipe("static_wi8_ai8")
    sample, in_float = Sample(np.repeat(levels, 3, axis=3), ""), find_recipe("float32")
    write("tiny-32.tflite", to_tflite(batch_of_one(plain), recipe, sample), ("inverted",), recipe.name)
    write("tiny-32.onnx", to_onnx(batch_of_one(plain), in_float, sample), ("inverted",))
    write("tiny-32-matte.tflite", to_tflite(batch_of_one(with_matte), recipe, sample), ("inverted",), recipe.name, True)
    write("tiny-32-matte.onnx", to_onnx(batch_of_one(with_matte), in_float, sample), ("inverted",), matte=True)
    style = keras.Input((2,), batch_size=1, name="style")
    gain = keras.layers.Dense(3, use_bias=False, name="gain")
    styled = keras.Model([image, style], image * keras.layers.Reshape((1, 1, 3))(gain(style)), name="tiny_styles")
    gain.set_weights([np.array([[1.0] * 3, [-1.0] * 3], np.float32)])
    styles = ("plain", "inverted")
    write("tiny-32-styles.tflite", to_tflite(batch_of_one(styled), in_float, sample), styles)
    write("tiny-32-styles.onnx", to_onnx(batch_of_one(styled), in_float, sample), styles)


def convolution(image: keras.KerasTensor, channels: int) -> keras.Model:
    """Make the network of the first columns of WEIGHTS."""
    layer = keras.layers.Conv2D(channels, 1, use_bias=False, name="colours")
    model = keras.Model(image, layer(image), name="tiny")
    layer.set_weights([WEIGHTS[np.newaxis, np.newaxis, :, :channels]])
    return model


def write(name: str, model: bytes, styles: tuple[str, ...], recipe: str = "float32", matte: bool = False) -> None:
    """Write one model file with its spec."""
    spec = ModelSpec(
        name=name.partition(".")[0],
        direction="photo to cartoon",
        recipe=recipe,
        framing=Framing(),
        styles=styles,
        matte=matte,
        data_sources=("none: fixed weights",),
        licence="Apache-2.0",
    )
    write_model(Path(__file__).with_name(name), model, spec)


if __name__ == "__main__":
    main()
