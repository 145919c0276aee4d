import dataclasses

import pytest

from facetoon.benchmarks.results.intervals import Times
from facetoon.benchmarks.results.submission import faults, own_names, private_fields, pull_request


def test_a_sound_result_has_no_faults_and_says_where_it_goes(result, tmp_path):
    assert faults(result) == []
    assert "anime-64.json" in pull_request(result, tmp_path)


def test_busy_short_and_throttled_results_are_refused(result):
    short = [
        dataclasses.replace(one, stages=one.stages | {"infer": Times.of([[0.2] * 20] * 14)}) for one in result.variants
    ]
    bad = dataclasses.replace(
        result,
        variants=short,
        other_cores=0.8,
        overhead_share=0.02,
        after=dataclasses.replace(result.after, throttled=("throttled", "throttled since boot")),
    )
    text = " ".join(faults(bad))
    for word in ("rounds", "0.80 cores", "throttled", "2.0 %"):
        assert word in text


def test_a_result_that_names_no_machine_is_not_private(result):
    assert private_fields(result, ["bob", "workbench"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "GNU/Linux, 35.0 frames/s, with and/or without",
        "litert, 2 threads, XNNPACK off",
        "workbenches and bobsleighs",
        "Other processes kept 0.10 cores busy: trust ratios, not p95.",
    ],
)
def test_ordinary_words_are_not_taken_for_private_ones(result, text):
    assert private_fields(dataclasses.replace(result, notes=[text]), ["bob", "workbench"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "/home/bob/x.tflite is damaged",
        "seen on workbench",
        "in '/srv/films/a.mp4'",
        "~/models/x.onnx",
        r"C:\films\a.mp4",
    ],
)
def test_paths_host_and_user_are_found_and_their_field_named(result, text):
    in_notes = private_fields(dataclasses.replace(result, notes=["sound", text]), ["bob", "workbench"])
    assert any(fault.startswith("notes[1] ") for fault in in_notes)
    device = dataclasses.replace(result.device, cooling=text)
    in_device = private_fields(dataclasses.replace(result, device=device), ["bob", "workbench"])
    assert any(fault.startswith("device.cooling ") for fault in in_device)
    in_key = private_fields(dataclasses.replace(result, peaks={text: {}}), ["bob", "workbench"])
    assert any(fault.startswith("peaks.") for fault in in_key)


def test_names_that_many_machines_have_are_no_secret(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "workbench.example.org")
    monkeypatch.setattr("getpass.getuser", lambda: "pi")
    assert own_names() == ["workbench.example.org", "workbench"]
