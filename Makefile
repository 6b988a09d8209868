# Sets up what a command needs, then runs it. `make help` lists the targets.
#
# All of it goes into $(VENV): the packages that requirements*.txt pin by hash, then the project itself, editable. A file in
# it, $(VENV)/.kelu-ready, says for which folder, Python and locks it was made; where that still holds, nothing is done.

VENV := .venv
PYTHON ?=
ARGS ?=

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_USER := 0

SET_UP := sh .ci/environment

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench schema lock clean

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | awk -F '\t' '{ printf "make %-8s %s\n", $$1, $$2 }'
	@echo 'ARGS="…" is passed on, PYTHON=… chooses the Python to make $(VENV) with.'

demo: ## Start everything, import sample files for two tenants, show the outcome, keep serving. ARGS=--exit ends instead.
	@$(SET_UP) requirements.txt
	@$(VENV)/bin/kelu demo $(ARGS)

test: ## Run the tests, with a PostgreSQL and a Valkey of their own.
	@$(SET_UP) requirements-dev.txt
	@$(VENV)/bin/python -m pytest $(ARGS)

lint: ## Check style, types and who imports whom.
	@$(SET_UP) requirements-dev.txt
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: ## Measure. BENCH_JSON=FILE keeps the figures.
	@$(SET_UP) requirements-dev.txt
	@$(VENV)/bin/python -m tests.benchmarks $(ARGS)

schema: ## Write schema.graphql anew from the types in server/schema.
	@$(SET_UP) requirements.txt
	@$(VENV)/bin/kelu schema > schema.graphql.new && mv schema.graphql.new schema.graphql

lock: ## Pin every package anew, by hash and without index addresses. Needs uv.
	@command -v uv >/dev/null || { echo 'make lock needs uv, which is not here: pip install uv, then try again.' >&2; exit 1; }
	uv lock --quiet $(ARGS)
	uv export --quiet --frozen --no-emit-project --no-annotate --no-header --no-dev --group build --output-file requirements.txt >/dev/null
	uv export --quiet --frozen --no-emit-project --no-annotate --no-header --group build --group dev --output-file requirements-dev.txt >/dev/null
	@if grep -n '://' requirements.txt requirements-dev.txt; then echo 'These lines hold addresses; a lock must not.' >&2; exit 1; fi

clean: ## Remove what make and the tools made. The records in .kelu stay.
	rm -rf $(VENV) tests/clients/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
