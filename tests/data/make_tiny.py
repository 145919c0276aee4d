"""Make tiny-32.tflite, the int8 generator that the fast edge tests run; wants the `convert` extra.

    python tests/data/make_tiny.py

One 1x1 convolution with fixed weights: red, green and blue of the result are blue, inverted red and green of the
picture. So a test can tell what came out of the model, and whether colours were swapped on the way.
"""

from pathlib import Path

import keras
import numpy as np

from convert.recipes import find_recipe
from convert.to_tflite import to_tflite
from edge_runtime.framing import Framing
from edge_runtime.spec import ModelSpec, write_model

SIZE_PX = 32
WEIGHTS = np.array([[0, -1, 0], [0, 0, 1], [1, 0, 0]], np.float32)  # row: colour in, column: colour out


def main() -> None:
    """Write the file beside this one."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    convolution = keras.layers.Conv2D(3, 1, use_bias=False, name="colours")
    generator = keras.Model(image, convolution(image), name="tiny")
    convolution.set_weights([WEIGHTS[np.newaxis, np.newaxis]])
    # Every grey level once in each colour: the ranges become exactly -1..1.
    levels = np.resize(np.arange(256, dtype=np.uint8), SIZE_PX * SIZE_PX).reshape(1, SIZE_PX, SIZE_PX, 1)
    recipe = find_recipe("static_wi8_ai8")
    spec = ModelSpec(
        name="tiny-32",
        direction="photo to cartoon",
        recipe=recipe.name,
        framing=Framing(),
        styles=("inverted",),
        data_sources=("none: fixed weights",),
        licence="Apache-2.0",
    )
    path = Path(__file__).with_name("tiny-32.tflite")
    write_model(path, to_tflite(generator, recipe, np.repeat(levels, 3, axis=3)), spec)


if __name__ == "__main__":
    main()
