from __future__ import annotations

import cv2
import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from facetoon.training.drawn import mesh

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
def vector_file(tmp_path_factory):
    """A tiny vector net as a .keras file: the mean colours of 4 x 4 parts of a picture of 32 px."""
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    path = tmp_path_factory.mktemp("vectors") / "means.keras"
    image = keras.Input((32, 32, 3))
    keras.Model(image, keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(image))).save(path)
    return path


@pytest.fixture(scope="session")
def face_points():
    """A function: side of a square to the 468 landmarks of a face in its middle."""
    return _face_points


@pytest.fixture(scope="session")
def draw_face():
    """A function: draws the face that lies under `face_points`."""
    return _draw_face


@pytest.fixture(scope="session")
def landmark_file():
    """A function: writes a landmark net that sees this face in every light picture."""
    return _landmark_file


@pytest.fixture(scope="session")
def mesh_file(tmp_path_factory):
    """A landmark net as a file."""
    return _landmark_file(tmp_path_factory.mktemp("mesh") / "mesh.tflite")


@pytest.fixture(scope="session")
def segments_file(tmp_path_factory):
    """A segmentation net that takes what is redder than green for skin, and the rest for background."""
    tf = pytest.importorskip("tensorflow")

    @tf.function(input_signature=[tf.TensorSpec((1, 256, 256, 3), tf.float32)])
    def segment(pictures):
        return tf.cast(pictures[..., 0] > pictures[..., 1] + 0.05, tf.float32)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([segment.get_concrete_function()])
    path = tmp_path_factory.mktemp("segments") / "redder.tflite"
    path.write_bytes(converter.convert())
    return path


def _face_points(side_px: int = 192, face: float = 1 / 1.5) -> np.ndarray:
    """468 points of a face in the middle of a square, `face` of its height: those that styles look at lie right."""
    points = np.tile(np.float32([0, 0.1]), (468, 1))  # the others lie on the nose
    angles = np.linspace(0, 2 * np.pi, len(mesh.OUTLINE), endpoint=False)
    points[list(mesh.OUTLINE)] = np.stack([0.72 * np.sin(angles), -np.cos(angles)], 1)
    for side, sign in ((0, -1), (1, 1)):
        turn = np.linspace(0, np.pi, 9)
        across, along = sign * (0.32 + 0.15 * np.cos(turn)), 0.06 * np.sin(turn)
        points[list(mesh.LOWER_LIDS[side])] = np.stack([across, -0.2 + along], 1)
        points[list(mesh.UPPER_LIDS[side])] = np.stack([across, -0.2 - along], 1)
        points[list(mesh.FOLDS[side])] = np.stack([across[1:8], -0.2 - 1.6 * along[1:8]], 1)
        brow = np.stack([sign * np.linspace(0.5, 0.12, 5), [-0.36, -0.41, -0.42, -0.41, -0.38]], 1)
        points[list(mesh.UPPER_BROWS[side])], points[list(mesh.LOWER_BROWS[side])] = brow, np.add(brow, (0, 0.05))
        points[list(mesh.CHEEKS[side])] = [(sign * x, y) for x, y in ((0.42, 0.1), (0.3, 0), (0.35, 0.05), (0.4, 0.2))]
        points[list(mesh.NOSE_WINGS[side])] = [(sign * 0.15, y) for y in (0.12, 0.17, 0.2)]
    points[list(mesh.NOSE_BASE)] = np.stack([np.linspace(-0.15, 0.15, 7), [0.17, 0.2, 0.22, 0.23, 0.22, 0.2, 0.17]], 1)
    for part, bow in ((mesh.INNER_UPPER_LIP, -0.01), (mesh.INNER_LOWER_LIP, 0.01)):
        across = np.linspace(-0.25, 0.25, 11)
        points[list(part)] = np.stack([across, 0.5 + bow * np.cos(across * 6)], 1)
    turn = np.linspace(np.pi, -np.pi, len(mesh.OUTER_LIPS), endpoint=False)
    points[list(mesh.OUTER_LIPS)] = np.stack([0.3 * np.cos(turn), 0.5 - 0.09 * np.sin(turn)], 1)
    points[[mesh.NOSE_BRIDGE, mesh.NOSE_TIP]] = (0, -0.2), (0, 0.12)
    points[[5, 4, 195, 151, 9, 108, 337]] = [
        (0, 0.05),
        (0, 0.1),
        (0, 0),
        (0, -0.7),
        (0, -0.55),
        (-0.2, -0.6),
        (0.2, -0.6),
    ]
    return ((points * (face / 2) + 0.5) * side_px).astype(np.float32)


def _draw_face(side_px: int = 160, skin=(225, 175, 150), back=(90, 120, 160), glasses=False) -> np.ndarray:
    """An RGB face that lies under `face_points(side_px)`; `glasses` are dark ones."""
    image, points = np.full((side_px, side_px, 3), back, np.uint8), _face_points(side_px)

    def fill(indices, colour, grow=1.0):
        corners = points[list(indices)]
        corners = corners.mean(0) + grow * (corners - corners.mean(0))
        cv2.fillPoly(image, [np.rint(corners * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    fill(mesh.OUTLINE, (45, 30, 25), 1.12)
    fill(mesh.OUTLINE, skin)
    for side in (0, 1):
        eye = (*mesh.UPPER_LIDS[side], *reversed(mesh.LOWER_LIDS[side]))
        fill((*mesh.UPPER_BROWS[side], *reversed(mesh.LOWER_BROWS[side])), (60, 40, 30))
        fill(eye, (25, 25, 28) if glasses else (235, 235, 235), 2.4 if glasses else 1.0)
        if not glasses:
            middle = tuple(int(v) for v in np.rint(points[list(eye)].mean(0)))
            cv2.circle(image, middle, max(side_px // 50, 2), (60, 35, 20), -1, cv2.LINE_AA)
    fill(mesh.OUTER_LIPS, (170, 80, 80))
    line = np.rint(points[list(mesh.INNER_UPPER_LIP)] * 16).astype(np.int32)
    cv2.polylines(image, [line], False, (80, 30, 30), max(side_px // 100, 1), cv2.LINE_AA, 4)
    return image


def _landmark_file(path, values: int = 3 * 468):
    """A .tflite that sees the same face in the middle of every picture, and none in one whose mean is below half."""
    model, graph, code, operator = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT(), schema.OperatorT()
    model.version, model.buffers, model.subgraphs, model.operatorCodes = 3, [schema.BufferT()], [graph], [code]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SUM
    graph.tensors, graph.operators = [], [operator]
    points = np.zeros((468, 3), np.float32)
    points[:, :2] = _face_points(192)
    picture = _tensor(model, graph, "picture", (1, 192, 192, 3))
    axes = _tensor(model, graph, "axes", (3,), np.array([1, 2, 3], np.int32))
    face = _tensor(model, graph, "face", (1, 1, 1, 1))
    answer = _tensor(model, graph, "points", (1, values), np.resize(points.ravel(), values))
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [picture, axes], [face]
    operator.builtinOptionsType = schema.BuiltinOptions.ReducerOptions
    operator.builtinOptions = schema.ReducerOptionsT()
    operator.builtinOptions.keepDims = True
    graph.inputs, graph.outputs = [picture], [answer, face]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _tensor(model, graph, name, shape, values=None) -> int:
    tensor, buffer = schema.TensorT(), schema.BufferT()
    tensor.name, tensor.shape, tensor.buffer = name, list(shape), len(model.buffers)
    whole = values is not None and values.dtype == np.int32
    tensor.type = schema.TensorType.INT32 if whole else schema.TensorType.FLOAT32
    if values is not None:
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    model.buffers.append(buffer)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1
