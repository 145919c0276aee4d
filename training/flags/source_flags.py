"""The flags that say where pictures lie."""

from __future__ import annotations

import argparse

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource

DOMAINS = {"photos": "A", "cartoons": "B"}
"""Of a data set that toon-train prepare made."""


def add_sources(parser: argparse.ArgumentParser, *domains: str) -> None:
    """--dataset, or instead of it a flag for each of `domains` ("photos", "cartoons")."""
    parser.add_argument("--dataset", metavar="DIR", help="trainA, testA, trainB, testB, as toon-train prepare makes it")
    for domain in domains:
        add_source(parser, f"--{domain}", "instead: folders or zips, '#pattern'")


def add_source(parser: argparse.ArgumentParser, flag: str, meaning: str, required: bool = False) -> None:
    """One flag with folders and zip files."""
    parser.add_argument(flag, nargs="+", type=DataSource.parse, required=required, metavar="SOURCE", help=meaning)


def sources_of(arguments: argparse.Namespace, *domains: str) -> dict[str, list[DataSource]]:
    """Where the pictures of each domain lie. Raises InputError unless it is said once."""
    sources = {domain: getattr(arguments, domain) for domain in domains}
    flags = " and ".join(f"--{domain}" for domain in domains)
    if arguments.dataset and any(sources.values()):
        raise InputError(f"Give --dataset, or {flags}, but not both.")
    if arguments.dataset:
        return {domain: [DataSource(arguments.dataset, domain=DOMAINS[domain])] for domain in domains}
    if not all(sources.values()):
        raise InputError(f"The pictures are missing: give --dataset DIR, or {flags}.")
    return sources
