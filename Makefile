# Every target does all of its own set-up; it needs Python 3.11 or newer, make, and a package index that pip can reach.
# `make` alone lists what there is.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin

SHELL         := bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check fix lock lock-upgrade docs quality kill bench wheel clean

# Settings of your shell that would change what is installed or imported. Which index pip asks stays yours to set.
unexport PIP_FIND_LINKS PIP_NO_INDEX PIP_CONSTRAINT PIP_BUILD_CONSTRAINT PIP_NO_BINARY PIP_ONLY_BINARY PIP_PRE
unexport PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_HASHES PIP_NO_DEPS PIP_NO_BUILD_ISOLATION
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE
unexport ALERTS_CONFIG
# Tests start the command hundreds of times; it must not be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

help: ## list the targets
	@sed -nE 's/^([a-z%-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

# --- set-up --------------------------------------------------------------------------------------
# Stamps make a second run quick: what to run, and beside it what to develop with.

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'alerts needs Python 3.11 or newer; name yours: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(RUN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runs: $(VENV)/.created requirements.lock pyproject.toml
	@echo 'Installing what alerts needs (a minute or two the first time) …'
	@$(RUN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(RUN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.develops: $(VENV)/.runs requirements-dev.lock
	@echo 'Installing what its tests need …'
	@$(RUN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# --- for everybody -------------------------------------------------------------------------------

demo: $(VENV)/.runs ## a breaking story becomes mail, in ./demo; sends nothing out
	@rm -rf demo
	@$(RUN)/alerts demo demo

test: $(VENV)/.develops ## all tests but the long ones
	$(RUN)/python -m pytest -n auto --dist loadgroup $(TESTS)

# --- for developers ------------------------------------------------------------------------------

check: $(VENV)/.develops ## format, lint, types, imports, lock
	$(RUN)/python .ci/lock.py check
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/mypy .ci/lock.py .ci/check_demo.py docs/generate.py
	$(RUN)/lint-imports

fix: $(VENV)/.develops ## let ruff mend what it can
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

lock: $(VENV)/.develops ## write the lock files anew after pyproject.toml changed
	$(RUN)/python .ci/lock.py write

lock-upgrade: $(VENV)/.develops ## move every pin to its newest allowed version
	$(RUN)/python .ci/lock.py write --upgrade

docs: $(VENV)/.develops ## write docs/cli.md and docs/configuration.md from the code
	$(RUN)/python docs/generate.py

quality: $(VENV)/.develops ## how a mail looks and reads, in a browser; installs what that needs
	bash tests/quality/install
	bash tests/quality/run

kill: $(VENV)/.develops ## kill the sender at random points until it is believed
	$(RUN)/python -m tests.kill $(KILL)

wheel: $(VENV)/.develops ## build dist/*.whl
	rm -rf dist
	$(RUN)/python -m build --wheel --no-isolation --outdir dist .

bench: ## list the measurements
	@for file in benchmarks/*.py; do [ -f "$$file" ] && echo "  make bench-$$(basename "$$file" .py)" || true; done

bench-%: $(VENV)/.develops
	@[ -f benchmarks/$*.py ] || { echo 'there is no benchmarks/$*.py; `make bench` lists them' >&2; exit 1; }
	$(RUN)/python benchmarks/$*.py $(BENCH)

clean: ## remove everything that make made
	rm -rf $(VENV) demo dist build .quality .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
