from __future__ import annotations

import json

import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main


@pytest.fixture
def train(drawn, drawn_pairs, tmp_path, small):
    def run(name="run", *more):
        return main(["pairs", "--pairs", str(drawn_pairs), "--run", str(tmp_path / name), *small, *more])

    return run


def metrics(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_generator_learns_from_pairs_with_photographs_beside_them(train, drawn, tmp_path):
    assert train("run", "--photos", str(drawn / "photos"), "--set", "steps=60") == 0
    lines = metrics(tmp_path / "run")
    assert lines[-1]["l1"] < 0.7 * lines[0]["l1"]
    assert {"disc_b", "gan_ab"} <= lines[-1].keys()
    assert (tmp_path / "run/generator_ab.keras").exists()


def test_without_an_adversary_there_is_no_discriminator_loss(train, tmp_path):
    assert train("run", "--set", "steps=2", "--set", "pairs.adversarial_weight=0") == 0
    assert metrics(tmp_path / "run")[-1].keys().isdisjoint({"disc_b", "gan_ab"})


def test_a_source_without_pairs_is_one_sentence(train, drawn, tmp_path, capsys):
    assert main(["pairs", "--pairs", str(drawn / "photos"), "--run", str(tmp_path / "run")]) == 2
    assert "holds no pairs" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
