"""The only code that decodes, resizes, warps, scales, quantizes or changes the colour order of a picture.

Training, conversion, the device and the benchmarks all use it. A generator that runs on another resampling or value
range than it was trained on loses more than by quantization.

Pictures are uint8 arrays of shape (height, width, 3). Frames keep OpenCV's BGR from the camera to the encoder; networks
see RGB. A ``frame`` is BGR, an ``image`` is RGB. Other rooms import this room, not its modules: `from
facetoon.edge_runtime import pixels`.
"""

from facetoon.edge_runtime.pixels.arrays import Image, Layer, Mask, Tensor, check_image, swap_red_blue, turn
from facetoon.edge_runtime.pixels.blending import (
    blur,
    feather,
    layer,
    match_colours,
    mix,
    paste,
    split_view,
    spread,
    uncover,
)
from facetoon.edge_runtime.pixels.mattes import draw_in, soft_edge
from facetoon.edge_runtime.pixels.picture_codec import (
    decode_image,
    encode_jpeg,
    encode_png,
    on_white,
    write_animation,
)
from facetoon.edge_runtime.pixels.picture_headers import is_animated, picture_size, web_format
from facetoon.edge_runtime.pixels.picture_metadata import encode_picture, read_metadata
from facetoon.edge_runtime.pixels.resampling import (
    bend,
    cover,
    crop_scale,
    fit,
    resize,
    scale_to,
    square,
    to_grey,
    view,
    warp,
)
from facetoon.edge_runtime.pixels.sharpening import slopes
from facetoon.edge_runtime.pixels.tensors import (
    decode_table,
    encode_table,
    from_range,
    from_unit,
    to_image,
    to_matte,
    to_range,
    to_tensor,
    to_unit,
)

__all__ = [
    "Image",
    "Layer",
    "Mask",
    "Tensor",
    "bend",
    "blur",
    "check_image",
    "cover",
    "crop_scale",
    "decode_image",
    "decode_table",
    "draw_in",
    "encode_jpeg",
    "encode_picture",
    "encode_png",
    "encode_table",
    "feather",
    "fit",
    "from_range",
    "from_unit",
    "is_animated",
    "layer",
    "match_colours",
    "mix",
    "on_white",
    "paste",
    "picture_size",
    "read_metadata",
    "resize",
    "scale_to",
    "slopes",
    "soft_edge",
    "split_view",
    "spread",
    "square",
    "swap_red_blue",
    "to_grey",
    "to_image",
    "to_matte",
    "to_range",
    "to_tensor",
    "to_unit",
    "turn",
    "uncover",
    "view",
    "warp",
    "web_format",
    "write_animation",
]
