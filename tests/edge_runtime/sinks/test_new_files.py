from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks.new_files import create_beside, create_next, refuse_inputs, replace_file


def test_many_that_create_one_name_at_once_get_a_file_each(tmp_path):
    (tmp_path / "a.mp4").write_text("the film of yesterday")
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(create_beside, [tmp_path / "a.mp4"] * 40))
    assert len({file.name for file in files}) == 40
    assert (tmp_path / "a-41.mp4").exists()
    assert (tmp_path / "a.mp4").read_text() == "the film of yesterday"
    for file in files:
        file.close()


def test_a_numbered_name_that_exists_gives_the_next_number(tmp_path):
    for number in (3, 4):
        (tmp_path / f"a-0000{number}.mp4").touch()
    create_next(tmp_path / "a-00003.mp4").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-00003.mp4", "a-00004.mp4", "a-00005.mp4"]


def test_an_older_file_is_replaced_only_by_wish(tmp_path):
    (tmp_path / "a.mp4").write_text("old")
    replace_file(tmp_path / "a.mp4").close()
    assert (tmp_path / "a.mp4").read_text() == ""


@pytest.mark.parametrize("spelling", ["same", "symlink", "hard link", "relative"])
def test_an_output_that_is_an_input_is_refused(tmp_path, monkeypatch, spelling):
    film = tmp_path / "film.mp4"
    film.write_text("50 frames")
    (tmp_path / "symlink.mp4").symlink_to(film)
    (tmp_path / "hard.mp4").hardlink_to(film)
    monkeypatch.chdir(tmp_path)
    output = {"same": film, "symlink": tmp_path / "symlink.mp4", "hard link": tmp_path / "hard.mp4",
              "relative": tmp_path.relative_to(tmp_path) / "film.mp4"}[spelling]  # fmt: skip
    with pytest.raises(InputError, match="which is read here"):
        refuse_inputs([None, output], [None, film])
    refuse_inputs([tmp_path / "new.mp4"], [film])
