# LR Advisor: what a person or a machine does with this repository. `make help` lists it.

PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8501
# One thread per process: the tests start processes of their own.
PYTEST ?= OMP_NUM_THREADS=1 $(BIN)/python -m pytest
PYTEST_WORKERS ?= 2
# The study's own store: without the shipped runs, so that nothing rests on them.
STUDY_STORE ?= study-store
STUDY_BUDGET ?= 40m
STUDY_FULL_BUDGET ?= 48h

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
GENERATED_DOCS := $(wildcard docs/reference/*.md) docs/explanation/concepts.md \
	docs/explanation/diagnosis.md

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup app test lint unit browser study study-full docs site package clean

help: ## list these targets
	@echo "LR Advisor. Targets (PYTHON=$(PYTHON) VENV=$(VENV) HOST=$(HOST) PORT=$(PORT)):"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) \
		| awk -F@ '{printf "%-18s%s\n", $$1, $$2}'

setup: $(VENV)/.dev ## create .venv with the program and the developer's tools

app: $(VENV)/.app ## install what is missing, then serve the app on HOST:PORT
	$(BIN)/lr-advisor app --host $(HOST) --port $(PORT)

test: lint unit browser ## everything CI runs: lint, types, tests, browser journeys

lint: $(VENV)/.dev ## format, lint, types, spelling, generated pages up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell
	VALIDATE_PYPROJECT_NO_NETWORK=1 $(BIN)/validate-pyproject pyproject.toml
	$(BIN)/cog --check $(GENERATED_DOCS)

unit: $(VENV)/.dev ## all tests but the browser's
	$(PYTEST) -m "not browser" -n $(PYTEST_WORKERS) --dist worksteal

browser: $(VENV)/.dev ## the browser journeys alone, in Chromium
	$(PYTEST) -m browser tests/browser

study: $(VENV)/.app ## run the study that tests the claims: 40 minutes, goes on if stopped
	$(BIN)/lr-advisor study run --store $(STUDY_STORE) --no-study --budget $(STUDY_BUDGET)

study-full: $(VENV)/.app ## run the long study: days, or a GPU; goes on if stopped
	$(BIN)/lr-advisor study run --store $(STUDY_STORE) --no-study --full \
		--budget $(STUDY_FULL_BUDGET)

docs: $(VENV)/.dev ## write the generated pages again
	$(BIN)/cog -r $(GENERATED_DOCS)

site: docs ## make the site of the documentation in build/site
	$(BIN)/sphinx-build -q -W --keep-going -c docs . build/site
	@echo "open build/site/index.html"

package: $(VENV)/.dev ## build the sdist and the wheel in dist
	$(BIN)/python -m build --no-isolation

clean: ## remove .venv and what tools left behind (never a store)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis test-results

# The stamps say what is installed in $(VENV); they grow old with the two files.

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		found=$$($(PYTHON) --version 2>/dev/null) || found="not a Python that runs"; \
		echo "LR Advisor needs Python 3.11 or newer; '$(PYTHON)' is $$found." >&2; \
		echo "Name another one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv module." \
			"On Debian or Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.app: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install --editable . --constraint constraints.txt
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install --editable '.[dev]' --constraint constraints.txt
	@touch $(VENV)/.app $@
