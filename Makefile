# The index is `make help`. Everything runs unattended, and as root or not.

# The distribution's Python first: it is built with profile-guided optimisation, which one from a version manager seldom
# is, and takes a quarter less time.
PYTHON ?= $(shell for python in /usr/bin/python3.11 python3.11; do \
  $$python -c 'import ensurepip' 2>/dev/null && { echo $$python; exit; }; done; echo python3.11)
# Where it is set, each of a stack's dozen processes would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
# What to test: make test ARGS="tests/stack -k nginx"
ARGS ?=
# All tests together are shared out by files among a few processes, those that take longest first.
SHARED_OUT := --numprocesses auto --dist loadfile --no-loadscope-reorder

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# The types of the models come from loading Django, which wants addresses; nothing is reached at them.
LINT_SETTINGS := DATABASE_URL=postgresql://lint/lint MONGODB_URI=mongodb://lint SECRET_KEY=lint

.DEFAULT_GOAL := help
.PHONY: run up down status reset test lint bench help venv

run: $(VENV)/stack ## start everything in the foreground; Ctrl-C stops it
	@exec $(BIN)/python -m infra.stack run

up: $(VENV)/stack ## start everything, detached
	@exec $(BIN)/python -m infra.stack up

down: $(VENV)/stack ## stop everything; the data stays
	@exec $(BIN)/python -m infra.stack down

status: $(VENV)/stack ## show what runs, and where
	@exec $(BIN)/python -m infra.stack status

reset: $(VENV)/stack ## stop everything and delete the data
	@exec $(BIN)/python -m infra.stack reset

test: $(VENV)/dev ## run all tests on real stores; ARGS="tests/stack -k nginx" narrows them
	@$(BIN)/python -m infra.stack.system_package chromium || echo "the browser tests will be skipped"
	@exec $(BIN)/python -m pytest $(if $(ARGS),,$(SHARED_OUT)) $(ARGS)

lint: $(VENV)/dev ## check formatting, style, types and who imports whom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(LINT_SETTINGS) $(BIN)/mypy .
	$(BIN)/lint-imports

bench: $(VENV)/dev ## measure the running stack
	@exec $(BIN)/python -m benchmarks $(ARGS)

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamps say which requirements are installed; pip runs again only when those have changed.
venv: $(VENV)/dev

$(VENV)/stack: requirements.txt requirements-stack.txt pyproject.toml | $(BIN)/python
	@echo "installing the packages of requirements-stack.txt"
	@$(PIP_INSTALL) --requirement requirements-stack.txt
	@# The project itself, for its console scripts; what it depends on is there.
	@$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/stack
	@echo "installing the packages of requirements-dev.txt"
	@$(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@ $(VENV)/stack

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) is missing: install Python 3.11, or name it with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "$(PYTHON) is not Python 3.11: name one with make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "the virtual environment could not be made: on Debian and Ubuntu install python3.11-venv" >&2; exit 1; }
