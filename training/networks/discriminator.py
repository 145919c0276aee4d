"""PatchGAN discriminators (Isola et al. 2017): one real-or-fake score for each of many overlapping patches."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from facetoon.training.networks.teacher import InstanceNorm, normal
from facetoon.training.recipes.parts import DiscriminatorRecipe


def build_discriminator(discriminator: DiscriminatorRecipe, size_px: int, name: str, styles: int = 0) -> keras.Model:
    """Build the network: pictures (batch, size_px, size_px, 3), float -1..1, to unbounded scores.

    Each scale gives patch scores (batch, n, n, 1), and with `cam` also its head's scores (batch, 2). The output is a
    tensor, or a list of several. With `styles` above 0 the network takes [pictures, style]; the style (batch, styles)
    becomes planes beside the colours.
    """
    inputs = keras.Input((size_px, size_px, 3), name="image")
    x: Any = inputs
    if styles:
        style = keras.Input((styles,), name="style")
        inputs = [inputs, style]
        x = layers.Concatenate()([x, layers.UpSampling2D(size_px)(layers.Reshape((1, 1, styles))(style))])
    outputs = _patch_scores(x, discriminator)
    if discriminator.scales == 2:
        outputs += _patch_scores(layers.AveragePooling2D(2)(x), discriminator)
    return keras.Model(inputs, outputs[0] if len(outputs) == 1 else outputs, name=name)


def _patch_scores(x: Any, d: DiscriminatorRecipe) -> list[Any]:
    normed = d.norm == "instance"
    for index in range(d.layers):
        x = _conv(x, d.filters * 2**index, d, stride=2)
        x = InstanceNorm()(x) if index and normed else x  # no norm on the first: it would hide colour
        x = layers.LeakyReLU(0.2)(x)
    x = _conv(x, d.filters * 2**d.layers, d, bias=not normed)
    x = layers.LeakyReLU(0.2)(InstanceNorm()(x) if normed else x)
    heads = []
    if d.cam:
        x, logits = ClassActivationMap()(x)
        heads = [layers.Activation("linear", dtype="float32")(logits)]
        x = layers.LeakyReLU(0.2)(_conv(x, d.filters * 2**d.layers, d, kernel=1))
    return [_conv(x, 1, d, dtype="float32"), *heads]


def _conv(
    x: Any, filters: int, d: DiscriminatorRecipe, stride: int = 1, kernel: int = 4, bias: bool = True, dtype: Any = None
) -> Any:
    layer = SpectralConv2D if d.spectral_norm else layers.Conv2D
    same = {"padding": "same", "kernel_initializer": normal(), "use_bias": bias, "dtype": dtype}
    return layer(filters, kernel, stride, **same)(x)


class SpectralConv2D(layers.Conv2D):
    """Convolution whose kernel is divided by its largest singular value (Miyato et al. 2018), by power iteration.

    Keras's own wrapper overwrites the trained kernel with the divided one, so the optimizer and the traced gradient see
    different kernels under TensorFlow and JAX. Here the gradient passes through the division, as in the paper.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make kernel, bias and the left singular vector."""
        super().build(input_shape)
        start = keras.initializers.RandomNormal()
        self.vector = self.add_weight(shape=(1, self.filters), initializer=start, trainable=False, name="vector")

    def call(self, x: Any, training: bool = False) -> Any:
        """Convolve. In training, also advance the singular vector by one iteration."""
        kernel = ops.cast(self.kernel, "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        flat = ops.stop_gradient(matrix)
        vector = ops.convert_to_tensor(self.vector, "float32")
        right = _unit(ops.matmul(vector, ops.transpose(flat)))
        if training:
            vector = _unit(ops.matmul(right, flat))
            self.vector.assign(vector)
        vector = ops.stop_gradient(vector)
        largest = ops.sum(ops.matmul(ops.stop_gradient(right), matrix) * vector)
        kernel = ops.cast(kernel / largest, x.dtype)
        y = ops.conv(x, kernel, strides=self.strides, padding=self.padding)
        return y + ops.cast(self.bias, y.dtype) if self.use_bias else y


class ClassActivationMap(layers.Layer):
    """U-GAT-IT's head (Kim et al. 2020): it classifies pooled features, and its weights scale the feature maps.

    Maps (batch, h, w, c) to features (batch, h, w, 2c), for average and for maximum pooling, and logits (batch, 2).
    Each weight vector is scaled to length 1, which makes its spectral norm 1.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make one weight vector for each pooling."""
        shape = (2, input_shape[-1])
        self.importance = self.add_weight(shape=shape, initializer="glorot_uniform", name="importance")

    def call(self, x: Any) -> tuple[Any, Any]:
        """Return the scaled features and the logits."""
        weights = ops.cast(_unit(ops.cast(self.importance, "float32")), x.dtype)
        pooled = ops.stack([ops.mean(x, axis=(1, 2)), ops.max(x, axis=(1, 2))], axis=1)
        return ops.concatenate([x * weights[0], x * weights[1]], axis=-1), ops.sum(pooled * weights, axis=-1)


def _unit(rows: Any) -> Any:
    """Scale each row to length 1."""
    return rows * ops.rsqrt(ops.sum(ops.square(rows), axis=-1, keepdims=True) + 1e-12)
