# Two commands do all the set-up on a machine that has only Python, pip and make.
PYTHON ?= python3
SOURCE ?= demo
PORT ?= 8000
VENV ?= .venv
TEST_VENV ?= .venv-test
LOCK_VENV ?= .venv-lock
IMAGE_VENV ?= .venv-image
INSTALL = pip install --quiet --disable-pip-version-check
COMPILE = $(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-emit-index-url --no-emit-find-links --upgrade

.PHONY: live test lint fuzz test-arm64 lock sbom licences

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
	$(TEST_VENV)/bin/python tests/fuzz/many_mutants.py --journal build/fuzz/models.jsonl
	FACETOON_FUZZ=20000 $(TEST_VENV)/bin/pytest tests/fuzz --deselect tests/fuzz/test_model_mutants.py::test_a_mutant_is_a_model_or_a_sentence

lock: $(LOCK_VENV)/.installed  ## the newest versions within pyproject's ranges, with their hashes, for CI and the image
	$(COMPILE) pyproject.toml requirements/lock.in -o requirements/device.txt
	$(COMPILE) pyproject.toml requirements/lock.in -c requirements/device.txt --extra test -o requirements/test.txt
	$(COMPILE) pyproject.toml requirements/lock.in -c requirements/device.txt --extra dev -o requirements/dev.txt

sbom: $(LOCK_VENV)/.installed $(IMAGE_VENV)/.installed  ## a CycloneDX bill of materials of what the image installs
	mkdir -p build
	$(LOCK_VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
	  -o build/facetoon.cdx.json $(IMAGE_VENV)/bin/python

licences: $(IMAGE_VENV)/.installed  ## the licence of everything that the image installs, bundled libraries too
	$(IMAGE_VENV)/bin/python docs/figures/list_licences.py

test-arm64:  ## the base install on emulated arm64; needs root, see tests/arm64.sh
	tests/arm64.sh

$(VENV)/.installed: pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/$(INSTALL) --editable .
	touch $@

$(TEST_VENV)/.installed: pyproject.toml setup.py requirements/dev.txt
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/$(INSTALL) --require-hashes -r requirements/dev.txt
	$(TEST_VENV)/bin/$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(IMAGE_VENV)/.installed: pyproject.toml setup.py requirements/device.txt
	$(PYTHON) -m venv $(IMAGE_VENV)
	$(IMAGE_VENV)/bin/$(INSTALL) --require-hashes -r requirements/device.txt
	$(IMAGE_VENV)/bin/$(INSTALL) --no-deps --no-build-isolation .
	touch $@

$(LOCK_VENV)/.installed:
	$(PYTHON) -m venv $(LOCK_VENV)
	$(LOCK_VENV)/bin/$(INSTALL) 'uv>=0.13,<0.14' 'cyclonedx-bom>=7.5,<8'
	touch $@
