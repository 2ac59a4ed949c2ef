# Two commands matter: `make demo` and `make test`. Both make the environment first.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
T ?= tests
WORKERS ?= 2
ARGS ?=

.PHONY: help setup demo run worker check fix lint types contracts openapi openapi-check \
        test test-races test-faults faults bench migrate lock clean

help: ## Show this help
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make the environment in .venv (does nothing the second time)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q app jobs partners notifications
	@touch $(STAMP)

demo: setup ## Play a morning at a one-stop centre (ARGS="--exit --json" for one summary)
	@$(BIN)/motcua demo $(ARGS)

run: setup ## Serve API, worker and emulators on embedded servers until Ctrl-C
	@$(BIN)/motcua up $(ARGS)

worker: setup ## Run the background process alone (needs DATABASE_URL and REDIS_URL)
	@$(BIN)/motcua worker

migrate: setup ## Bring the database to head
	@$(BIN)/motcua migrate

check: lint types contracts openapi-check test ## All that CI runs, in CI's order

lint: setup ## Style and mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

fix: setup ## Mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

types: setup ## mypy strict
	@$(BIN)/mypy app jobs partners notifications bench

contracts: setup ## Imports point inward
	@$(BIN)/lint-imports

openapi: setup ## Write openapi/*.json
	@$(BIN)/motcua openapi --write openapi

openapi-check: setup ## The checked-in contract equals the generated one
	@$(BIN)/motcua openapi --check openapi

test: setup ## Run the suite (T=path for a part, WORKERS=4 on a larger machine)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(T)

test-races: setup ## The races, ten times over, and the long ones once
	@for n in 1 2 3 4 5 6 7 8 9 10; do $(BIN)/python -m pytest tests -q -k "race or at_once or together" || exit 1; done
	@MOTCUA_LONG=1 $(BIN)/python -m pytest -q tests/appointments/test_many_connections.py tests/appointments/test_ledger.py tests/home_service/test_storm.py tests/dossiers/test_midnight.py tests/payments/test_month.py

test-faults: setup ## Kill and restart servers under load, and play the dozen cells of the matrix
	@$(BIN)/python -m pytest tests/faults -q

faults: setup ## Break the running installation, thing by thing (ARGS="--cell NAME", "--smoke")
	@$(BIN)/motcua faults $(ARGS)

bench: setup ## Run a bench (ARGS="booking --json")
	@$(BIN)/motcua bench $(ARGS)

lock: ## Pin the dependencies anew (needs uv)
	@uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.txt
	@uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt

clean: ## Remove what was built, keep data
	@rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
