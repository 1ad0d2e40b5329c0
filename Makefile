# What a person needs: `make run` and `make test`. Everything is installed into .venv from the locked requirements;
# a second call finds its stamp and installs nothing. Another Python 3.11+: `make run PYTHON=python3.13`.

PYTHON ?= python3
WORKERS ?= 2
SOAK ?= 10
ARGS ?=

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
ROOMS := schemas engine projections consumers
# Addresses of indexes and of folders stay out of the lock files: they belong to a machine, not to the project.
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(ARGS)

.PHONY: help run test kafka soak faults mesh release bench check format lock wheel clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1|/p' Makefile | while IFS='|' read -r name what; do printf '%-12s %s\n' "$$name" "$$what"; done

run: .venv/.runtime ## start everything in one process, with sample data (ARGS="..." goes to `plaint run`)
	@$(BIN)/plaint run --sample $(ARGS)

test: check ## all checks and all tests but `make mesh` (PLAINT_REAL_DATA=DIR adds the tests on the real files)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m 'not mesh' $(ARGS)

kafka: ## start a real Kafka on 127.0.0.1:9092 until Ctrl-C; needs Java 17+ and Maven (ARGS="--nodes 3")
	@exec $(PYTHON) deploy/kafka/start $(ARGS)

soak: .venv/.dev ## crashes, cut connections and random histories at length (SOAK=10 times the suite's; PLAINT_TEST_PG_BIN)
	@PLAINT_TEST_SOAK=$(SOAK) $(BIN)/python -m pytest tests/faults tests/engine/store/test_store_machine.py \
		tests/consumers/kafka/test_consumption_machine.py tests/engine/sla/test_against_oracle.py \
		tests/consumers/cli/test_publishing.py $(ARGS)

faults: .venv/.dev ## every fault of the Kafka door against every invariant, as a table (ARGS="--seed 7 --only 1 11")
	@cd tests && ../$(BIN)/python -m faults.kafka.table $(ARGS)

mesh: .venv/.dev ## a day behind a real Envoy with mutual TLS: identity, retries, restarts, outages, as a table (ARGS="--short")
	@cd tests && ../$(BIN)/python -m journeys.mesh.table $(ARGS)

release: .venv/.dev ## what a release is made of: wheel, SBOM, provenance (ARGS="image --image NAME --base-digest sha256:...")
	@deploy/release $(or $(ARGS),wheel sbom provenance)

bench: .venv/.dev ## measure, beside the physical limit and the stock library (ARGS="NAME --json")
	@$(BIN)/plaint bench $(ARGS)

check: .venv/.dev ## formatting, lint, types, import contracts
	@$(BIN)/ruff format --quiet --check . || { echo 'not formatted: run `make format`'; $(BIN)/ruff format --check .; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python -m mypy --no-error-summary
	@contracts=$$($(BIN)/lint-imports --no-logo 2>&1) || { printf '%s\n' "$$contracts"; exit 1; }

format: .venv/.dev ## put the code into its form
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

lock: .venv/.dev ## lock the requirements again (ARGS=--upgrade takes newer versions)
	@$(LOCK) --extra embedded --output-file requirements.txt pyproject.toml
	@$(LOCK) --only-build-deps --build-deps-for wheel --build-deps-for editable --output-file requirements-build.txt pyproject.toml
	@$(LOCK) --extra embedded --extra dev --constraint requirements.txt --constraint requirements-build.txt \
		--output-file requirements-dev.txt pyproject.toml

wheel: .venv/.dev ## build dist/plaint-*.whl by way of the source archive
	@$(BIN)/python -m build --quiet --no-isolation --outdir dist .

clean: ## remove what make and the tools made (never data of PLAINT_DATA_DIR)
	@rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find $(ROOMS) tests -type d -name __pycache__ -prune -exec rm -rf {} +

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Plaint needs Python 3.11 or newer: make ... PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.runtime: .venv/.made requirements.txt requirements-build.txt pyproject.toml
	@echo 'installing the locked requirements into .venv'
	@$(PIP) install --require-hashes -r requirements.txt -r requirements-build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.txt
	@echo 'installing what the tests need into .venv'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
