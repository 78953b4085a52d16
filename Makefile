# Every command sets up what it needs on a fresh Debian or Ubuntu machine that has Python >= 3.11, git and make.
#   make demo    grade the bundled oracle in quick mode and show its report
#   make test    lint, types, layers, then the tests against a real Docker Engine
#   make serve   the recruiters' service on this machine: pages, API and a worker; the first administrator is made on the console
#   make soak    the long repeats
#   make validate   the grader graded: every reference and planted defect; writes the figures that docs/trust.md is made from
#   make bench   how truthful the load is, against peers; BENCH="--readme" writes the README's tables, BENCH="--only lag" runs a part
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DOCTOR := $(BIN)/python -m harness.doctor
APT    := DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo serve test soak validate bench venv engine base prometheus lint lock record golden
.DEFAULT_GOAL := demo

# Without any engine the recorded evidence of the oracle shows the rest of the product.
demo: venv
	@if $(DOCTOR) --mend engine; then $(DOCTOR) --mend base prometheus && $(BIN)/grader demo; else $(BIN)/grader demo --recorded; fi

# Tests that need an engine are skipped by name where none can be had, or fail when GRADER_REQUIRE_ENGINE is set (tests/conftest.py).
test: venv lint
	@$(DOCTOR) --mend engine base prometheus optional || test -z "$$GRADER_REQUIRE_ENGINE"
	@$(BIN)/pytest --durations=30

# Without an engine the pages are there all the same, and what is handed in waits for one.
serve: venv
	-@$(DOCTOR) --mend engine base prometheus
	@$(BIN)/grader serve

soak: engine base prometheus
	@$(BIN)/pytest -m soak

VALIDATED := challenges/fraud-scoring/validated
validate: engine base prometheus
	@$(BIN)/grader challenge validate fraud-scoring --jobs 2 -o $(VALIDATED)
	@$(BIN)/grader challenge trust fraud-scoring -o docs/trust.md

# hey and wrk, two of the peers, come from Debian packages; where they cannot be installed their rows say so.
bench: venv
	@$(BIN)/python -m benchmarks --install $(BENCH)

engine: venv
	@$(DOCTOR) --mend engine

base: engine
	@$(DOCTOR) --mend base

# Evaluates the alert rules and dashboards of candidates; without it those checks are unknown.
prometheus: venv
	@$(DOCTOR) --mend prometheus

lint: venv
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

venv: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "host: Python 3.11 or later is needed; name one: make PYTHON=python3.12 ..." >&2; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { $(APT) install python3-venv || { $(APT) update; $(APT) install python3-venv; }; }; } || \
	  { echo "host: this Python has no venv module; as root: apt-get install python3-venv" >&2; exit 3; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing into $(VENV)"
	@$(BIN)/python -m pip install -qq -r requirements-dev.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e '.[dev,web]'
	@touch $@

# The evidence that `make demo` shows where no engine can be had; record it anew when the challenge or the oracle changed.
RECORDED := challenges/fraud-scoring/recorded/oracle-quick
record: engine base prometheus
	@$(BIN)/grader grade challenges/fraud-scoring/submissions/oracle -c fraud-scoring -m quick -o out/record
	@rm -rf $(RECORDED) && cp -r out/record/bundle $(RECORDED)

# Shows what moved in the verdicts of recorded bundles, then makes today's the golden ones.
golden: venv
	@$(BIN)/grader challenge golden fraud-scoring --write

# Versions move only here. No index, host or path of this machine gets into the files.
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host \
           --no-emit-find-links --no-emit-options
lock: venv
	@$(COMPILE) -o requirements.lock pyproject.toml
	@$(COMPILE) --extra dev --extra web --build-deps-for editable -c requirements.lock -o requirements-dev.lock pyproject.toml
