# What people and CI type. Everything runs in a virtual environment of its own, which `make` builds when it is
# missing and renews when setup.cfg changes. `make help` lists the goals.

VENV ?= .venv
SIZE ?= full
# The first Python that runs and is one of ours; 3.11 first, since that is the main stack.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.10; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)

run := $(VENV)/bin/python
installed := $(VENV)/.installed
# Two at a time: tracing graphs keeps one core busy, and TensorFlow in each takes 2 GB. A file's tests stay together,
# since they share models; files begin in the order of tests/conftest.py.
PYTEST := $(run) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help venv demo demo-masks test test-fast lint lessons bench parity docs protos clean
.DEFAULT_GOAL := help

help: ## list the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(installed) ## build or renew the virtual environment (VENV=.venv, PYTHON=python3.11)

$(installed): setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.10 to 3.13 is on the PATH"; exit 1; }
	test -x $(run) || $(PYTHON) -m venv --clear $(VENV)
	$(run) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(run) -m pip check
	@touch $@

demo: $(installed) ## draw a data set, train, evaluate, export and look (SIZE=smallest: a minute or so)
	$(run) tools/demo.py --size $(SIZE)

demo-masks: $(installed) ## the same with masks: a small Mask R-CNN (SIZE=smallest: a minute or so)
	$(run) tools/demo.py --masks --size $(SIZE)

test: $(installed) ## run every test
	$(PYTEST)

test-fast: $(installed) ## run the tests that need seconds
	$(PYTEST) -m 'not slow'

lint: $(installed) ## ruff (rules, format), mypy (strict), import directions
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

lessons: $(installed) ## run the course's pages, make their images, write them as notebooks (docs/lessons)
	$(run) -m docs.lessons.build

bench: $(installed) ## measure speed side by side with the original
	$(run) -m benchmarks

parity: $(installed) ## put the zoo's models beside the original: docs/parity.md
	$(run) -m benchmarks.parity

docs: $(installed) ## write docs/config.md from the schema and its comments
	$(run) -m tfod.config.reference

protos: ## compile the schema again after changing tfod/protos/*.proto
	test -x .venv-protos/bin/python || python3.11 -m venv .venv-protos
	.venv-protos/bin/python -m pip install --quiet grpcio-tools==1.62.3 mypy-protobuf==3.6.0
	PYTHON=$(CURDIR)/.venv-protos/bin/python sh tfod/protos/generate.sh

clean: ## remove the virtual environment, caches and the demo's files
	rm -rf $(VENV) .venv-protos .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	rm -rf annotations/demo exported_models/demo workspace/demo
	rm -rf annotations/demo_masks exported_models/demo_masks workspace/demo_masks
