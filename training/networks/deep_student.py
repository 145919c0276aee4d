"""The deep student: 256 px in and out at little more than twice the time of the plain student at 128 px.

Its blocks work at an eighth of the size, where a kernel of 5 sees 40 px and ten blocks see a whole face. Skips from a
half and a quarter of the size (Ronneberger et al. 2015, added as in He et al. 2016 rather than joined) keep its lines
in place. It is made of the same operations as the plain student. A fourth output channel is the matte of the head.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.student import (
    ClipUnit,
    DepthToSpace,
    SpaceToDepth,
    build_student,
    conv,
    depthwise,
)
from facetoon.training.recipes.parts import StudentRecipe
from facetoon.training.recipes.recipe import Recipe

SMALLEST_SIDE = 8  # the blocks work at an eighth of the size


def build_student_of(recipe: Recipe, styles: int = 0) -> keras.Model:
    """Build the recipe's kind of student; see `build_student` and `build_deep_student`."""
    if recipe.student.kind == "deep":
        return build_deep_student(recipe.data.size_px, recipe.student, styles)
    if recipe.student.matte:
        raise InputError('Only a student of kind "deep" has a matte: set student.kind="deep" or student.matte=false.')
    return build_student(recipe.data.size_px, recipe.student, styles)


def build_deep_student(size_px: int, student: StudentRecipe, styles: int = 0) -> keras.Model:
    """Build a generator: pictures (batch, size_px, size_px, 3), float -1..1, to cartoons of the same size and range.

    The output has a fourth channel with `student.matte`: -1 outside the head, 1 inside. With `styles` above 0 the
    generator takes [pictures, style]; the style (batch, styles) holds shares that sum to 1. Raises InputError for
    impossible sizes.
    """
    widths = (student.stem_filters, student.middle_filters, student.filters)
    if size_px % SMALLEST_SIDE or any(width % 16 for width in widths):
        raise InputError(
            f"A deep student of {size_px} px with {', '.join(map(str, widths))} filters is impossible: "
            "the size must be a multiple of 8 and the filters of 16."
        )
    image = keras.Input((size_px, size_px, 3), name="image")
    style = keras.Input((styles,), name="style") if styles else None
    half = conv(SpaceToDepth()(image), widths[0], 3)
    # 2x2 convolutions see every value. Depthwise ones of stride 2 left the trunk 48 numbers for 64 pixels.
    quarter = conv(half, widths[1], 2, style=style, stride=2)
    x = conv(quarter, widths[2], 2, style=style, stride=2)
    for block in range(student.blocks):
        styled = (block + 1) % student.style_every == 0
        y = conv(depthwise(x, kernel=student.kernel), widths[2], 1, style=style if styled else None)
        x = layers.Add()([x, conv(y, widths[2], 1, relu=False)])
    x = _up(x, quarter, style)
    x = _up(x, half, style)
    channels = 4 if student.matte else 3
    x = layers.Conv2D(4 * channels, 3, padding="same")(x)
    return keras.Model(image if style is None else [image, style], DepthToSpace()(ClipUnit()(x)), name="student")


def _up(x: Any, skip: Any, style: Any) -> Any:
    """Double the size of `x`, add it to the skip and work on the sum. The style comes last, so that it colours both.

    A sub-pixel convolution (Shi et al. 2016) gives each of the four pixels values of its own. Interpolation left the
    trunk too few to draw what the photograph does not have in that place, such as a larger eye.
    """
    width = skip.shape[-1]
    larger = DepthToSpace()(conv(x, 4 * width, 1, relu=False))
    return conv(depthwise(layers.Add()([larger, skip])), width, 1, style=style)
