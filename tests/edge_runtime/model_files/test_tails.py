from __future__ import annotations

import io
import os
import zipfile

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files import onnx_tail, tailed_file, zip_tail
from facetoon.edge_runtime.model_files.tailed_file import read_tailed


def packed(text, members=1, method=zipfile.ZIP_DEFLATED):
    """Bytes of a model with a compressed archive behind it."""
    buffer = io.BytesIO(b"\0\0\0\0TFL3")
    with zipfile.ZipFile(buffer, "a", method) as archive:
        archive.writestr(zip_tail.MEMBER, text)
        for number in range(members - 1):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_text_that_unpacks_to_more_than_a_megabyte_is_refused(method):
    bomb = packed(b" " * 50_000_000, method=method)
    assert len(bomb) < 100_000
    assert zip_tail.split(bomb) is None
    assert zip_tail.split(packed(b"{}", method=method)) == (b"\0\0\0\0TFL3", "{}")


def test_an_archive_of_many_members_is_refused():
    assert zip_tail.split(packed(b"{}", members=2000)) is None


@pytest.mark.parametrize("at", range(1, 120, 7))
def test_a_damaged_archive_is_none(at):
    data = bytearray(packed(b'{"a": 1}' * 20))
    data[-at] ^= 0xFF
    result = zip_tail.split(bytes(data))
    assert result is None or isinstance(result[1], str)


def test_an_endless_number_is_refused():
    assert onnx_tail.split(b"\xff" * 1_000_000) is None


def test_a_pipe_and_a_large_file_are_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.tflite")
    with pytest.raises(InputError, match="it is no regular file"):
        read_tailed(tmp_path / "pipe.tflite")
    (tmp_path / "large.tflite").write_bytes(bytes(2000))
    monkeypatch.setattr(tailed_file, "LARGEST_MODEL_BYTES", 1000)
    with pytest.raises(InputError, match=r"too large: it may have 0\.001 MB"):
        read_tailed(tmp_path / "large.tflite")
