# `make demo` and `make test` need nothing but Python 3.11 or newer, git and make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
BIN := .venv/bin
PYTHON := $(BIN)/python
READY := .venv/.ready

# Both seeds are printed by `make test`, so that a failure can be run again:
#   make test PYTHONHASHSEED=12 TESTS="--randomly-seed=34"
ifndef PYTHONHASHSEED
PYTHONHASHSEED := $(shell od -An -N2 -tu2 /dev/urandom | tr -d ' ')
endif
export PYTHONHASHSEED

TESTS ?=
BENCH ?=

.PHONY: help setup demo test check format docs bench live clean

help: ## Print what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

$(READY): pyproject.toml uv.lock
	@scripts/uv sync --frozen
	@touch $@

setup: $(READY) ## Make .venv with all that is needed (uv is installed if missing).

demo: $(READY) ## Run the main job on real logs and on a simulated fleet.
	@$(PYTHON) examples/demo.py

test: $(READY) ## Run all tests that need no server, with coverage.
	@mkdir -p build
	@echo "PYTHONHASHSEED=$(PYTHONHASHSEED)"
	@$(BIN)/pytest --cov --cov-branch --cov-fail-under=90 \
	  --cov-report=term --cov-report=json:build/coverage.json $(TESTS)
	@$(PYTHON) scripts/coverage_gate.py build/coverage.json

check: $(READY) ## Lint, format, types, import contracts: under a minute.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## Put the code into form, and mend what can be mended.
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: $(READY) ## Draw the house anew in docs/architecture.md.
	@$(PYTHON) scripts/draw_house.py --write

bench: $(READY) ## Run the benchmarks: BENCH="--only ingest --json".
	@$(PYTHON) benchmarks/run.py $(BENCH)

live: $(READY) ## Start the real servers and run the tests against them.
	@live/run.sh

clean: ## Remove all that was made here.
	rm -rf .venv .tools build dist htmlcov demo-workspace live/run \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find src tests benchmarks scripts examples live -name __pycache__ -type d -prune -exec rm -rf {} +
