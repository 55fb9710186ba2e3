.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
JOBS ?= 2
SAMPLE ?= 100
MINUTES ?= 60
PYENV_ROOT ?= $(HOME)/.pyenv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The first of some interpreters that works, is recent enough and can make environments: a pyenv shim may exist and fail.
working = $(shell for python in $(1); do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
		&& { echo "$$python"; break; }; done)
from_pyenv = $(wildcard $(PYENV_ROOT)/versions/$(1)*/bin/python)

ifndef PYTHON
PYTHON := $(call working,python3 python3.11 python3.12 python3.13 python3.14 python $(call from_pyenv,3.1[1-9]))
endif
PYTHON_3.12 = $(call working,python3.12 $(call from_pyenv,3.12))
PYTHON_3.13 = $(call working,python3.13 $(call from_pyenv,3.13))
NOT_FOUND = No Python >= 3.11 with venv and ensurepip was found; install one, or say PYTHON=/path/to/python3

IN := .venv/bin/python -m
COVERING = .cache/mutants/covering.json
IN_PROCESSES = -n $(JOBS) --dist loadfile
ELSEWHERE = $(IN_PROCESSES) -m "not once and not soak and not browser"
# of two interpreters that differ little, the older one runs the two drivers that most people use, no tests of the plugin, and
# none of what is only computed from records and texts; texts are read without SQLAlchemy, whichever its version
ONLY_ON_3.12 = -k "not psycopg and not aiosqlite and not pytest_plugin" \
	$(foreach part,detectors fixing judge records sql testing,--ignore=tests/$(part))
ONLY_ON_OLDEST = --ignore=tests/sql

PINS = cat constraints.txt
OLDEST_PINS = awk -F == 'NR == FNR { named[tolower($$1)] } NR == FNR || !(tolower($$1) in named)' constraints-oldest.txt constraints.txt

# $(call make_environment,<interpreter>,<directory>,<command that prints its pins>,<dependency group, dev by default>)
define make_environment
	@test -n "$(call working,$(1))" || { echo "$(NOT_FOUND)" >&2; exit 1; }
	@echo "Making $(2) with $(1) ..."
	@"$(1)" -m venv --clear $(2)
	@$(2)/bin/python -m pip install -qq --upgrade 'pip>=25.1'
	@$(3) > $(2)/constraints.txt
	@$(2)/bin/python -m pip install -qq --constraint $(2)/constraints.txt --editable . --group $(or $(4),dev)
	@touch $@
endef

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/ready ## Start PostgreSQL and the example application, visit its anti-patterns, print what is found, stop
	@$(IN) example_app.demo

.PHONY: serve
serve: .venv/ready ## Serve the example application on 127.0.0.1:8000 (or PORT=...); its data stay in .data
	@$(IN) example_app --migrate --seed --port $(PORT)

.PHONY: open
open: .venv/ready ## Open what 'make serve' has found so far in the browser, or print the link to it
	@$(IN) query_guard open --url http://127.0.0.1:$(PORT)

.PHONY: migrate
migrate: .venv/ready ## Bring the database of the example application (DATABASE_URL, or that in .data) to the newest revision
	$(IN) alembic upgrade head

.PHONY: test
test: .venv/ready ## Run all tests but the long ones, on SQLite and PostgreSQL, in two processes (or JOBS=...)
	$(IN) pytest $(IN_PROCESSES)

.PHONY: test-browser
test-browser: .venv/ready ## Click through the debug page in headless Chromium, and check its accessibility (needs chromium and npm)
	$(IN) pytest -m browser tests/browser

.PHONY: screenshots
screenshots: .venv/ready ## Make the pictures of the debug page in docs/pictures (needs chromium)
	$(IN) tests.browser.pictures docs/pictures

.PHONY: soak
soak: .venv/ready ## Run the long versions of tests, for an hour at most, and a sample of mutants
	timeout 3600 $(IN) pytest -m soak
	$(MAKE) --no-print-directory mutants

.PHONY: mutants
mutants: .venv/ready .venv-mutants/ready ## Change src/ at random, and list what no test notices (SAMPLE=100 MINUTES=60 SEED=... FILES="src/...")
	nice -n 10 $(IN) tests.mutants.covering $(COVERING)
	nice -n 10 .venv-mutants/bin/python -m tests.mutants --python .venv/bin/python --covering $(COVERING) \
		--processes $(JOBS) --sample $(SAMPLE) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(FILES)

.PHONY: check
check: .venv/ready ## Check format, lint, types and the direction of imports
	$(IN) ruff format --check
	$(IN) ruff check
	$(IN) mypy
	.venv/bin/lint-imports

.PHONY: gate
gate: .venv/ready ## Run the scenarios of the gate and write docs/gate.md
	@mkdir -p docs
	$(IN) tests.gate docs/gate.md

.PHONY: docs
docs: .venv-docs/ready ## Build the documentation into site/; a warning or a broken link fails
	.venv-docs/bin/zensical build --clean --strict

.PHONY: bench
bench: .venv/ready ## Measure what the middleware costs
	$(IN) benchmarks

.PHONY: bench-check
bench-check: .venv/ready ## Count instructions, and fail when the hot path has become longer (needs valgrind)
	$(IN) benchmarks check

.PHONY: build
build: .venv/ready ## Make wheel and source distribution, check them, and get a first finding with the wheel in an empty environment
	rm -rf dist .venv-wheel
	$(IN) build --outdir dist
	$(IN) twine check --strict dist/*
	$(IN) tests.distribution dist
	@"$(PYTHON)" -m venv .venv-wheel
	@.venv-wheel/bin/python -m pip install -qq --upgrade 'pip>=25.1'
	@.venv-wheel/bin/python -m pip install -qq --constraint .venv/constraints.txt dist/*.whl httpx
	@cd / && $(CURDIR)/.venv-wheel/bin/python $(CURDIR)/tests/first_finding.py

.PHONY: test-matrix test-oldest test-3.12 test-3.13
test-matrix: test-oldest test-3.12 test-3.13 ## Run on the oldest SQLAlchemy, on Python 3.12 and on 3.13 what may differ there
	@$(foreach version,3.12 3.13,$(if $(PYTHON_$(version)),,echo "NOT TESTED on Python $(version), as none was found";)) true

test-oldest: .venv-oldest/ready
	.venv-oldest/bin/python -m pytest $(ELSEWHERE) $(ONLY_ON_OLDEST)

test-3.12 test-3.13: test-%:
	$(if $(PYTHON_$*),@$(MAKE) --no-print-directory .venv-$*/ready)
	$(if $(PYTHON_$*),.venv-$*/bin/python -m pytest $(ELSEWHERE) $(ONLY_ON_$*))

.PHONY: environments
environments: .venv/ready .venv-oldest/ready .venv-docs/ready $(foreach version,3.12 3.13,$(if $(PYTHON_$(version)),.venv-$(version)/ready)) ## Make the environments of all tests and of the documentation (with -j 2, two at a time)

.venv/ready: pyproject.toml constraints.txt
	$(call make_environment,$(PYTHON),.venv,$(PINS))

.venv-3.12/ready .venv-3.13/ready: .venv-%/ready: pyproject.toml constraints.txt
	$(call make_environment,$(PYTHON_$*),.venv-$*,$(PINS))

.venv-oldest/ready: pyproject.toml constraints.txt constraints-oldest.txt
	$(call make_environment,$(PYTHON),.venv-oldest,$(OLDEST_PINS),oldest)

.venv-docs/ready: pyproject.toml constraints.txt
	$(call make_environment,$(PYTHON),.venv-docs,$(PINS),docs)

.venv-mutants/ready: pyproject.toml constraints.txt
	@"$(PYTHON)" -m venv --clear .venv-mutants
	@.venv-mutants/bin/python -m pip install -qq --upgrade 'pip>=25.1'
	@.venv-mutants/bin/python -m pip install -qq --constraint constraints.txt --group mutants
	@touch $@

.PHONY: clean
clean: ## Remove environments, caches, and the data of 'make serve'
	rm -rf .venv .venv-* .data dist site .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
