"""The spec inside an .onnx file: `metadata_props["facetoon"]`, written as the file's last bytes.

Protocol buffers merge concatenated messages. So a metadata entry at the end of an ONNX file is like any other: onnx,
onnxruntime and Netron show it. Reading and writing it here spares the device the onnx package.
Wire format: https://protobuf.dev/programming-guides/encoding/. Field numbers: ModelProto in onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator

KEY = "facetoon"
METADATA_PROPS = 14  # in ModelProto, a repeated StringStringEntryProto
ENTRY_KEY, ENTRY_VALUE = 1, 2  # in StringStringEntryProto
GRAPH, NODE, OP_TYPE = 7, 1, 4  # in ModelProto, GraphProto, NodeProto
EXTERNAL = b"\x0a\x08location\x12"
"""Stands before the file name of weights that lie outside: an entry of TensorProto.external_data with this key."""
VARINT, LENGTH_DELIMITED = 0, 2  # wire types; ModelProto has no others

LONGEST_VARINT_BITS = 56  # its last byte holds bits 57 to 64


def join(model: bytes, text: str) -> bytes:
    """Append `text` to `model` as one more metadata entry."""
    entry = _field(ENTRY_KEY, KEY.encode()) + _field(ENTRY_VALUE, text.encode("utf-8"))
    return model + _field(METADATA_PROPS, entry)


def split(data: bytes) -> tuple[bytes, str] | None:
    """Reverse `join`: return model bytes and text, or None unless `data` is an ONNX file that ends in our entry."""
    try:
        start, number, content = list(_fields(data))[-1]
        entry = {key: value for _, key, value in _fields(content)}
        if number == METADATA_PROPS and entry[ENTRY_KEY] == KEY.encode():
            return data[:start], entry[ENTRY_VALUE].decode("utf-8")
    except (ValueError, IndexError, KeyError):
        pass
    return None


def operator_types(model: bytes) -> set[str]:
    """Return the types of the operators of a model's main graph; empty for bytes that are no ONNX model."""
    try:
        nodes = [node for graph in _all(model, GRAPH) for node in _all(graph, NODE)]
        return {kind.decode("utf-8", "replace") for node in nodes for kind in _all(node, OP_TYPE)}
    except (ValueError, IndexError):
        return set()


def _all(message: bytes, number: int) -> Iterator[bytes]:
    return (content for _, field, content in _fields(message) if field == number)


def _fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, number and content of every field of a message; a varint's content is empty."""
    at = 0
    while at < len(data):
        start = at
        tag, at = _read_varint(data, at)
        length, at = _read_varint(data, at)
        if tag & 7 not in (VARINT, LENGTH_DELIMITED):
            raise ValueError("not an ONNX message")
        end = at if tag & 7 == VARINT else at + length
        if end > len(data):
            raise ValueError("truncated")
        yield start, tag >> 3, data[at:end]
        at = end


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] > 127:
        if shift > LONGEST_VARINT_BITS:
            raise ValueError("an endless number")
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1
