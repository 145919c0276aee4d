"""Installs the four folders under the one import name `facetoon`; pyproject.toml says everything else.

setuptools can only list such packages one by one in pyproject.toml, where a new room would be forgotten.
"""

from setuptools import find_packages, setup

FOLDERS = ("edge_runtime", "training", "convert", "benchmarks")

setup(
    package_dir={f"facetoon.{folder}": folder for folder in FOLDERS},
    packages=[f"facetoon.{package}" for package in find_packages(include=[f"{folder}*" for folder in FOLDERS])],
)
