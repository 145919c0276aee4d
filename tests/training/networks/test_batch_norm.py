"""The fused batch normalization is Keras's own, only faster."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from facetoon.training.engine.backend import value_and_grad
from facetoon.training.networks.batch_norm import FusedBatchNormalization


def test_it_trains_to_the_same_values_as_keras():
    images = np.random.default_rng(0).normal(1, 2, (4, 6, 6, 3)).astype(np.float32)
    results = []
    for kind in (layers.BatchNormalization, FusedBatchNormalization):
        layer = kind(momentum=0.5)
        layer.build(images.shape)
        layer.gamma.assign([1.0, 2.0, 3.0])
        variables = layer.trainable_variables

        def loss(layer=layer):
            return keras.ops.mean(keras.ops.abs(layer(images, training=True) - 0.5)), ()

        value, _, gradients = value_and_grad(loss, variables)
        results.append([value, *gradients, *layer.variables, layer(images, training=False)])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-4, atol=1e-5)


def test_a_frozen_layer_uses_and_keeps_its_statistics():
    images = np.random.default_rng(0).normal(1, 2, (4, 6, 6, 3)).astype(np.float32)
    layer = FusedBatchNormalization()
    layer.build(images.shape)
    layer.trainable = False
    np.testing.assert_allclose(np.asarray(layer(images, training=True)), images / np.sqrt(1 + layer.epsilon), rtol=1e-5)
    assert not np.asarray(layer.moving_mean).any()


def test_a_settled_layer_trains_by_its_moving_statistics():
    images = np.random.default_rng(0).normal(1, 2, (4, 6, 6, 3)).astype(np.float32)
    layer = FusedBatchNormalization()
    layer.build(images.shape)
    layer.moving_mean.assign([1.0, 0.0, -1.0])
    layer.moving_variance.assign([4.0, 1.0, 2.0])
    layer.settled = True
    np.testing.assert_allclose(
        np.asarray(layer(images, training=True)), np.asarray(layer(images)), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(np.asarray(layer.moving_mean), [1.0, 0.0, -1.0])
    _, _, gradients = value_and_grad(lambda: (keras.ops.sum(layer(images, training=True)), ()), [layer.beta])
    np.testing.assert_allclose(np.asarray(gradients[0]), 4 * 6 * 6, rtol=1e-5)
