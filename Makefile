# What a newcomer needs: setup, run, test, lint, bench; `mutants` is for whoever changes a rule of medicine or its tests,
# `lock` for whoever changes a dependency.
.PHONY: help setup run test lint faults bench bench-pdf mutants lock sbom audit

PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# PATH with our own tools first; the settings of .env where the environment does not say otherwise.
WITH_ENV := PATH="$(CURDIR)/$(BIN):$$PATH" $$(test ! -f .env || echo $(BIN)/dotenv -f .env run --no-override --)
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

help:
	@echo "make setup   prepare everything that 'make run' needs"
	@echo "make run     start the platform at http://127.0.0.1:8050 (or PORT)"
	@echo "make test    lint and all tests"
	@echo "make lint    ruff and mypy only"
	@echo "make faults  kill, hang and cut everything while batches run, in full length"
	@echo "make bench   the budgets beside what is measured here"
	@echo "make bench-pdf read 2,100 damaged reports and count what is silently wrong"
	@echo "make mutants put faults into oximetry/domain and count what its tests notice"
	@echo "make sbom    what is shipped, as CycloneDX: build/sbom.json"
	@echo "make audit   known vulnerabilities of what is pinned"
	@echo "make lock    renew requirements.txt and requirements-dev.txt"

setup: .venv/installed samples/expected.json
	@$(BIN)/python -m oximetry migrate
	@$(BIN)/python -m oximetry doctor create medic@localhost --generate --if-absent --development-only

run: setup
	@$(WITH_ENV) sh -c 'MALLOC_ARENA_MAX=2 BIND_HOST="$${BIND_HOST:-127.0.0.1}" PORT="$${PORT:-8050}" exec honcho -e /dev/null start'

test: .venv/installed-dev
	@.ci/packages tests
	@status=0; $(MAKE) --no-print-directory lint || status=1; \
	.ci/clean-env $(BIN)/python -m pytest -n 2 --dist loadfile || status=1; exit $$status

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

faults: .venv/installed-dev
	@.ci/packages tests
	@OXIMETRY_REQUIRE_REAL_PARTS=1 .ci/clean-env $(BIN)/python -m pytest --faults -n 2 --dist loadfile \
	tests/e2e/test_faults.py tests/e2e/test_killing.py tests/e2e/test_killed_batches.py tests/e2e/test_store_away.py

bench: .venv/installed-dev
	@.ci/clean-env $(BIN)/python -m benchmarks

bench-pdf: .venv/installed-dev
	@.ci/clean-env nice -n 15 $(BIN)/python -m benchmarks.report_reading

mutants: .venv/installed-dev
	@.ci/clean-env nice -n 15 $(BIN)/python -m benchmarks.mutants

sbom: .venv/bin/python
	@mkdir -p build && rm -rf .venv/shipped .venv/sbom && $(PYTHON) -m venv .venv/shipped && $(PYTHON) -m venv .venv/sbom
	@.venv/sbom/bin/python -m pip --quiet install cyclonedx-bom
	@.venv/shipped/bin/python -m pip --quiet install --require-hashes -r requirements.txt
	@.venv/sbom/bin/cyclonedx-py environment .venv/shipped/bin/python --output-reproducible --output-file build/sbom.json
	@rm -rf .venv/shipped && echo "build/sbom.json"

audit: .venv/bin/python
	@rm -rf .venv/audit && $(PYTHON) -m venv .venv/audit && .venv/audit/bin/python -m pip --quiet install pip-audit
	.venv/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.txt

lock: .venv/bin/python
	@rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock && .venv/lock/bin/python -m pip --quiet install uv
	.venv/lock/bin/uv $(LOCK) requirements.in -o requirements.txt
	.venv/lock/bin/uv $(LOCK) requirements-dev.in -o requirements-dev.txt

samples/expected.json: .venv/installed oximetry/samples/samples.py oximetry/samples/synthetic_trace.py
	@$(BIN)/python -m oximetry samples samples

.venv/installed: requirements.txt .venv/bin/python
	@echo "Installing what the platform runs on (once) ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/bin/python
	@echo "Installing what the tests need (once) ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch .venv/installed $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (https://www.python.org/downloads)"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
