.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
# Paths stay relative, so that a folder with spaces in its name works.
BIN := .venv/bin
# Where it is set, every process would compile the project again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: setup
setup: .venv/ready ## the virtual environment, from the locked dependencies

.venv/ready: requirements/dev.lock pyproject.toml contracts/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e contracts -e .
	@touch $@

.PHONY: demo
demo: setup ## the whole system on this machine with sixty procedures on their way (ARGS=--once stops at the end)
	$(BIN)/infoparquet demo $(ARGS)

.PHONY: test
test: setup ## every test (ARGS="-k word" chooses)
	@# Those that measure have the machine to themselves; pytest says 5 where ARGS leave none of them. A machine that
	@# paused is no slowness: what was too slow is measured once more.
	$(BIN)/python -m pytest -m measured $(ARGS) || test $$? = 5 || $(BIN)/python -m pytest -m measured --last-failed $(ARGS)
	@# Three workers keep two cores busy: more of them only wait for each other, until somebody's patience ends.
	$(BIN)/python -m pytest -m "not measured" -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: faults
faults: setup ## a campaign: the system is hit while procedures flow, and loses nothing (ARGS="--rounds 80 --broker apache:3")
	$(BIN)/infoparquet bench faults $(ARGS)

.PHONY: check
check: setup ## format, lint, types, imports between layers, budgets of style, contracts against what was released
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.budgets
	$(BIN)/infoparquet contracts check

.PHONY: fix
fix: setup ## what a machine can mend of format and lint
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: docs
docs: setup ## writes what docs/ has of the data and of real screens: the map of the courts' territories, pictures (Chromium)
	$(BIN)/python -m reference.map > docs/competence.html.new && mv docs/competence.html.new docs/competence.html
	$(BIN)/python -m tests.docs.pictures

.PHONY: contracts
contracts: setup ## writes what is published of the contracts: contracts/{schemas,golden,openapi,asyncapi.json}, docs/contracts.html
	$(BIN)/infoparquet contracts export contracts
	$(BIN)/python -m cli.contracts_page > docs/contracts.html.new && mv docs/contracts.html.new docs/contracts.html

.PHONY: bench
bench: setup ## how fast, beside the raw floor of the same run (ARGS=--quick)
	$(BIN)/infoparquet bench $(ARGS)

.PHONY: lock
lock: .venv/ready ## writes requirements/*.lock again from the pyproject files
	$(BIN)/python requirements/lock.py
