"""Flags for picture sources."""

from __future__ import annotations

import argparse

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource

DOMAINS = {"photos": "A", "cartoons": "B"}
"""Letters of the domains in a data set of toon-train prepare."""


def add_sources(parser: argparse.ArgumentParser, *domains: str) -> None:
    """Add --dataset, and a flag for each of `domains` ("photos", "cartoons") as the alternative to it."""
    parser.add_argument("--dataset", metavar="DIR", help="a data set from toon-train prepare: trainA, testA ...")
    for domain in domains:
        add_source(parser, f"--{domain}", "instead of --dataset: folders or zips, '#pattern'")


def add_source(parser: argparse.ArgumentParser, flag: str, meaning: str, required: bool = False) -> None:
    """Add one flag that takes folders and zip files."""
    parser.add_argument(flag, nargs="+", type=DataSource.parse, required=required, metavar="SOURCE", help=meaning)


def sources_of(arguments: argparse.Namespace, *domains: str) -> dict[str, list[DataSource]]:
    """Return the picture sources of each domain. Raises InputError when they are missing or given twice."""
    sources = {domain: getattr(arguments, domain) for domain in domains}
    flags = " and ".join(f"--{domain}" for domain in domains)
    if arguments.dataset and any(sources.values()):
        raise InputError(f"Give --dataset, or {flags}, but not both.")
    if arguments.dataset:
        return {domain: [DataSource(arguments.dataset, domain=DOMAINS[domain])] for domain in domains}
    if not all(sources.values()):
        raise InputError(f"The pictures are missing: give --dataset DIR, or {flags}.")
    return sources
