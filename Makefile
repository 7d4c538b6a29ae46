# `make run` and `make test` need Python 3.11 or newer and make, nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check fmt demo bench chaos lighthouse prepare-run prepare-test clean

# The first Python 3.11+ that really runs (a shim that only says it is not installed does not count).
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
LOCAL := .venv/bin/python -m deploy.local
WITH_SERVERS := $(LOCAL).services exec

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: prepare-run ## Start everything: servers, web, workers, clock, sandbox networks (Ctrl-C ends it)
	@$(LOCAL).supervisor

test: prepare-test ## Run the checks and all tests, browser tests too (ARGS="tests/config -k csp" for some)
	@$(LOCAL).testing $(ARGS)

check: prepare-test ## Format, lint, types, import rules, templates, migrations, deploy settings
	@$(WITH_SERVERS) --test -- python -m deploy.local.check

fmt: prepare-test ## Put the code into the house's format
	@.venv/bin/python -m ruff check --fix-only --quiet .
	@.venv/bin/python -m ruff format .

demo: prepare-run ## The main job without a browser (SOURCE=url-or-folder, DEMO_JSON=file)
	@$(WITH_SERVERS) -- python manage.py demo

bench: prepare-test ## Measure, beside baselines of the same run (ARGS="…")
	@$(WITH_SERVERS) --test -- python -m tests.bench $(ARGS)

chaos: prepare-test ## 1,000 publishes over all networks while servers are killed: 0 lost, 0 doubled (N=30000)
	@$(WITH_SERVERS) --test -- python -m tests.chaos $(if $(N),--publishes $(N)) $(ARGS)

lighthouse: prepare-test ## Lighthouse on dashboard, calendar and composer with the demo data: 95 or more
	@$(WITH_SERVERS) --test -- python -m tests.lighthouse

clean: ## Remove what was installed and built; data in var/ stays
	rm -rf .venv static/node_modules static/dist staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

prepare-run: have-python
	@$(PYTHON) -m deploy.local.bootstrap local

prepare-test: have-python
	@$(PYTHON) -m deploy.local.bootstrap test

.PHONY: have-python
have-python:
	@test -n "$(PYTHON)" || { echo "Candy needs Python 3.11 or newer; none was found on PATH." >&2; exit 1; }
