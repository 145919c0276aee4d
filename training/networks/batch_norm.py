"""Batch normalization (Ioffe and Szegedy 2015) at the speed of TensorFlow's fused kernel."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("facetoon")
class FusedBatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis, which trains three times as fast on a CPU.

    Keras 3 normalizes a batch by a dozen separate operations, and their gradients took half of a student's step. Other
    back-ends compile those operations into one, so there Keras's own way stays.
    """

    settled = False
    """Whether training uses the moving statistics, as inference does. They then stay as they are, and `gamma` too."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize (batch, height, width, channels), by the statistics of the batch while the layer trains."""
        learns = training and self.trainable
        if learns and self.settled:
            return self._settled(inputs)
        if not learns or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        output, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )
        count = ops.cast(ops.size(inputs) // inputs.shape[-1], variance.dtype)
        variance = variance * (count - 1) / count  # the kernel divides by count - 1, Keras by count
        self.moving_mean.assign(self.momentum * self.moving_mean + (1 - self.momentum) * mean)
        self.moving_variance.assign(self.momentum * self.moving_variance + (1 - self.momentum) * variance)
        return output

    def _settled(self, inputs: Any) -> Any:
        scale = ops.stop_gradient(self.gamma * ops.rsqrt(self.moving_variance + self.epsilon))
        shift = self.beta - self.moving_mean * scale + 0.0 * self.gamma  # optimizers want a gradient of every variable
        if keras.backend.backend() != "tensorflow":
            return inputs * scale + shift
        import tensorflow as tf

        return tf.nn.bias_add(inputs * scale, shift)  # whose gradient is one kernel, not a sum over a broadcast
