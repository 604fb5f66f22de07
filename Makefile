# For those who work on the platform. ./run and ./test need none of this.
# `make help` lists the targets.
SHELL := /bin/sh
BIN := .venv/bin

.PHONY: help format lint types contracts unit check test test-all lock run clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '%-10s %s\n' "$$name" "$$text"; done

format: ## write the code the one way
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: ## look for what is not written that way
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: ## mypy --strict, tests included
	$(BIN)/mypy

contracts: ## who may import whom
	$(BIN)/lint-imports

unit: ## tests that need no server
	$(BIN)/pytest -q tests/unit

check: lint types contracts unit ## all of the above, in under a minute

test: ## what CI runs: everything but what is slow, against real servers
	./test

test-all: ## everything, however long it takes
	./test -m ""

lock: ## choose the versions anew and write the lock files
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade --no-header --no-annotate -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --upgrade --no-header --no-annotate --extra dev -c requirements.lock -o requirements-dev.lock
	echo 'setuptools>=77' | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes --upgrade --no-header --no-annotate -o requirements-build.lock

run: ## the whole platform, until Ctrl-C
	./run

clean: ## remove what can be made anew; data and settings stay
	rm -rf .test .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
