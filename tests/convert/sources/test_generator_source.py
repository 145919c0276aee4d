from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.sources.generator_source import read_source
from facetoon.convert.sources.samples import load_samples
from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import load_split


@pytest.fixture
def dataset(photos, tmp_path) -> Path:
    """Drawn photographs as domain A of a data set that is split on disk."""
    folder = tmp_path / "set"
    shutil.copytree(photos[0], folder / "trainA")
    shutil.copytree(photos[1], folder / "testA")
    return folder


@pytest.fixture
def dataset_run(run, dataset, tmp_path) -> Path:
    """A run of that data set, as version 0.1.0 wrote it."""
    copy, config = shutil.copytree(run, tmp_path / "run"), json.loads((run / "config.json").read_text())
    config["data"]["photos"]["train_sha256"] = load_split([DataSource(str(dataset), domain="A")], 32, 0.2)[0].digest
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "sources.json").write_text(json.dumps({"photos": [f"{dataset}#dataset-A"]}))
    return copy


@pytest.mark.parametrize("suffix", ["", "#dataset-A"])
def test_a_data_set_that_moved(dataset_run, dataset, tmp_path, suffix):
    assert len(load_samples(read_source(dataset_run, "ab", (), ()), (99, 99), 1)[0].images) == 30
    dataset.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="neither a folder nor a zip file"):
        load_samples(read_source(dataset_run, "ab", (), ()), (99, 99), 1)
    source = read_source(dataset_run, "ab", (f"{tmp_path / 'moved'}{suffix}",), ())
    calibration, test = load_samples(source, (99, 99), 1)
    assert (len(calibration.images), len(test.images)) == (30, 10)
