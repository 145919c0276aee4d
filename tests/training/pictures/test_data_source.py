"""A source is a path and a pattern, whatever letters the path has."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import list_pictures, load_split


@pytest.mark.parametrize(
    ("text", "path", "pattern"),
    [
        ("faces.zip", "faces.zip", ""),
        ("faces.zip#lfw_*", "faces.zip", "lfw_*"),
        ("gone/me.zip#v1/*", "gone/me.zip", "v1/*"),
        ("set #1", "set #1", ""),
        ("set #1#lfw_*", "set #1", "lfw_*"),
        ("set #1#a#b*", "set #1", "a#b*"),
        ("set #2", "set ", "2"),  # no such folder
        ("#a", "", "a"),
    ],
)
def test_a_mark_within_an_existing_name_belongs_to_it(tmp_path, monkeypatch, text, path, pattern):
    (tmp_path / "set #1").mkdir()
    monkeypatch.chdir(tmp_path)
    assert DataSource.parse(text) == DataSource(path, pattern)
    assert str(DataSource.parse(text)) == text


@pytest.mark.parametrize("name", ["faces #1", "faces#dataset-A", "#"])
def test_folders_and_zips_with_a_mark_in_their_name(drawn, tmp_path, name):
    shutil.copytree(drawn / "photos", tmp_path / name)
    with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
        for path in (drawn / "photos").iterdir():
            archive.write(path, path.name)
    for place in (tmp_path / name, tmp_path / f"{name}.zip"):
        assert len(list_pictures(str(place))) == 24
        assert len(list_pictures(f"{place}#0*")) == 10
    digests = {load_split([str(place)], 16, 0.2)[0].digest for place in tmp_path.iterdir()}
    assert digests == {load_split([str(drawn / "photos")], 16, 0.2)[0].digest}


def test_a_pattern_is_never_a_command(drawn):
    with pytest.raises(InputError, match="holds no pictures"):
        load_split([f"{drawn / 'photos'}#dataset-A"], 16, 0.2)


@pytest.mark.parametrize("source", [DataSource("a", "b*"), DataSource("a"), DataSource("a", domain="B")])
def test_json_and_back(source):
    assert DataSource.from_json(source.as_json()) == source


def test_what_version_0_1_0_wrote_for_a_data_set_is_read():
    assert DataSource.from_json("sets/anime#dataset-A") == DataSource("sets/anime", domain="A")


def test_a_domain_of_a_data_set(drawn, tmp_path):
    for number, path in enumerate(sorted((drawn / "photos").iterdir())):
        folder = tmp_path / "set #1" / ("testA" if number < 4 else "trainA")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)
    source = DataSource(str(tmp_path / "set #1"), domain="A")
    train, test = load_split([source], 16, 0.5)
    assert (len(train), len(test), len(list_pictures(source))) == (20, 4, 24)
