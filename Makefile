# Two commands are enough: `make report` and `make test`. Nothing but Python >= 3.11, make and the package registry.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
CONFIG ?= config/config.yaml
CUT ?=
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
# A stale or foreign PYTHONPATH would win over the environment that the lock describes.
export PYTHONPATH :=
# Every step is a process of its own: without bytecode each of them would compile the whole package again.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONHASHSEED := 0

.PHONY: help setup report test lint lock demo-data generated clean
.DEFAULT_GOAL := help

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

report: $(VENV)/ready  ## run the pipeline and print where the report is (CONFIG=path/to/config.yaml CUT=2026-09-30 CORES=2)
	@$(BIN)/immrecon report --config "$(CONFIG)" --cores "$(CORES)" $(if $(CUT),--cut "$(CUT)")

test: $(VENV)/ready  ## run the whole test suite
	@$(BIN)/pytest -q -n 2 --dist worksteal

setup: $(VENV)/ready  ## create the environment from the lock, bytecode compiled

lint: $(VENV)/ready  ## style, types, layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/snakefmt --check workflow && $(BIN)/mypy && $(BIN)/lint-imports

lock: $(VENV)/ready  ## resolve requirements.lock anew from pyproject.toml
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --prerelease disallow --upgrade --group dev pyproject.toml -o requirements.lock

demo-data: $(VENV)/ready  ## simulate the demo study again (the same bytes)
	@$(BIN)/python -m immrecon.simulate --out data/demo

generated: $(VENV)/ready  ## rewrite results/README.md and config/schema.json from the code
	@$(BIN)/immrecon generate

clean:  ## remove all results (never the data)
	@find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +

# uv is used where it is, and installed by pip into a folder of its own where it is not.
UV = $$(command -v uv || echo .boot/bin/uv)

$(VENV)/ready: requirements.lock pyproject.toml
	@command -v uv >/dev/null || [ -x .boot/bin/uv ] || { echo "Installing uv ..."; \
	  $(PYTHON) -m venv .boot && .boot/bin/python -m pip install -q --disable-pip-version-check uv; }
	@echo "Creating the environment from requirements.lock ..."
	@$(UV) venv -q --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@$(UV) pip sync -q --require-hashes --compile-bytecode -p $(BIN)/python requirements.lock
	@$(UV) pip install -q --no-deps --no-build-isolation -p $(BIN)/python -e .
	@touch $@
