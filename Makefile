# Two commands do all the set-up on a machine that has only Python, pip and make.
PYTHON ?= python3
SOURCE ?= demo
PORT ?= 8000
VENV ?= .venv
TEST_VENV ?= .venv-test

.PHONY: live test lint fuzz test-arm64

live: $(VENV)/.installed  ## the live cartoonizer: make live, make live SOURCE=0, make live SOURCE=film.mp4
	$(VENV)/bin/toon-live --source "$(SOURCE)" --port $(PORT)

test: $(TEST_VENV)/.installed  ## every test
	$(TEST_VENV)/bin/pytest

lint: $(TEST_VENV)/.installed  ## style and types
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/ruff format --check .
	mkdir -p build/types && ln -sfn ../.. build/types/facetoon
	$(TEST_VENV)/bin/mypy

fuzz: $(TEST_VENV)/.installed  ## 20,000 mutants a kind; tests run 1,000
	FACETOON_FUZZ=20000 $(TEST_VENV)/bin/pytest tests/fuzz

test-arm64:  ## the base install on emulated arm64; needs root, see tests/arm64.sh
	tests/arm64.sh

$(VENV)/.installed: pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(TEST_VENV)/.installed: pyproject.toml setup.py
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
