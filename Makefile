# Everything a fresh machine needs: Python 3.11 or newer, make and the package registry.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.locked

.PHONY: help demo test lint format unit bench docs lock screenshots clean setup
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## make the virtual environment from the locked requirements

demo: $(STAMP) ## play a webhook outage in the console: embedded server, no network
	@$(BIN)/hooktop demo

test: lint unit ## format, lint, types, import contracts, dependencies and all tests

lint: $(STAMP) ## format check, lint, types, import contracts, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

unit: $(STAMP) ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadscope -q

format: $(STAMP) ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure beside the peers; prints tables, asserts nothing
	$(BIN)/python -m tests.benchmarks

screenshots: $(STAMP) ## draw the pictures of the README from the demo scenario
	$(BIN)/python -m tests.screenshots docs/images

docs: $(STAMP) ## write the generated pages of docs/
	$(BIN)/python -m tests.documentation docs

lock: $(STAMP) ## resolve the requirements again, with hashes and no index address
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--python-version 3.11 --group dev pyproject.toml -o requirements.lock

clean: ## remove what the build made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
