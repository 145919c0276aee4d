from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.folder_owner import LOCK, owned

OWN = (
    "import pathlib, sys, time; from facetoon.edge_runtime.folder_owner import owned\n"
    "with owned(pathlib.Path(sys.argv[2])): print('owned', flush=True); time.sleep(600)"
)


@pytest.fixture
def owner(tmp_path):
    """Another process that owns the folder."""
    command = [sys.executable, "-c", OWN, "prepare", str(tmp_path / "run"), "--token=secret"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "owned\n"
        yield process
        process.kill()


def test_the_second_is_told_who_holds_it_until_that_one_dies(tmp_path, owner):
    with pytest.raises(InputError) as refusal, owned(tmp_path / "run"):
        pass
    assert re.fullmatch(
        rf".*run is in use by -c prepare, process {owner.pid} on \S+ since \d{{4}}-\d\d-\d\d \d\d:\d\d; "
        r"wait for its end, or choose another folder\.",
        str(refusal.value),
    )
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with owned(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).is_file()


def test_a_new_folder_stays_only_with_something_in_it(tmp_path):
    for work, stays in ((lambda folder: None, False), (lambda folder: (folder / "a").touch(), True)):
        with owned(tmp_path / "new"):
            work(tmp_path / "new")
        assert (tmp_path / "new").exists() is stays
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"The folder .* cannot be written: "), owned(tmp_path / "file"):
        pass
    (tmp_path / LOCK).symlink_to(tmp_path / "file")
    with pytest.raises(InputError, match=r"The folder .* cannot be written: "), owned(tmp_path):
        pass
