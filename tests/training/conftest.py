from __future__ import annotations

import cv2
import numpy as np
import pytest

SMALL = [
    "data.size_px=16",
    "batch_size=2",
    "generator.filters=4",
    "generator.blocks=1",
    "discriminator.filters=4",
    "discriminator.layers=2",
    "student.stem_filters=16",
    "student.filters=16",
    "student.blocks=1",
    "optimizer.pool_size=3",
]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Two folders of drawn heads: 24 pink ones with small eyes, 24 blue ones with large eyes, each different."""
    random = np.random.default_rng(5)
    root = tmp_path_factory.mktemp("drawn")
    for domain, colour, eye in (("photos", (150, 170, 230), 2), ("cartoons", (230, 160, 120), 5)):
        (root / domain).mkdir()
        for number in range(24):
            image = np.full((48, 48, 3), random.integers(0, 256, 3), np.uint8)
            x, y = np.array([24, 26]) + random.integers(-3, 4, 2)
            cv2.ellipse(image, (int(x), int(y)), (14, 18), 0, 0, 360, colour, -1, cv2.LINE_AA)
            for side in (-6, 6):
                cv2.circle(image, (int(x) + side, int(y) - 3), eye, (20, 20, 20), -1, cv2.LINE_AA)
            cv2.imwrite(str(root / domain / f"{number:02d}.png"), image)
    return root


@pytest.fixture(scope="session")
def small():
    """--set options that make any recipe run in a second."""
    return [part for value in SMALL for part in ("--set", value)]


@pytest.fixture(scope="session")
def drawn_pairs(drawn, tmp_path_factory):
    """NN_face.png, the drawn photographs, and NN_comic.png, the same with red and blue exchanged."""
    folder = tmp_path_factory.mktemp("pairs")
    for path in (drawn / "photos").iterdir():
        image = cv2.imread(str(path))
        cv2.imwrite(str(folder / f"{path.stem}_face.png"), image)
        cv2.imwrite(str(folder / f"{path.stem}_comic.png"), image[..., ::-1])
    return folder


@pytest.fixture(scope="session")
def vgg_arrays():
    """Random weights of four blocks, laid out as VGG19 and far narrower."""
    random, before, made = np.random.default_rng(1), 3, {}
    for block, (width, places) in enumerate(((4, 2), (8, 2), (8, 4), (8, 4)), 1):
        for place in range(1, places + 1):
            kernel = random.normal(size=(3, 3, before, width)) * (2 / (9 * before)) ** 0.5
            made[f"block{block}_conv{place}/kernel"] = kernel.astype("float32")
            made[f"block{block}_conv{place}/bias"] = np.zeros(width, "float32")
            before = width
    made["input_1x1/kernel"] = np.eye(3, dtype="float32")[None, None]
    made["input_1x1/bias"] = np.zeros(3, "float32")
    return made


@pytest.fixture(scope="session")
def vgg_file(vgg_arrays, tmp_path_factory):
    """The same as a file."""
    path = tmp_path_factory.mktemp("vgg") / "random.npz"
    np.savez(path, **vgg_arrays)
    return path


FEATURE_BLOCKS = ((8, 8, 1), (8, 8, 2), (8, 12, 2), (12, 12, 1), (12, 16, 2), (16, 16, 2))  # in, out, stride


@pytest.fixture(scope="session")
def feature_arrays():
    """Random weights laid out as efficientnet_lite0.npz and far narrower. The first block has no expansion."""
    random, made = np.random.default_rng(3), {}

    def layer(name, *shape):
        made[f"{name}/kernel"] = (random.normal(size=shape) / np.sqrt(np.prod(shape[:3]))).astype(np.float16)
        made[f"{name}/bias"] = np.zeros(shape[-1], np.float16)

    layer("stem", 3, 3, 3, FEATURE_BLOCKS[0][0])
    for number, (before, after, stride) in enumerate(FEATURE_BLOCKS):
        inner = 2 * before if number else before
        if number:
            layer(f"block{number:02d}/expand", 1, 1, before, inner)
        layer(f"block{number:02d}/depthwise", 3, 3, 1, inner)
        layer(f"block{number:02d}/project", 1, 1, inner, after)
        made[f"block{number:02d}/stride"] = np.int32(stride)
        made[f"block{number:02d}/skip"] = np.bool_(stride == 1 and before == after and number > 0)
    return made


@pytest.fixture(scope="session")
def features_file(feature_arrays, tmp_path_factory):
    """The same as a file."""
    path = tmp_path_factory.mktemp("features") / "random.npz"
    np.savez(path, **feature_arrays)
    return path


@pytest.fixture(scope="session")
def heads(tmp_path_factory):
    """Pink and blue heads, 120 of each: enough for a test share that can be scored."""
    random = np.random.default_rng(5)
    root = tmp_path_factory.mktemp("heads")
    for domain, colour in (("photos", (150, 170, 230)), ("cartoons", (230, 160, 120))):
        (root / domain).mkdir()
        for number in range(120):
            image = np.full((48, 48, 3), random.integers(0, 256, 3), np.uint8)
            x, y = np.array([24, 26]) + random.integers(-3, 4, 2)
            cv2.ellipse(image, (int(x), int(y)), (14, 18), 0, 0, 360, colour, -1, cv2.LINE_AA)
            cv2.imwrite(str(root / domain / f"{number:03d}.png"), image)
    return root


@pytest.fixture(scope="session")
def encoder_run(heads, tmp_path_factory):
    """The run of a small encoder that tells these heads apart."""
    pytest.importorskip("tensorflow")
    run = tmp_path_factory.mktemp("encoder") / "run"
    sets = ["data.size_px=32", "batch_size=8", "steps=150", "encoder.filters=8", "encoder.features=16"]
    sets += ["data.test_share=0.3", "checkpoint_every=150", "sample_every=150"]
    given = [part for value in sets for part in ("--set", value)]
    from facetoon.training.__main__ import main

    pictures = [str(heads / "photos"), str(heads / "cartoons")]
    assert main(["encoder", "--pictures", *pictures, "--run", str(run), *given]) == 0
    return run
